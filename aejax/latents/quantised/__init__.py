"""Discrete codes: vectors of a codebook, rounded scalars, relaxed one-hot choices.

A code is `groups` choices, each among `codes`; `Latent.index` [B, groups] tells them. The prior to
sample from is uniform over all of them, which is a choice: a trained prior would know better.
"""

from aejax.latents.quantised.gumbel import gumbel_softmax
from aejax.latents.quantised.rounding import rounded
from aejax.latents.quantised.scalar import finite_scalar, fsq_digits, fsq_index, fsq_values
from aejax.latents.quantised.straight import straight_through
from aejax.latents.quantised.vector import Quantised, ema_codebook, nearest, vector_quantised

__all__ = [
    "Quantised",
    "ema_codebook",
    "finite_scalar",
    "fsq_digits",
    "fsq_index",
    "fsq_values",
    "gumbel_softmax",
    "nearest",
    "rounded",
    "straight_through",
    "vector_quantised",
]
