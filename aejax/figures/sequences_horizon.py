"""How well every method knows the past and the future, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.output import Arrayed
from aejax.figures.style import (
    BLACK,
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

# method -> its name, colour, mark and line.
NAMES = {
    "composite": ("composite", BLUE, "o", "-"),
    "future": ("future predictor", SKY, "s", "-"),
    "autoencoder": ("autoencoder (past)", GREEN, "D", "-"),
    "shuffled": ("future, shuffled past", SKY, "x", ":"),
    "blind": ("future, blind", GREY, "+", ":"),
    "pca": ("PCA of the past", ORANGE, "D", "-"),
    "linear_direct": ("linear, by horizon", ORANGE, "^", "-"),
    "linear_autoregression": ("linear autoregression", RED, "v", "-"),
    "nearest_films": ("nearest films", PURPLE, "P", "-"),
    "mean_frame": ("mean frame", GREY, "", "--"),
    "constant_velocity": ("last frame, moved", BLACK, "", "-."),
    "last_frame": ("last frame", BLACK, "", "--"),
}
# Mean over ten frames of 64 x 64: OpenSTL's page of video benchmarks (commit 033a2dd).
MARKS = {"ConvLSTM-S": 46.26, "SimVP+gSTA-S": 15.05}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `predict_films`: a panel for the past, one for the future."""
    mine = [row for row in of_task(rows, "predict_films") if row["id"] in arrays]
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    titles = [f"{title(name)}: {what}" for name in datasets for what in ("the past", "the future")]
    figure, axes = panels(titles, 2, 3.4)
    table: list[dict[str, object]] = []
    pictures = False
    for i, dataset in enumerate(datasets):
        here = [row for row in mine if row["dataset"] == dataset]
        pictures = any("bce" in row["metrics"] for row in here)
        for side, axis in enumerate(axes[2 * i : 2 * i + 2]):
            for method, (label, colour, mark, line) in NAMES.items():
                found = [
                    np.asarray(arrays[row["id"]]["frame_mse"], float)
                    for row in here
                    if row["point"]["method"] == method
                ]
                if not found:
                    continue
                seeds = np.stack(found)
                past = seeds.shape[1] // 2
                part = np.arange(past) if side == 0 else np.arange(past, seeds.shape[1])
                mean = seeds.mean(0)[part]
                if np.isnan(mean).all():
                    continue
                at = part + 1 - past
                axis.plot(
                    at, mean, color=colour, marker=mark, linestyle=line, markersize=3.5,
                    linewidth=1.1, label=label,
                )  # fmt: skip
                axis.plot(np.tile(at, len(seeds)), seeds[:, part].ravel(), ".", color=colour,
                          markersize=1.5, alpha=0.5)  # fmt: skip
                table += [
                    {"dataset": dataset, "method": method, "frame": int(a), "mse": float(m)}
                    for a, m in zip(at, mean, strict=True)
                ]
            if pictures:
                floor = float(np.mean([row["metrics"]["floor"] for row in here]))
                _mark(axis, floor, "least of blocks of 4 x 4", "bottom", "-")
                if side:
                    for name, value in MARKS.items():
                        _mark(axis, value, f"{name} (OpenSTL, predicts 64 x 64)", "top", ":")
            axis.set_ylim(bottom=0)
            axis.set_xlabel("frames before the present" if side == 0 else "frames ahead")
            axis.grid(axis="y", linewidth=0.3)
        axes[2 * i].set_ylabel("squared error of a frame")
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(
        list(handles.values()), list(handles), loc="outside upper center", ncols=4,
        columnspacing=1.2,
    )  # fmt: skip
    note(
        figure,
        "Means over seeds, dots the seeds; settings by validation films.",
        "Squared errors are summed over the pixels of a frame of 64 x 64 on [0, 1], OpenSTL's"
        " convention; predictions have 16 x 16, constant on blocks, and none can be below the grey"
        " line; marks are means over ten frames, of networks that predict all 64 x 64."
        if pictures
        else "Squared errors are summed over the numbers of a frame, in standard deviations.",
    )
    return Plot(figure, table)


def _mark(axis: Axes, value: float, label: str, where: str, line: str) -> None:
    """Draws a line across the panel, named at its right end."""
    axis.axhline(value, color=GREY, linewidth=0.8, linestyle=line)
    axis.text(
        0.99, value, label, va=where, ha="right", color=GREY, fontsize=7,
        transform=axis.get_yaxis_transform(),
    )  # fmt: skip
