"""Molecules that each generator made, and lines between the codes of two test molecules."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from aejax.figures.molecules_scores import HUES, NAMES
from aejax.figures.output import Arrayed
from aejax.figures.style import GREY, WIDTH, Plot, note, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

COLUMNS, LINES = 8, 2
GENERATORS = ("vae", "vae_mixture", "decoder_alone", "n_grams")
PIXELS = (330, 270)  # of one molecule's picture


def depicted(smiles: str) -> np.ndarray | None:
    """Returns RDKit's picture of a molecule [H, W, 3]; None without RDKit, or of no molecule."""
    try:
        from rdkit import Chem, RDLogger
        from rdkit.Chem.Draw import rdMolDraw2D
    except ModuleNotFoundError:
        return None
    from PIL import Image

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    molecule = Chem.MolFromSmiles(smiles) if smiles else None
    if molecule is None:
        return None
    drawer: Any = rdMolDraw2D.MolDraw2DCairo(*PIXELS)
    options = drawer.drawOptions()
    options.padding, options.bondLineWidth, options.fixedFontSize = 0.03, 2, 22
    options.fixedBondLength = 36  # larger molecules are made smaller
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    return np.asarray(Image.open(io.BytesIO(drawer.GetDrawingText())).convert("RGB"))


def _place(axis: Axes, smiles: str) -> None:
    """Draws one molecule, or its string where it is none or RDKit is not there."""
    axis.set_axis_off()
    picture = depicted(smiles)
    if picture is not None:
        axis.imshow(picture, interpolation="antialiased")
        return
    text = "\n".join(smiles[i : i + 12] for i in range(0, len(smiles), 12)) or "nothing"
    said = {"ha": "center", "va": "center", "transform": axis.transAxes}
    axis.text(0.5, 0.5, text, family="DejaVu Sans Mono", fontsize=5.5, color=GREY, **said)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A line of samples a generator, then lines between codes, of the first seed."""
    mine = [row for row in of_task(rows, "molecules") if row["id"] in arrays]
    if not mine:
        return None
    dataset, seed = mine[0]["dataset"], min(row["seed"] for row in mine)
    first = {
        row["point"]["method"]: arrays[row["id"]]
        for row in mine
        if row["dataset"] == dataset and row["seed"] == seed
    }
    shown: list[tuple[str, str, list[str]]] = [
        (NAMES[m], HUES[m], [str(s) for s in first[m]["samples"][:COLUMNS]])
        for m in GENERATORS
        if m in first
    ]
    if "vae" in first:
        paths = np.asarray(first["vae"]["path"])[:LINES]
        shown += [
            ("a line between two codes of the VAE", HUES["vae"], [str(s) for s in path])
            for path in paths
        ]
    figure = Figure(
        (WIDTH, 0.93 * len(shown) + 0.5),
        layout=ConstrainedLayoutEngine(w_pad=0.0, h_pad=0.01, wspace=0, hspace=0),
    )
    parts = np.atleast_1d(np.asarray(figure.subfigures(len(shown), 1)))
    table: list[dict[str, object]] = []
    for part, (label, hue, molecules) in zip(parts, shown, strict=True):
        part.suptitle(f"{title(dataset)}: {label}", x=0.005, ha="left", fontsize=8, color=hue)
        axes = np.atleast_1d(np.asarray(part.subplots(1, COLUMNS)))
        for i, axis in enumerate(axes):
            axis.set_axis_off()
            if i < len(molecules) and (molecules[i] or "line" in label):
                _place(axis, molecules[i])
                table.append({"line": label, "place": i, "smiles": molecules[i]})
    note(
        figure,
        "The first samples that are valid and no training molecule, of the first seed. Lines:",
        "greedy decoding of points between the codes of two test molecules, of the pairs with most",
        "different molecules; grey text is no molecule, as it came.",
    )
    return Plot(figure, table)
