"""Molecules as methods see them: canonical, split, and in one alphabet."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.data.molecules import Alphabet, Molecules, alphabet_of, load_molecules, tokens
from aejax.errors import ConfigError
from aejax.evaluate.chemistry import CHEMISTRY, Chemistry
from aejax.evaluate.molecules import Reference, reference

LONGEST = 60  # tokens of a molecule; longer ones are left out
FEWEST = 100  # molecules of a file of the user's
COVERED = 0.999  # of training molecules are written whole; longer ones are left out


class HeldOutMolecules(NamedTuple):
    """Canonical molecules, how they are written, and what they are compared with."""

    train: list[str]
    valid: list[str]
    test: list[str]
    alphabet: Alphabet
    length: int
    chemistry: Chemistry
    reference: Reference  # of test molecules
    scaffolds: Reference | None  # of molecules of other scaffolds
    left_out: float  # the share of test molecules that the alphabet or the length cannot write

    def ids(self, smiles: Sequence[str]) -> np.ndarray:
        return self.alphabet.ids(smiles, self.length)


def _canonical(found: Molecules, some: Iterable[int], of: Sequence[str], read: Any) -> list[str]:
    """Returns canonical molecules of some places, each once; says which line is none."""
    kept: dict[str, None] = {}
    for i in some:
        text = read.canonical(of[i])
        if text is None and found.lines:
            raise ConfigError(
                f"molecules file {found.name!r}, line {found.lines[i]} holds {of[i]!r:.60}, which "
                "is no molecule. Allowed: SMILES that RDKit can read."
            )
        if text is not None:
            kept[text] = None
    return list(kept)


def split(found: Molecules, most: int, held: int, read: Chemistry) -> tuple[list[str], ...]:
    """Returns training, validation and test molecules, and those of other scaffolds.

    What comes without test molecules (a file of the user's) gives a tenth of it for them.

    Args:
      found: as they came.
      most: molecules for training.
      held: molecules for validation, and for test.
      read: reads them.

    Raises:
      ConfigError: a line that is no molecule, or fewer than FEWEST.
    """
    random = np.random.RandomState(0)
    order = random.permutation(len(found.train))
    if found.lines:
        every = _canonical(found, np.arange(len(found.train)), found.train, read)
        every = [text for text in every if len(tokens(text)) <= LONGEST]
        if len(every) < FEWEST:
            raise ConfigError(
                f"molecules file {found.name!r} has {len(every)} different molecules of {LONGEST} "
                f"tokens or fewer. Allowed: {FEWEST} or more."
            )
        order = random.permutation(len(every))
        few = min(held, len(every) // 10)
        parts = np.split(order, [few, 2 * few])
        valid, test, train = ([every[i] for i in part] for part in parts)
        return train[:most], valid, test, []
    train = _canonical(found, order[: most + held], found.train, read)
    valid, train = train[:held], train[held:]
    others = [
        _canonical(found, random.permutation(len(part))[:held], part, read)
        for part in (found.test, found.scaffolds)
    ]
    return train, valid, others[0], others[1]


@functools.cache  # one reading for all methods
def held_out(name: str, manual_dir: Any, most: int, held: int) -> tuple[HeldOutMolecules, str]:
    """Returns the molecules of a data set, as every method sees them, and their fingerprint.

    Args:
      name: as for `load_molecules`, as is `manual_dir`.
      manual_dir: a folder with the files of MOSES.
      most: molecules for training.
      held: molecules for validation, and for test.

    Raises:
      ConfigError: as `load_molecules` and `split`; RDKit is not installed.
    """
    found = load_molecules(name, manual_dir)
    read = CHEMISTRY[found.chemistry]()
    train, valid, test, scaffolds = split(found, most, held, read)
    sizes = np.asarray([len(tokens(text)) for text in train])
    length = 1 + min(LONGEST, int(np.quantile(sizes, COVERED, method="higher")))
    train = [text for text, size in zip(train, sizes, strict=True) if size < length]
    alphabet = alphabet_of(train)
    writable = lambda some: [text for text in some if alphabet.writes(text, length)]
    kept = writable(test)
    parts = HeldOutMolecules(
        train, writable(valid), kept, alphabet, length, read,
        reference(test, read), reference(scaffolds, read) if scaffolds else None,
        1 - len(kept) / len(test),
    )  # fmt: skip
    return parts, found.fingerprint
