"""BatchTopK sparse autoencoder: k active units an example on average."""

from __future__ import annotations

from aejax.latents.sparse import batch_top_k
from aejax.models.builder import builder
from aejax.models.dictionary.topk import with_auxk
from aejax.models.parts import Features
from aejax.types import Autoencoder


@builder
def batch_topk(features: Features, latent: int = 512, k: int = 32) -> Autoencoder:
    """The k * B largest rectified units of a batch. Bussmann, Leask & Nanda 2024.

    Equation: as in `topk`, with BatchTopK over all units of all examples of the batch. The traced k
    is a mean, and may be a fraction. Without a key `encode` keeps what is above one threshold, a
    moving average (`threshold_decay`) of the smallest value that training batches let through.

    Args and errors: as in `topk`.
    """
    return with_auxk(
        "batch_topk",
        "Bussmann 2024",
        "min ||x - W_dec z - b||^2 + alpha ||e - e_hat||^2, z = BatchTopK(W_enc (x - b) + b_enc)",
        features,
        batch_top_k(latent, k),
    )
