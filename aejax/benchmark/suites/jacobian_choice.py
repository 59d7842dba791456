"""Whether `auto` is the fastest exact method: against each of the others, shape by shape.

The cost model behind `auto` counts; here the same shapes are timed. Encoders and decoders, the
Jacobian's norm and how far it moves (CAE+H), value and gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.suites.penalty import Penalty, per_call
from aejax.losses.jacobian.cost import EXACT
from aejax.losses.jacobian.higher import HIGHER_ORDER, cheapest_change, higher_order
from aejax.losses.jacobian.norm import cheapest, squared_frobenius
from aejax.nets.dense import mlp

BATCH, SIGMA = 64, 0.1


class Shape(NamedTuple):
    """A chain of layers, sigmoid but for its output; rounds last for some tenths of a second."""

    what: str
    widths: tuple[int, ...]
    output: str
    calls: dict[str, int]  # a round, by method; others 20


SHAPES = (
    Shape("encoder", (784, 256, 32), "sigmoid", {"jacfwd": 1, "jacrev": 4}),
    Shape("deep encoder", (784, 256, 128, 32), "sigmoid", {"jacfwd": 1, "jacrev": 4}),
    Shape("decoder", (32, 256, 784), "sigmoid", {"jacfwd": 4, "jacrev": 1, "gram": 4}),
    Shape("decoder", (32, 256, 784), "identity", {"jacfwd": 4, "jacrev": 1}),
    Shape("decoder", (2, 128, 784), "sigmoid", {"jacrev": 1}),
)
HIGHER = SHAPES[0], SHAPES[2]
CALLS = 20


def norms(context: Bench, shape: Shape) -> list[Case]:
    """The squared norm of the Jacobian."""
    return _contest(context, shape, "norm", EXACT, squared_frobenius, cheapest)


def moves(context: Bench, shape: Shape) -> list[Case]:
    """How far the Jacobian moves with the input."""

    def penalty(f: Any, x: Any, **how: Any) -> Any:
        return higher_order(f, x, key=jax.random.key(2), sigma=SIGMA, **how)

    return _contest(context, shape, "change", tuple(HIGHER_ORDER), penalty, cheapest_change)


def _contest(
    context: Bench,
    shape: Shape,
    penalty: str,
    methods: tuple[str, ...],
    of: Callable[..., Any],
    choice: Callable[..., str],
) -> list[Case]:
    size, *hidden, last = shape.widths
    net = mlp(tuple(hidden), (last,), activation="sigmoid", last_activation=shape.output)
    x = jnp.asarray(np.random.default_rng(0).random((BATCH, size)), jnp.float32)
    params, layers_of = net.init(jax.random.key(0), x), net.layers
    assert layers_of
    chosen = choice(lambda x: net.apply(params, x), x, layers_of(params))

    def mean_of(method: str) -> Callable[[Any, Any], Any]:
        def mean(params: Any, x: Any) -> Any:
            f = lambda x: net.apply(params, x)
            return of(f, x, method=method, layers=layers_of(params)).mean()

        return mean

    # The closed form is that of a single layer, and these are deeper.
    others = [name for name in methods if name not in (chosen, "closed_form")]
    calls = [shape.calls.get(name, CALLS) for name in (chosen, *others)]
    contestants: list[Contestant] = [
        Penalty(name, mean_of(name), params, x, count)
        for name, count in zip(("auto", *others), calls, strict=True)
    ]
    *lanes, ceiling = race([*contestants, machine.Ceiling()], 1, context.rounds)
    lanes = per_call(lanes, calls)
    chain = "-".join(map(str, shape.widths))
    case = f"Jacobian's {penalty}, {shape.what} {chain}, {shape.output} output, batch {BATCH}"
    cases = compare("jacobian", case, "gradients/s", lanes, {"auto": chosen})
    return [*cases, *shares_of_ceiling("jacobian", case, lanes[0], ceiling, 1)]


def run(context: Bench) -> list[Case]:
    """Runs the contests."""
    cases = [case for shape in SHAPES for case in norms(context, shape)]
    return cases + [case for shape in HIGHER for case in moves(context, shape)]
