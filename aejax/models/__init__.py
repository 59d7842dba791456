"""The models: one builder a file, and the table that finds them by name, made of the imports."""

from __future__ import annotations

import copyreg
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from aejax.errors import ConfigError, lookup
from aejax.models.bottleneck.linear import linear, linear_l2, linear_tied
from aejax.models.bottleneck.regularized_decoder import regularized_decoder
from aejax.models.bottleneck.undercomplete import undercomplete
from aejax.models.builder import check_arguments, is_builder
from aejax.models.collaborative.autorec import autorec
from aejax.models.collaborative.mult_dae import mult_dae
from aejax.models.collaborative.mult_vae import mult_vae
from aejax.models.deep.deep_rbm import deep_rbm
from aejax.models.deep.stacked import stacked
from aejax.models.deep.stacked_denoising import stacked_denoising
from aejax.models.dictionary.batch_topk import batch_topk
from aejax.models.dictionary.dictionary_l1 import dictionary_l1
from aejax.models.dictionary.gated import gated
from aejax.models.dictionary.jump_relu import jump_relu
from aejax.models.dictionary.topk import topk
from aejax.models.discrete.compressive import compressive
from aejax.models.discrete.fsq import fsq
from aejax.models.discrete.gumbel_vae import gumbel_vae
from aejax.models.discrete.vq_vae import vq_vae
from aejax.models.image.context_encoder import context_encoder
from aejax.models.image.context_encoder_adversarial import context_encoder_adversarial
from aejax.models.image.convolutional import convolutional
from aejax.models.image.convolutional_pooled import convolutional_pooled
from aejax.models.image.masked_autoencoder import masked_autoencoder
from aejax.models.matching.adversarial_autoencoder import adversarial_autoencoder
from aejax.models.matching.beta_tc_vae import beta_tc_vae
from aejax.models.matching.dip_vae import dip_vae
from aejax.models.matching.factor_vae import factor_vae
from aejax.models.matching.info_vae import info_vae
from aejax.models.matching.wae_mmd import wae_mmd
from aejax.models.prior.iaf_vae import iaf_vae
from aejax.models.prior.maf_prior_vae import maf_prior_vae
from aejax.models.prior.mixture_vae import mixture_vae
from aejax.models.prior.planar_vae import planar_vae
from aejax.models.prior.skew_vae import skew_vae
from aejax.models.prior.student_vae import student_vae
from aejax.models.prior.vamp_vae import vamp_vae
from aejax.models.robust.contractive import contractive
from aejax.models.robust.contractive_deep import contractive_deep
from aejax.models.robust.contractive_higher import contractive_higher
from aejax.models.robust.denoising import denoising
from aejax.models.sequence.sentence_vae import sentence_vae
from aejax.models.sequence.seq2seq import seq2seq
from aejax.models.sequence.seq2seq_composite import seq2seq_composite
from aejax.models.sequence.seq2seq_future import seq2seq_future
from aejax.models.sparse.k_sparse import k_sparse
from aejax.models.sparse.sparse import sparse_kl, sparse_l1
from aejax.models.sparse.winner_take_all import winner_take_all
from aejax.models.variational.beta_vae import beta_vae
from aejax.models.variational.capacity_vae import capacity_vae
from aejax.models.variational.free_bits_vae import free_bits_vae
from aejax.models.variational.iwae import iwae
from aejax.models.variational.iwae_deep import iwae_deep
from aejax.models.variational.iwae_dreg import iwae_dreg
from aejax.models.variational.miwae import miwae
from aejax.models.variational.prodlda import prodlda
from aejax.models.variational.vae import vae
from aejax.models.variational.wake_sleep import wake_sleep
from aejax.models.variational.warmup_vae import warmup_vae
from aejax.types import Autoencoder

# Every builder that is imported above, by its name: a new model adds its line there.
MODELS: dict[str, Callable[..., Autoencoder]] = {
    name: function for name, function in sorted(vars().items()) if is_builder(function)
}


def arguments(name: str) -> dict[str, Any]:
    """Returns the names and defaults of a builder's arguments, `features` excepted."""
    parameters = inspect.signature(lookup("model", name, MODELS)).parameters
    return {key: p.default for key, p in parameters.items() if key != "features"}


def taking(argument: str) -> tuple[str, ...]:
    """Returns the names of the models whose builders take an argument."""
    return tuple(name for name in sorted(MODELS) if argument in arguments(name))


def build(name: str, features: int | tuple[int, ...], args: Mapping[str, Any]) -> Autoencoder:
    """Builds a model by name.

    Raises:
      ConfigError: an unknown model or argument, or a value that the builder refuses.
    """
    builder = lookup("model", name, MODELS)
    check_arguments(name, args, arguments(name))
    return builder(features, **args)


def _rebuilt(name: str, args: dict[str, Any]) -> Autoencoder:
    rest = dict(args)
    return build(name, rest.pop("features"), rest)


def _reduced(model: Autoencoder) -> tuple[Callable[..., Autoencoder], tuple[Any, ...]]:
    """Pickles a model as its builder and arguments; its functions cannot be pickled."""
    if model.info.made is None:
        raise TypeError(f"model {model.info.name!r} knows no builder: see aejax.builder.")
    return _rebuilt, tuple(model.info.made)


copyreg.pickle(Autoencoder, _reduced)  # type: ignore[arg-type]


EXAMPLES = ((8, 8, 1), (8, 8), (8,))  # an image, a short film, a short sentence


def example(name: str) -> Autoencoder:
    """Returns a model at its defaults for the first of EXAMPLES that it is made for."""
    for shape in EXAMPLES[:-1]:
        try:
            return build(name, shape, {})
        except ConfigError:
            continue
    return build(name, EXAMPLES[-1], {})


__all__ = ["MODELS", "arguments", "build", "example", "taking", *MODELS]
