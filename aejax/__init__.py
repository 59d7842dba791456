"""aejax: autoencoders as records of pure functions, trained as populations in compiled programs."""

from aejax import data, evaluate, models
from aejax.compose import compose
from aejax.evaluate import reconstruct
from aejax.train import fit
from aejax.types import Autoencoder, Latent

__version__ = "0.1.0"
__all__ = ["Autoencoder", "Latent", "compose", "data", "evaluate", "fit", "models", "reconstruct"]
