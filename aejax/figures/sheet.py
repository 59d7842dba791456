"""One sheet of all models: inputs, reconstructions and samples, a small panel each."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from aejax.figures import greys, tiles
from aejax.figures.choose import Shown, choose
from aejax.figures.output import Arrayed
from aejax.figures.style import GREY, Plot, note, panels, styled
from aejax.results.rows import Row, number

MOST = 12  # variants; beyond, one a model
COLUMNS = 4  # panels side by side
ACROSS = 5  # images in a row of a panel
HEIGHT = 1.08  # inches


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a model: test inputs, what it makes of them, and what it draws from its prior."""
    shown, how = choose(rows, arrays, "reconstructions", MOST)
    shown = [each for each in shown if "inputs" in each.arrays]
    if not shown:
        return None
    figure, axes = panels([each.label for each in shown], COLUMNS, HEIGHT)
    for axis, each in zip(axes, shown, strict=True):
        _panel(axis, each)
    rows_said = "Rows: inputs, reconstructions (denoising models see them corrupted), samples."
    note(figure, f"{rows_said} {how}", "Vectors and sequences are drawn as strips of grey levels.")
    return Plot(figure, [_numbers(each) for each in shown])


def _panel(axis: Axes, each: Shown) -> None:
    inputs = _pictures(each.arrays["inputs"])
    made = [inputs, _pictures(each.arrays["reconstructions"])]
    if "samples" in each.arrays:
        made.append(_pictures(each.arrays["samples"]))
    strips = [tiles.mosaic(images[:ACROSS], min(ACROSS, len(images))) for images in made]
    height, width = strips[0].shape[:2]
    gap = -(-height // 8)
    canvas = np.full((3 * height + 2 * gap, width, *strips[0].shape[2:]), np.nan)
    if canvas.ndim == 3:
        canvas[:] = 0.0  # transparent
    for i, strip in enumerate(strips):
        top = i * (height + gap)
        canvas[top : top + height, : strip.shape[1]] = strip[:, :width]
    scale = greys.scale_of(each.arrays["inputs"])
    tiles.show(axis, canvas, scale, aspect="auto", interpolation="nearest")
    if len(strips) == 2:
        where = {"x": 0.5, "y": 1 / 6, "ha": "center", "va": "center"}
        axis.text(s="no prior", transform=axis.transAxes, color=GREY, fontsize=7, **where)


def _pictures(images: np.ndarray) -> np.ndarray:
    """Returns [n, H, W] or [n, H, W, 3]; a vector [D] is a picture one pixel high."""
    return greys.pictures(images if greys.is_image(images) else images[:, None])


def _numbers(each: Shown) -> dict[str, object]:
    """A panel in numbers: the error of its reconstructions, the mean of its samples."""
    samples = each.arrays.get("samples")
    shown = np.square(np.asarray(each.arrays["reconstructions"], float) - each.arrays["inputs"])
    return {
        **each.columns(),
        "squared_error_shown": float(
            shown[:ACROSS].reshape(len(shown[:ACROSS]), -1).sum(-1).mean()
        ),
        "test_mse_per_image": number(each.row, "test_mse_per_image"),
        "sample_mean": "" if samples is None else float(np.mean(samples[:ACROSS])),
    }
