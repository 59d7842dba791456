"""Test images above what each variant makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aejax.figures import tiles
from aejax.figures.choose import Shown, choose
from aejax.figures.output import Arrayed
from aejax.figures.rows import Row, number
from aejax.figures.style import GREY, WIDTH, Plot, character, note, panels, styled, wrapped

MOST = 40  # variants; beyond, one a model
TALLEST = 20  # variants in one block; more are set in blocks side by side
LONGEST = 24  # characters in a line of a name, left of the pictures
ERROR = 0.4  # inches, right of the pictures
DRAWN = 10  # vectors in a heat map
CELL, SMALLEST = 0.46, 0.27  # inches: width of a picture
THIN = 0.62  # size of a noisy input, in cells


class Strip(NamedTuple):
    """One row of pictures [n, *shape] with its name."""

    name: str
    images: np.ndarray
    error: str = ""  # of the member over the test set
    colour: str = GREY  # of the name
    size: float = 1.0  # in cells


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Inputs on top, then one row a variant; above a denoising one, the noisy input that it saw."""
    shown, how = choose(rows, arrays, "reconstructions", MOST)
    shown = [each for each in shown if "inputs" in each.arrays]
    if not shown:
        return None
    groups = _by_inputs(shown)
    pictures = all(tiles.is_image(group[0].arrays["inputs"]) for group in groups)
    figure = _images([b for g in groups for b in _split(g)]) if pictures else _vectors(groups)
    note(figure, how, "Numbers: squared error per image, mean over the test set.")
    return Plot(figure, [line for each in shown for line in _table(each)])


def _by_inputs(shown: Iterable[Shown]) -> list[list[Shown]]:
    """Members that were shown the same images (one data set, one shape) share the row of inputs."""
    groups: dict[tuple, list[Shown]] = {}
    for each in shown:
        inputs = each.arrays["inputs"]
        key = (str(each.row.get("dataset")), inputs.shape, inputs.tobytes())
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _split(group: list[Shown]) -> list[list[Shown]]:
    """Cuts a long list into blocks of about equal length."""
    count = -(-len(group) // TALLEST)
    size = -(-len(group) // count)
    return [group[i : i + size] for i in range(0, len(group), size)]


def _strips(block: list[Shown], count: int, titled: bool) -> list[Strip]:
    inputs = block[0].arrays["inputs"][:count]
    strips = [Strip(f"{block[0].row.get('dataset')}: inputs" if titled else "inputs", inputs)]
    for each in block:
        noisy = each.arrays.get("noisy", inputs)[:count]
        if not np.array_equal(noisy, inputs):
            strips.append(Strip("noisy input", noisy, size=THIN))
        error = number(each.row, "test_mse_per_image")
        text = "" if np.isnan(error) else f"{error:#.3g}".rstrip(".")
        outputs = each.arrays["reconstructions"][:count]
        strips.append(Strip(each.label, outputs, text, colour="black"))
    return strips


def _images(blocks: list[list[Shown]]) -> Figure:
    """One axis a block, in whose coordinates a picture is one wide."""
    across = min(len(blocks), 2)
    titled = len({str(block[0].row.get("dataset")) for block in blocks}) > 1
    lines = [wrapped(each.label, LONGEST, True).splitlines() for block in blocks for each in block]
    label = character(7) * max(len(line) for each in lines for line in each) + 0.15
    room = WIDTH / across - label - ERROR
    available = max(len(block[0].arrays["inputs"]) for block in blocks)
    count = min(available, int(room / max(SMALLEST, 0.125 * max(map(len, lines)))))
    cell = min(CELL, room / count)
    strips = [_strips(block, count, titled) for block in blocks]
    tall = [sum(strip.size * tiles.ratio(strip.images) for strip in each) for each in strips]
    down = [max(tall[i : i + across]) for i in range(0, len(tall), across)]
    figure = Figure(
        figsize=(across * (label + ERROR + count * cell), sum(down) * cell + 0.45),
        layout="constrained",
    )
    axes = list(figure.subplots(len(down), across, squeeze=False, height_ratios=down).ravel())
    for i, (axis, block) in enumerate(zip(axes, blocks, strict=False)):
        _block(axis, strips[i], tiles.scale_of(block[0].arrays["inputs"]))
        axis.set(xlim=(0, count), ylim=(down[i // across], 0), aspect="equal", anchor="NW")
    for axis in axes[len(blocks) :]:
        axis.remove()
    return figure


def _block(axis: Axes, strips: list[Strip], scale: tiles.Scale) -> None:
    """Draws strips from the top down, names on the left, errors on the right."""
    top, right = 0.0, len(strips[0].images) + 0.12
    for strip in strips:
        height, margin = strip.size * tiles.ratio(strip.images), 0.03 + (1 - strip.size) / 2
        for i, image in enumerate(tiles.pictures(strip.images)):
            extent = (i + margin, i + 1 - margin, top + height - 0.03, top + 0.03)
            tiles.show(axis, tiles.mosaic(image[None], 1), scale, extent=extent)
        words = {"va": "center", "fontsize": 7, "color": strip.colour}
        name = wrapped(strip.name, LONGEST, always=strip.colour != GREY)
        axis.text(-0.12, top + height / 2, name, ha="right", **words)
        axis.text(right, top + height / 2, strip.error, **words)
        top += height
    axis.text(
        right, tiles.ratio(strips[0].images) / 2, "error", va="center", color=GREY, fontsize=7
    )


def _vectors(groups: list[list[Shown]]) -> Figure:
    """One heat map a strip: an example a line, a feature a column."""
    titled = len({str(group[0].row.get("dataset")) for group in groups}) > 1
    strips = [strip for group in groups for strip in _strips(group, DRAWN, titled)]
    scale = tiles.scale_of(np.concatenate([g[0].arrays["inputs"].ravel() for g in groups]))
    titles = [f"{s.name}, error\u00a0{s.error}" if s.error else s.name for s in strips]
    figure, axes = panels(titles, columns=4, height=1.1)
    for axis, strip in zip(axes, strips, strict=True):
        drawn = tiles.show_vectors(axis, strip.images, scale)
        axis.set_ylabel("example")
    tiles.key(figure, axes, drawn, "value", columns=4)
    return figure


def _table(each: Shown) -> list[dict[str, object]]:
    """Squared errors of the pictures shown, summed over an image as in the rows."""
    inputs, outputs = each.arrays["inputs"], each.arrays["reconstructions"]
    labels = each.arrays.get("labels_shown")
    squared = np.square(np.asarray(outputs, np.float64) - inputs).reshape(len(inputs), -1).sum(-1)
    return [
        {
            **each.columns(),
            "image": i,
            "label": "" if labels is None else labels[i],
            "squared_error": float(error),
            "test_mse_per_image": number(each.row, "test_mse_per_image"),
        }
        for i, error in enumerate(squared)
    ]
