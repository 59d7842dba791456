"""The table of metrics on codes that claims select by name: too dear for every row of a sweep."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from aejax.data.batches import rows_over
from aejax.errors import ConfigError, check_names, lookup
from aejax.evaluate.neighbourhoods import continuity, trustworthiness
from aejax.evaluate.probes import (
    Coded,
    ErrorRate,
    linear_probe,
    nearest_neighbours,
    support_vectors,
)
from aejax.evaluate.retrieval import retrieve
from aejax.train.compile import compile, in_float32
from aejax.types import Array, Autoencoder, Variables

CodeMetric = Callable[[Coded], dict[str, float]]  # -> name, with its unit -> number


def _error(name: str, probe: Callable[[Coded], ErrorRate]) -> CodeMetric:
    def metric(coded: Coded) -> dict[str, float]:
        found = probe(coded)
        return {f"{name}_error": found.error, f"{name}_half_width": found.half_width}

    return metric


def _retrieval(coded: Coded) -> dict[str, float]:
    """Among the test codes, by cosine; standard errors over queries."""
    found = retrieve(coded.test, coded.test_labels, at=(1, 10))
    average = found.average_precision
    return {
        "mean_average_precision": float(average.mean()),
        # Of one query there is no spread.
        "mean_average_precision_error": float(average.std() / np.sqrt(len(average)))
        if len(average) > 1
        else math.nan,
        **{
            f"precision_at_{n}": float(found.precision[:, i].mean()) for i, n in enumerate(found.at)
        },
    }


def _neighbours(coded: Coded) -> dict[str, float]:
    if coded.test_examples is None:
        raise ConfigError(
            "test_examples=None: neighbourhoods are compared between examples and codes. "
            "Allowed: an array, one row a test code."
        )
    x = np.asarray(coded.test_examples)
    return {
        "trustworthiness": trustworthiness(x, coded.test),
        "continuity": continuity(x, coded.test),
    }


CODE_METRICS: dict[str, CodeMetric] = {
    "linear_probe": _error("linear_probe", linear_probe),
    "nearest_neighbours": _error("nearest_neighbours", nearest_neighbours),
    "support_vectors": _error("support_vectors", support_vectors),
    "retrieval": _retrieval,
    "neighbourhoods": _neighbours,
}


def code_metrics(names: Sequence[str], coded: Coded) -> dict[str, float]:
    """Returns the numbers of the named metrics, at their defaults, of one member's codes.

    Raises:
      ConfigError: a name that CODE_METRICS has not; what the metrics themselves refuse.
    """
    check_names("code metric", names, CODE_METRICS)
    found: dict[str, float] = {}
    for name in names:
        found |= lookup("code metric", name, CODE_METRICS)(coded)
    return found


@in_float32
def code_table(
    model: Autoencoder, variables: Variables, table: np.ndarray | Array, batch_size: int = 500
) -> np.ndarray:
    """Returns the deterministic codes of all rows of a table, [N, L], in one compiled program.

    Args:
      model: the autoencoder.
      variables: of one member; a population is vmapped, `rows_over` inside.
      table: [N, *shape], uint8 or float; `Conditioned` where the model takes a condition.
      batch_size: rows at a time.
    """

    def encode(variables: Variables, table: Array) -> Array:
        mean = lambda x, key: model.encode(variables, x).mean
        return rows_over(mean, table, jax.random.key(0), batch_size)

    table = jax.tree.map(jnp.asarray, table)
    return np.asarray(compile(encode, variables, table).call(variables, table))
