"""MOSES's metrics of every generator beside the published ones, and what the code is for."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.output import Arrayed
from aejax.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Plot,
    note,
    panels,
    styled,
)
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "vae": "VAE, prior",
    "vae_mixture": "VAE, mixture",
    "decoder_alone": "decoder alone",
    "n_grams": "n-grams",
    "training_molecules": "training molecules",
    "fingerprints": "Morgan fingerprints",
    "token_counts": "counts of tokens",
}
HUES = dict(zip(NAMES, (BLUE, SKY, ORANGE, GREEN, GREY, PURPLE, RED), strict=True))
GENERATORS = {
    "valid": "valid",
    "unique_1k": "unique@1k",
    "novel": "novel",
    "internal_diversity": "internal\ndiversity",
    "fragments": "fragments",
    "scaffolds": "scaffolds",
    "nearest": "nearest\n(SNN)",
}
CODES = {
    "exact": "given back\nexactly",
    "similar": "given back,\nsimilarity",
    "path_valid": "line: valid",
    "path_different": "line:\ndifferent",
    "r2_logp": "logP, R²",
    "r2_qed": "QED, R²",
    "r2_atoms": "atoms, R²",
    "r2_carbon": "carbon, R²",
}
# Polykovskiy et al. 2020, in the order of GENERATORS, as in the README of molecularsets/moses: of
# 1.6 million training molecules and 30,000 samples. CharRNN is the decoder alone.
PUBLISHED = {
    "vae": (0.9767, 1.0, 0.6949, 0.8558, 0.9994, 0.9386, 0.6257),
    "decoder_alone": (0.9748, 1.0, 0.8419, 0.8562, 0.9998, 0.9242, 0.6015),
    "n_grams": (0.2376, 0.974, 0.9694, 0.8738, 0.9846, 0.5302, 0.5209),
}
LOWEST = -0.05  # of an axis; what is below is set there


def _panel(axis: Axes, rows: list[Row], metrics: dict[str, str], moses: bool) -> list[dict]:
    """Draws means and seeds of the methods that have a metric; returns the numbers."""
    shown = [name for name in metrics if any(row["metrics"].get(name) is not None for row in rows)]
    methods = [m for m in NAMES if any(row["point"]["method"] == m for row in rows)]
    table: list[dict[str, object]] = []
    for place, metric in enumerate(shown):
        has = lambda m, metric=metric: [
            row["metrics"][metric]
            for row in rows
            if row["point"]["method"] == m and row["metrics"].get(metric) is not None
        ]
        here = [m for m in methods if has(m)]
        for j, method in enumerate(here):
            x = place + 0.8 * ((j + 0.5) / len(here) - 0.5)
            seeds, hue = has(method), HUES[method]
            mean = float(np.mean(seeds))
            axis.bar(x, max(mean, LOWEST), 0.72 / len(here), color=hue, alpha=0.75)
            axis.plot([x] * len(seeds), np.maximum(seeds, LOWEST), "_", color="black", markersize=4)
            line = {"dataset": rows[0]["dataset"], "method": method, "metric": metric, "mean": mean}
            if moses and method in PUBLISHED and metric in GENERATORS:
                published = PUBLISHED[method][list(GENERATORS).index(metric)]
                axis.plot(x, published, "D", color="white", markeredgecolor=hue, markersize=4.5)
                line["published"] = published
            table.append(line)
    axis.set_xticks(range(len(shown)), [metrics[name] for name in shown])
    axis.tick_params(axis="x", length=0)
    axis.set_xlim(-0.5, len(shown) - 0.5)
    axis.set_ylim(LOWEST if any(r["mean"] < 0 for r in table) else 0, 1.08)  # type: ignore[operator]
    axis.grid(axis="y", linewidth=0.3)
    axis.set_axisbelow(True)
    return table


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `molecules`: two panels a data set."""
    mine = of_task(rows, "molecules")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    titles = [
        f"{title(name)}: {what}"
        for name in datasets
        for what in ("samples", "what the code is for")
    ]
    figure, axes = panels(titles, 1, 1.75)
    table: list[dict[str, object]] = []
    for i, dataset in enumerate(datasets):
        here = [row for row in mine if row["dataset"] == dataset]
        table += _panel(axes[2 * i], here, GENERATORS, dataset == "moses")
        table += _panel(axes[2 * i + 1], here, CODES, False)
    for axis, label in zip(
        axes, ("share or similarity", "share, similarity, R²") * len(datasets), strict=True
    ):
        axis.set_ylabel(label)
    bars = [
        axes[0].bar(-9, 0, color=HUES[m], alpha=0.75, label=NAMES[m])
        for m in NAMES
        if any(row["point"]["method"] == m for row in mine)
    ]
    if "moses" in datasets:
        (mark,) = axes[0].plot(
            -9, 0, "D", color="white", markeredgecolor="black", markersize=4.5,
            linestyle="none", label="published, of 1.6 M molecules",
        )  # fmt: skip
        bars.append(mark)  # type: ignore[arg-type]
    figure.legend(handles=bars, loc="outside upper center", ncols=4, columnspacing=1.2)
    log_p = {
        method: np.mean([r["metrics"]["log_p_per_token"] for r in mine if _is(r, method)])
        for method in PUBLISHED
        if any(_is(row, method) for row in mine)
    }
    table += [
        {"method": m, "metric": "log_p_per_token", "mean": float(v)} for m, v in log_p.items()
    ]
    note(
        figure,
        "Bars are means, dashes the seeds. Diamonds: Polykovskiy et al. 2020, of the decoder",
        "alone their CharRNN, of 30,000 samples; ours are fewer, on which unique and scaffolds",
        "depend.",
        "Fragments, scaffolds, nearest: likeness to test molecules, of which training molecules",
        "show how far it goes.",
        "Line: points between the codes of two test molecules. R²: by ridge regression; what is",
        "below the axis is drawn at its end.",
        "log p a token, nats: "
        + ", ".join(f"{NAMES[m]} {value:.3f}" for m, value in log_p.items())
        + "."
        if log_p
        else "",
    )
    return Plot(figure, table)


def _is(row: Row, method: str) -> bool:
    held = row["metrics"].get("log_p_per_token")
    return row["point"]["method"] == method and held is not None
