"""SMILES as tokens: characters, but for atoms that are written with more than one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from aejax.likelihoods.tokens import END, PADDING

# An atom in brackets, Br, Cl and a ring's number above 9 are one token each.
_TOKEN = re.compile(r"\[[^\[\]]*\]|Br|Cl|%\d\d|.")


def tokens(smiles: str) -> list[str]:
    """Returns the tokens of a SMILES, which joined are the SMILES again."""
    return _TOKEN.findall(smiles)


class Alphabet(NamedTuple):
    """Tokens by id: 0 is padding, 1 the end, the first token is 2."""

    tokens: tuple[str, ...]

    @property
    def size(self) -> int:
        """Ids, with padding and end."""
        return len(self.tokens) + 2

    def writes(self, smiles: str, length: int) -> bool:
        """Returns whether a SMILES has known tokens alone, and fits with its end into `length`."""
        found = tokens(smiles)
        return 0 < len(found) < length and set(found) <= set(self.tokens)

    def ids(self, smiles: Sequence[str], length: int) -> np.ndarray:
        """Returns ids as a float32 table [N, length], each row with its end.

        Args:
          smiles: N of them, all of which `writes` takes.
          length: T.
        """
        known = {token: i for i, token in enumerate(self.tokens, 2)}
        table = np.full((len(smiles), length), PADDING, np.float32)
        for row, text in zip(table, smiles, strict=True):
            found = [known[token] for token in tokens(text)]
            row[: len(found)] = found
            row[len(found)] = END
        return table

    def texts(self, ids: np.ndarray) -> list[str]:
        """Returns the strings of ids [N, T]; what has no end in T stays as long as it is."""
        written = ("", "", *self.tokens)
        table = np.asarray(ids).round().astype(int)
        ended = np.cumsum(table == END, axis=1) > 0
        return ["".join(written[i] for i in row) for row in np.where(ended, PADDING, table)]


def alphabet_of(smiles: Iterable[str]) -> Alphabet:
    """Returns the alphabet of all tokens that stand in some strings, sorted."""
    return Alphabet(tuple(sorted({token for text in smiles for token in tokens(text)})))
