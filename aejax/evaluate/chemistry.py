"""What strings mean: molecules by RDKit, and the grammar's strings by a check of their own.

Two records of the same functions, so that what judges samples need not know which it has.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.data.molecules.grammar import VALENCE, is_grown
from aejax.errors import need

BITS, RADIUS = 1024, 2  # of Morgan fingerprints, as MOSES takes them
KEPT = 100_000  # properties of molecules that are remembered
RINGS = 2  # a scaffold has at least, there too


class Chemistry(NamedTuple):
    """How strings are read; all but `canonical` are told canonical strings."""

    canonical: Callable[[str], str | None]  # None where the string is no molecule
    fragments: Callable[[str], list[str]]
    scaffold: Callable[[str], str | None]  # None where there is none
    fingerprints: Callable[[Sequence[str]], np.ndarray]  # 0 and 1, float32 [N, B]
    properties: Mapping[str, Callable[[str], float]]


def rdkit() -> Chemistry:
    """Molecules: BRICS fragments, Bemis-Murcko scaffolds, Morgan fingerprints, logP and QED.

    As in MOSES's `metrics/utils.py` (Polykovskiy et al. 2020).

    Raises:
      MissingPackageError: RDKit is not installed.
    """
    chem: Any = need("rdkit.Chem", "applications")
    crippen, qed, murcko, fingerprint, log = (
        need(f"rdkit.{name}", "applications")
        for name in (
            "Chem.Crippen", "Chem.QED", "Chem.Scaffolds.MurckoScaffold",
            "Chem.rdFingerprintGenerator", "RDLogger",
        )
    )  # fmt: skip
    log.DisableLog("rdApp.*")  # which says of every string why it is no molecule
    morgan: Any = fingerprint.GetMorganGenerator(radius=RADIUS, fpSize=BITS)

    def canonical(text: str) -> str | None:
        molecule = chem.MolFromSmiles(text) if text else None
        if molecule is None or not molecule.GetNumAtoms():
            return None
        return chem.MolToSmiles(molecule)

    def fragments(text: str) -> list[str]:
        return chem.MolToSmiles(chem.FragmentOnBRICSBonds(chem.MolFromSmiles(text))).split(".")

    def scaffold(text: str) -> str | None:
        found = murcko.GetScaffoldForMol(chem.MolFromSmiles(text))
        return chem.MolToSmiles(found) if found.GetRingInfo().NumRings() >= RINGS else None

    def fingerprints(texts: Sequence[str]) -> np.ndarray:
        found = np.zeros((len(texts), BITS), np.float32)
        for row, text in zip(found, texts, strict=True):
            row[list(morgan.GetFingerprint(chem.MolFromSmiles(text)).GetOnBits())] = 1
        return found

    # Several methods ask for those of the same molecules, and each takes milliseconds.
    of = lambda value: functools.lru_cache(KEPT)(
        lambda text: float(value(chem.MolFromSmiles(text)))
    )
    known = {"logp": of(crippen.MolLogP), "qed": of(qed.qed)}
    return Chemistry(canonical, fragments, scaffold, fingerprints, known)


def grammar() -> Chemistry:
    """Strings of `aejax.data.molecules.grown`: as they are, with substrings for fragments."""
    pieces = lambda text, size: [text[i : i + size] for i in range(len(text) - size + 1)]

    def scaffold(text: str) -> str | None:
        first, last = text.find("1"), text.rfind("1")
        return text[first - 1 : last] if first > 0 else None

    def fingerprints(texts: Sequence[str]) -> np.ndarray:
        found = np.zeros((len(texts), 256), np.float32)
        for row, text in zip(found, texts, strict=True):
            every = [piece for size in (1, 2, 3) for piece in pieces(text, size)]
            row[[zlib.crc32(piece.encode()) % 256 for piece in every]] = 1
        return found

    atoms = lambda text: sum(text.count(kind) for kind in VALENCE)
    return Chemistry(
        lambda text: text if is_grown(text) else None,
        lambda text: pieces(text, 3),
        scaffold,
        fingerprints,
        {
            "atoms": lambda text: float(atoms(text)),
            "carbon": lambda text: text.count("C") / atoms(text),
        },
    )


CHEMISTRY: dict[str, Callable[[], Chemistry]] = {"rdkit": rdkit, "grammar": grammar}
