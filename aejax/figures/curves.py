"""Loss terms over training: the mean over seeds, and a band from the lowest to the highest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.bands import LAST, Band, bands_of
from aejax.figures.output import Arrayed
from aejax.figures.style import (
    COLOURS,
    Plot,
    logarithmic,
    note,
    panels,
    quantity,
    ramp,
    styled,
    wrapped,
)
from aejax.results.rows import Row, variants

MOST = 28  # panels; beyond, the loss alone
FALL = 10  # from the highest value to the end: the axis is logarithmic
LEGEND = {"handlelength": 0.8, "handletextpad": 0.4, "borderaxespad": 0, "labelspacing": 0.2}
FEW = 5  # variants that have a hue of their own
LINES = 6  # of a legend that leaves room for the curves
DASHED = {"linewidth": 0.9, "dashes": (4, 2)}


class Key(NamedTuple):
    """How the variants of a model are told apart in its panels."""

    colours: dict[str, str]  # of all variants, by label
    named: list[str]  # in a legend
    sentence: str  # for the small print, where names are too long for a legend


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a model and term; solid in training, dashed on validation rows, if there are."""
    bands = [band for variant in variants(rows) for band in bands_of(variant, arrays)]
    if not bands:
        return None
    slots, columns = _slots(bands)
    titles = [f"{s[0].variant.model} · {quantity(s[0].term)[0]}" if s else "" for s in slots]
    figure, axes = panels(titles, columns, height=1.4)
    keys = {model: _key(model, bands) for model in dict.fromkeys(b.variant.model for b in bands)}
    told: set[str] = set()
    for axis, drawn in zip(axes, slots, strict=True):
        if not drawn:
            axis.remove()
            continue
        model = drawn[0].variant.model
        _panel(axis, drawn, keys[model].colours)
        axis.set(xlabel="step", ylabel=quantity(drawn[0].term)[1])
        if model not in told:  # once a model, beside its first term
            _legend(axis, keys[model].named)
        told.add(model)
    held_out = [band for band in bands if band.split == "valid"]
    dashed = any(band.seeds for band in held_out)
    note(
        figure,
        "Line: mean over seeds; band: lowest to highest seed.",
        "Solid: training; dashed: mean in validation." if dashed else "",
        "" if held_out else "There are no validation rows.",
        "×: a seed diverged; mean and band leave it out." if any(b.lost for b in bands) else "",
        *(key.sentence for key in keys.values()),
    )
    return Plot(figure, [line for drawn in slots for band in drawn for line in _table(band)])


def _slots(bands: list[Band]) -> tuple[list[list[Band]], int]:
    """Returns the bands of each panel by rows, [] for an empty place, and the number of columns.

    A model's panels stand side by side, in the first row that has room for them all.
    """
    models: dict[str, dict[str, list[Band]]] = {}
    for band in bands:
        models.setdefault(band.variant.model, {}).setdefault(band.term, []).append(band)
    if sum(map(len, models.values())) > MOST:
        models = {m: {LAST: t.get(LAST, next(iter(t.values())))} for m, t in models.items()}
    columns = 3 if max(map(len, models.values())) == 3 else 4
    rows: list[list[list[Band]]] = []
    for drawn in map(list, map(dict.values, models.values())):
        for part in (drawn[i : i + columns] for i in range(0, len(drawn), columns)):
            room = next((row for row in rows if len(row) + len(part) <= columns), None)
            rows.append(part) if room is None else room.extend(part)
    used = max(map(len, rows))
    return [slot for row in rows for slot in row + [[]] * (used - len(row))], columns


def _panel(axis: Axes, bands: list[Band], colour_of: dict[str, str]) -> None:
    """Draws one term of one model: a colour a variant."""
    for band in bands:
        colour, training = colour_of[band.variant.label], band.split == "train"
        name = _short(band.variant.label) if training else None
        axis.plot(band.step, band.mean, color=colour, label=name, **({} if training else DASHED))
        if training:  # a second band would hide the first
            axis.fill_between(band.step, band.low, band.high, color=colour, alpha=0.25, linewidth=0)
    seen = np.concatenate([[*band.low, *band.high] for band in bands if band.seeds] or [[]])
    top = seen.max(initial=-np.inf)
    for band in bands:
        for step, value in band.lost if band.split == "train" else []:
            middle = np.median(value) if len(value) else 0.0
            usual = value <= max(top, *value[:1], middle + 2 * abs(middle))  # no explosion
            alive = np.logical_and.accumulate(usual)
            colour = colour_of[band.variant.label]
            axis.plot(step[alive], value[alive], color=colour, linewidth=0.6)
            axis.plot(step[alive][-1:], value[alive][-1:], "x", color=colour, markersize=5)
    ends = [band.mean[-1] for band in bands if band.seeds]
    if ends and seen.min() > 0 and top / min(ends) > FALL:
        logarithmic(axis, "y")
    else:
        axis.locator_params(axis="y", nbins=4)


def _key(model: str, bands: list[Band]) -> Key:
    """Chooses hues and a legend for a few variants, a ramp and its ends and middle for many."""
    names = list(dict.fromkeys(b.variant.label for b in bands if b.variant.model == model))
    if len(names) == 1:
        return Key({names[0]: COLOURS[0]}, [], "")
    few = len(names) <= FEW
    told = names if few else [names[0], names[len(names) // 2], names[-1]]
    fits = sum(_short(name).count("\n") + 1 for name in told) <= LINES
    hues = COLOURS[: len(names)] if few and fits else ramp(len(names))
    ends = " to ".join(name.partition(" · ")[2] for name in (names[0], names[-1]))
    return Key(
        colours=dict(zip(names, hues, strict=True)),
        named=told if fits else [],
        sentence="" if fits else f"{model}, dark to light: {ends}.",
    )


def _short(name: str) -> str:
    return wrapped(name.partition(" · ")[2], 20)


def _legend(axis: Axes, names: list[str]) -> None:
    """Names variants above the curves, which mostly fall."""
    wanted = {_short(name) for name in names}
    lines = [line for line in axis.lines if str(line.get_label()) in wanted]
    if not lines:
        return
    low, high = axis.get_ylim()
    if axis.get_yscale() == "linear":
        rows = sum(_short(name).count("\n") + 1 for name in names)
        axis.set_ylim(low, high + 0.13 * rows * (high - low))
    axis.legend(handles=lines, loc="upper right", **LEGEND)


def _table(band: Band) -> list[dict[str, object]]:
    return [
        {
            "model": band.variant.model,
            "variant": band.variant.label,
            "term": band.term,
            "split": band.split,
            "step": float(step),
            "mean": float(mean),
            "low": float(low),
            "high": float(high),
            "seeds": band.seeds,
        }
        for step, mean, low, high in zip(band.step, band.mean, band.low, band.high, strict=True)
        if band.seeds
    ]
