"""The user's documents: texts, which are counted here, and counts with their vocabulary."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aejax.data.documents.words import Documents, make_documents
from aejax.errors import ConfigError, nearest

ALLOWED = (
    "Allowed: a folder of .txt files; a .txt with a document a line; a .csv or .tsv with a column "
    "text; a sparse .npz with vocabulary; a .ldac with its .tokens; docword.NAME.txt of UCI with "
    "vocab.NAME.txt"
)
WORD = r"(?u)\b[^\W\d_]{3,}\b"  # three letters or more
COLUMN = "text"
BROKEN = (zipfile.BadZipFile, zlib.error)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"documents file {str(path)!r}, line {line} is no UTF-8: byte {error.start} is "
            f"{error.object[error.start]:#04x}. Allowed: text in UTF-8."
        ) from error


def _texts_of_folder(path: Path) -> list[str]:
    files = sorted(path.glob("*.txt"))
    if not files:
        raise ConfigError(f"documents folder {str(path)!r} has no .txt file. {ALLOWED}.")
    texts = [_text(file) for file in files]
    for file, text in zip(files, texts, strict=True):
        if not text.strip():
            raise ConfigError(f"documents file {str(file)!r} is empty. Allowed: a text.")
    return texts


def _texts_of_lines(path: Path) -> list[str]:
    return [line for line in _text(path).splitlines() if line.strip()]


def _texts_of_table(path: Path) -> list[str]:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    csv.field_size_limit(1 << 30)
    lines = _text(path).splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=separator, strict=True)  # quotations that end
    try:
        lines = [(reader.line_num, fields) for fields in reader if any(f.strip() for f in fields)]
    except csv.Error as error:
        where = f"documents file {str(path)!r}, line {reader.line_num}"
        raise ConfigError(f"{where} cannot be read: {error}. {ALLOWED}.") from error
    if not lines:
        return []
    names = [name.strip().lower() for name in lines[0][1]]
    if COLUMN not in names:
        raise ConfigError(
            f"documents file {str(path)!r} has the columns [{', '.join(names):.80}] and none is "
            f"{COLUMN!r}.{nearest(COLUMN, names)} {ALLOWED}."
        )
    at = names.index(COLUMN)
    texts = []
    for number, fields in lines[1:]:
        if len(fields) <= at or not fields[at].strip():
            raise ConfigError(
                f"documents file {str(path)!r}, line {number} has no text. Allowed: a text in "
                f"each line's column {COLUMN!r}."
            )
        texts.append(fields[at])
    return texts


def _counted(path: Path, texts: Sequence[str]) -> tuple[Any, list[str]]:
    """Returns counts by scikit-learn's CountVectorizer: small letters, no English stop words."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not texts:
        raise ConfigError(f"documents file {str(path)!r} is empty. {ALLOWED}.")
    counter = CountVectorizer(token_pattern=WORD, stop_words="english")
    try:
        counts = counter.fit_transform(texts)
    except ValueError as error:  # "empty vocabulary"
        raise ConfigError(
            f"documents file {str(path)!r} has no word left of {len(texts)} documents. Allowed: "
            "words of three letters or more that are no stop words of English."
        ) from error
    return counts, counter.get_feature_names_out().tolist()


def _whole(counts: Any, field: str) -> Any:
    """Returns counts that are whole numbers of 0 or more; else says where one is not."""
    from scipy.sparse import coo_array

    placed = coo_array(counts)
    wrong = np.flatnonzero(
        ~(np.isfinite(placed.data) & (placed.data >= 0) & (placed.data == np.floor(placed.data)))
    )
    if len(wrong):
        at = wrong[0]
        row, column = (int(index[at]) for index in placed.coords)
        raise ConfigError(
            f"{field} holds {placed.data[at]:g} in document {row + 1}, word {column + 1}, counted "
            "from 1. Allowed: counts, whole numbers of 0 or more."
        )
    if not placed.data.any():
        raise ConfigError(f"{field} has no word. Allowed: a count above 0.")
    return placed


def _vocabulary(path: Path, of: Path) -> list[str]:
    if not path.is_file():
        raise ConfigError(
            f"documents file {str(of)!r} has no vocabulary: {str(path)!r} is not there. {ALLOWED}."
        )
    return [line.strip() for line in _text(path).splitlines() if line.strip()]


def _archive(path: Path) -> tuple[Any, list[str]]:
    """What scipy.sparse.save_npz writes, with `vocabulary` in it or in NAME.vocab.txt beside it."""
    from scipy.sparse import coo_array, load_npz

    field = f"documents file {str(path)!r}"
    try:
        # Opened here: np.load leaves a file that it opened itself open when it is no archive.
        with path.open("rb") as file:
            with np.load(file, allow_pickle=False) as held:
                inside = [held[name] for name in held.files if name == "vocabulary"]
                dense = [held[name] for name in held.files if name == "counts"]
            file.seek(0)
            counts = dense[0] if dense else load_npz(file)
        if counts.ndim == 2 and not dense:
            coo_array(counts).tocsr()  # which refuses places outside the shape
    # TypeError: an array alone, as np.save writes it, is no archive.
    except (ValueError, KeyError, TypeError, OSError, EOFError, *BROKEN) as error:
        raise ConfigError(
            f"{field} cannot be read: {' '.join(str(error).split()):.120}. Allowed: what "
            "scipy.sparse.save_npz writes, or arrays counts [N, V] and vocabulary [V]."
        ) from error
    if inside and (inside[0].ndim != 1 or inside[0].dtype.kind != "U"):
        raise ConfigError(
            f"{field} has a vocabulary of shape {inside[0].shape}, {inside[0].dtype}. Allowed: "
            "texts [V]."
        )
    words = inside[0].tolist() if inside else _vocabulary(path.with_suffix(".vocab.txt"), path)
    if getattr(counts, "ndim", 0) != 2 or counts.dtype.kind not in "buif":
        raise ConfigError(f"{field} has counts of another kind. Allowed: numbers [N, V].")
    return counts, words


def _numbers(path: Path, number: int, fields: Sequence[str]) -> list[float]:
    try:
        return [float(field) for field in fields]
    except ValueError as error:
        raise ConfigError(
            f"documents file {str(path)!r}, line {number} holds {' '.join(fields)!r:.60}, which "
            "are no numbers. Allowed: numbers."
        ) from error


def _placed(path: Path, entries: Sequence[Sequence[float]], shape: tuple[int, int]) -> Any:
    """Returns counts [N, V] of entries (line, document, word, count), counted from 0."""
    from scipy.sparse import coo_array

    for number, row, column, count in entries:
        where = f"documents file {str(path)!r}, line {number:g}"
        if not (0 <= row < shape[0] and row % 1 == 0 and 0 <= column < shape[1] and not column % 1):
            raise ConfigError(
                f"{where} names a document or word that is not there. Allowed: {shape[0]} "
                f"documents, {shape[1]} words of the vocabulary."
            )
        if not (count >= 0 and count % 1 == 0):  # NaN and infinities are neither
            raise ConfigError(
                f"{where} has the count {count:g}. Allowed: whole numbers of 0 or more."
            )
    _, row, column, count = np.asarray(entries, np.float64).reshape(-1, 4).T
    return coo_array((count, (row.astype(int), column.astype(int))), shape=shape)


def _uci(path: Path) -> tuple[Any, list[str]]:
    """Three lines of sizes, then document, word, count, from 1. UCI's "Bag of Words"."""
    words = _vocabulary(path.with_name(path.name.replace("docword", "vocab", 1)), path)
    lines = [(i, line.split()) for i, line in enumerate(_text(path).splitlines(), 1)]
    lines = [(i, fields) for i, fields in lines if fields]
    if len(lines) < 4:
        raise ConfigError(f"documents file {str(path)!r} is empty. {ALLOWED}.")
    entries = []
    for number, fields in lines[3:]:
        if len(fields) != 3:
            raise ConfigError(
                f"documents file {str(path)!r}, line {number} has {len(fields)} fields. Allowed: "
                "document, word and count."
            )
        document, word, count = _numbers(path, number, fields)
        entries.append((number, document - 1, word - 1, count))
    (documents,) = _numbers(path, lines[0][0], lines[0][1][:1])
    if not 1 <= documents < 2**31 or documents % 1:  # NaN and infinities are neither
        raise ConfigError(
            f"documents file {str(path)!r}, line {lines[0][0]} says {documents:g} documents. "
            "Allowed: a whole number of 1 or more."
        )
    return _placed(path, entries, (int(documents), len(words))), words


def _ldac(path: Path) -> tuple[Any, list[str]]:
    """A document a line: how many words it has, then word:count of each. Blei's lda-c."""
    words = _vocabulary(path.with_suffix(".tokens"), path)
    lines = [(i, line.split()) for i, line in enumerate(_text(path).splitlines(), 1)]
    lines = [(i, fields) for i, fields in lines if fields]
    if not lines:
        raise ConfigError(f"documents file {str(path)!r} is empty. {ALLOWED}.")
    entries = []
    for row, (number, fields) in enumerate(lines):
        for pair in fields[1:]:
            word, count = _numbers(path, number, [*pair.split(":"), ""][:2])
            entries.append((number, row, word, count))
    return _placed(path, entries, (len(lines), len(words))), words


def _of_texts(reader: Callable[[Path], list[str]]) -> Callable[[Path], tuple[Any, list[str]]]:
    return lambda path: _counted(path, reader(path))


READERS: dict[str, Callable[[Path], tuple[Any, list[str]]]] = {
    ".txt": _of_texts(_texts_of_lines),
    ".csv": _of_texts(_texts_of_table),
    ".tsv": _of_texts(_texts_of_table),
    ".npz": _archive,
    ".ldac": _ldac,
}


def read_documents(path: Path | str, name: str | None = None) -> Documents:
    """Reads documents: texts or counts, by the kind of file; see ALLOWED.

    Texts are in UTF-8, are written small, and lose stop words of English and what is no word of
    three letters or more (scikit-learn's CountVectorizer). Blank lines are no documents.

    Args:
      path: a file or a folder.
      name: what the documents are called; None: the path.

    Raises:
      ConfigError: nothing there, an unknown kind, an empty file, no word left, another encoding,
        counts that are negative or fractional, a vocabulary of another size: one line with the
        file and the place.
    """
    path = Path(path).expanduser()
    field = f"documents file {str(path)!r}"
    reader = _of_texts(_texts_of_folder) if path.is_dir() else READERS.get(path.suffix.lower())
    if path.is_file() and path.name.startswith("docword"):
        reader = _uci
    if reader is None or not path.exists():
        problem = f"is a {path.suffix or 'plain'} file" if path.exists() else "is not there"
        raise ConfigError(f"{field} {problem}. {ALLOWED}.")
    counts, words = reader(path)
    counts = _whole(counts, field)
    if counts.shape[1] != len(words):
        raise ConfigError(
            f"{field} has {counts.shape[1]} columns and a vocabulary of {len(words)} words. "
            "Allowed: a word a column."
        )
    return make_documents(name or str(path), counts, words)
