"""Losses beside the reconstruction: pure functions of a batch, per example, [B], unreduced.

A term is `fn(forward, hp) -> [B]` (see `aejax.types`); `*_term` makes one from a model's parts.
"""

from aejax.losses.divergences import (
    bernoulli_kl,
    gaussian_kl,
    gaussian_kl_between,
    gaussian_kl_per_dim,
    gaussian_kl_term,
)
from aejax.losses.jacobian.cost import costs
from aejax.losses.jacobian.higher import higher_order
from aejax.losses.jacobian.norm import METHODS, hutchinson, jacobians, squared_frobenius
from aejax.losses.jacobian.terms import decoder_jacobian_term, higher_order_term, jacobian_term
from aejax.losses.sparsity import bernoulli_kl_of_mean, kl_sparsity_term, l1, l1_term

__all__ = [
    "METHODS",
    "bernoulli_kl",
    "bernoulli_kl_of_mean",
    "costs",
    "decoder_jacobian_term",
    "gaussian_kl",
    "gaussian_kl_between",
    "gaussian_kl_per_dim",
    "gaussian_kl_term",
    "higher_order",
    "higher_order_term",
    "hutchinson",
    "jacobian_term",
    "jacobians",
    "kl_sparsity_term",
    "l1",
    "l1_term",
    "squared_frobenius",
]
