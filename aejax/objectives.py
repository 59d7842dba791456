"""Objectives: how the terms become the one scalar that is differentiated.

An objective is `fn(run, terms, hp, key) -> (scalar, values, forward)`: `run(key) -> Forward` makes
one pass through the model with fresh noise, `terms` maps names to Terms, `values` are their
unweighted [B] arrays. Importance weighting, capacities and Lagrangians are other functions of the
same form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp

from aejax.types import Array, Forward, Hparams, Term

Run = Callable[[Array], Forward]
Objective = Callable[
    [Run, Mapping[str, Term], Hparams, Array], tuple[Array, dict[str, Array], Forward]
]


def additive(
    run: Run, terms: Mapping[str, Term], hp: Hparams, key: Array
) -> tuple[Array, dict[str, Array], Forward]:
    """The batch mean of sum_t w_t * term_t, with w_t = hp["w_<term>"]."""
    forward = run(key)
    values = {name: term(forward, hp) for name, term in terms.items()}
    per_example = sum(hp[f"w_{name}"] * value for name, value in values.items())
    return jnp.mean(per_example), values, forward
