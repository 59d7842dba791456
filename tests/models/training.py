"""Trains one model under several hyper-parameters and seeds, side by side in one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import jax.numpy as jnp
import numpy as np

from aejax.train import population
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.run import train
from aejax.types import Autoencoder, Variables


def trained(
    model: Autoencoder,
    table: np.ndarray,
    points: Sequence[Mapping[str, float]],
    *,
    steps: int,
    batch_size: int = 128,
    seeds: Sequence[int] = (0,),
    optimizer: str = "adam",
    schedule: str = "constant",
) -> list[list[Variables]]:
    """Returns the variables of each point (rows) and seed (columns)."""
    recipe = Recipe(steps, batch_size, optimizer, schedule)
    members = list(product(points, seeds))
    values = [resolve_hparams(model, recipe, point) for point, _ in members]
    hp = {name: jnp.asarray([v[name] for v in values], jnp.float32) for name in values[0]}
    job = Job(model, recipe, hp, jnp.asarray([s for _, s in members], jnp.int32), steps, "vmap")
    done = train(job, table)
    assert (np.asarray(done.state.health.step) == -1).all()
    flat = [population.member(done.state.variables, i) for i in range(len(members))]
    return [flat[i : i + len(seeds)] for i in range(0, len(flat), len(seeds))]
