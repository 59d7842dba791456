"""Which members' variables a sweep keeps: all while they are small, else each variant's best."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import lookup
from aejax.sweep.plan import SweepPlan
from aejax.sweep.spec import Group

LIMIT_BYTES = 2e9  # of a whole sweep, under `auto`
KEEP = {
    "auto": "all while they take under 2 GB, else best",
    "all": "every member's",
    "best": "of each variant the member with the best validation error",
    "none": "nobody's",
}


def variables_bytes(group: Group) -> int:
    """Returns the bytes of the variables of a group's members, by tracing alone."""
    x = jnp.zeros((1, *group.spec.shape))
    one = jax.eval_shape(lambda: group.model.init(jax.random.key(0), x))
    return sum(v.size * v.dtype.itemsize for v in jax.tree.leaves(one)) * len(group.members)


def total_bytes(plan: SweepPlan) -> int:
    """Returns the bytes of all members' variables."""
    return sum(variables_bytes(group) for group in plan.groups)


def policy(plan: SweepPlan) -> str:
    """Returns all, best or none: what `config.keep_variables` comes to.

    Raises:
      ConfigError: it is no key of KEEP.
    """
    wanted = plan.config.keep_variables
    lookup("config.keep_variables", wanted, KEEP)
    if wanted != "auto":
        return wanted
    return "all" if total_bytes(plan) < LIMIT_BYTES else "best"


def kept_members(how: str, group: Group, error: np.ndarray | None) -> list[int]:
    """Returns the places of the members of a group whose variables are kept.

    Args:
      how: from `policy`.
      group: the group.
      error: [P], the validation error; None where there are no validation rows: the first seed
        then stands for its variant, since nothing may be chosen by the test rows.
    """
    everyone = range(len(group.members))
    if how == "all":
        return list(everyone)
    if how == "none":
        return []
    variants: dict[tuple, list[int]] = {}
    for i in everyone:
        variants.setdefault(tuple(group.members[i].hp.items()), []).append(i)
    score = np.zeros(len(group.members)) if error is None else np.nan_to_num(error, nan=np.inf)
    return sorted(min(places, key=lambda i: (score[i], i)) for places in variants.values())


def kept_in_words(plan: SweepPlan) -> str:
    """Returns what a dry run says of it."""
    size = total_bytes(plan) / 1e6
    return f"variables of all members: {size:,.1f} MB; kept: {policy(plan)}"
