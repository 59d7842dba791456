"""Loss terms over training: the mean over seeds, and a band from the lowest to the highest."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.bands import LAST, Band, bands_of
from aejax.figures.keys import Key, draw_key, key_of
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, logarithmic, note, panels, quantity, styled
from aejax.results.rows import Row, unit_of, variants

MOST = 28  # panels; beyond, the loss alone
FALL = 10  # from the highest value to the end: the axis is logarithmic
DASHED = {"linewidth": 0.9, "dashes": (4, 2)}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a model and term; solid in training, dashed on validation rows, if there are."""
    bands = [band for variant in variants(rows) for band in bands_of(variant, arrays)]
    if not bands:
        return None
    keys = {model: _key(model, bands) for model in dict.fromkeys(b.variant.model for b in bands)}
    slots, columns = _slots(bands, keys)
    titles = [_title(slot) for slot in slots]
    figure, axes = panels(titles, columns, height=1.4)
    unit = unit_of(rows)
    for axis, slot in zip(axes, slots, strict=True):
        if isinstance(slot, str):
            draw_key(axis, keys[slot], slot)
        elif not slot:
            axis.remove()
        else:
            _panel(axis, slot, keys[slot[0].variant.model].colours)
            axis.set(xlabel="step", ylabel=quantity(slot[0].term, unit)[1])
    drawn = [band for slot in slots if not isinstance(slot, str) for band in slot]
    held_out = [band for band in bands if band.split == "valid"]
    dashed = any(band.seeds for band in held_out)
    note(
        figure,
        "Line: mean over seeds; band: lowest to highest seed.",
        "Solid: training; dashed: mean in validation." if dashed else "",
        "" if held_out else "There are no validation rows.",
        "×: a seed diverged; mean and band leave it out." if any(b.lost for b in bands) else "",
        *dict.fromkeys(key.sentence for key in keys.values()),
    )
    return Plot(figure, [line for band in drawn for line in _table(band)])


Slot = (
    list[Band] | str
)  # a term's bands, [] for an empty place, or the model whose key stands there


def _title(slot: Slot) -> str:
    if isinstance(slot, str) or not slot:
        return ""
    return f"{slot[0].variant.model} · {quantity(slot[0].term, '')[0]}"


def _key(model: str, bands: list[Band]) -> Key:
    own = {band.variant.label: band.variant for band in bands if band.variant.model == model}
    return key_of(list(own.values()))


def _slots(bands: list[Band], keys: dict[str, Key]) -> tuple[list[Slot], int]:
    """Returns what stands in each place by rows, and the number of columns.

    A model's panels stand side by side, its key beside them, in the first row that has room.
    """
    models: dict[str, dict[str, list[Band]]] = {}
    for band in bands:
        models.setdefault(band.variant.model, {}).setdefault(band.term, []).append(band)
    if sum(map(len, models.values())) > MOST:
        models = {m: {LAST: t.get(LAST, next(iter(t.values())))} for m, t in models.items()}
    places: list[list[Slot]] = [
        [*terms.values(), *([model] if keys[model].named else [])]
        for model, terms in models.items()
    ]
    columns = 3 if max(map(len, places)) == 3 else 4
    rows: list[list[Slot]] = []
    for drawn in places:
        for part in (drawn[i : i + columns] for i in range(0, len(drawn), columns)):
            room = next((row for row in rows if len(row) + len(part) <= columns), None)
            rows.append(list(part)) if room is None else room.extend(part)
    used = max(map(len, rows))
    return [slot for row in rows for slot in row + [[]] * (used - len(row))], columns


def _panel(axis: Axes, bands: list[Band], colour_of: dict[str, str]) -> None:
    """Draws one term of one model: a colour a variant."""
    for band in bands:
        colour, training = colour_of[band.variant.label], band.split == "train"
        axis.plot(band.step, band.mean, color=colour, **({} if training else DASHED))
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
