"""The evaluation of a member of a population, as training and sweeps run it."""

from __future__ import annotations

from collections.abc import Callable

from aejax import keys
from aejax.evaluate.metrics import evaluate
from aejax.types import Array, Autoencoder, PyTree


def evaluator(model: Autoencoder) -> Callable[[PyTree, Array], dict[str, Array]]:
    """Returns a member's function: ({"state", "hp"}, table) -> {metric: scalar}."""

    def run(m: PyTree, table: Array) -> dict[str, Array]:
        state = m["state"]
        key = keys.stream(state.key, "evaluate")
        return evaluate(model, state.variables, m["hp"], key, table)

    return run
