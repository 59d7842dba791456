"""Rate and distortion of every codec: PSNR and structural similarity against bits a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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


def lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Returns a codec's rows by setting, by increasing rate on validation images."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["metrics"]["valid_bits_per_pixel"]):
        found.setdefault(str(row["point"]["setting"]), []).append(row)
    return found


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
        for j, (method, named) in enumerate(NAMES.items()):
            points = lines([row for row in here if row["point"]["method"] == method])
            if not points:
                continue
            each = [
                np.asarray([[r["metrics"][x], r["metrics"][y]] for r in same], float)
                for same in points.values()
            ]
            mean = np.asarray([part.mean(0) for part in each])
            low, high = (np.asarray([fn(part[:, 1]) for part in each]) for fn in (np.min, np.max))
            style = {"color": COLOURS[j], "marker": MARKS[method], "markersize": 3.5}
            axis.plot(mean[:, 0], mean[:, 1], linewidth=1, label=named, **style)
            axis.fill_between(mean[:, 0], low, high, color=COLOURS[j], alpha=0.2, linewidth=0)
            table += [
                {"images": what, "method": method, "setting": setting, x: a, y: b}
                for setting, (a, b) in zip(points, mean.tolist(), strict=True)
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
        "images; bands are from the lowest seed to the highest. A thousand images a file: a sheet",
        "for JPEG and WebP.",
        "Photographs whole: four of scikit-image, in tiles of 16 x 16 for the autoencoder and PCA,"
        if whole
        else "",
        "which were fitted to two others." if whole else "",
    )
    return Plot(figure, table)
