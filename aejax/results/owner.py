"""Whose a work directory is: which configs may add to it, and what would contradict its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aejax.errors import ConfigError
from aejax.io import write_whole

FILE = "config.json"
# Fields in which a later config may differ: they say which members there are, and a member's id
# tells it from all others, or how large the figures' arrays of new members are.
GROWING = ("model", "seed", "images", "samples", "codes", "pareto")
GROWING_KINDS = ("args.", "hp.")


class Owner(NamedTuple):
    """What `config.json` holds.

    Attributes:
      config_hash: of config, points and data; of the last sweep that wrote there.
      config: the fields that decide what comes out, flat.
      swept: fields that points set; their value in `config` says nothing.
      data: fingerprints of the data by what they were asked for.
    """

    config_hash: str
    config: Mapping[str, Any]
    swept: tuple[str, ...] = ()
    data: Mapping[str, str] = {}


def _plain(owner: Owner) -> Owner:
    """Returns the owner as it comes back from JSON."""
    return Owner(**json.loads(json.dumps(owner._asdict(), default=list)))


def _fixed(owner: Owner, swept: set[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in owner.config.items()
        if name not in swept and name not in GROWING and not name.startswith(GROWING_KINDS)
    }


def contradictions(theirs: Owner, ours: Owner) -> list[str]:
    """Returns in words what of `ours` cannot stand beside rows of `theirs`; empty: it may grow."""
    ours = _plain(ours)
    swept = {*theirs.swept, *ours.swept}
    there, here = _fixed(theirs, swept), _fixed(ours, swept)
    fields = [
        f"{name}: {there.get(name)!r} there, {here.get(name)!r} here"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]
    data = [
        f"data of {name}: fingerprint {theirs.data[name]} there, {print_} here"
        for name, print_ in sorted(ours.data.items())
        if theirs.data.get(name, print_) != print_
    ]
    return fields + data


def read(workdir: Path) -> Owner | None:
    """Returns the owner of a work directory; None of one that has none yet.

    Raises:
      ConfigError: the directory is a file, holds results of nobody, or a config.json that cannot be
        read.
    """
    if workdir.exists() and not workdir.is_dir():
        raise ConfigError(f"workdir={str(workdir)!r} is a file. Allowed: a folder, new or old.")
    path = workdir / FILE
    if not path.is_file():
        if (workdir / "results.jsonl").exists():
            raise ConfigError(
                f"workdir={str(workdir)!r} has results.jsonl and no config.json, so nobody knows "
                "whose they are. Allowed: a new --workdir."
            )
        return None
    try:
        known = json.loads(path.read_text())
        return Owner(
            str(known["config_hash"]),
            dict(known["config"]),
            tuple(known.get("swept", ())),
            dict(known.get("data", {})),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error}). Allowed: the file as this program wrote it, or a "
            "new --workdir."
        ) from error


def check(workdir: Path, ours: Owner) -> Owner:
    """Returns the owner that the directory has with ours added; writes nothing.

    Raises:
      ConfigError: as `read`, or ours contradicts what is there.
    """
    theirs = read(workdir)
    if theirs is None:
        return ours
    wrong = contradictions(theirs, ours)
    if wrong:
        raise ConfigError(
            f"workdir={str(workdir)!r} belongs to another config ({'; '.join(wrong[:3])}). "
            "Allowed: another --workdir, or a config that differs from the one that began this in "
            "its models, their args and hp, seeds, points and sizes of figures alone."
        )
    swept = tuple(sorted({*theirs.swept, *ours.swept}))
    return ours._replace(swept=swept, data={**theirs.data, **ours.data})


def write(workdir: Path, owner: Owner) -> None:
    """Writes `config.json`, whole or not at all."""
    write_whole(workdir / FILE, json.dumps(owner._asdict(), indent=1, default=list))
