"""Stacked autoencoders: layer by layer bit for bit, corrupted by nu, emphasis and its limits."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import data, models
from aejax.errors import ConfigError
from aejax.train import tree
from aejax.train.plan import Job, stage_steps
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train
from aejax.train.step import enter_stage, init_state, make_step

ARGS = {"latent": 6, "widths": (12, 10)}
RECIPE = Recipe(9, 32)


@functools.cache
def digits() -> np.ndarray:
    return data.load("digits").train[:256].astype(np.float32) / 255


def scalars(model, **hp):
    values = {**hparams_of(model, RECIPE), **hp}
    return {name: jnp.float32(value) for name, value in values.items()}


@functools.cache
def begun(name: str = "stacked_denoising", **args):
    model = models.build(name, (8, 8, 1), {**ARGS, **args})
    return model, jax.jit(lambda seed: init_state(model, seed, digits()[:2]))(jnp.int32(0))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def dense(params, which: str, i: int):
    layer = params[which][f"dense_{i}"]
    return np.asarray(layer["kernel"], np.float64), np.asarray(layer["bias"], np.float64)


@pytest.mark.parametrize(("name", "tied"), [("stacked_denoising", False), ("stacked", True)])
def test_pretraining_is_layer_wise_bit_for_bit(name, tied):
    """Each stage moves its own layer and that layer's mirror; all others stay equal bit for bit."""
    model, state = begun(name, tied=tied)
    hp = scalars(model)
    assert [stage.name for stage in model.stages] == ["layer_0", "layer_1", "layer_2", "fine_tune"]
    for i, stage in enumerate(model.stages):
        state = enter_stage(model, stage, RECIPE, 3, state, hp)
        before = tree.flatten(state.variables["params"])
        step = jax.jit(make_step(model, stage, RECIPE, 3))
        for _ in range(3):
            state, _ = step(state, hp, digits()[:32])
        after = tree.flatten(state.variables["params"])
        moved = {path for path in after if not np.array_equal(before[path], after[path])}
        own = (f"encoder/dense_{i}/", f"decoder/dense_{2 - i}/")
        expected = {p for p in after if stage.name == "fine_tune" or p.startswith(own)}
        assert moved == expected, stage.name


def test_the_shares_of_the_stages_are_as_asked():
    model, _ = begun(pretraining=0.6)
    assert stage_steps(model.stages, 100) == [20, 20, 20, 40]
    assert models.stacked(64, pretraining=0.0).stages == ()


@pytest.mark.parametrize("nu", [0.1, 0.25, 0.7])
@pytest.mark.parametrize("stage", range(4))
def test_the_corrupted_fraction_is_nu_at_every_layer(stage, nu):
    """Under full emphasis, and with a blank decoder, the loss counts the corrupted features."""
    model, state = begun()
    params = state.variables["params"]
    blank = {**params, "decoder": jax.tree.map(jnp.zeros_like, params["decoder"])}
    hp = scalars(model, corruption=nu, emphasis_corrupted=1.0, emphasis_intact=0.0)
    loss = jax.jit(model.stages[stage].loss)
    _, aux = loss({**state.variables, "params": blank}, hp, digits(), jax.random.key(3), 0)
    features = 256 * (64, 12, 10, 64)[stage]
    fraction = float(aux.terms["emphasised_nats"].sum()) / (features * np.log(2))
    assert abs(fraction - nu) < 4 * np.sqrt(nu * (1 - nu) / features)


@pytest.mark.parametrize("stage", range(4))
def test_emphasis_and_its_limits(stage):
    model, state = begun()
    loss = jax.jit(model.stages[stage].loss)

    def terms(alpha, beta, nu=0.3):
        hp = scalars(model, corruption=nu, emphasis_corrupted=alpha, emphasis_intact=beta)
        return loss(state.variables, hp, digits(), jax.random.key(3), 0)

    def emphasised(*values):
        return np.asarray(terms(*values)[1].terms["emphasised_nats"])

    scalar, aux = terms(1.0, 0.5)
    close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5)
    close(scalar, aux.terms["emphasised_nats"].mean())  # w_rec_nats is 0: it is only reported
    close(emphasised(1.0, 1.0), aux.terms["rec_nats"])  # no emphasis
    close(emphasised(1.0, 0.0) + emphasised(0.0, 1.0), aux.terms["rec_nats"])
    close(emphasised(1.0, 0.5), emphasised(1.0, 0.0) + 0.5 * emphasised(0.0, 1.0))  # double
    assert emphasised(1.0, 0.0).mean() > 0.0
    close(emphasised(1.0, 0.5, 0.0), 0.5 * terms(1.0, 0.5, 0.0)[1].terms["rec_nats"])
    close(emphasised(2.0, 0.5, 1.0), 2.0 * terms(2.0, 0.5, 1.0)[1].terms["rec_nats"])


def test_a_layer_denoises_what_clean_data_make_of_the_layers_below():
    """All of layer 1's input masked: it has nothing but biases; its target is still the clean h."""
    model, state = begun()
    params = state.variables["params"]
    hp = scalars(model, corruption=1.0)
    _, aux = jax.jit(model.stages[1].loss)(state.variables, hp, digits(), jax.random.key(0), 0)
    kernel, bias = dense(params, "encoder", 0)
    h = sigmoid(np.asarray(digits(), np.float64).reshape(256, 64) @ kernel + bias)
    (_, bias), (kernel, visible) = dense(params, "encoder", 1), dense(params, "decoder", 1)
    logits = sigmoid(bias)[None] @ kernel + visible
    expected = (np.log1p(np.exp(logits)) - h * logits).sum(1)
    np.testing.assert_allclose(aux.terms["rec_nats"], expected, rtol=1e-5)


def test_layers_other_than_sigmoid_are_scored_by_squared_error():
    model, state = begun("stacked", activation="relu", code_activation="identity")
    params = state.variables["params"]
    _, aux = jax.jit(model.stages[1].loss)(
        state.variables, scalars(model), digits(), jax.random.key(0), 0
    )
    kernel, bias = dense(params, "encoder", 0)
    h = np.maximum(np.asarray(digits(), np.float64).reshape(256, 64) @ kernel + bias, 0)
    (kernel, bias), (back, visible) = dense(params, "encoder", 1), dense(params, "decoder", 1)
    out = np.maximum(np.maximum(h @ kernel + bias, 0) @ back + visible, 0)
    expected = (0.5 * np.square(out - h) + 0.5 * np.log(2 * np.pi)).sum(1)
    np.testing.assert_allclose(aux.terms["rec_nats"], expected, rtol=1e-5)
    assert "emphasised_nats" not in aux.terms  # nothing is corrupted
    assert "emphasis_intact" not in model.hparams


def test_stages_run_as_a_population_and_each_lowers_its_own_loss():
    model = models.stacked_denoising((8, 8, 1), **ARGS)
    recipe = Recipe(240, 32)
    values = hparams_of(model, recipe) | {"lr": 5e-3}
    hp = {name: jnp.full(2, value, jnp.float32) for name, value in values.items()}
    job = Job(model, recipe, hp, jnp.asarray([0, 1], jnp.int32), 40, "vmap")
    curve = train(job, digits()).curves["emphasised_nats"]
    assert np.isfinite(curve).all()
    quarter = curve.shape[1] // 6
    for start in (0, quarter, 2 * quarter):
        stretch = curve[:, start : start + quarter]
        assert (stretch[:, -3:].mean(1) < stretch[:, :3].mean(1)).all()


def test_what_makes_no_sense_is_one_line():
    with pytest.raises(ConfigError, match=r"pretraining=1\.0 is out of range"):
        models.stacked_denoising(64, pretraining=1.0)
    with pytest.raises(ConfigError, match="corruption='maskin' is unknown"):
        models.stacked_denoising(64, corruption="maskin")
