"""The look of all figures, for print: type of 7 points or more, colours for all readers."""

from __future__ import annotations

import functools
import math
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogLocator, NullFormatter

P = ParamSpec("P")
R = TypeVar("R")

WIDTH = 7.2  # inches: a page's text width
# Okabe & Ito (2008); yellow is left out, it is too light for lines and dots on white.
BLUE, ORANGE, GREEN, RED, SKY, PURPLE, BLACK = COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#000000",
)
GREY = "#666666"
RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "axes.formatter.use_mathtext": True,
    "axes.formatter.limits": (-3, 4),
}
SYMBOLS = {"rec": "reconstruction", "kl": "KL", "bound": "negative bound"}


class Plot(NamedTuple):
    """A figure and the numbers that it shows, one dict a line of the CSV."""

    figure: Figure
    table: list[dict[str, object]]


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draws under RC and leaves the caller's own matplotlib settings as they were."""

    @functools.wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(RC)
            return draw(*args, **kwargs)

    return inner


def panels(
    titles: Sequence[str],
    columns: int,
    height: float,
    fixed: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Returns a figure of page width (less where one row is not full) with titled axes by rows.

    Args:
      titles: of the panels; a long one is wrapped.
      columns: most panels side by side.
      height: height of one panel without its title, in inches.
      fixed: the panels' sides have a fixed ratio, so that they are set close to each other.
    """
    titles = [wrapped(title, 0.95 * (WIDTH / columns - 0.35) / character(8)) for title in titles]
    across = min(len(titles), columns)
    down = -(-len(titles) // across)
    height += 0.14 * max(title.count("\n") + 1 for title in titles)
    width = min(WIDTH, across * max(WIDTH / columns, 3.4 if len(titles) < 3 else 0))
    close = ConstrainedLayoutEngine(compress=True, w_pad=0.1, h_pad=0.08)
    figure = Figure((width, down * height + 0.3), layout=close if fixed else "constrained")
    axes = list(figure.subplots(down, across, squeeze=False).ravel())
    for axis in axes[len(titles) :]:
        axis.remove()
    for axis, title in zip(axes, titles, strict=False):
        axis.set_title(title)
    return figure, axes[: len(titles)]


def ramp(count: int) -> list[str]:
    """Returns `count` colours from dark to light, for variants too many for hues of their own."""
    return [to_hex(mpl.colormaps["viridis"](i / count)) for i in range(count)]


def logarithmic(axes: Axes, name: str) -> None:
    """Makes the axis `name`, "x" or "y", logarithmic, with plain numbers at its ticks."""
    axes.set(**{f"{name}scale": "log"})
    axis = axes.xaxis if name == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    decades = math.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def note(figure: Figure, *sentences: str) -> None:
    """Sets small print below the figure: how to read it and what it leaves out."""
    text = " ".join(sentence for sentence in sentences if sentence)
    filled = textwrap.fill(text, int(figure.get_figwidth() / character(7)))
    drawn = figure.supxlabel(filled, x=0.01, ha="left", fontsize=7, color=GREY)
    if figure.get_layout_engine() is None:  # which would place it
        drawn.set_y(0.04 / figure.get_figheight())


def character(points: float) -> float:
    """Returns the mean width of a character in inches."""
    return 0.58 * points / 72


def wrapped(label: str, width: float, always: bool = False) -> str:
    """Breaks a variant's label after the model, between settings, at last within a word.

    Args:
      label: as `variants` makes it.
      width: characters in a line.
      always: the model has its own line even where all would fit in one.
    """
    if len(label) <= width and not always:
        return label
    model, _, rest = label.partition(" · ")
    return "\n".join(line for part in (model, rest) if part for line in _fill(part, width))


def _fill(text: str, width: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        for i, piece in enumerate(_pieces(word, max(int(width), 1))):
            space = " " if lines[-1] and i == 0 else ""
            if lines[-1] and len(lines[-1] + space + piece) > width:
                lines.append(piece)
            else:
                lines[-1] += space + piece
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """Cuts a long word after underscores, slashes, dots and hyphens, and at last anywhere."""
    if len(word) <= width:
        return [word]
    parts = re.findall(r"[^_/.\-]*[_/.\-]|[^_/.\-]+$", word)
    return [part[i : i + width] for part in parts for i in range(0, len(part), width)]


def quantity(name: str, unit: str) -> tuple[str, str]:
    """Returns a term in words and the unit in its name: `kl_nats` -> KL, nats per example.

    Args:
      name: of the term.
      unit: what an example is called, as `unit_of` says.
    """
    stem, nats, _ = name.partition("_nats")
    return SYMBOLS.get(stem, stem.replace("_", " ")), f"{'nats ' if nats else ''}per {unit}"
