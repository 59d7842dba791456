"""Contraction curves and Jacobian spectra by kind of autoencoder: Rifai et al. 2011, figs 1, 2."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `geometry`, a line a kind, mean over seeds."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("point", {}).get("task") == "geometry" and row["id"] in arrays:
            kinds.setdefault(str(row["point"]["kind"]), []).append(row)
    if not kinds:
        return None
    figure, (near, spectrum) = panels(["contraction by radius", "singular values"], 2, 2.4)
    table: list[dict[str, object]] = []
    for kind, mine in kinds.items():
        every = lambda name, mine=mine: np.array([arrays[row["id"]][name] for row in mine])
        curves, spectra, radii = every("curve"), every("spectrum"), every("radii")[0]
        curve, values = curves.mean(0), spectra.mean(0)
        ranks = np.arange(1, len(values) + 1)
        for axis, x, y in ((near, radii, curves), (spectrum, ranks, spectra)):
            (line,) = axis.plot(x, y.mean(0), label=kind)
            axis.fill_between(x, y.min(0), y.max(0), color=line.get_color(), alpha=0.25, lw=0)
        table += [
            {"kind": kind, "seeds": len(mine), "radius": float(r), "contraction": float(c)}
            for r, c in zip(radii, curve, strict=True)
        ]
        table += [
            {"kind": kind, "seeds": len(mine), "rank": i, "singular_value": float(v)}
            for i, v in enumerate(values, 1)
        ]
    near.set(xscale="log", xlabel="distance r from a test image", ylabel="‖f(x + r v) − f(x)‖ / r")
    spectrum.set(yscale="log", xlabel="rank", ylabel="singular value of the Jacobian")
    least = max(float(np.max(line.get_ydata())) for line in spectrum.get_lines()) * 1e-4
    spectrum.set_ylim(bottom=least)
    spectrum.legend(frameon=False, ncols=2, loc="upper right")
    note(
        figure,
        "Mean over test images; v is a random unit vector.",
        "Lines are means over seeds, bands reach from the lowest seed to the highest.",
    )
    return Plot(figure, table)
