"""Figures to files: a PNG, a PDF and the plotted numbers as CSV, each complete or absent."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from aejax.io import becoming
from aejax.results import owner
from aejax.results.reader import Arrays, read_rows
from aejax.results.rows import Row


@runtime_checkable
class Drawn(Protocol):
    """What a figure function returns, `style.Plot`, said without importing matplotlib."""

    @property
    def figure(self) -> Any: ...
    @property
    def table(self) -> list[dict[str, object]]: ...


Arrayed = Mapping[str, Mapping[str, np.ndarray]]
FigureFunction = Callable[[list[Row], Arrayed], Drawn | None]
DPI = 150
LARGE = 400_000  # bytes; a larger picture is stored in 256 colours


def save_png(plot: Drawn, path: Path, large: int = LARGE) -> None:
    """Writes a PNG; one of more than `large` bytes is stored in 256 colours."""
    plot.figure.savefig(path, format="png", dpi=DPI)
    if path.stat().st_size > large:
        from PIL import Image  # a sweep imports this module, and starts sooner without it

        with Image.open(path) as image:
            few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(path, format="png", optimize=True)


def _csv(plot: Drawn, path: Path) -> None:
    columns = list(dict.fromkeys(column for line in plot.table for column in line))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(plot.table)


def save_pdf(plot: Drawn, path: Path) -> None:
    """Writes a PDF with fonts that journals take, and no date: the same rows give the same file."""
    from matplotlib import rc_context  # a sweep imports this module, and starts sooner without it

    with rc_context({"pdf.fonttype": 42}), path.open("wb") as file:
        plot.figure.savefig(file, format="pdf", dpi=DPI, metadata={"CreationDate": None})


WRITERS: dict[str, Callable[[Drawn, Path], None]] = {
    "png": save_png,
    "pdf": save_pdf,
    "csv": _csv,
}


def save(plot: Drawn, folder: Path, name: str) -> list[Path]:
    """Writes a file a writer, each under a temporary name first; returns their paths."""
    paths = []
    for suffix, write in WRITERS.items():
        path = folder / f"{name}.{suffix}"
        with becoming(path) as part:
            write(plot, part)
        paths.append(path)
    return paths


def declared(rows: Sequence[Row], workdir: Path) -> list[Row]:
    """Returns the rows with what the sweep's config says of figures: the pair `pareto`.

    It is no part of a member: the command of a sweep that is done may declare another.
    """
    known = owner.read(workdir) if (workdir / owner.FILE).is_file() else None
    pair = known.config.get("pareto") if known else None
    return [{**row, "pareto": pair} for row in rows] if pair else list(rows)


def draw_all(workdir: Path, figures: Mapping[str, FigureFunction]) -> list[Path]:
    """Draws `figures` from the work directory's rows; one that has nothing to show is skipped."""
    rows: Sequence[Row] = declared(read_rows(workdir), workdir)
    arrays = Arrays(workdir / "arrays", rows)
    written: list[Path] = []
    for name, figure in figures.items():
        plot = figure(list(rows), arrays)
        if plot is not None:
            written += save(plot, workdir / "figures", name)
    return written
