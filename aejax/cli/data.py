"""Data sets: what there is, and preparing it.

    aejax data list [--data_dir=DIR]
    aejax data prepare NAME [--data_dir=DIR] [--manual_dir=DIR]

Without a network, put the raw files into a folder by hand and name it with --manual_dir.
"""

from __future__ import annotations

import time

from absl import flags

from aejax import data, errors
from aejax.data import paths, prepared


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("data_dir", None, "where prepared data is kept; see aejax/data/paths.py")
    flags.DEFINE_string("manual_dir", None, "folder with raw files that were placed by hand")


def _list() -> None:
    rows = [("name", "examples", "shape", "licence, source", "state")]
    for name, source in data.DATASETS.items():
        rows.append(
            (
                name,
                " + ".join(f"{count:,}" for count in source.images),
                "x".join(map(str, source.shape)),
                f"{source.licence}, {source.origin}",
                data.state(name, data_dir=flags.FLAGS.data_dir),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
    print()
    for name, *_, how in rows[1:]:
        if how == "not prepared":
            hint = data.DATASETS[name].hint
            print(f"{prepared.command(name, '[--manual_dir=DIR]')}" + (f"   ({hint})" * bool(hint)))
    print(f"data directory: {paths.data_dir(flags.FLAGS.data_dir)}")
    print(f"your own: {data.KINDS}, in place of a name")


def _prepare(name: str) -> None:
    start = time.perf_counter()
    done = data.prepare(name, data_dir=flags.FLAGS.data_dir, manual_dir=flags.FLAGS.manual_dir)
    said = {
        True: f"{name} prepared in {done.folder} ({time.perf_counter() - start:.1f} s)",
        False: f"{name} is already prepared in {done.folder}",
    }
    print(said[done.fresh] if done.folder else f"{name} is embedded: there is nothing to prepare")


# command -> (what it does, how many names it takes)
COMMANDS = {"list": (_list, 0), "prepare": (_prepare, 1)}


def main(argv: list[str]) -> int:
    """Runs one command; errors.run turns a ConfigError into exit status 2 and one line."""
    usage = "Allowed: list, or prepare NAME."
    if len(argv) < 2:
        raise errors.ConfigError(f"command is missing. {usage}")
    _, command, *names = argv
    if command not in COMMANDS:
        near = errors.nearest(command, COMMANDS)
        raise errors.ConfigError(f"command={command!r} is unknown.{near} {usage}")
    run, count = COMMANDS[command]
    if len(names) != count:
        raise errors.ConfigError(f"command={command!r} with the names {names}. {usage}")
    run(*names)
    return 0
