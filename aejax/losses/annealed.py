"""KL annealing by a logistic function of the step. Bowman et al. 2016, section 3.1 and figure 2."""

from __future__ import annotations

import jax

from aejax.hparams import ANY, HParam
from aejax.types import AnyArray, Array, Hparams, Term

ANNEALED = (
    HParam("anneal_rate", 0.0025, meaning="slope of the logistic schedule, per step"),
    HParam("anneal_midpoint", 2500.0, ANY, meaning="step at which the schedule is at 1/2"),
)


def logistic(step: AnyArray, hp: Hparams) -> Array:
    """Returns sigmoid(r (step - m)), r = hp["anneal_rate"], m = hp["anneal_midpoint"] in steps.

    A rate of 0 is the constant 1/2; a midpoint far below 0 the constant 1, no annealing.
    """
    return jax.nn.sigmoid(hp["anneal_rate"] * (step - hp["anneal_midpoint"]))


def annealed_term(kl: Term) -> Term:
    """logistic(step) KL in nats, [B], for `aejax.objectives.surrogate`. Bowman et al. 2016, 3.1.

    Evaluation is at a step beyond all schedules, where the factor is 1.

    Args:
      kl: the divergence, per example.
    """
    return lambda forward, hp: logistic(forward.step, hp) * kl(forward, hp)
