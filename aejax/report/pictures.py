"""Pictures in the page: bytes of grey or colour, deflated, which the browser draws."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aejax.figures.greys import GreyScale, is_image, pictures, scale_of
from aejax.figures.output import Arrayed
from aejax.results.rows import Row, Variant, best, diverged

BUDGET = 12_000_000  # bytes of reconstructions before they are deflated
KINDS = ("noisy", "reconstructions")  # beside the inputs


def packed(images: np.ndarray, scale: GreyScale) -> dict[str, Any]:
    """Returns images [n, *shape] as bytes: {"n", "height", "width", "channels", "data"}.

    Vectors become one line of pixels. `data` is base64 of zlib's deflate of [n, H, W, C] bytes,
    0 at the scale's low end.
    """
    images = np.asarray(images, np.float64)
    lines = images if is_image(images) else images.reshape(len(images), 1, -1)
    shown = pictures(lines)
    channels = 3 if shown.ndim == 4 else 1
    unit = np.clip((np.nan_to_num(shown) - scale.low) / (scale.high - scale.low), 0, 1)
    grey = np.round(unit * 255).astype(np.uint8)
    return {
        "n": len(grey),
        "height": grey.shape[1],
        "width": grey.shape[2],
        "channels": channels,
        "data": base64.b64encode(zlib.compress(grey.tobytes(), 9)).decode(),
    }


def _arrays_of(row: Row, arrays: Arrayed) -> Mapping[str, np.ndarray] | None:
    if diverged(row) or row["id"] not in arrays:
        return None
    held = arrays[row["id"]]
    return held if "reconstructions" in held and "inputs" in held else None


def reconstructions(groups: Sequence[Variant], arrays: Arrayed) -> dict[str, Any]:
    """Returns what each member makes of the first test rows.

    Args:
      groups: the variants.
      arrays: member id -> its arrays.

    Returns:
      {"inputs": [packed], "members": {id: {"inputs": place, kind: packed}}, "note": what was left
      out}: all members' where they fit into BUDGET, else of each variant the best by validation.
    """
    rows = [row for group in groups for row in group.rows]
    having = {str(row["id"]): held for row in rows if (held := _arrays_of(row, arrays)) is not None}
    note = ""
    size = sum(_cost(held) for held in having.values())
    if size > BUDGET:
        firsts = [best(r for r in group.rows if str(r["id"]) in having) for group in groups]
        kept = {str(row["id"]) for row in firsts if row is not None}
        note = (
            f"Reconstructions of all {len(having)} members would take {size / 1e6:.0f} MB: here "
            "are those of each variant's best member by validation."
        )
        having = {key: held for key, held in having.items() if key in kept}
    inputs: dict[bytes, int] = {}
    shared, members = [], {}
    for key, held in having.items():
        scale = scale_of(held["inputs"])
        seen = held["inputs"]
        place = inputs.setdefault(seen.tobytes(), len(inputs))
        if place == len(shared):
            shared.append(packed(seen, scale))
        kinds = {kind: packed(held[kind], scale) for kind in KINDS if kind in held}
        members[key] = {"inputs": place, **kinds}
    return {"inputs": shared, "members": members, "note": note}


def _cost(held: Mapping[str, np.ndarray]) -> int:
    return sum(held[kind].size for kind in KINDS if kind in held)
