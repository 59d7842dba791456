"""Strings like SMILES of C, N and O, with branches, rings and double bonds, and what checks them.

They are for tests and for the smoke of an application: they need no package of chemistry, and each
is a SMILES (a test with RDKit says so).
"""

from __future__ import annotations

import numpy as np

VALENCE = {"C": 4, "N": 3, "O": 2}
SHARES = (0.7, 0.17, 0.13)  # of C, N and O
LONGEST = 23  # characters
BRANCH, DOUBLE, RING = 0.15, 0.15, 0.3  # how often one begins


def _chain(random: np.random.RandomState, atoms: int, ring: bool) -> str:
    """Returns a chain whose first atom has a bond to what stands before it."""
    text, bond, closes = "", 1, -1
    for i in range(atoms):
        last = i == atoms - 1
        may = [a for a in VALENCE if VALENCE[a] >= bond + (0 if last else 1)]
        share = np.asarray([SHARES[list(VALENCE).index(a)] for a in may])
        atom = may[random.choice(len(may), p=share / share.sum())]
        free = VALENCE[atom] - bond - (0 if last else 1)
        text += ("=" if bond == 2 else "") + atom
        if i == closes or (ring and closes < 0 and free and atoms - i > 5 and random.rand() < RING):
            if i == closes and not free:
                text = text[: -len(atom)] + "C"  # which has the bond that closes the ring
                free = VALENCE["C"] - bond - (0 if last else 1)
            text += "1"
            free -= 1
            closes = closes if i == closes else i + 4 + random.randint(2)
        if free and not last and random.rand() < BRANCH:
            text += f"({_chain(random, 1 + random.randint(3), False)})"
            free -= 1
        bond = 2 if free and not last and i + 1 != closes and random.rand() < DOUBLE else 1
    return text


def grown(count: int, seed: int = 0) -> list[str]:
    """Returns strings that the grammar makes, no two of them alike, of 6 to 23 characters."""
    random = np.random.RandomState(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        text = _chain(random, 6 + random.randint(6), True)
        if len(text) <= LONGEST:
            found[text] = None
    return list(found)


def is_grown(text: str) -> bool:
    """Returns whether brackets and rings close, bonds join atoms, and no valence is exceeded."""
    used: list[int] = []
    kinds: list[str] = []
    stack: list[int] = []
    before, bond, ring = -1, 1, -1
    for i, token in enumerate(text):
        if token in VALENCE:
            kinds.append(token)
            used.append(0)
            if before >= 0:
                used[before] += bond
                used[-1] += bond
            before, bond = len(used) - 1, 1
        elif token == "(" and before >= 0 and bond == 1 and text[i - 1] != "(":
            stack.append(before)
        elif token == ")" and stack and bond == 1 and text[i - 1] != "(":
            before = stack.pop()
        elif token == "=" and before >= 0 and bond == 1:
            bond = 2
        elif token == "1" and before >= 0 and bond == 1 and text[i - 1] not in "()":
            if ring >= 0:
                if before - ring < 2:  # a ring of less than three atoms, or a second bond
                    return False
                used[ring] += 1
                used[before] += 1
            ring = before if ring < 0 else -1
        else:
            return False
    closed = not stack and ring < 0 and bond == 1 and bool(used)
    return closed and all(n <= VALENCE[kind] for n, kind in zip(used, kinds, strict=True))
