"""What the contract suite runs: every name of MODELS, with its row of configs/zoo.py."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from aejax import data, models
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.types import Autoencoder
from configs.zoo import ROWS, Setup

NAMES = sorted(models.MODELS)
BATCH = 16
ROWS_OF_DATA = 96


class Case(NamedTuple):
    """A model, a little data, and its hyper-parameters."""

    model: Autoencoder
    train: np.ndarray
    test: np.ndarray
    hp: dict[str, float]


@functools.cache
def dataset(name: str) -> data.Dataset:
    return data.load(name, train_size=ROWS_OF_DATA, test_size=50)


@functools.cache
def case(name: str) -> Case:
    row = ROWS.get(name, Setup())
    found = dataset(row.dataset)
    model = models.build(name, tuple(found.train.shape[1:]), row.args)
    return Case(model, found.train, found.test, resolve_hparams(model, recipe(1), row.hp))


def recipe(steps: int, **fields: Any) -> Recipe:
    return Recipe(steps, BATCH, **fields)


def job(case: Case, steps: int, seeds: list[int], every: int, **fields: Any) -> Job:
    values = {n: jnp.full((len(seeds),), v, jnp.float32) for n, v in case.hp.items()}
    return Job(case.model, recipe(steps), values, jnp.asarray(seeds, jnp.int32), every, **fields)
