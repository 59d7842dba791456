"""Sparse codes: latent spaces that let few units speak, and terms that keep the rest alive."""

from aejax.latents.sparse.auxiliary import auxk_term, frozen_decoder_term
from aejax.latents.sparse.gates import gated, jump_relu, l0_term, rectified
from aejax.latents.sparse.k_largest import batch_top_k, k_sparse, top_k
from aejax.latents.sparse.lifetime_sparsity import lifetime
from aejax.latents.sparse.selection import largest

__all__ = [
    "auxk_term",
    "batch_top_k",
    "frozen_decoder_term",
    "gated",
    "jump_relu",
    "k_sparse",
    "l0_term",
    "largest",
    "lifetime",
    "rectified",
    "top_k",
]
