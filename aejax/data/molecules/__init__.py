"""Molecules as strings of tokens: MOSES, the user's SMILES, and a grammar that needs nothing."""

from aejax.data.molecules.files import read_molecules
from aejax.data.molecules.grammar import grown, is_grown
from aejax.data.molecules.smiles import Alphabet, alphabet_of, tokens
from aejax.data.molecules.sources import MOLECULES, Molecules, load_molecules

__all__ = [
    "MOLECULES",
    "Alphabet",
    "Molecules",
    "alphabet_of",
    "grown",
    "is_grown",
    "load_molecules",
    "read_molecules",
    "tokens",
]
