"""Gated: the penalty falls on the gates, so that magnitudes do not shrink as under L1."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import aejax
from aejax import data
from aejax.train.recipe import Recipe, hparams_of
from tests.models.planted import HOW, scores
from tests.models.training import trained

KEY = jax.random.key(0)


def started():
    model = aejax.models.gated(12, latent=20)
    x = jax.random.normal(KEY, (7, 12))
    variables = jax.jit(model.init)(KEY, x)
    rng = np.random.default_rng(0)
    own = {n: 0.3 * rng.normal(size=20) for n in variables["params"]["latent"]}
    variables["params"]["latent"] = {n: jnp.asarray(v, jnp.float32) for n, v in own.items()}
    bias = rng.normal(size=12)
    variables["params"]["decoder"]["dense_0"]["bias"] = jnp.asarray(bias, jnp.float32)
    return model, variables, x, own, bias


def test_code_and_loss_are_the_papers():
    """The three sums written out in double precision."""
    model, variables, x, own, bias = started()
    x64 = np.asarray(x, np.float64)
    projected = (x64 - bias) @ np.asarray(variables["params"]["encoder"]["dense_0"]["kernel"])
    gate = projected + own["gate_bias"]
    magnitude = np.maximum(np.exp(own["log_scale"]) * projected + own["magnitude_bias"], 0)
    z = (gate > 0) * magnitude
    np.testing.assert_allclose(model.encode(variables, x).z, z, atol=1e-5)
    (layer,) = model.info.nets.decoder_layers(variables["params"])
    directions = np.asarray(layer.kernel, np.float64)
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, Recipe(1, 1)).items()}
    scalar, aux = model.loss(variables, hp, x, KEY, jnp.int32(0))
    opened = np.maximum(gate, 0)
    constant = 6 * np.log(2 * np.pi)
    rec = 0.5 * np.square(x64 - z @ directions - bias).sum(1) + constant
    gate_rec = 0.5 * np.square(x64 - opened @ directions - bias).sum(1) + constant
    for name, expected in [
        ("rec_nats", rec),
        ("gate_rec_nats", gate_rec),
        ("gate_l1", opened.sum(1)),
    ]:
        np.testing.assert_allclose(aux.terms[name], expected, rtol=1e-5)
    weight = float(hp["w_gate_l1"])
    np.testing.assert_allclose(scalar, (rec + gate_rec + weight * opened.sum(1)).mean(), rtol=1e-5)


def test_the_frozen_copy_keeps_the_gates_loss_off_the_decoder():
    model, variables, x, _, _ = started()
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, Recipe(1, 1)).items()}

    def term(params):
        _, aux = model.loss({**variables, "params": params}, hp, x, KEY, jnp.int32(0))
        return aux.terms["gate_rec_nats"].sum()

    gradient = jax.jit(jax.grad(term))(variables["params"])
    assert (np.asarray(gradient["decoder"]["dense_0"]["kernel"]) == 0).all()
    assert np.any(np.asarray(gradient["encoder"]["dense_0"]["kernel"]) != 0)
    assert np.any(np.asarray(gradient["latent"]["gate_bias"]) != 0)
    assert (np.asarray(gradient["latent"]["magnitude_bias"]) == 0).all()


def test_recovers_the_dictionary_where_l1_shrinks():
    rows = data.load("planted_features").train
    model, control = (
        aejax.models.gated(64, latent=192),
        aejax.models.dictionary_l1(64, latent=192),
    )
    ((ours,),) = trained(model, rows, [{"w_gate_l1": 0.4, "lr": 1e-2}], **HOW)
    ((theirs,),) = trained(control, rows, [{"w_l1": 0.4, "lr": 1e-2}], **HOW)
    gated, l1 = scores(model, ours), scores(control, theirs)
    print("gated:", gated, "l1:", l1)
    assert gated["cosine"] > 0.9
    assert gated["norm_ratio"] > 0.95 > l1["norm_ratio"]
    assert abs(gated["scale"] - 1) < 0.02
    assert l1["scale"] < 0.8
