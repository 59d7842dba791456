"""Latent explorers: what a decoder makes of a grid of 2-D codes, or of one latent moved at a time.

Everything is decoded here, beforehand; the page only looks it up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aejax.api import applying
from aejax.api.fitted import Fitted
from aejax.api.workdir import Workdir, open_workdir
from aejax.errors import ConfigError
from aejax.figures.choose import choose
from aejax.figures.greys import scale_of
from aejax.figures.output import Arrayed
from aejax.report.pictures import packed
from aejax.results.rows import Row

MOST = 12  # variants; with more, one member a model
SIDE = (31, 9)  # codes along an axis of the grid: at most, at least
STEPS = 11  # values of a latent that moves
LATENTS = 16  # that have a slider: those that vary most over the test rows
SPAN = 3.0  # standard deviations to each side
BUDGET = 1_500_000  # bytes of pictures of one explorer, before they are deflated
POINTS = 500  # codes drawn over the grid


def explorers(workdir: Path, rows: list[Row], arrays: Arrayed) -> dict[str, Any]:
    """Returns the explorers of a work directory, the best member by validation of each variant.

    Args:
      workdir: with `variables/`.
      rows: its rows.
      arrays: member id -> its arrays.

    Returns:
      {"members": [...], "without": {label: why there is none}, "note": how they were chosen}.
    """
    shown, how = choose(rows, arrays, "codes", MOST)
    opened = open_workdir(workdir)
    found, without = [], {}
    for each in shown:
        codes = np.asarray(each.arrays["codes"], np.float64)
        try:
            if codes.ndim != 2 or codes.shape[1] < 2:
                raise ConfigError(f"codes have shape {codes.shape[1:]}, no plane and no sliders.")
            made = _of(opened, str(each.row["id"]), codes, each.arrays)
        except ConfigError as error:
            without[each.label] = str(error)
            continue
        found.append({"id": str(each.row["id"]), "label": each.label, **made})
    return {"members": found, "without": without, "note": how}


def _of(opened: Workdir, id: str, codes: np.ndarray, arrays: Any) -> dict[str, Any]:
    fitted = opened.member(id)
    decoder = plane if codes.shape[1] == 2 else sliders
    return decoder(fitted, codes, arrays)


def decoded(fitted: Fitted, codes: np.ndarray) -> np.ndarray:
    """Returns the likelihood's mean [N, *shape] on the scale of the rows' arrays."""
    means = applying.decode(fitted, codes)
    return means / 255 if fitted.scale.bytes else means


def plane(fitted: Fitted, codes: np.ndarray, arrays: Any) -> dict[str, Any]:
    """Returns a grid over the codes [M, 2] of the test rows, decoded.

    Its axes reach a twentieth beyond the codes; pictures go along the first latent first, from
    below.
    """
    low, high = codes.min(0), codes.max(0)
    margin = np.maximum((high - low) / 20, 1e-6)
    pixels = int(np.prod(fitted.model.info.shape))
    side = int(np.clip((BUDGET / pixels) ** 0.5, SIDE[1], SIDE[0]))
    x, y = (np.linspace(low[i] - margin[i], high[i] + margin[i], side) for i in (0, 1))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    labels = arrays["labels"][:POINTS] if "labels" in arrays else None
    return {
        "kind": "plane",
        "x": rounded(x),
        "y": rounded(y),
        "codes": [rounded(code) for code in codes[:POINTS]],
        "labels": None if labels is None else [str(label) for label in labels],
        "pictures": packed(decoded(fitted, grid), scale_of(arrays["inputs"])),
    }


def sliders(fitted: Fitted, codes: np.ndarray, arrays: Any) -> dict[str, Any]:
    """Returns the first test row's code with one latent at a time moved, decoded.

    Of at most LATENTS latents, those whose codes [M, L] vary most; a latent's values are within
    SPAN standard deviations of its mean. Pictures go latent by latent; the last is of the code
    itself.
    """
    deviation, mean = codes.std(0, ddof=1), codes.mean(0)
    moving = np.sort(np.argsort(-deviation, kind="stable")[:LATENTS])
    line = np.linspace(-SPAN, SPAN, STEPS)
    values = mean[moving, None] + deviation[moving, None] * line
    moved = np.concatenate(list(_moved(codes[0], moving, values)))
    made = decoded(fitted, np.concatenate([moved, codes[:1]]))
    return {
        "kind": "sliders",
        "size": codes.shape[1],
        "latents": [int(i) for i in moving],
        "values": [rounded(row) for row in values],
        "code": rounded(codes[0][moving]),
        "pictures": packed(made, scale_of(arrays["inputs"])),
    }


def _moved(code: np.ndarray, moving: np.ndarray, values: np.ndarray) -> Iterator[np.ndarray]:
    for latent, row in zip(moving, values, strict=True):
        several = np.repeat(code[None], len(row), axis=0)
        several[:, latent] = row
        yield several


def rounded(values: Sequence[float] | np.ndarray) -> list[float]:
    """Returns five digits of each."""
    return [float(f"{v:.5g}") for v in values]
