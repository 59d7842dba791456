"""Trained variables on disk, for what is measured after a sweep: one file a group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from aejax.data.scaling import Scale
from aejax.errors import ConfigError
from aejax.io import becoming
from aejax.results.whole import DAMAGED
from aejax.types import PyTree

_SKELETON = "skeleton"


def _skeleton(tree: PyTree, leaves: list[np.ndarray]) -> Any:
    """Returns nested dicts with the places of the leaves, which are appended to `leaves`."""
    if isinstance(tree, dict):
        return {str(name): _skeleton(value, leaves) for name, value in tree.items()}
    if not hasattr(tree, "shape"):
        raise ConfigError(
            f"variables hold a {type(tree).__name__}, which cannot be kept. Allowed: dicts of "
            "arrays."
        )
    leaves.append(np.asarray(tree))
    return len(leaves) - 1


def _filled(skeleton: Any, leaves: dict[str, np.ndarray]) -> PyTree:
    if isinstance(skeleton, dict):
        return {name: _filled(value, leaves) for name, value in skeleton.items()}
    return leaves[f"leaf{skeleton}"]


def save_variables(path: Path, ids: list[str], variables: PyTree, scale: Scale) -> None:
    """Writes stacked variables [P, ...], their members' ids and the scale of the training rows.

    Written whole or not at all.

    Raises:
      ConfigError: the variables are no dicts of arrays.
    """
    leaves: list[np.ndarray] = []
    skeleton = _skeleton(jax.device_get(variables), leaves)
    with becoming(path) as part, part.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            ids=np.asarray(ids),
            scale=np.asarray(scale, np.float64),
            **{_SKELETON: np.asarray(json.dumps(skeleton))},
            **{f"leaf{i}": leaf for i, leaf in enumerate(leaves)},
        )


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise ConfigError(
            f"variables {str(path)!r} do not exist. Allowed: a sweep that ran with "
            "keep_variables other than none; its command with --config.remake=True makes it again."
        )


def load_variables(path: Path, ids: list[str] | None = None) -> PyTree:
    """Returns the stacked variables of the members `ids`, in that order; of all by default.

    Raises:
      ConfigError: there is no such file, it is damaged, or a member is not in it.
    """
    _check_there(path)
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        places = {str(name): i for i, name in enumerate(found["ids"])}
        missing = [name for name in ids or () if name not in places]
        if missing:
            raise ConfigError(f"{path} has no member {missing[0]!r}. Allowed: {', '.join(places)}.")
        rows = np.asarray([places[name] for name in ids or places])
        leaves = {name: found[name][rows] for name in found if name.startswith("leaf")}
        return _filled(json.loads(str(found[_SKELETON])), leaves)
    except ConfigError:
        raise
    except DAMAGED as error:
        raise ConfigError(
            f"variables {str(path)!r} cannot be read ({type(error).__name__}). Allowed: a file "
            "that a sweep wrote; its command with --config.remake=True makes it again."
        ) from error


def load_scale(path: Path) -> Scale:
    """Returns the scale of the rows that the members of a file were trained on.

    Raises:
      ConfigError: the file is of an older version, or no such file.
    """
    _check_there(path)
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            of_bytes, low, high = file["scale"].tolist()
    except DAMAGED as error:
        raise ConfigError(
            f"variables {str(path)!r} hold no scale of their rows ({type(error).__name__}). "
            "Allowed: a sweep of this version; --config.remake=True makes the file again."
        ) from error
    return Scale(bool(of_bytes), low, high)
