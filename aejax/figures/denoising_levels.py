"""PSNR and SSIM of every denoiser against the level of the noise."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "convolutional": "autoencoder, convolutional",
    "autoencoder": "autoencoder, dense",
    "non_local_means": "non-local means",
    "wavelets": "wavelets",
    "total_variation": "total variation",
    "median": "median",
    "nothing": "noisy image",
}
METRICS = {"psnr": "PSNR, dB", "ssim": "SSIM"}
LEVEL = {"gaussian": "standard deviation", "salt_and_pepper": "share", "masking": "share set to 0"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A row of panels a data set and metric, a panel a noise; means over seeds."""
    mine = of_task(rows, "denoise")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    noises = list(dict.fromkeys(row["point"]["noise"] for row in mine))
    places = [(d, m, n) for d in datasets for m in METRICS for n in noises]
    titles = [f"{title(d)}: {n.replace('_', ' ')}" for d, m, n in places]
    figure, axes = panels(titles, len(noises), 1.2)
    table: list[dict[str, object]] = []
    for (dataset, metric, noise), axis in zip(places, axes, strict=True):
        here = [r for r in mine if r["dataset"] == dataset and r["point"]["noise"] == noise]
        for i, (method, label) in enumerate(NAMES.items()):
            found: dict[float, list[float]] = {}
            for row in here:
                if row["point"]["method"] == method:
                    found.setdefault(row["point"]["level"], []).append(row["metrics"][metric])
            if not found:
                continue
            levels = sorted(found)
            means = [float(np.mean(found[level])) for level in levels]
            low, high = ([f(found[level]) for level in levels] for f in (min, max))
            plain, ours = method == "nothing", label.startswith("autoencoder")
            colour = GREY if plain else COLOURS[i]
            axis.fill_between(levels, low, high, color=colour, alpha=0.25, linewidth=0)
            axis.plot(
                levels, means, color=colour, marker="o", markersize=2.5,
                linestyle=":" if plain else "-", linewidth=1.6 if ours else 0.9, label=label,
                zorder=3 if ours else 2,
            )  # fmt: skip
            table += [
                {
                    "dataset": dataset,
                    "noise": noise,
                    "method": method,
                    "level": at,
                    metric: mean,
                    "lowest": least,
                    "highest": most,
                }
                for at, mean, least, most in zip(levels, means, low, high, strict=True)
            ]
        axis.grid(axis="y", linewidth=0.3)
        axis.set_xlabel(LEVEL[noise])
        if noise == noises[0]:
            axis.set_ylabel(METRICS[metric])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=6, columnspacing=1.2)
    note(
        figure,
        "Lines are means over seeds on test images, bands reach from the lowest seed to the",
        "highest. Every method has, for each noise and level, the setting",
        "of its grid with the highest PSNR on validation images.",
    )
    return Plot(figure, table)
