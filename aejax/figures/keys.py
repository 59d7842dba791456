"""How a model's variants are told apart by colour, and the key that names all of them.

One setting of numbers is a ramp from dark to light. Of several settings the one of fewest values
has a hue a value, and the others a tint within it: a ramp over two settings would order what has no
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from aejax.figures.style import BLACK, COLOURS, GREY, ramp, wrapped
from aejax.results.rows import Variant

FEW = 5  # variants that have a hue of their own
LINES = 11  # of a key, in the height of a panel
LONGEST = 26  # characters of a line
PALEST = 0.72  # share of white in the palest tint


class Key(NamedTuple):
    """Colours of a model's variants, and the lines of its key."""

    colours: dict[str, str]  # by label
    named: list[tuple[str, str]]  # (words, colour), from the top
    sentence: str  # for the small print, where a key has no room for all


def key_of(variants: Sequence[Variant]) -> Key:
    """Chooses colours and a key for the variants of one model, in their order."""
    names = [variant.label for variant in variants]
    if len(names) == 1:
        return Key({names[0]: COLOURS[0]}, [], "")
    words = [", ".join(variant.words) for variant in variants]
    settings = {len(variant.words) for variant in variants}
    if len(names) <= FEW or settings == {1}:
        hues = list(COLOURS[: len(names)]) if len(names) <= FEW else ramp(len(names))
        return _named(dict(zip(names, hues, strict=True)), words)
    return _two(variants)


def _named(colours: dict[str, str], words: Sequence[str]) -> Key:
    """Every variant by its words; where there is no room, every n-th, as the small print says."""
    lines = list(zip(words, colours.values(), strict=True))
    step = 1
    while sum(wrapped(text, LONGEST).count("\n") + 1 for text, _ in lines[::step]) > LINES:
        step += 1
    said = f"Of {words[0]} to {words[-1]}, every {_nth(step)} is named." if step > 1 else ""
    return Key(colours, lines[::step], said)


def _nth(step: int) -> str:
    return {2: "second", 3: "third"}.get(step, f"{step}th")


def _two(variants: Sequence[Variant]) -> Key:
    """A hue a value of the setting with the fewest, a tint a value of the rest."""
    columns = list(zip(*(variant.words for variant in variants), strict=True))
    first = min(range(len(columns)), key=lambda i: len(set(columns[i])))
    rest = [
        ", ".join(word for i, word in enumerate(variant.words) if i != first)
        for variant in variants
    ]
    hues, tints = list(dict.fromkeys(columns[first])), list(dict.fromkeys(rest))
    if len(hues) > len(COLOURS) or len(hues) + len(tints) > LINES:
        words = [", ".join(variant.words) for variant in variants]
        return _named(
            dict(zip([v.label for v in variants], ramp(len(variants)), strict=True)), words
        )
    share = [PALEST * i / max(len(tints) - 1, 1) for i in range(len(tints))]
    colours = {
        variant.label: tinted(COLOURS[hues.index(hue)], share[tints.index(tint)])
        for variant, hue, tint in zip(variants, columns[first], rest, strict=True)
    }
    named = [(hue, COLOURS[i]) for i, hue in enumerate(hues)]
    named += [(tint, tinted(BLACK, share[i])) for i, tint in enumerate(tints)]
    return Key(colours, named, "A hue and a tint of the key together are a variant.")


def tinted(colour: str, white: float) -> str:
    """Returns a colour with a share of white in it."""
    red, green, blue = ((1 - white) * part + white for part in to_rgb(colour))
    return to_hex((red, green, blue))


def draw_key(axis: Axes, key: Key, title: str) -> None:
    """Sets a key in a place of its own, off the curves."""
    axis.axis("off")
    handles = [
        Line2D([], [], color=colour, label=wrapped(words, LONGEST)) for words, colour in key.named
    ]
    legend = axis.legend(
        handles=handles, title=title, loc="upper left", borderaxespad=0, handlelength=1.2,
        handletextpad=0.5, labelspacing=0.25, alignment="left", title_fontsize=7,
    )  # fmt: skip
    legend.get_title().set_color(GREY)
