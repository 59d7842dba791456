"""What the contestants are given: the same images, the same initial weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.likelihoods.pixels import LOG_2PI
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.step import init_state
from aejax.types import Array, Autoencoder, PyTree


def images(n: int, shape: tuple[int, ...], seed: int = 0, factors: int = 16) -> np.ndarray:
    """Returns uint8 images [n, *shape] that have something to learn: `factors` smooth causes.

    Made and not loaded: a benchmark needs no download.
    """
    draw = np.random.default_rng(seed)
    size = int(np.prod(shape))
    causes = draw.normal(size=(n, factors)) @ draw.normal(size=(factors, size))
    return np.uint8(255 / (1 + np.exp(-causes))).reshape(n, *shape)


def make_job(
    model: Autoencoder,
    *,
    steps: int,
    rounds: int,
    batch: int = 128,
    members: int = 1,
    executor: str = "auto",
    lr: float = 1e-3,
) -> Job:
    """Returns a population that trains `steps` steps in each of 1 + `rounds` chunks."""
    recipe = Recipe(steps * (rounds + 1), batch)
    hp = {**hparams_of(model, recipe), "lr": lr}
    return Job(
        model=model,
        recipe=recipe,
        hp={name: jnp.full((members,), value, jnp.float32) for name, value in hp.items()},
        seeds=jnp.arange(members, dtype=jnp.int32),
        every=steps,
        executor=executor,
    )


def initial(model: Autoencoder, members: int, batch: int = 1) -> PyTree:
    """Returns the parameters that seeds 0, 1, ... draw, stacked [P, ...]."""
    x = jnp.zeros((batch, *model.info.shape))
    draw = lambda seed: init_state(model, seed, x).variables["params"]
    return jax.vmap(draw)(jnp.arange(members, dtype=jnp.int32))


def dense_weights(model: Autoencoder, params: PyTree) -> dict[str, np.ndarray]:
    """Returns w0, b0, w1, ... of an MLP autoencoder, from the input to the output."""
    nets = model.info.nets
    assert nets.encoder_layers
    assert nets.decoder_layers
    layers = (*nets.encoder_layers(params), *nets.decoder_layers(params))
    return {
        f"{letter}{i}": np.asarray(value)
        for i, layer in enumerate(layers)
        for letter, value in (("w", layer.kernel), ("b", layer.bias))
    }


def as_inputs(table: np.ndarray) -> np.ndarray:
    """Returns float32 in [0, 1], as the peers keep their data."""
    return table.astype(np.float32) / np.float32(255)


def squared_error(nll: np.ndarray, features: int) -> np.ndarray:
    """Returns ||x - mean||^2 of -log N(x; mean, I) in nats, which is ours where a peer has that."""
    return 2 * nll - features * LOG_2PI


def save(path: Path, **arrays: np.ndarray | Array) -> str:
    """Writes arrays for a peer; returns the path as text."""
    held: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
    np.savez(path, **held)
    return str(path)
