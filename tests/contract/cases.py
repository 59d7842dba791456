"""What the contract suite runs: every name of MODELS, with its row of configs/zoo.py.

And a sample of the models with other networks and a condition, as "vae conv told": 10 classes, the
labels of the digits.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any, NamedTuple

import jax.numpy as jnp

from aejax import data, models
from aejax.nets import NETS
from aejax.sweep.plan import data_of
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.types import Autoencoder
from configs.zoo import ROWS, Setup

CLASSES = 10
TOLD = models.taking("condition")
# Every fourth model that takes `net`, under the nets in turn, and `vae` under all of them;
# tests/models/test_nets.py takes a step of each.
SAMPLED = [
    *(f"vae {net} told" for net in NETS),
    *(
        f"{name} {net} told" if name in TOLD else f"{name} {net}"
        for name, net in zip(models.taking("net")[::4], itertools.cycle(NETS), strict=False)
        if name in TOLD or net != "dense"
    ),
]
NAMES = sorted([*models.MODELS, *SAMPLED])
BATCH = 16
ROWS_OF_DATA = 96


class Case(NamedTuple):
    """A model, a little data, and its hyper-parameters."""

    model: Autoencoder
    train: Any
    test: Any
    hp: dict[str, float]


@functools.cache
def dataset(name: str) -> data.Dataset:
    return data.load(name, train_size=ROWS_OF_DATA, test_size=50)


@functools.cache
def case(name: str) -> Case:
    name, *rest = name.split()
    row = ROWS.get(name, Setup())
    found = dataset(row.dataset)
    args = {**row.args, **({"net": rest[0]} if rest else {})}
    if "told" in rest:
        args["condition"] = CLASSES
    model = models.build(name, tuple(found.train.shape[1:]), args)
    splits = [data_of(found, split, model) for split in ("train", "test")]
    return Case(model, *splits, resolve_hparams(model, recipe(1), row.hp))


def recipe(steps: int, **fields: Any) -> Recipe:
    return Recipe(steps, BATCH, **fields)


def job(case: Case, steps: int, seeds: list[int], every: int, **fields: Any) -> Job:
    values = {n: jnp.full((len(seeds),), v, jnp.float32) for n, v in case.hp.items()}
    return Job(case.model, recipe(steps), values, jnp.asarray(seeds, jnp.int32), every, **fields)
