"""Image codecs to compare with: JPEG and WebP of sheets, and PCA through our own range coder.

`fit(train, **setting)` returns `code(images) -> (bytes, images again)`; images are uint8
[N, H, W, C]. What a codec writes is one file of all the images that it is given.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.coding import Header, decode_codes, encode_codes, pack, tables_of_counts, unpack
from aejax.errors import ConfigError, need

LARGE, MOST = 2048, 512  # values of an image; directions where there are more
Code = Callable[[np.ndarray], tuple[bytes, np.ndarray]]


def sheet_of(images: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns images [N, H, W, C] as one picture, nearly square, and how many are in a row."""
    n, height, width, channels = images.shape
    across = int(np.ceil(np.sqrt(n)))
    down = -(-n // across)
    filled = np.concatenate([images, np.repeat(images[-1:], across * down - n, 0)])
    grid = filled.reshape(down, across, height, width, channels).transpose(0, 2, 1, 3, 4)
    return grid.reshape(down * height, across * width, channels), across


def images_of(sheet: np.ndarray, shape: tuple[int, ...], across: int) -> np.ndarray:
    """Returns the images [N, H, W, C] of a sheet: the inverse of `sheet_of`."""
    n, height, width, channels = shape
    grid = sheet.reshape(-1, height, across, width, channels).transpose(0, 2, 1, 3, 4)
    return grid.reshape(-1, height, width, channels)[:n]


def by_pillow(kind: str, train: np.ndarray, quality: int, shrink: int, **effort: Any) -> Code:
    """Returns a codec of Pillow's, for a sheet of images.

    Args:
      kind: "jpeg" or "webp" (lossy).
      train: not read; these codecs were made for photographs.
      quality: the library's, 0 to 100.
      shrink: the sheet is made so many times smaller before (Lanczos), and as large again after
        (bicubic): what is done where even the lowest quality is too many bytes.
      effort: the library's options of how hard it searches; none: its defaults.

    Raises:
      ConfigError: Pillow is not installed, or cannot write the format.
    """
    pillow: Any = need("PIL.Image", "data")

    def code(images: np.ndarray) -> tuple[bytes, np.ndarray]:
        sheet, across = sheet_of(images)
        grey, file = sheet.shape[-1] == 1, io.BytesIO()
        picture = pillow.fromarray(sheet[..., 0] if grey else sheet)
        size = picture.size
        if shrink > 1:
            small = [max(1, side // shrink) for side in size]
            picture = picture.resize(small, pillow.Resampling.LANCZOS)
        try:
            picture.save(file, kind, quality=quality, **effort)
        except (KeyError, OSError, ValueError) as error:
            raise ConfigError(
                f"Pillow writes no {kind} of {picture.size} pixels: {error}. Allowed: a Pillow "
                "with that format, and sheets that it can hold."
            ) from error
        again = pillow.open(io.BytesIO(file.getvalue())).convert("L" if grey else "RGB")
        if shrink > 1:
            again = again.resize(size, pillow.Resampling.BICUBIC)
        pixels = np.asarray(again).reshape(sheet.shape)
        return file.getvalue(), images_of(pixels, images.shape, across)

    return code


def pca(train: np.ndarray, size: int | None, step: float) -> Code:
    """Returns a transform codec: rounded principal coefficients through the range coder.

    A value of a coefficient stands for the mean of the training images' coefficients that were
    rounded to it; its probability is how often they were. All that our own codec has but the
    network: the same coder, the same file, tables of the same kind.

    Args:
      train: uint8 [N, H, W, C].
      size: coefficients that are kept; None: all, of large images the first 512.
      step: of the rounding, in pixels of [0, 1].
    """
    mean, directions = _directions(_Rows(train))
    directions = directions[:, :size]
    kept = (_flat(train) - mean) @ directions
    whole = np.rint(kept / step).astype(np.int64)
    tables = tables_of_counts(whole)
    points = [_centres(whole[:, i], kept[:, i], step) for i in range(whole.shape[1])]

    def code(images: np.ndarray) -> tuple[bytes, np.ndarray]:
        codes = np.rint((_flat(images) - mean) @ directions / step).astype(np.int64)
        data = pack(Header(0, len(codes), tables.mark), encode_codes(codes, tables))
        header, words = unpack(data)
        back = decode_codes(words, header.count, tables).astype(np.int64)
        z = step * back.astype(np.float64)
        for i, (low, centres) in enumerate(points):
            place = back[:, i] - low
            inside = (place >= 0) & (place < len(centres))
            z[inside, i] = centres[place[inside]]
        again = (z @ directions.T + mean).reshape(images.shape)
        return data, np.rint(255 * np.clip(again, 0, 1)).astype(np.uint8)

    return code


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64) / 255


class _Rows:
    """Training images that a cache tells apart by themselves alone."""

    def __init__(self, images: np.ndarray):
        self.images = images
        self._key = (images.shape, images[:4].tobytes(), int(images.sum(dtype=np.int64)))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and self._key == other._key


@functools.lru_cache(maxsize=2)
def _directions(rows: _Rows) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean [D] and the principal directions [D, K], of decreasing variance.

    All D of them; of images of more than 2,048 values the first 512, which random projections find.
    """
    flat = _flat(rows.images)
    mean = flat.mean(0)
    if flat.shape[1] > LARGE:
        from sklearn.decomposition import PCA

        fit = PCA(min(MOST, len(flat)), svd_solver="randomized", random_state=0).fit(flat)
        return mean, np.ascontiguousarray(fit.components_.T)
    _, vectors = np.linalg.eigh((flat - mean).T @ (flat - mean))
    return mean, np.ascontiguousarray(vectors[:, ::-1])


def _centres(whole: np.ndarray, kept: np.ndarray, step: float) -> tuple[int, np.ndarray]:
    """Returns the least rounded value, and the mean of what was rounded to each from there."""
    low = int(whole.min())
    number = np.bincount(whole - low)
    total = np.bincount(whole - low, weights=kept)
    middle = step * (low + np.arange(len(number)))
    return low, np.where(number > 0, total / np.maximum(number, 1), middle)


class CodecMethod(NamedTuple):
    """The function, and the settings of its curve."""

    fit: Callable[..., Code]
    grid: Mapping[str, Sequence[Any]]


CODECS: dict[str, CodecMethod] = {
    "pca": CodecMethod(pca, {"size": (64, None), "step": (0.25, 0.4, 0.65, 1.1, 1.8, 3.0)}),
    "jpeg": CodecMethod(
        functools.partial(by_pillow, "jpeg", optimize=True),
        {"shrink": (1, 2), "quality": (1, 5, 10, 20, 40, 70)},
    ),
    "webp": CodecMethod(
        functools.partial(by_pillow, "webp", method=6),  # the slowest search
        {"shrink": (1, 2), "quality": (0, 5, 15, 35, 60, 85)},
    ),
}
