"""Gated sparse autoencoders: whether a unit speaks and how loud are two things."""

from __future__ import annotations

import jax

from aejax.compose import compose
from aejax.latents.sparse import frozen_decoder_term
from aejax.latents.sparse import gated as gates
from aejax.likelihoods.pixels import gaussian
from aejax.losses.sparsity import l1
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape
from aejax.nets import dictionary
from aejax.types import Autoencoder


@builder
def gated(features: Features, latent: int = 512) -> Autoencoder:
    """The L1 penalty falls on gates, so that magnitudes do not shrink. Rajamanoharan et al. 2024a.

    Equation: min ||x - D(z)||^2 / 2 + lambda ||relu(g)||_1 + ||x - D'(relu(g))||^2 / 2,
    z = 1[g > 0] m, g = W (x - b) + b_gate, m = relu(exp(r) W (x - b) + b_mag), D' a frozen copy of
    the decoder D. The squared errors are nats of a unit Gaussian, half of the paper's: a lambda of
    the paper's is w_gate_l1 = lambda / 2 here.

    Args:
      features: size D of an example, or its shape.
      latent: L, the number of directions, of unit length.

    Raises:
      ConfigError: sizes below 1.
    """
    shape = example_shape(features)
    space, p_x = gates(latent), gaussian()
    nets = dictionary(shape, latent, bias=False)
    return compose(
        name="gated",
        paper="Rajamanoharan 2024a",
        equation="min (||x - D(z)||^2 + ||x - D'(relu(g))||^2) / 2 + lambda ||relu(g)||_1",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={
            "gate_l1": (lambda forward, hp: l1(jax.nn.relu(forward.latent.aux.pre)), 0.1, "lambda"),
            "gate_rec_nats": (frozen_decoder_term(nets, p_x), 1.0),
        },
    )
