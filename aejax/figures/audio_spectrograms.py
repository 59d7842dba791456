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
    """Draws a row of panels a data set and noise."""
    shown = examples(rows, arrays)
    if not shown:
        return None
    titles, pictures, table = [], [], []
    for (dataset, noise), found in shown.items():
        row = next(iter(found.values()))
        rate = int(row["metrics"]["rate"])
        for name, wave in waves_of(found, arrays).items():
            label = NAMES[name][0] if name in NAMES else name
            level = f"{noise}, {row['point']['level']:g} dB"
            titles.append({"clean": f"{title(dataset)}, clean", "noisy": level}.get(name, label))
            pictures.append((wave, rate))
            if name in found:
                metrics = {"example_gain": found[name]["metrics"]["example_gain"]}
                table.append({"dataset": dataset, "noise": noise, "method": name, **metrics})
                titles[-1] += f"\n{metrics['example_gain']:+.1f} dB"
    columns = max(len(found) for found in shown.values()) + 2
    figure, axes = panels(titles, columns, 1.15)
    for i, ((wave, rate), axis) in enumerate(zip(pictures, axes, strict=True)):
        power = 20 * np.log10(np.abs(spectra_for(rate).forward(wave)) + 1e-12)
        if i % columns == 0:
            top = power.max()
        extent = (0.0, len(wave) / rate, 0.0, rate / 2000)
        axis.imshow(
            power, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=top - RANGE,
            vmax=top, interpolation="nearest",
        )  # fmt: skip
        axis.set_title(titles[i], fontsize=7)
        if i % columns:
            axis.set_yticklabels([])
        else:
            axis.set_ylabel("kHz")
        if i >= len(axes) - columns:
            axis.set_xlabel("seconds")
    note(
        figure,
        f"The first test recording of seed 0; {RANGE} dB from dark to light, the same scale in a",
        "row. Below a method: its SI-SDR gain on this recording. The same recordings lie beside",
        "this figure as .wav files.",
    )
    return Plot(figure, table)
