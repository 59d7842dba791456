"""Trees of members, stacked on a leading axis [P, ...]."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from aejax.types import PyTree

# A member's function: fn(member_tree, shared_tree) -> tree, without a member axis.
MemberFn = Callable[[PyTree, PyTree], PyTree]


def size(members: PyTree) -> int:
    """Returns the number of members of a stacked tree."""
    return jax.tree.leaves(members)[0].shape[0]


def stack(trees: list[PyTree]) -> PyTree:
    """Stacks members' trees along a new leading axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def member(tree: PyTree, i: int) -> PyTree:
    """Returns member i of a stacked tree."""
    return jax.tree.map(lambda leaf: leaf[i], tree)


def gathered(tree: PyTree, at: np.ndarray) -> PyTree:
    """Returns the members at these indices, stacked."""
    return jax.tree.map(lambda leaf: leaf[at], tree)


def stacked_shapes(shapes: PyTree, members: int) -> PyTree:
    """Returns the shapes of `members` members, from those of one."""
    return jax.tree.map(
        lambda one: jax.ShapeDtypeStruct(
            (members, *one.shape), one.dtype, weak_type=getattr(one, "weak_type", False)
        ),
        shapes,
    )
