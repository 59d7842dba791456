"""Normalising flows: invertible maps with the logarithm of their Jacobian's determinant."""

from aejax.flows.autoregressive import SCALES, autoregressive
from aejax.flows.base import Flow, check_flows, invert
from aejax.flows.planar import planar, planar_layer
from aejax.flows.posterior import iaf_posterior, planar_posterior

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
