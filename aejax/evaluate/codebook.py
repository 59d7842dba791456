"""How much of its codebook a model uses, over a whole set of examples."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.types import Array, Autoencoder, Variables


def code_counts(model: Autoencoder, variables: Variables, x: Array) -> Array:
    """Returns how often each code is chosen for x [B, *shape], groups together: int32 [K].

    Codes are the deterministic ones.
    """
    assert model.info.space is not None
    index = model.encode(variables, x).index
    assert index is not None
    return jnp.zeros(model.info.space.codes, jnp.int32).at[index.reshape(-1)].add(1)


def codebook_use(counts: Array) -> dict[str, Array]:
    """Returns what counts [K] say of a codebook.

    `codebook_perplexity`, exp of the entropy of the codes' frequencies: 1 for one code, K for all
    equally often. `codebook_usage`, the fraction of codes that occur at all.
    """
    p = counts / jnp.maximum(jnp.sum(counts), 1)
    entropy = -jnp.sum(p * jnp.log(jnp.where(p > 0, p, 1.0)))
    return {"codebook_perplexity": jnp.exp(entropy), "codebook_usage": jnp.mean(counts > 0)}
