"""Priors p(z) beside N(0, I): log-density and sampler, with parameters of their own.

A prior joins a latent space by `with_prior`; the divergence is then taken by sampling
(`aejax.losses.monte_carlo`).
"""

from aejax.latents.priors.base import Prior, with_prior
from aejax.latents.priors.flow import flow_prior
from aejax.latents.priors.fully_factorised import factorised
from aejax.latents.priors.mixtures import mixture, vamp
from aejax.latents.priors.skewed import skew_normal
from aejax.latents.priors.student import student_t

__all__ = [
    "Prior",
    "factorised",
    "flow_prior",
    "mixture",
    "skew_normal",
    "student_t",
    "vamp",
    "with_prior",
]
