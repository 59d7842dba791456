"""A folder of images, at any depth, as one uint8 table."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset
from aejax.errors import ConfigError, need

EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_GREY = ("1", "L", "LA")
_DEEP = ("I", "F")  # prefixes of Pillow's modes of more than 8 bits, which it would clip


def load_folder(path: Path, test_fraction: float, resize: tuple[int, int] | None) -> Dataset:
    """Reads all images below `path`, sorted by path, as uint8 [N, H, W, 1] (grey) or [N, H, W, 3].

    All are grey, or all become RGB where one has colour. Transparency is dropped. Subfolders
    `train` and `test` are the splits, if both are there, and `valid` beside them is the validation
    split; otherwise `test_fraction` is held out.

    Args:
      path: the folder.
      test_fraction: the share to hold out, above 0 and below 1.
      resize: (height, width) in pixels, to which each image is scaled; None takes them as they are.

    Raises:
      ConfigError: no images; an unreadable one; differing sizes (names two files); over 8 bits.
    """
    name = str(path)
    if (path / "train").is_dir() and (path / "test").is_dir():
        splits = [s for s in ("train", "test", "valid") if (path / s).is_dir()]
        opened = [[_open(file, resize) for file in _files(path / s)] for s in splits]
        table = _stack([image for split in opened for image in split])
        parts = np.split(table, np.cumsum([len(split) for split in opened])[:-1])
        return datasets.make(name, *parts[:2], valid=parts[2] if "valid" in splits else None)
    table = _stack([_open(file, resize) for file in _files(path)])
    return datasets.hold_out(name, table, None, test_fraction)


def load_images(path: Path, resize: tuple[int, int] | None = None) -> np.ndarray:
    """Returns all images below `path`, sorted by path, as one uint8 array [N, H, W, C].

    Args, raises: as in `load_folder`, of which this is the reading without splits.
    """
    return _stack([_open(file, resize) for file in _files(path)])


def _files(path: Path) -> list[Path]:
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".") and file.is_file()
    )
    if not found:
        raise ConfigError(
            f"dataset={str(path)!r} holds no images. Allowed: files {', '.join(EXTENSIONS)}."
        )
    return found


def _open(file: Path, resize: tuple[int, int] | None) -> tuple[Path, np.ndarray]:
    """Returns the file and its pixels, uint8 [H, W] or [H, W, 3], turned the right way up."""
    need("PIL", "data")
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings(), Image.open(file) as image:
            warnings.simplefilter("ignore")
            mode = image.mode
            if mode.startswith(_DEEP):
                raise ConfigError(
                    f"dataset: {str(file)!r} has pixels of mode {mode!r}. Allowed: 8 bits a "
                    "channel; store deeper images as .npy."
                )
            image = ImageOps.exif_transpose(image).convert("L" if mode in _GREY else "RGB")
            if resize is not None:
                image = image.resize((resize[1], resize[0]), Image.Resampling.LANCZOS)
            return file, np.asarray(image)
    except ConfigError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ConfigError(
            f"dataset: {str(file)!r} cannot be read: {' '.join(str(error).split())}. "
            "Allowed: intact image files."
        ) from error


def _stack(images: list[tuple[Path, np.ndarray]]) -> np.ndarray:
    """Returns uint8 [N, H, W, C] of pixels that must agree in height and width."""
    first_file, first = images[0]
    for file, pixels in images:
        if pixels.shape[:2] != first.shape[:2]:
            raise ConfigError(
                f"dataset: {str(first_file)!r} is {first.shape[0]}x{first.shape[1]} pixels and "
                f"{str(file)!r} is {pixels.shape[0]}x{pixels.shape[1]}. Allowed: images of one "
                "size, or resize=(height, width)."
            )
    channels = 3 if any(pixels.ndim == 3 for _, pixels in images) else 1
    table = np.empty((len(images), *first.shape[:2], channels), np.uint8)
    for row, (_, pixels) in zip(table, images, strict=True):
        row[...] = pixels if pixels.ndim == 3 else pixels[..., None]
    return table
