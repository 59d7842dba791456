"""How sparse a code is over a set, and how much of it is never used."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.types import Array, Autoencoder, PyTree, Variables


def firing_counts(model: Autoencoder, variables: Variables, x: Array) -> PyTree:
    """Returns, of a batch [B, *shape], on how many examples each unit is other than zero, and B.

    Of the code that the decoder gets at evaluation: {"fired": [L], "rows": scalar}.
    """
    z = model.encode(variables, x).z
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
