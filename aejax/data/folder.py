"""A folder of images, with splits and classes where it has them, as one uint8 table."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset
from aejax.errors import ConfigError, need

EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_GREY = ("1", "L", "LA")
_DEEP = ("I", "F")  # prefixes of Pillow's modes of more than 8 bits, which it would clip
# What people call the splits, in any case.
SPLITS = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "valid", "valid": "valid", "validation": "valid",
}  # fmt: skip
MOST_PIXELS = 4096 * 4096  # of an image as it is; a folder of larger ones would fill any memory
_SYSTEM = ("__MACOSX",)  # beside what begins with a dot: nobody's images


def load_folder(path: Path, test_fraction: float, resize: tuple[int, int] | None) -> Dataset:
    """Reads all images below `path`, sorted by path, as uint8 [N, H, W, 1] (grey) or [N, H, W, 3].

    All are grey, or all become RGB where one has colour. Transparency is dropped, with a warning.
    Subfolders `train`, `test` and `valid` (or `val`, `validation`; in any case) are the splits;
    without `test`, `test_fraction` of the training images is held out. Where all images of a split
    lie in folders, these are its classes: labels count them from 0, sorted by name. What begins
    with a dot is no image.

    Args:
      path: the folder.
      test_fraction: the share to hold out, above 0 and below 1.
      resize: (height, width) in pixels, to which each image is scaled; None takes them as they are.

    Raises:
      ConfigError: no images; an unreadable one; one of over MOST_PIXELS without `resize`;
        differing sizes (names two files); over 8 bits;
        several frames; splits without `train`, twice the same one, or images beside them.
    """
    splits = _splits(path)
    files = {role: _files(folder) for role, folder in splits.items()}
    table = _stack([_open(file, resize) for role in files for file in files[role]], path)
    ends = np.cumsum([len(found) for found in files.values()])
    images = dict(zip(files, np.split(table, ends[:-1]), strict=True))
    labels = _labels({role: (splits[role], found) for role, found in files.items()})
    train, valid = (
        (images["train"], labels.get("train")),
        (images.get("valid"), labels.get("valid")),
    )
    if "test" not in images:
        return datasets.hold_out(str(path), *train, test_fraction, *valid)
    return datasets.make(str(path), train[0], images["test"], train[1], labels.get("test"), *valid)


def load_images(path: Path, resize: tuple[int, int] | None = None) -> np.ndarray:
    """Returns all images below `path`, sorted by path, as one uint8 array [N, H, W, C].

    Args, raises: as in `load_folder`, of which this is the reading without splits.
    """
    return _stack([_open(file, resize) for file in _files(path)], path)


def _splits(path: Path) -> dict[str, Path]:
    """Returns split -> its folder; a folder without splits is all of train."""
    inside = sorted(entry for entry in path.iterdir() if _ours(entry, path))
    named = [entry for entry in inside if entry.is_dir() and entry.name.lower() in SPLITS]
    found: dict[str, Path] = {}
    for folder in named:
        role = SPLITS[folder.name.lower()]
        if role in found:
            raise ConfigError(
                f"dataset={str(path)!r} has {found[role].name!r} and {folder.name!r}, both the "
                f"{role} split. Allowed: one of them."
            )
        found[role] = folder
    if not found:
        return {"train": path}
    beside = [entry for entry in inside if entry not in named and _has_images(entry)]
    if beside or "train" not in found:
        raise ConfigError(
            f"dataset={str(path)!r} has the splits {', '.join(repr(f.name) for f in named)} and "
            + (f"{beside[0].name!r} beside them. " if beside else "no 'train'. ")
            + "Allowed: train, with test or valid, and nothing beside; or folders of other names."
        )
    return {role: found[role] for role in ("train", "test", "valid") if role in found}


def _ours(entry: Path, root: Path) -> bool:
    """Whether an entry below `root` is the user's: nothing on its way begins with a dot."""
    parts = entry.relative_to(root).parts
    return not any(part.startswith(".") or part in _SYSTEM for part in parts)


def _is_image(file: Path, root: Path) -> bool:
    return file.suffix.lower() in EXTENSIONS and _ours(file, root) and file.is_file()


def _has_images(entry: Path) -> bool:
    if entry.is_dir():
        return any(_is_image(file, entry) for file in entry.rglob("*"))
    return _is_image(entry, entry.parent)


def _files(path: Path) -> list[Path]:
    found = sorted(file for file in path.rglob("*") if _is_image(file, path))
    if not found:
        raise ConfigError(
            f"dataset={str(path)!r} holds no images. Allowed: files {', '.join(EXTENSIONS)}."
        )
    return found


def _labels(splits: dict[str, tuple[Path, list[Path]]]) -> dict[str, np.ndarray]:
    """Returns each split's labels int32 [N] by class folder; {} unless all images lie in such."""
    classes = {
        role: [file.relative_to(root).parts[0] for file in files]
        for role, (root, files) in splits.items()
        if all(len(file.relative_to(root).parts) > 1 for file in files)
    }
    names = sorted({name for found in classes.values() for name in found})
    if len(classes) < len(splits) or len(names) < 2:
        return {}
    number = {name: i for i, name in enumerate(names)}
    return {
        role: np.array([number[name] for name in found], np.int32)
        for role, found in classes.items()
    }


def _open(file: Path, resize: tuple[int, int] | None) -> tuple[Path, np.ndarray, bool]:
    """Returns the file, its pixels, uint8 [H, W] or [H, W, 3], and whether some are transparent."""
    need("PIL", "data")
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings(), Image.open(file) as image:
            warnings.simplefilter("ignore")
            _check_kind(image, file)
            if resize is None and image.width * image.height > MOST_PIXELS:
                raise ConfigError(
                    f"dataset: {str(file)!r} has {image.width} x {image.height} pixels. Allowed: "
                    f"up to {MOST_PIXELS:,} pixels; --config.resize=SIDE (of an application "
                    "--resize=SIDE) scales larger images."
                )
            image = ImageOps.exif_transpose(image)
            clear = _transparent(image)
            grey = image.mode in _GREY or (image.mode.startswith("P") and _grey_palette(image))
            image = image.convert("L" if grey else "RGB")
            if resize is not None:
                image = image.resize((resize[1], resize[0]), Image.Resampling.LANCZOS)
            return file, np.asarray(image), clear
    except ConfigError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ConfigError(
            f"dataset: {str(file)!r} cannot be read: {' '.join(str(error).split())}. "
            "Allowed: intact image files."
        ) from error


def _check_kind(image: Any, file: Path) -> None:
    """Raises ConfigError for more than 8 bits a channel, or more than one frame."""
    # Pillow reads 16-bit colour as 8 bits: the depth stands in the raw mode of its decoder alone.
    raw = " ".join(str(tile) for tile in getattr(image, "tile", ()))
    if image.mode.startswith(_DEEP) or ";16" in raw or ";32" in raw:
        raise ConfigError(
            f"dataset: {str(file)!r} has pixels of more than 8 bits a channel (mode "
            f"{image.mode!r}). Allowed: 8 bits a channel; store deeper images as .npy."
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise ConfigError(
            f"dataset: {str(file)!r} has {frames} frames. Allowed: one image a file; save the "
            "frames as files, or all of them as .npy."
        )


def _transparent(image: Any) -> bool:
    """Whether an image has a pixel that is not opaque."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return False
    return image.convert("RGBA").getextrema()[3][0] < 255


def _grey_palette(image: Any) -> bool:
    """Whether an image of palette colours shows greys only."""
    pixels = np.asarray(image.convert("RGB"))
    return bool((pixels == pixels[..., :1]).all())


def _stack(images: list[tuple[Path, np.ndarray, bool]], path: Path) -> np.ndarray:
    """Returns uint8 [N, H, W, C] of pixels that must agree in height and width."""
    first_file, first, _ = images[0]
    for file, pixels, _ in images:
        if pixels.shape[:2] != first.shape[:2]:
            raise ConfigError(
                f"dataset: {str(first_file)!r} is {first.shape[0]}x{first.shape[1]} pixels and "
                f"{str(file)!r} is {pixels.shape[0]}x{pixels.shape[1]}. Allowed: images of one "
                "size, or resize=N pixels a side (--config.resize=N; of an application --resize=N)."
            )
    clear = [file for file, _, transparent in images if transparent]
    if clear:
        warnings.warn(
            f"dataset={str(path)!r}: {len(clear)} of {len(images)} images have transparent pixels, "
            f"such as {clear[0].name!r}; their colours are taken and the transparency is dropped.",
            stacklevel=3,
        )
    channels = 3 if any(pixels.ndim == 3 for _, pixels, _ in images) else 1
    table = np.empty((len(images), *first.shape[:2], channels), np.uint8)
    for row, (_, pixels, _) in zip(table, images, strict=True):
        row[...] = pixels if pixels.ndim == 3 else pixels[..., None]
    return table
