"""A few members of one model, trained side by side as one program: what property tests compare."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.run import Trained, train
from aejax.types import Autoencoder


def train_members(
    model: Autoencoder,
    table: np.ndarray,
    *,
    steps: int,
    batch_size: int = 64,
    lr: float = 1e-3,
    **hp: list[float],
) -> Trained:
    """Trains as many members, of one seed, as the lists in `hp` are long."""
    members = len(next(iter(hp.values())))
    recipe = Recipe(steps, batch_size)
    facts = {"num_data": len(table)}
    defaults = resolve_hparams(model, recipe, {"lr": lr}, facts)
    values = {name: hp.get(name, [value] * members) for name, value in defaults.items()}
    assert set(hp) <= set(values)
    job = Job(
        model=model,
        recipe=recipe,
        hp={name: jnp.asarray(value, jnp.float32) for name, value in values.items()},
        seeds=jnp.zeros(members, jnp.int32),
        every=steps,
        executor="vmap",
    )
    return train(job, table.reshape(len(table), *model.info.shape))
