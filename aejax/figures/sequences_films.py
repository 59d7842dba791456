"""Films frame by frame: the true ones, and what every method makes of the past and the future."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.greys import scale_of
from aejax.figures.output import Arrayed
from aejax.figures.sequences_horizon import NAMES
from aejax.figures.style import BLACK, RED, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.figures.tiles import show
from aejax.results.rows import Row

SHOWN = (
    "composite", "future", "autoencoder", "linear_direct", "linear_autoregression",
    "nearest_films", "constant_velocity", "last_frame",
)  # fmt: skip
EVERY = 2  # frames, of a sheet
LARGER = 4  # of a GIF's pixels
MILLISECONDS = 200  # a frame of it


def examples(rows: list[Row], arrays: Arrayed) -> dict[str, dict[str, np.ndarray]]:
    """Returns data set -> "true film" and methods -> seed 0's films [k, T, D]."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for row in of_task(rows, "predict_films"):
        if row["seed"] == 0 and row["id"] in arrays:
            here = found.setdefault(row["dataset"], {})
            here.setdefault("true film", np.asarray(arrays[row["id"]]["films"]))
            here[row["point"]["method"]] = np.asarray(arrays[row["id"]]["said"])
    return {
        name: {m: here[m] for m in ("true film", *SHOWN) if m in here}
        for name, here in found.items()
    }


def _label(method: str) -> str:
    return NAMES[method][0] if method in NAMES else method


def _square(films: np.ndarray) -> bool:
    side = round(films.shape[-1] ** 0.5)
    return side > 1 and side * side == films.shape[-1]


def _pictures(films: np.ndarray) -> np.ndarray:
    side = round(films.shape[-1] ** 0.5)
    return films.reshape(*films.shape[:-1], side, side)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws strips of films of pictures, and curves of other numbers: two films a data set."""
    found = examples(rows, arrays)
    if not found:
        return None
    which = [(name, k) for name, here in found.items() for k in range(min(2, _count(here)))]
    square = all(_square(here["true film"]) for here in found.values())
    titles = [f"{title(name)}: film {k + 1}" for name, k in which]
    lines = max(len(here) for here in found.values())
    figure, axes = panels(titles, 2, 0.33 * lines if square else 1.9, fixed=square)
    table: list[dict[str, object]] = []
    for i, (axis, (name, k)) in enumerate(zip(axes, which, strict=True)):
        draw_one = _strips if square else _curves
        draw_one(axis, {method: films[k] for method, films in found[name].items()}, i % 2 == 0)
        for method, films in found[name].items():
            error = np.square(films[k] - found[name]["true film"][k]).sum(-1)
            table += [
                {"dataset": name, "film": k, "method": method, "frame": t, "squared_error": e}
                for t, e in enumerate(error.tolist())
            ]
    if not square:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4)
    note(
        figure,
        "Seed 0's first test films. What is left of the line is read, what is right of it is not.",
        f"Every {EVERY}nd frame is shown, on the grey levels of the true films. What a method does "
        "not say is left white."
        if square
        else "The first column of a window, in standard deviations of the training rows.",
    )
    return Plot(figure, table)


def _count(here: dict[str, np.ndarray]) -> int:
    return len(here["true film"])


def _strips(axis: Axes, films: dict[str, np.ndarray], labelled: bool) -> None:
    """Sets a film under another, a column a frame."""
    lines = [np.concatenate([_framed(p) for p in _pictures(f)[EVERY - 1 :: EVERY]], axis=1)
             for f in films.values()]  # fmt: skip
    high, wide = lines[0].shape
    show(axis, np.concatenate(lines), scale_of(films["true film"]), interpolation="nearest")
    axis.axvline(wide / 2 - 1, color=RED, linewidth=1.2)
    if labelled:
        places = [high * i + high / 2 - 1 for i in range(len(films))]
        axis.set_yticks(places, [_label(method) for method in films])
        axis.tick_params(axis="y", length=0)


def _framed(picture: np.ndarray) -> np.ndarray:
    """Returns a picture with a gap at its right and below."""
    return np.pad(picture.astype(float), ((0, 1), (0, 1)), constant_values=np.nan)


def _curves(axis: Axes, films: dict[str, np.ndarray], labelled: bool) -> None:
    """Draws the first number of each frame."""
    for method, each in films.items():
        _, colour, mark, line = NAMES.get(method, ("", BLACK, "", "-"))
        axis.plot(
            each[:, 0], color=colour, linestyle=line, marker=mark, markersize=2.5,
            linewidth=2 if method == "true film" else 0.9, label=_label(method),
        )  # fmt: skip
    axis.axvline(len(films["true film"]) // 2 - 0.5, color=RED, linewidth=1.2)
    axis.set_xlabel("row of the window")
    if labelled:
        axis.set_ylabel("first column")


def animated(rows: list[Row], arrays: Arrayed) -> bytes | None:
    """Returns a GIF of the first data set of pictures: a column a method, a line a film.

    A frame has a bright bar above what is predicted; what a method does not say is grey.
    """
    from PIL import Image

    for here in examples(rows, arrays).values():
        if not _square(here["true film"]):
            continue
        low, high = scale_of(here["true film"])
        frames = []
        for t in range(here["true film"].shape[1]):
            columns = []
            for films in here.values():
                pictures = _pictures((films[:, t] - low) / (high - low))
                pictures = np.nan_to_num(np.clip(pictures, 0, 1), nan=0.3)
                bar = np.full((1, pictures.shape[2]), float(t >= films.shape[1] // 2))
                column = np.concatenate([bar, *(np.pad(p, ((0, 1), (0, 0))) for p in pictures)])
                columns.append(np.pad(column, ((0, 0), (0, 1)), constant_values=0.5))
            canvas = np.concatenate(columns, axis=1).repeat(LARGER, 0).repeat(LARGER, 1)
            frames.append(Image.fromarray((255 * canvas).astype(np.uint8)))
        out = io.BytesIO()
        frames[0].save(
            out, "GIF", save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0
        )
        return out.getvalue()
    return None
