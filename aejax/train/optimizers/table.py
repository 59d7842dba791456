"""The table of optimisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import optax

from aejax.hparams import DECAY, FRACTION, POSITIVE, HParam
from aejax.train.optimizers.conjugate import conjugate_gradients
from aejax.train.optimizers.first_order import adam, two_momenta
from aejax.types import Hparams


class Optimizer(NamedTuple):
    """`make(hp, steps) -> GradientTransformation` without the learning rate, and what it reads.

    `steps` is the length of the stage; `reads_steps` says that updates depend on it. A line search
    finds its own step sizes: no learning rate, no schedule, no clipping, no hyper-parameter.
    """

    make: Callable[[Hparams, int], optax.GradientTransformation]
    hparams: tuple[HParam, ...]
    line_search: bool = False
    reads_steps: bool = False


def _lr(default: float) -> HParam:
    return HParam("lr", default, meaning="learning rate")


_EPS = HParam("eps", 1e-8, POSITIVE, "epsilon", "added to the root of the second moment")
_ADAM = (
    _lr(1e-3),
    HParam("b1", 0.9, DECAY, "beta_1", "decay of the first moment"),
    HParam("b2", 0.999, DECAY, "beta_2", "decay of the second moment"),
    _EPS,
)
_MOMENTUM = HParam("momentum", 0.9, FRACTION, meaning="decay of the sum of gradients")


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(
        adam,
        _ADAM,
    ),
    "adamw": Optimizer(
        lambda hp, steps: optax.chain(
            adam(hp, steps),
            optax.add_decayed_weights(hp["weight_decay"]),
        ),
        (*_ADAM, HParam("weight_decay", 1e-4, meaning="decoupled decay of the weights")),
    ),
    "adagrad": Optimizer(
        lambda hp, steps: optax.scale_by_rss(
            # A tracer is as good as a number here: it fills an array.
            initial_accumulator_value=hp["initial_accumulator"],  # pyright: ignore
            eps=1e-7,
        ),
        (
            _lr(1e-2),
            HParam("initial_accumulator", 0.1, meaning="sum of squared gradients at step 0"),
        ),
    ),
    "rmsprop": Optimizer(
        lambda hp, steps: optax.scale_by_rms(decay=hp["decay"], eps=hp["eps"]),
        (_lr(1e-3), HParam("decay", 0.9, DECAY, meaning="decay of the second moment"), _EPS),
    ),
    "sgd": Optimizer(lambda hp, steps: optax.identity(), (_lr(1e-1),)),
    "momentum": Optimizer(
        lambda hp, steps: optax.trace(decay=hp["momentum"]), (_lr(1e-2), _MOMENTUM)
    ),
    "two_momenta": Optimizer(
        two_momenta,
        (
            _lr(1e-1),
            HParam("momentum_start", 0.5, FRACTION, meaning="momentum in the first part"),
            _MOMENTUM,
            HParam("momentum_switch", 0.1, FRACTION, meaning="the first part's share of the steps"),
        ),
        reads_steps=True,
    ),
    # For the full batch: curvature is gathered from one step to the next.
    "cg": Optimizer(lambda hp, steps: conjugate_gradients(), (), line_search=True),
    "lbfgs": Optimizer(lambda hp, steps: optax.lbfgs(), (), line_search=True),
    # For mini-batches: three searches on each, then a fresh start (Hinton & Salakhutdinov 2006).
    "cg_batches": Optimizer(
        lambda hp, steps: conjugate_gradients(line_searches=3, restart=True), (), line_search=True
    ),
}
