"""Parameter trees by path: which of them a stage may move."""

from __future__ import annotations

from collections.abc import Mapping

import jax

from aejax.errors import ConfigError, nearest
from aejax.types import Array, PyTree


def flatten(tree: PyTree) -> dict[str, Array]:
    """Returns {"encoder/dense_0/kernel": leaf, ...} in a fixed order."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def under(path: str, prefix: str) -> bool:
    """Returns whether `path` is `prefix` or lies below it."""
    return path == prefix or path.startswith(prefix + "/")


def split(tree: PyTree, prefixes: tuple[str, ...]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Splits a tree into what lies under `prefixes` (all of it for ()) and the rest, by path.

    Raises:
      ConfigError: a prefix under which there is nothing.
    """
    flat = flatten(tree)
    for prefix in prefixes:
        if not any(under(path, prefix) for path in flat):
            raise ConfigError(
                f"trainable={prefix!r} matches no parameter.{nearest(prefix, flat)} "
                f"Allowed: prefixes of {', '.join(flat)}."
            )
    moving = {p: v for p, v in flat.items() if not prefixes or any(under(p, q) for q in prefixes)}
    return moving, {p: v for p, v in flat.items() if p not in moving}


def merge(like: PyTree, *parts: Mapping[str, Array]) -> PyTree:
    """Returns a tree of `like`'s structure with the leaves of `parts`."""
    flat = {path: leaf for part in parts for path, leaf in part.items()}
    structure = jax.tree.structure(like)
    return jax.tree.unflatten(structure, [flat[path] for path in flatten(like)])
