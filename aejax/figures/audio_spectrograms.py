"""Spectrograms before and after: the clean recording, the noisy one, and every method's."""

from __future__ import annotations

import numpy as np

from aejax.data.sounds.spectra import spectra_for
from aejax.figures.audio_gain import NAMES
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

RANGE = 50  # dB below the loudest place of the clean recording


def examples(rows: list[Row], arrays: Arrayed) -> dict[tuple[str, str], dict[str, Row]]:
    """Returns (data set, noise) -> method -> row: of seed 0, at the second lowest level."""
    mine = [
        row
        for row in of_task(rows, "denoise_sounds")
        if row["seed"] == 0 and row["id"] in arrays and row["point"]["method"] != "nothing"
    ]
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in mine:
        place = (row["dataset"], row["point"]["noise"])
        levels = sorted({r["point"]["level"] for r in mine if r["dataset"] == row["dataset"]})
        if row["point"]["level"] == levels[min(1, len(levels) - 1)]:
            found.setdefault(place, {})[row["point"]["method"]] = row
    return found


def waves_of(found: dict[str, Row], arrays: Arrayed) -> dict[str, np.ndarray]:
    """Returns clean, noisy and method -> recording [T], without the silence that fills it up."""
    some = arrays[next(iter(found.values()))["id"]]
    length = int(some["length"])
    waves = {name: np.asarray(some[name])[:length] for name in ("clean", "noisy")}
    order = [method for method in reversed(NAMES) if method in found]
    return waves | {m: np.asarray(arrays[found[m]["id"]]["done"])[:length] for m in order}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws a row of panels a data set and noise: clean, noisy, and a panel a method."""
    shown = examples(rows, arrays)
    if not shown:
        return None
    given = ["clean", "noisy"]
    methods = [m for m in reversed(NAMES) if any(m in found for found in shown.values())]
    columns = len(given) + len(methods)
    figure, axes = panels(["\n"] * columns * len(shown), columns, 1.15)
    table: list[dict[str, object]] = []
    for i, ((dataset, noise), found) in enumerate(shown.items()):
        row = next(iter(found.values()))
        rate = int(row["metrics"]["rate"])
        waves = waves_of(found, arrays)
        powers = {name: _decibels(wave, rate) for name, wave in waves.items()}
        for j, name in enumerate([*given, *methods]):
            axis = axes[columns * i + j]
            if name not in waves:
                axis.remove()
                continue
            gain = found[name]["metrics"]["example_gain"] if name in found else None
            label = NAMES[name][0] if name in NAMES else name
            axis.set_title(label if gain is None else f"{label}\n{gain:+.1f} dB", fontsize=7)
            top = powers["clean"].max()
            axis.imshow(
                powers[name], origin="lower", aspect="auto", cmap="magma", vmin=top - RANGE,
                vmax=top, extent=(0.0, len(waves[name]) / rate, 0.0, rate / 2000),
                interpolation="nearest",
            )  # fmt: skip
            axis.tick_params(labelleft=j == 0)
            if name in found:
                table.append({"dataset": dataset, "noise": noise, "method": name, "gain_db": gain})
        axes[columns * i].set_ylabel(f"{noise}, {row['point']['level']:g} dB\nkHz")
    for axis in axes[-columns:]:
        axis.set_xlabel("seconds")
    note(
        figure,
        f"{', '.join(dict.fromkeys(title(dataset) for dataset, _ in shown))}: the first test",
        f"recording of seed 0, {RANGE} dB from dark to light, the same scale in a row; above a",
        "panel the method's SI-SDR gain on it. The recordings lie beside it as .wav files.",
    )
    return Plot(figure, table)


def _decibels(wave: np.ndarray, rate: int) -> np.ndarray:
    """Returns the power of short frames [F, frames]."""
    return 20 * np.log10(np.abs(spectra_for(rate).forward(wave)) + 1e-12)
