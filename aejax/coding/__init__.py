"""Whole numbers as bytes: tables of probabilities in integers, and a range coder that reads them.

What is written is read again bit for bit as long as both sides have the same table. A table is
integers alone, so that no rounding of floats on another machine can change it; it is made once of a
trained model (`tables_of`) or of counts (`tables_of_counts`), kept by `save_tables`, and every file
names the table that wrote it.
"""

from aejax.coding.container import Header, pack, unpack
from aejax.coding.range_coder import decode_codes, encode_codes
from aejax.coding.tables import (
    Tables,
    bits_by_density,
    load_tables,
    save_tables,
    tables_of,
    tables_of_counts,
)

__all__ = [
    "Header",
    "Tables",
    "bits_by_density",
    "decode_codes",
    "encode_codes",
    "load_tables",
    "pack",
    "save_tables",
    "tables_of",
    "tables_of_counts",
    "unpack",
]
