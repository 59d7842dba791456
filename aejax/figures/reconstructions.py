"""Test images above what each variant makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aejax.figures import greys, tiles
from aejax.figures.choose import Shown, choose
from aejax.figures.output import Arrayed
from aejax.figures.style import GREY, WIDTH, Plot, character, note, styled, wrapped
from aejax.results.labels import names_of
from aejax.results.rows import Row, number, unit_of

MOST = 40  # variants; beyond, one a model
TALLEST = 20  # variants in one block; more are set in blocks side by side
LONGEST = 24  # characters in a line of a name, left of the pictures
ERROR = 0.22  # inches beside the errors, right of the pictures
STRIP = 1.0  # inches, at least: width of a vector, drawn as a strip of grey levels
CELL, SMALLEST = 0.46, 0.27  # inches: width of a picture
THIN = 0.62  # size of a noisy input, in cells


class MemberStrip(NamedTuple):
    """One row of pictures [n, *shape] with its name."""

    name: str
    images: np.ndarray
    error: str = ""  # of the member over the test set
    colour: str = GREY  # of the name
    size: float = 1.0  # in cells


class PictureCells(NamedTuple):
    """How many pictures a block has in a row, and the inches that each takes."""

    count: int
    width: float
    height: float


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Inputs on top, then one row a variant; above a denoising one, the noisy input that it saw."""
    shown, how = choose(rows, arrays, "reconstructions", MOST)
    shown = [each for each in shown if "inputs" in each.arrays]
    if not shown:
        return None
    figure = _draw([block for group in _by_inputs(shown) for block in _split(group)])
    unit = unit_of(each.row for each in shown)
    strips = any(not tiles.is_image(each.arrays["inputs"]) for each in shown)
    note(
        figure,
        how,
        f"Numbers: squared error per {unit}, mean over the test set.",
        "An example of a table is a strip, a grey level a column." if strips else "",
    )
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


def _strips(block: list[Shown], names: Mapping[str, str]) -> list[MemberStrip]:
    inputs, dataset = block[0].arrays["inputs"], str(block[0].row.get("dataset"))
    title = wrapped(f"{names[dataset]}: inputs", LONGEST) if dataset in names else "inputs"
    strips = [MemberStrip(title, inputs)]
    for each in block:
        noisy = each.arrays.get("noisy", inputs)
        if not np.array_equal(noisy, inputs):
            strips.append(MemberStrip("noisy input", noisy, size=THIN))
        error = number(each.row, "test_mse_per_image")
        text = "" if np.isnan(error) else f"{error:#.3g}".rstrip(".")
        name = wrapped(each.label, LONGEST, always=True)
        strips.append(MemberStrip(name, each.arrays["reconstructions"], text, "black"))
    return strips


def _cells(strips: list[MemberStrip], room: float) -> PictureCells:
    """Fits pictures into `room` inches, no lower than a strip's name is high."""
    images = strips[0].images
    lowest = 0.125 * max(strip.name.count("\n") + 1 for strip in strips) + 0.02
    if not greys.is_image(images):
        count = min(len(images), max(1, int(room / STRIP)))
        return PictureCells(count, room / count, max(lowest, 0.2))
    ratio = tiles.ratio(images)
    least = max(SMALLEST, lowest / ratio)
    count = min(len(images), max(1, int(room / least)))
    width = min(max(CELL, least), room / count)
    return PictureCells(count, width, width * ratio)


def _draw(blocks: list[list[Shown]]) -> Figure:
    """Sets an axis a block, in whose coordinates all lengths are inches."""
    names = names_of(block[0].row.get("dataset") for block in blocks)
    strips = [_strips(block, names if len(names) > 1 else {}) for block in blocks]
    across = min(len(blocks), 2)
    lines = [line for each in strips for strip in each for line in strip.name.splitlines()]
    label = character(7) * max(map(len, lines)) + 0.15
    errors = [len(strip.error or "error") for each in strips for strip in each]
    error = character(7) * max(errors) + ERROR
    cells = [_cells(each, WIDTH / across - label - error) for each in strips]
    room = max(cell.count * cell.width for cell in cells)
    tall = [c.height * sum(s.size for s in each) for c, each in zip(cells, strips, strict=True)]
    down = [max(tall[i : i + across]) for i in range(0, len(tall), across)]
    figure = Figure((across * (label + room + error), sum(down) + 0.45), layout="constrained")
    axes = list(figure.subplots(len(down), across, squeeze=False, height_ratios=down).ravel())
    for i, (axis, each) in enumerate(zip(axes, strips, strict=False)):
        _block(axis, each, cells[i])
        axis.set(xlim=(0, room), ylim=(down[i // across], 0), aspect="equal", anchor="NW")
    for axis in axes[len(blocks) :]:
        axis.remove()
    return figure


def _block(axis: Axes, strips: list[MemberStrip], cells: PictureCells) -> None:
    """Draws strips from the top down, names on the left, errors on the right."""
    scale = greys.scale_of(strips[0].images)
    smooth = "auto" if greys.is_image(strips[0].images) else "nearest"
    top, right = 0.0, cells.count * cells.width + 0.05
    for strip in strips:
        height, margin = cells.height * strip.size, cells.width * (1 - strip.size) / 2 + 0.012
        for i, image in enumerate(_pictures(strip.images[: cells.count])):
            left = i * cells.width
            sides = (left + margin, left + cells.width - margin)
            extent = (*sides, top + height - 0.012, top + 0.012)
            canvas = tiles.mosaic(image[None], 1)
            tiles.show(axis, canvas, scale, extent=extent, interpolation=smooth)
        words = {"y": top + height / 2, "va": "center", "fontsize": 7, "color": strip.colour}
        axis.text(x=-0.05, s=strip.name, ha="right", **words)
        axis.text(x=right, s="error" if strip is strips[0] else strip.error, **words)
        top += height


def _pictures(images: np.ndarray) -> np.ndarray:
    """Returns [n, H, W] or [n, H, W, 3]; a vector [D] is a picture one pixel high."""
    return greys.pictures(images if greys.is_image(images) else images[:, None])


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
