"""The table of optimisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import optax

from aejax.train.optimizers.conjugate import conjugate_gradients
from aejax.train.optimizers.first_order import adam, two_momenta
from aejax.types import Hparams


class Optimizer(NamedTuple):
    """`make(hp, steps) -> GradientTransformation` without the learning rate, and what it reads.

    `steps` is the length of the stage; `reads_steps` says that updates depend on it. A line search
    finds its own step sizes: no learning rate, no schedule, no clipping, no hyper-parameter.
    """

    make: Callable[[Hparams, int], optax.GradientTransformation]
    hparams: dict[str, float]
    line_search: bool = False
    reads_steps: bool = False


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(
        adam,
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
    ),
    "adamw": Optimizer(
        lambda hp, steps: optax.chain(
            adam(hp, steps),
            optax.add_decayed_weights(hp["weight_decay"]),
        ),
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 1e-4},
    ),
    "adagrad": Optimizer(
        lambda hp, steps: optax.scale_by_rss(
            # A tracer is as good as a number here: it fills an array.
            initial_accumulator_value=hp["initial_accumulator"],  # pyright: ignore
            eps=1e-7,
        ),
        {"lr": 1e-2, "initial_accumulator": 0.1},
    ),
    "rmsprop": Optimizer(
        lambda hp, steps: optax.scale_by_rms(decay=hp["decay"], eps=hp["eps"]),
        {"lr": 1e-3, "decay": 0.9, "eps": 1e-8},
    ),
    "sgd": Optimizer(lambda hp, steps: optax.identity(), {"lr": 1e-1}),
    "momentum": Optimizer(
        lambda hp, steps: optax.trace(decay=hp["momentum"]), {"lr": 1e-2, "momentum": 0.9}
    ),
    "two_momenta": Optimizer(
        two_momenta,
        {"lr": 1e-1, "momentum_start": 0.5, "momentum": 0.9, "momentum_switch": 0.1},
        reads_steps=True,
    ),
    # For the full batch: curvature is gathered from one step to the next.
    "cg": Optimizer(lambda hp, steps: conjugate_gradients(), {}, line_search=True),
    "lbfgs": Optimizer(lambda hp, steps: optax.lbfgs(), {}, line_search=True),
    # For mini-batches: three searches on each, then a fresh start (Hinton & Salakhutdinov 2006).
    "cg_batches": Optimizer(
        lambda hp, steps: conjugate_gradients(line_searches=3, restart=True), {}, line_search=True
    ),
}
