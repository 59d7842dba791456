"""Figures from rows and arrays, one a file, and the table FIGURES.

A figure is a function `(rows, arrays) -> Plot | None`: rows of `results.jsonl`, arrays by member
id, None when these rows have nothing to show. A new one is a file with a function `draw` and a
line in FIGURES. matplotlib is imported when the first figure is drawn, so that `variants` and the
names of the figures cost nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from aejax.errors import check_names, need
from aejax.figures.output import Arrayed, Drawn, FigureFunction, draw_all
from aejax.results.rows import Row, Variant, variants

__all__ = ["FIGURES", "FigureFunction", "Variant", "draw", "late", "variants"]


def late(module: str) -> FigureFunction:
    """Returns the function `draw` of a module of this package, imported at the first call."""

    def figure(rows: list[Row], arrays: Arrayed) -> Drawn | None:
        need("matplotlib", "figures")
        return import_module(f"aejax.figures.{module}").draw(rows, arrays)

    figure.__name__ = module
    return figure


FIGURES: dict[str, FigureFunction] = {
    "summary": late("summary"),
    "reconstructions": late("reconstructions"),
    "sheet": late("sheet"),
    "curves": late("curves"),
    "pareto": late("pareto"),
    "codes": late("codes"),
    "samples": late("samples"),
    "filters": late("filters"),
}


def draw(workdir: str | os.PathLike[str], names: Iterable[str] | None = None) -> list[Path]:
    """Draws figures of a sweep into `workdir/figures`.

    Args:
      workdir: holds `results.jsonl` and `arrays/*.npz`.
      names: which of FIGURES; all by default.

    Returns:
      The paths written, a PNG, a PDF and a CSV a figure; none for a figure with nothing to show.

    Raises:
      ConfigError: an unknown name, no such directory, no results in it, or a damaged file.
    """
    chosen = list(dict.fromkeys(FIGURES if names is None else names))
    check_names("figure", chosen, FIGURES)
    return draw_all(Path(workdir), {name: FIGURES[name] for name in chosen})
