"""Rate and distortion of every codec: PSNR and structural similarity against bits a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aejax.evaluate.rate_distortion import front
from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "compressive": "autoencoder",
    "pca": "PCA, same coder",
    "jpeg": "JPEG",
    "webp": "WebP",
}
MARKS = dict(zip(NAMES, "os^D", strict=True))
IMAGES = ("bits_per_pixel", {"psnr": "PSNR, dB", "ssim": "SSIM"})
WHOLE = ("photo_bits_per_pixel", {"photo_psnr": "PSNR, dB", "photo_ms_ssim": "MS-SSIM"})
ROOM = 1.6  # how far beyond the autoencoder's highest rate the others are shown


def lines(rows: Sequence[Row], x: str, y: str) -> dict[str, np.ndarray]:
    """Returns setting -> a rate and a quality for each seed [S, 2], by increasing mean rate."""
    found: dict[str, list[list[float]]] = {}
    for row in rows:
        pair = [float(row["metrics"][name]) for name in (x, y)]
        found.setdefault(str(row["point"]["setting"]), []).append(pair)
    arrays = {setting: np.asarray(pairs) for setting, pairs in found.items()}
    return dict(sorted(arrays.items(), key=lambda item: item[1][:, 0].mean()))


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Two panels a data set; two more for whole photographs, where they were coded."""
    mine = of_task(rows, "code")
    if not mine:
        return None
    kinds = []
    for name in dict.fromkeys(row["dataset"] for row in mine):
        here = [row for row in mine if row["dataset"] == name]
        whole = any("photo_psnr" in row["metrics"] for row in here)
        pairs = {title(name): IMAGES, **({"photographs whole": WHOLE} if whole else {})}
        for what, (x, qualities) in pairs.items():
            kinds += [(what, here, x, y, label) for y, label in qualities.items()]
    figure, axes = panels([f"{what}: {label}" for what, _, _, _, label in kinds], 2, 2.0)
    table: list[dict[str, object]] = []
    for (what, here, x, y, label), axis in zip(kinds, axes, strict=True):
        curves = {
            method: lines([row for row in here if row["point"]["method"] == method], x, y)
            for method in NAMES
        }
        ours = [each[:, 0].mean() for each in curves["compressive"].values()]
        limit = ROOM * max(ours) if ours else np.inf
        for j, (method, named) in enumerate(NAMES.items()):
            shown = {s: v for s, v in curves[method].items() if v[:, 0].mean() <= limit}
            if not shown:
                continue
            mean = np.asarray([each.mean(0) for each in shown.values()])
            style = {"color": COLOURS[j], "marker": MARKS[method], "markersize": 3.5}
            axis.plot(mean[:, 0], mean[:, 1], linestyle="none", label=named, **style)
            joined = front(mean[:, 0].tolist(), mean[:, 1].tolist())
            low, high = (
                np.asarray([fn(each[:, 1]) for each in shown.values()]) for fn in (np.min, np.max)
            )
            axis.plot(*mean[joined].T, color=COLOURS[j], linewidth=1)
            axis.fill_between(
                mean[joined, 0], low[joined], high[joined], color=COLOURS[j], alpha=0.2, linewidth=0
            )
            table += [
                {"images": what, "method": method, "setting": setting, x: a, y: b}
                for setting, (a, b) in zip(shown, mean.tolist(), strict=True)
            ]
        logarithmic(axis, "x")
        axis.set_ylabel(label)
        axis.grid(linewidth=0.3)
    for axis in axes[-2:]:
        axis.set_xlabel("bits a pixel, of files that were written")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    whole = any(what == "photographs whole" for what, *_ in kinds)
    note(
        figure,
        "Marks are the settings on the front of validation images, means over seeds of test",
        "images; lines join the front of what is shown, bands are from the lowest seed to the",
        "highest. A thousand images a file: a sheet for JPEG and WebP. PCA, JPEG and WebP go on to",
        "higher rates.",
        "Photographs whole: four of scikit-image, in tiles of 16 x 16 for the autoencoder and PCA,"
        if whole
        else "",
        "which were fitted to two others." if whole else "",
    )
    return Plot(figure, table)
