"""The exact encoder penalty E ||J||_F^2 and its gradient: `auto` against automatic Jacobians."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import save
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.suites import jacobian_choice
from aejax.benchmark.suites.penalty import Penalty, per_call
from aejax.losses.jacobian.norm import squared_frobenius
from aejax.nets.dense import mlp

FEATURES, HIDDEN, LATENT, BATCH = 784, 256, 32, 128
# Calls a round: the automatic Jacobians take a hundred times as long, and their share is counted.
CALLS, SLOW_CALLS = 40, 2


def encoder(context: Bench, code: str) -> list[Case]:
    """784-256-32, sigmoid hidden units, the code's activation as named."""
    net = mlp((HIDDEN,), (LATENT,), activation="sigmoid", last_activation=code)
    x = jnp.asarray(np.random.default_rng(0).random((BATCH, FEATURES)), jnp.float32)
    params = net.init(jax.random.key(0), x)
    layers_of = net.layers
    assert layers_of

    def auto(params: Any, x: Any) -> Any:
        f = lambda x: net.apply(params, x)
        return squared_frobenius(f, x, method="auto", layers=layers_of(params)).mean()

    def by_hand(jacobian: Any) -> Any:
        """What a user writes: a Jacobian for each example."""

        def penalty(params: Any, x: Any) -> Any:
            one = lambda v: net.apply(params, v[None])[0]
            return jnp.square(jax.vmap(jacobian(one))(x)).sum((1, 2)).mean()

        return penalty

    layers = layers_of(params)
    weights = {
        f"{letter}{i}": np.asarray(value)
        for i, layer in enumerate(layers)
        for letter, value in (("w", layer.kernel), ("b", layer.bias))
    }
    data = save(context.folder / f"jacobian-{code}.npz", x=x, **weights)
    given = {"data": data, "activation": code, "steps": SLOW_CALLS}
    contestants: list[Contestant] = [
        Penalty("aejax auto", auto, params, x, CALLS),
        Penalty("jax.jacfwd", by_hand(jax.jacfwd), params, x, SLOW_CALLS),
        Penalty("jax.jacrev", by_hand(jax.jacrev), params, x, SLOW_CALLS),
        *context.peer("torch.func.jacfwd", "jacobian.py", mode="jacfwd", **given),
        *context.peer("torch.func.jacrev", "jacobian.py", mode="jacrev", **given),
    ]
    calls = [CALLS] + [SLOW_CALLS] * (len(contestants) - 1)
    *lanes, ceiling = race([*contestants, machine.Ceiling()], 1, context.rounds)
    lanes = per_call(lanes, calls)
    case = f"encoder penalty {FEATURES}-{HIDDEN}-{LATENT}, {code} code, batch {BATCH}"
    shares = shares_of_ceiling("jacobian", case, lanes[0], ceiling, 1)
    return [*compare("jacobian", case, "gradients/s", lanes), *shares]


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    by_hand = [*encoder(context, "sigmoid"), *encoder(context, "identity")]
    return by_hand + jacobian_choice.run(context)
