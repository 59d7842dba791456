"""On a GPU: the same contests at its sizes, and the limits of its memory.

PyTorch runs eager, compiled and as CUDA graphs. Both sides may round operands of products to TF32
(`allow_tf32`, and JAX's default precision), and the record says so.
"""

from __future__ import annotations

import jax

from aejax.benchmark import machine
from aejax.benchmark.contest import Case, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.suites import conv, mlp, population
from aejax.errors import ConfigError

MEMBERS = 512
CONV_MEMBERS = 8


def bandwidth(context: Bench) -> list[Case]:
    """Bytes that an elementwise update moves a second, against a plain copy's."""
    update = machine.Bandwidth("Adam's update", 7, machine.adam_like)
    copy = machine.Bandwidth("copy", 2, machine.copy)
    lanes = race([update, copy], 1.0, context.rounds)
    return compare("gpu", "memory bandwidth", "bytes/s", lanes)


def run(context: Bench) -> list[Case]:
    """Runs the suite.

    Raises:
      ConfigError: there is no GPU.
    """
    if jax.default_backend() != "gpu":
        raise ConfigError(
            f"suite='gpu' needs a GPU, and JAX runs on {jax.default_backend()!r} here. "
            "Allowed: the other suites, or an installation with aejax[cuda]."
        )
    cases = [
        *mlp.deep(context),
        *population.against_peers(context, MEMBERS),
        *conv.against_peers(context, 1),
        *conv.against_peers(context, CONV_MEMBERS),
    ]
    return [case._replace(suite="gpu") for case in cases] + bandwidth(context)
