"""Says how far a sweep is, and who works on it, while it runs or after.

aejax status --workdir=DIR [--json]
"""

from __future__ import annotations

import json

from absl import flags
from rich.table import Table

from aejax.cli.common import directory, make_console
from aejax.errors import ConfigError
from aejax.results.status import Status, duration, in_words, status


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("workdir", None, "where the sweep writes")
    flags.DEFINE_bool("json", False, "print all of it as one JSON object")


def main(argv: list[str]) -> int:
    """Prints the status."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: --workdir, --json.")
    given = flags.FLAGS
    if not given.workdir:
        raise ConfigError("--workdir is missing. Allowed: the directory of a sweep.")
    found = status(directory("workdir", given.workdir, ""))
    if given.json:
        print(json.dumps(found.to_dict()))
        return 0
    console = make_console()
    console.print(f"{found.name}: {in_words(found)}")
    if found.running:
        console.print(table(found))
    for unit, reason in found.failed.items():
        console.print(f"{unit} broke off: {reason}")
    return 0


def table(found: Status) -> Table:
    """Returns what trains now, a line a population."""
    shown = Table()
    for name in ("running", "worker", "members", "step", "last heard"):
        shown.add_column(name, justify="left" if name in ("running", "worker") else "right")
    for one in found.running:
        step = f"{one.step:,} of {one.steps:,}"
        heard = f"{duration(one.silent)} ago"
        shown.add_row(one.unit, one.worker, str(one.members), step, heard)
    return shown
