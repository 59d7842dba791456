"""What a config says of the figures, checked before anything trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from aejax import evaluate
from aejax.errors import ConfigError
from aejax.results import pareto
from aejax.sweep.spec import Group


def metric_names(group: Group) -> list[str]:
    """Returns the names, without their split, of the metrics that a group's rows will have.

    By tracing alone.
    """
    model, member = group.model, group.members[0]
    hp = {name: jnp.float32(value) for name, value in member.hp.items()}

    def measured(rows: jax.Array) -> dict[str, jax.Array]:
        key = jax.random.key(0)
        return evaluate.evaluate(model, model.init(key, rows[:1]), hp, key, rows)

    rows = jax.ShapeDtypeStruct((2, *group.spec.shape), jnp.float32)
    return list(jax.eval_shape(measured, rows))


def check_pareto(names: Any, groups: Sequence[Group]) -> None:
    """Raises ConfigError unless `config.pareto` is a pair that some rows will have.

    Args:
      names: `config.pareto`.
      groups: of the plan.
    """
    possible = [_possible(group) for group in groups]
    pair = pareto.check(names, list(dict.fromkeys(name for each in possible for name in each)))
    if not any(set(pair) <= set(each) for each in possible):
        models = {
            name: ", ".join(
                sorted({g.spec.model for g, p in zip(groups, possible, strict=True) if name in p})
            )
            for name in pair
        }
        said = "; ".join(f"{name} is of {models[name]}" for name in pair)
        raise ConfigError(
            f"config.pareto={pair!r} are in no row together ({said}). Allowed: two names that one "
            "model has."
        )


def _possible(group: Group) -> list[str]:
    numeric = lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    args = [f"args.{name}" for name, value in group.spec.args if numeric(value)]
    hp = [f"hp.{name}" for name in group.members[0].hp]
    return pareto.allowed(metric_names(group), [*args, *hp])
