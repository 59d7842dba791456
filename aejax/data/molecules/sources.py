"""Molecules by name: MOSES from its files, and strings of a grammar."""

from __future__ import annotations

import gzip
import importlib.util
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aejax.data import paths
from aejax.data.dataset import fingerprint
from aejax.data.molecules.files import parsed, read_molecules
from aejax.data.molecules.grammar import grown
from aejax.errors import ConfigError

GROWN = (4000, 800)  # training and test strings of the grammar
PARTS = {"train": 1_584_663, "test": 176_074, "test_scaffolds": 176_225}  # molecules of MOSES
HINT = (
    "manual_dir=DIR with train.csv, test.csv and test_scaffolds.csv of MOSES (or .csv.gz), or with "
    "the wheel of molsets 0.3.1 (pip download molsets --no-deps), or the package molsets installed"
)


class Molecules(NamedTuple):
    """SMILES as they came, training and test; the user's own have no test."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    scaffolds: tuple[str, ...]  # a test set whose scaffolds the others do not have; may be empty
    chemistry: str  # a key of `aejax.evaluate.chemistry.CHEMISTRY`
    fingerprint: str
    lines: tuple[int, ...] = ()  # of the user's file, of `train`


def _made(
    name: str,
    parts: list[list[str]],
    chemistry: str = "rdkit",
    lines: tuple[int, ...] = (),
) -> Molecules:
    text = "\n\n".join("\n".join(part) for part in parts).encode()
    told = fingerprint([np.frombuffer(text, np.uint8)])
    train, test, scaffolds = (tuple(part) for part in parts)
    return Molecules(name, train, test, scaffolds, chemistry, told, lines)


def grown_molecules() -> Molecules:
    """Returns strings of the grammar: 4,000 for training and 800 for test."""
    found = grown(sum(GROWN))
    return _made("grown_molecules", [found[: GROWN[0]], found[GROWN[0] :], []], "grammar")


def moses(manual_dir: str | Path | None = None) -> Molecules:
    """Returns MOSES's training, test and scaffold-test molecules. Polykovskiy et al. 2020.

    They are read from the files, from a wheel of molsets, or from the installed package, which is
    not imported.

    Raises:
      ConfigError: the files are not there, are damaged, or hold something else.
    """
    folder = paths.manual_dir(manual_dir)
    if folder is None:
        found = importlib.util.find_spec("moses")
        places = list(found.submodule_search_locations or ()) if found else []
        near = [Path(place) / "dataset" / "data" for place in places]
    else:
        near = [folder / "moses", folder]
    for place in near:
        if any(_file(place, "train")):
            return _made("moses", [_part(place, part) for part in PARTS])
    for wheel in sorted(folder.glob("molsets-*.whl")) if folder else []:
        return _made("moses", [_of_wheel(wheel, part) for part in PARTS])
    given = f"{str(folder)!r} has no such file" if folder else "the package is not installed"
    raise ConfigError(f"dataset='moses' needs train.csv, and {given}. Allowed: {HINT}.")


def _file(place: Path, part: str) -> list[Path]:
    return [p for end in ("csv", "csv.gz") if (p := place / f"{part}.{end}").is_file()]


def _part(place: Path, part: str) -> list[str]:
    found = _file(place, part)
    if not found:
        raise ConfigError(f"dataset='moses' has no {part}.csv in {str(place)!r}. Allowed: {HINT}.")
    return _checked([smiles for _, smiles in read_molecules(found[0])], part, found[0])


def _of_wheel(wheel: Path, part: str) -> list[str]:
    field = f"wheel {str(wheel)!r}"
    try:
        with zipfile.ZipFile(wheel) as held:
            text = gzip.decompress(held.read(f"moses/dataset/data/{part}.csv.gz")).decode()
    except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError, UnicodeError) as error:
        raise ConfigError(f"{field}: {error}. Allowed: {HINT}.") from error
    return _checked([smiles for _, smiles in parsed(text, ".csv", field)], part, wheel)


def _checked(found: list[str], part: str, path: Path) -> list[str]:
    if len(found) != PARTS[part]:
        raise ConfigError(
            f"dataset='moses' in {str(path)!r} has {len(found):,} molecules of {part!r}. Allowed: "
            f"{PARTS[part]:,}; other molecules under their own path."
        )
    return found


MOLECULES = {"grown_molecules": lambda manual_dir: grown_molecules(), "moses": moses}


def load_molecules(name: str | Path, manual_dir: str | Path | None = None) -> Molecules:
    """Returns molecules by name (a key of MOLECULES), or those of the user's own file.

    Raises:
      ConfigError: an unknown name; as `moses` and `read_molecules`.
    """
    make = MOLECULES.get(str(name))
    if make is not None:
        return make(manual_dir)
    path = paths.own(name, MOLECULES, "molecules")
    found = read_molecules(path)
    lines = tuple(number for number, _ in found)
    return _made(str(path), [[smiles for _, smiles in found], [], []], lines=lines)
