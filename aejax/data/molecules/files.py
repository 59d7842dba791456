"""The user's own molecules: a SMILES a line, or a column of a table."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path

from aejax.errors import ConfigError, nearest

ALLOWED = (
    "Allowed: a .txt or .smi with a SMILES a line, or a .csv with a column 'smiles', each maybe .gz"
)


def read_molecules(path: Path | str) -> list[tuple[int, str]]:
    """Reads SMILES with the lines on which they stand, counted from 1; blank lines are left out.

    Of a line of `.txt` and `.smi` the first field is the SMILES, what follows it a name.

    Raises:
      ConfigError: nothing there, an unknown kind, no such column, another encoding, an empty file,
        an empty cell or a SMILES with a space: one line with the file and the line.
    """
    path = Path(path).expanduser()
    field = f"molecules file {str(path)!r}"
    kind = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    if not path.is_file() or kind.lower() not in (".txt", ".smi", ".csv"):
        problem = f"is a {kind or 'plain'} file" if path.is_file() else "is not there"
        raise ConfigError(f"{field} {problem}. {ALLOWED}.")
    found = parsed(_text(path, field), kind.lower(), field)
    if not found:
        raise ConfigError(f"{field} is empty. {ALLOWED}.")
    return found


def parsed(text: str, kind: str, field: str) -> list[tuple[int, str]]:
    """Returns the lines of a text with their numbers; `field` is what errors call it."""
    if kind != ".csv":
        lines = enumerate(text.splitlines(), 1)
        return [(number, line.split()[0]) for number, line in lines if line.strip()]
    reader = csv.reader(io.StringIO(text))
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if "smiles" not in names:
            hint = nearest("smiles", names)
            raise ConfigError(
                f"{field} has no column 'smiles' in line 1, which is {','.join(names)!r:.60}."
                f"{hint} {ALLOWED}."
            )
        at, found = names.index("smiles"), []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            cell = row[at].strip() if len(row) > at else ""
            if not cell or " " in cell:
                raise ConfigError(
                    f"{field}, line {reader.line_num} holds {cell!r:.60} in the column 'smiles'. "
                    "Allowed: a SMILES, which is neither empty nor has a space."
                )
            found.append((reader.line_num, cell))
    except csv.Error as error:
        raise ConfigError(
            f"{field}, line {reader.line_num} cannot be read: {error}. {ALLOWED}."
        ) from error
    return found


def _text(path: Path, field: str) -> str:
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{field}, line {line} is no UTF-8. {ALLOWED}, in UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{field} cannot be read: {error}. {ALLOWED}.") from error
