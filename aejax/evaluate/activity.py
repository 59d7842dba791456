"""How sparse a code is over a set, and how much of it is never used."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.conditions import values_of
from aejax.types import Array, Autoencoder, PyTree, Variables


def firing_counts(model: Autoencoder, variables: Variables, x: Array) -> PyTree:
    """Returns, of a batch [B, *shape], on how many examples each unit is other than zero, and B.

    Of the code that the decoder gets at evaluation: {"fired": [L], "rows": scalar}.
    """
    z = values_of(model.encode(variables, x).z)
    fired = jnp.sum(z != 0, axis=0, dtype=jnp.float32)
    return {"fired": fired, "rows": jnp.float32(x.shape[0])}


def activity(counts: PyTree) -> dict[str, Array]:
    """Returns the mean number of active units an example (L0), and the share of units never active.

    Args:
      counts: `firing_counts`, summed over the batches of a set.
    """
    fired, rows = counts["fired"], counts["rows"]
    return {
        "active_units": jnp.sum(fired) / rows,
        "dead_fraction": jnp.mean((fired == 0).astype(jnp.float32)),
    }


def dead_units(codes: Array, threshold: float = 0.0) -> Array:
    """Which units [L] are never above `threshold` in size over codes [N, L]: bool."""
    return jnp.all(jnp.abs(codes) <= threshold, axis=0)


def sparsity(codes: Array) -> dict[str, Array]:
    """L0, the number of units other than zero, and L1, the sum of sizes: each [N], of codes [N, L].

    `treves_rolls` [N] is (mean |z|)^2 / mean z^2: 1 where all units are equal in size, 1 / L where
    one is alone (Treves & Rolls 1991); it needs no exact zeros. A code of zeros has 0.
    """
    size = jnp.abs(codes)
    square = jnp.mean(jnp.square(codes), axis=1)
    return {
        "l0": jnp.sum((codes != 0).astype(jnp.float32), axis=1),
        "l1": jnp.sum(size, axis=1),
        "treves_rolls": jnp.square(jnp.mean(size, axis=1)) / jnp.where(square > 0, square, 1.0),
    }
