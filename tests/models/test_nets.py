"""Models with other networks and a condition: each takes a step, and classes are told apart."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import models
from aejax.conditions import Conditioned
from aejax.train import tree
from aejax.train.recipe import Recipe, resolve_hparams
from configs.zoo import ROWS, Setup

PAIRS = [
    (name, net, told)
    for name in models.taking("net")
    for net, told in (("conv", 0), ("resnet", 10), ("dense", 10))
    if not told or name in models.taking("condition")
]


@pytest.mark.parametrize(("name", "net", "told"), PAIRS, ids=lambda value: str(value))
def test_every_model_takes_a_step_with_every_net(name, net, told):
    row = ROWS.get(name, Setup())
    args = {**row.args, "net": net, **({"condition": told} if told else {})}
    model = models.build(name, (8, 8, 1), args)
    hp = resolve_hparams(model, Recipe(1, 6), row.hp, {"num_data": 6})
    x = jax.random.uniform(jax.random.key(1), (6, 8, 8, 1))
    x = Conditioned(x, jnp.arange(6)) if told else x

    @jax.jit
    def step(key, x):
        variables = model.init(key, x)

        def loss(params):
            return model.loss({**variables, "params": params}, hp, x, key, jnp.int32(9))[0]

        return jax.value_and_grad(loss)(variables["params"])

    value, gradient = step(jax.random.key(0), x)
    assert np.isfinite(value)
    found = tree.flatten(gradient)
    assert all(np.isfinite(leaf).all() for leaf in found.values())
    moved = {path for path, leaf in found.items() if np.any(np.asarray(leaf) != 0)}
    assert {path for path in found if path.startswith("encoder")} <= moved


RNG = np.random.default_rng(0)
MEANS = 2 * RNG.normal(size=(4, 5)).astype(np.float32)
MAP = RNG.normal(size=(2, 5)).astype(np.float32)


@pytest.mark.parametrize("kind", ["labels", "vectors"])
def test_samples_by_condition_have_the_conditions_mean(kind):
    """x = m_y + noise, or v A + noise: the means that NumPy finds, for conditions held apart."""
    labels = np.arange(400) % 4
    told = labels if kind == "labels" else RNG.normal(size=(400, 2)).astype(np.float32)
    centre = MEANS[labels] if kind == "labels" else told @ MAP
    x = (centre + 0.2 * RNG.normal(size=centre.shape)).astype(np.float32)
    model = models.vae(
        5, latent=2, widths=(), likelihood="gaussian", condition=4 if kind == "labels" else (2,)
    )
    fitted = aejax.fit(model, x, condition=told, steps=1500, batch_size=100, hp={"lr": 0.02})
    if kind == "labels":
        asked = np.repeat(np.arange(4), 50)
        right = np.stack([x[labels == k].mean(0) for k in range(4)])[asked]
    else:
        asked = RNG.normal(size=(200, 2)).astype(np.float32)
        right = asked @ np.linalg.lstsq(told, x, rcond=None)[0]
    drawn = aejax.sample(fitted, 200, condition=asked)
    # Noise of variance .04 is under the unit of the likelihood: the code has nothing to tell, and
    # each sample is the condition's mean.
    np.testing.assert_allclose(drawn, right, atol=0.15)
    assert aejax.score(fitted, x, condition=told)["kl_nats"].mean() < 0.05
