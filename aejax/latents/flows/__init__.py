"""Normalising flows: invertible maps with the logarithm of their Jacobian's determinant."""

from aejax.latents.flows.base import Flow, check_flows, invert
from aejax.latents.flows.masked import SCALES, autoregressive
from aejax.latents.flows.planes import planar, planar_layer
from aejax.latents.flows.posterior import iaf_posterior, planar_posterior

__all__ = [
    "SCALES",
    "Flow",
    "autoregressive",
    "check_flows",
    "iaf_posterior",
    "invert",
    "planar",
    "planar_layer",
    "planar_posterior",
]
