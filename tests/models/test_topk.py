"""TopK and BatchTopK: exactly k, revived units, and a dictionary found where L1 shrinks."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError
from aejax.train.recipe import Recipe, hparams_of
from tests.models.planted import HOW, planted, scores
from tests.models.training import trained

KEY = jax.random.key(0)


def scalars(model, **given):
    return {n: jnp.float32(v) for n, v in (hparams_of(model, Recipe(1, 1)) | given).items()}


def half_silenced(model):
    """Half of the units begin with pre-activations so small that none is ever among the k."""

    def init(key, x):
        variables = model.init(key, x)
        encoder = variables["params"]["encoder"]["dense_0"]
        kernel = encoder["kernel"]
        silent = (jnp.arange(kernel.shape[1]) < kernel.shape[1] / 2)[None, :]
        encoder["kernel"] = jnp.where(silent, 0.02 * kernel, kernel)
        return variables

    return model.replace(init=init)


@functools.cache
def recovered() -> dict[str, dict[str, float]]:
    topk = half_silenced(aejax.models.topk(64, latent=128, k=5))
    common = {"lr": 1e-2, "dead_after": 5000.0}
    with_aux, without = trained(topk, planted().train, [common, common | {"w_auxk_nats": 0}], **HOW)
    l1 = aejax.models.dictionary_l1(64, latent=128)
    ((shrunk,),) = trained(l1, planted().train, [{"w_l1": 0.2, "lr": 1e-2}], **HOW)
    batch = aejax.models.batch_topk(64, latent=128, k=3)
    ((batched,),) = trained(batch, planted().train, [common], **HOW)
    found = {
        "topk": scores(topk, with_aux[0]),
        "topk without aux": scores(topk, without[0]),
        "l1": scores(l1, shrunk),
        "batch_topk": scores(batch, batched),
    }
    for name, row in found.items():
        print(f"{name:18s}" + "".join(f"{k} {v:.3f}  " for k, v in row.items()))
    return found


def test_topk_with_auxiliary_loss_recovers_the_planted_dictionary():
    assert recovered()["topk"]["cosine"] > 0.9


def test_without_the_auxiliary_loss_the_silent_units_stay_silent():
    assert recovered()["topk without aux"]["cosine"] < 0.87


def test_l1_shrinks_where_topk_does_not():
    l1, topk, batch = (recovered()[name] for name in ("l1", "topk", "batch_topk"))
    assert l1["cosine"] > 0.9  # it does find the directions
    assert l1["norm_ratio"] < 0.95
    assert l1["scale"] < 0.9
    for row in (topk, batch):
        assert row["norm_ratio"] > 0.95
        assert abs(row["scale"] - 1) < 0.02


def test_batch_topk_recovers_and_its_threshold_keeps_k_on_average():
    row = recovered()["batch_topk"]
    assert row["cosine"] > 0.9
    assert abs(row["active"] - 3) < 0.3  # 2,000 unseen examples, one at a time


@pytest.mark.parametrize("k", [1, 7, 32])
def test_exactly_k_active(k):
    model = aejax.models.topk(64, latent=256, k=k)
    x = jax.random.normal(KEY, (50, 64))
    variables = jax.jit(model.init)(KEY, x)
    # About half of 256 pre-activations are positive, so that the k largest are.
    for key in (None, KEY):
        latent = model.encode(variables, x, key)
        assert (np.count_nonzero(latent.z, axis=1) == k).all()
        assert (np.asarray(latent.aux.active).sum(1) == k).all()
    tied = model.encode(variables, jnp.zeros((3, 64)))
    assert (np.asarray(tied.aux.active).sum(1) == k).all()


def test_batch_topk_keeps_k_times_batch_and_examples_differ():
    model = aejax.models.batch_topk(64, latent=256, k=5)
    x = jax.random.normal(KEY, (50, 64)) * jnp.linspace(0.2, 2, 50)[:, None]
    latent = model.encode(model.init(KEY, x), x, KEY)
    counts = np.count_nonzero(latent.z, axis=1)
    assert counts.sum() == 5 * 50
    assert counts[:10].sum() < 50 < counts[-10:].sum()
    # Every unit that was kept is larger than every unit that was not.
    rectified = np.maximum(np.asarray(latent.aux.pre), 0)
    kept = np.asarray(latent.z) > 0
    assert rectified[kept].min() > rectified[~kept].max()


def test_decoder_directions_have_length_one_after_training():
    model = aejax.models.topk(64, latent=96, k=4)
    ((variables,),) = trained(model, planted().train, [{"lr": 0.1}], steps=20)
    (layer,) = model.info.nets.decoder_layers(variables["params"])
    np.testing.assert_allclose(np.linalg.norm(layer.kernel, axis=1), 1.0, rtol=1e-5)
    x = jnp.asarray(planted().test[:9])
    (chain,) = model.info.nets.encoder_layers(variables["params"])
    pre = model.encode(variables, x).aux.pre
    np.testing.assert_allclose(x @ chain.kernel + chain.bias[None, :], pre, atol=1e-4)


def test_idle_counts_examples_since_a_unit_was_last_active():
    model = aejax.models.topk(64, latent=16, k=2)
    batches = jax.random.normal(KEY, (6, 10, 64))
    variables = model.init(KEY, batches[0])
    hp, loss, idle = scalars(model), jax.jit(model.loss), np.zeros(16)
    for i, x in enumerate(batches):
        fired = np.any(np.asarray(model.encode(variables, x, KEY).z) > 0, axis=0)
        idle = np.where(fired, 0, idle + 10)
        _, aux = loss(variables, hp, x, KEY, jnp.int32(i))
        variables = {**variables, "extra": aux.extra}
        np.testing.assert_array_equal(aux.extra["idle"], idle)
    assert idle.max() > 0


def test_the_auxiliary_term_reconstructs_the_residual_from_dead_units():
    """Brute force: by example, a sort over the dead, in double precision."""
    model = aejax.models.topk(12, latent=20, k=3)
    x = jax.random.normal(KEY, (7, 12))
    variables = jax.jit(model.init)(KEY, x)
    dead = np.arange(20) % 3 == 0
    variables["extra"]["idle"] = jnp.asarray(np.where(dead, 500.0, 499.0), jnp.float32)
    variables["params"]["decoder"]["dense_0"]["bias"] = jnp.linspace(-1, 1, 12)
    hp = scalars(model, dead_after=500.0, k_aux=2.0)
    _, aux = jax.jit(model.loss)(variables, hp, x, KEY, jnp.int32(0))
    latent = model.encode(variables, x)
    directions = np.asarray(model.info.nets.decoder_layers(variables["params"])[0].kernel)
    residual = np.asarray(x) - np.asarray(model.decode(variables, latent.z))
    for i, pre in enumerate(np.asarray(latent.aux.pre)):
        best = sorted(np.flatnonzero(dead), key=lambda j: -pre[j])[:2]
        guess = sum(max(pre[j], 0) * directions[j] for j in best)
        expected = 0.5 * np.square(residual[i] - guess).sum()
        np.testing.assert_allclose(aux.terms["auxk_nats"][i], expected, rtol=1e-5)
    alive = scalars(model, dead_after=501.0)
    assert (
        jax.jit(model.loss)(variables, alive, x, KEY, jnp.int32(0))[1].terms["auxk_nats"] == 0
    ).all()


def test_the_auxiliary_term_moves_dead_units_and_nothing_else():
    model = aejax.models.topk(12, latent=20, k=3)
    x = jax.random.normal(KEY, (32, 12))
    variables = jax.jit(model.init)(KEY, x)
    dead = np.arange(20) < 6
    variables["extra"]["idle"] = jnp.asarray(np.where(dead, 500.0, 0.0), jnp.float32)
    hp = scalars(model, dead_after=500.0, k_aux=6.0)

    def auxiliary(params):
        variables_ = {**variables, "params": params}
        return model.loss(variables_, hp, x, KEY, jnp.int32(0))[1].terms["auxk_nats"].sum()

    gradient = jax.jit(jax.grad(auxiliary))(variables["params"])
    by_unit = np.abs(gradient["decoder"]["dense_0"]["kernel"]).sum(1)
    assert (by_unit[dead] > 0).all()
    assert (by_unit[~dead] == 0).all()
    assert (np.abs(gradient["encoder"]["dense_0"]["kernel"]).sum(0)[~dead] == 0).all()


@pytest.mark.parametrize("name", ["topk", "batch_topk"])
def test_k_over_the_code_is_refused(name):
    with pytest.raises(ConfigError, match=r"k=9 is out of range\. Allowed: 1 to 8"):
        aejax.models.build(name, 64, {"latent": 8, "k": 9})
    model = aejax.models.build(name, 64, {"latent": 8, "k": 3})
    with pytest.raises(ConfigError, match=r"k=9\.0 is out of range\. Allowed: 1 to 8"):
        aejax.fit(model, planted().train, steps=1, hp={"k": 9.0})
