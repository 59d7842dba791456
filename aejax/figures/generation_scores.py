"""Frechet distance, precision and recall of samples, by model and sampler."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

METHODS = {
    "vae": "VAE",
    "wae_mmd": "WAE (MMD)",
    "regularized_decoder": "regularised\ndecoder",
    "pca": "PCA",
}
SAMPLERS = {"prior": "its own prior", "mixture": "mixture of codes", "two_stage": "second stage"}
MARKS = dict(zip(METHODS, "osD^", strict=True))


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Two panels a data set: distances with the data's own, and precision against recall."""
    mine = of_task(rows, "generate")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    titles = [f"{title(d)}: {of}" for d in datasets for of in ("distance", "where samples lie")]
    figure, axes = panels(titles, 2, 2.4)
    table: list[dict[str, object]] = []
    for i, dataset in enumerate(datasets):
        left, right = axes[2 * i : 2 * i + 2]
        here = [row for row in mine if row["dataset"] == dataset]
        methods = [m for m in METHODS if any(r["point"]["method"] == m for r in here)]
        control = [r["metrics"]["frechet"] for r in here if r["point"]["method"] == "data"]
        if control:
            left.axhline(
                float(np.mean(control)), color=GREY, linestyle=":", label="other training images"
            )
        for j, (sampler, label) in enumerate(SAMPLERS.items()):
            for k, method in enumerate(methods):
                found = [
                    r["metrics"] for r in here
                    if (r["point"]["method"], r["point"]["sampler"]) == (method, sampler)
                ]  # fmt: skip
                if not found:
                    continue
                values = [each["frechet"] for each in found]
                at = k + 0.22 * (j - 1)
                said = label if k == 0 else None
                left.plot(at, np.mean(values), "_", color=COLOURS[j], markersize=12, label=said)
                left.scatter([at] * len(values), values, s=8, color=COLOURS[j], alpha=0.7)
                right.scatter(
                    [each["recall"] for each in found], [each["precision"] for each in found],
                    s=16, color=COLOURS[j], marker=MARKS[method],
                )  # fmt: skip
                means = {name: float(np.mean([r[name] for r in found])) for name in found[0]}
                table.append({"dataset": dataset, "method": method, "sampler": sampler, **means})
        logarithmic(left, "y")
        left.set_xticks(range(len(methods)), [METHODS[m] for m in methods])
        left.set_ylabel("Fréchet distance (features)")
        left.grid(axis="y", linewidth=0.3)
        left.legend(loc="upper left", bbox_to_anchor=(0, 1.0), ncols=2, columnspacing=1.0)
        left.set_ylim(top=4 * left.get_ylim()[1])
        for method in methods:
            name = METHODS[method].replace("\n", " ")
            right.scatter([], [], s=16, color=GREY, marker=MARKS[method], label=name)
        right.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
        right.legend(loc="lower left")
    note(
        figure,
        "Small marks: seeds; bars: their means. Distances are in the features of a classifier of",
        "the same data (no FID). Every sampler has the setting of lowest validation distance.",
    )
    return Plot(figure, table)
