"""By how much every method brings a recording nearer to the clean one, by the noise's level."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.reproduce.intervals import effect
from aejax.results.rows import Row

# method -> its name, colour and mark.
NAMES = {
    "oracle": ("oracle mask", PURPLE, "v"),
    "autoencoder": ("autoencoder's mask", BLUE, "o"),
    "wiener": ("Wiener filter", ORANGE, "s"),
    "spectral_gating": ("spectral gating", GREEN, "^"),
    "nothing": ("noisy recording", GREY, "none"),
}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `denoise_sounds`: a panel a data set and noise."""
    mine = of_task(rows, "denoise_sounds")
    if not mine:
        return None
    places = list(dict.fromkeys((row["dataset"], row["point"]["noise"]) for row in mine))
    titles = [f"{title(dataset)}: {noise} noise" for dataset, noise in places]
    figure, axes = panels(titles, 2, 2.6)
    table: list[dict[str, object]] = []
    for (dataset, noise), axis in zip(places, axes, strict=True):
        here = [r for r in mine if (r["dataset"], r["point"]["noise"]) == (dataset, noise)]
        levels = sorted({row["point"]["level"] for row in here})
        step = 0.02 * (levels[-1] - levels[0] or 1)
        for i, (method, (label, colour, mark)) in enumerate(NAMES.items()):
            found = [
                [
                    row["metrics"]["gain"]
                    for row in here
                    if (row["point"]["method"], row["point"]["level"]) == (method, level)
                ]
                for level in levels
            ]
            if not all(found):
                continue
            means = [float(np.mean(each)) for each in found]
            if method == "nothing":
                axis.axhline(0, color=colour, linestyle=":", label=label)
            else:
                at = np.asarray(levels) + step * (i - 1.5)
                ends = [effect(each) for each in found]
                half = [0.0 if e is None else e.high - e.mean for e in ends]
                axis.errorbar(
                    at, means, half, color=colour, marker=mark, markersize=4, capsize=2,
                    elinewidth=0.8, linewidth=1.1, label=label,
                )  # fmt: skip
                for x, each in zip(at, found, strict=True):
                    axis.plot([x] * len(each), each, ".", color=colour, markersize=2, alpha=0.5)
            table += [
                {"dataset": dataset, "noise": noise, "method": method, "snr_db": a, "gain_db": m}
                for a, m in zip(levels, means, strict=True)
            ]
        axis.set_xticks(levels)
        axis.set_xlabel("SNR of what is given, dB")
        axis.grid(axis="y", linewidth=0.3)
        if axis is axes[0]:
            axis.set_ylabel("SI-SDR gain, dB")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, columnspacing=1.2)
    note(
        figure,
        "Means over seeds with 95 % intervals (Student t); dots are the seeds, each with test",
        "speakers (or files) of its own. Every method has the setting of its grid that is best on",
        "validation recordings, for each noise and level. The oracle is told the clean recording.",
    )
    return Plot(figure, table)
