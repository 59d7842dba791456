"""aejax: autoencoders as records of pure functions, trained as populations in compiled programs."""

from aejax import data, evaluate, models
from aejax.api.applying import decode, encode, interpolate, reconstruct, sample, traverse
from aejax.api.compressing import compress, decompress
from aejax.api.evolving import fit_pbt
from aejax.api.ex_post import ex_post
from aejax.api.exporting import export
from aejax.api.fitted import Fitted
from aejax.api.imputing import impute
from aejax.api.saving import load, save
from aejax.api.scoring import score
from aejax.api.searching import fit_search
from aejax.api.studying import fit_study
from aejax.api.training import fit, fit_population
from aejax.api.workdir import open_workdir as open
from aejax.data.scaling import to_float
from aejax.models.builder import builder
from aejax.types import Autoencoder, Latent

__version__ = "0.1.0"
__all__ = [
    "Autoencoder",
    "Fitted",
    "Latent",
    "builder",
    "compress",
    "data",
    "decode",
    "decompress",
    "encode",
    "evaluate",
    "ex_post",
    "export",
    "fit",
    "fit_pbt",
    "fit_population",
    "fit_search",
    "fit_study",
    "impute",
    "interpolate",
    "load",
    "models",
    "open",
    "reconstruct",
    "sample",
    "save",
    "score",
    "to_float",
    "traverse",
]
