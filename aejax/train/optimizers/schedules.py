"""Learning-rate schedules: factors of the progress through a run, in [0, 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp

from aejax.hparams import FRACTION, POSITIVE, HParam, Range
from aejax.types import Array, Hparams


class Schedule(NamedTuple):
    """`factor(progress, hp) -> multiplier of lr`, with progress = step / steps in [0, 1)."""

    factor: Callable[[Array, Hparams], Array]
    hparams: tuple[HParam, ...] = ()


def _tripling(t: Array, stages: Array) -> Array:
    """Returns the stage 0..n-1 at progress t, where stage i has 3^i of the (3^n - 1) / 2 parts."""
    # A hair above: progress that is a stage's first step must not be rounded into the one before.
    parts = t * (3.0**stages - 1.0) * (1.0 + 1e-6) + 1.0
    return jnp.clip(jnp.floor(jnp.log(parts) / jnp.log(3.0)), 0.0, stages - 1.0)


END = HParam("lr_end", 0.0, meaning="factor of lr at the end")
# 3^80 is the last power of 3 in float32; one stage would have nowhere to end.
STAGES = HParam("lr_stages", 8.0, Range(2, 80, whole=True), "n", "stages, each thrice as long")

SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(lambda t, hp: jnp.ones_like(t)),
    "linear": Schedule(lambda t, hp: 1 + (hp["lr_end"] - 1) * t, (END,)),
    "cosine": Schedule(
        lambda t, hp: hp["lr_end"] + (1 - hp["lr_end"]) * 0.5 * (1 + jnp.cos(jnp.pi * t)),
        (END,),
    ),
    "exponential": Schedule(
        lambda t, hp: hp["lr_end"] ** t, (END.replace(default=0.01, range=POSITIVE),)
    ),
    # Stage i of n has 3^i parts of the steps, at lr_end^(i / (n - 1)): Burda et al. 2015, s. 5.
    "tripling": Schedule(
        lambda t, hp: hp["lr_end"] ** (_tripling(t, hp["lr_stages"]) / (hp["lr_stages"] - 1.0)),
        (END.replace(default=0.1, range=POSITIVE), STAGES),
    ),
    "warmup_cosine": Schedule(
        lambda t, hp: jnp.where(
            t < hp["warmup"],
            t / jnp.maximum(hp["warmup"], 1e-6),
            0.5 * (1 + jnp.cos(jnp.pi * (t - hp["warmup"]) / (1 - hp["warmup"] + 1e-6))),
        ),
        (HParam("warmup", 0.05, FRACTION, meaning="share of the steps in which lr rises"),),
    ),
}
