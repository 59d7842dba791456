"""`aejax.fit` on arrays of the user's own: what it takes, what it refuses, what it reaches."""

from __future__ import annotations

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.train.compile import compile_count

RNG = np.random.RandomState(0)
IMAGES = (RNG.rand(80, 6, 5, 1) * 255).astype(np.uint8)
FLOATS = RNG.rand(80, 30).astype(np.float32)
IMAGE_VAE = aejax.models.vae((6, 5, 1), latent=2, widths=(8,))  # one object: compiled once


@pytest.mark.parametrize(
    "x",
    [
        IMAGES,
        IMAGES[..., 0],
        IMAGES.reshape(80, 30),
        FLOATS,
        jnp.asarray(FLOATS),
        FLOATS.astype(np.float64),
        FLOATS.reshape(80, 6, 5, 1),
    ],
    ids=["uint8 NHWC", "uint8 NHW", "uint8 ND", "float ND", "jax", "float64", "float NHWC"],
)
def test_any_layout_of_the_same_size_fits(x):
    fit = aejax.fit(IMAGE_VAE, x, steps=3, batch_size=16)
    assert fit.diverged is None
    assert IMAGE_VAE.encode(fit.variables, jnp.asarray(FLOATS).reshape(80, 6, 5, 1)).mean.shape == (
        80,
        2,
    )


def test_uint8_and_the_same_floats_train_alike():
    model = aejax.models.undercomplete(30, latent=2, widths=(8,))
    a = aejax.fit(model, IMAGES.reshape(80, 30), steps=5, batch_size=16)
    b = aejax.fit(model, IMAGES.reshape(80, 30) / np.float32(255), steps=5, batch_size=16)
    np.testing.assert_allclose(a.history["loss"], b.history["loss"], rtol=1e-5)


def test_the_readmes_five_lines():
    x = RNG.randn(100, 12).astype(np.float32)
    model = aejax.models.contractive(features=12, latent=4)
    state = aejax.fit(model, x, steps=50, batch_size=32, seed=0)
    assert aejax.encode(state, x).shape == (100, 4)
    assert aejax.reconstruct(state, x).shape == x.shape


def test_the_same_seed_gives_the_same_bits_and_hp_are_read():
    model = aejax.models.sparse_l1(30, latent=4, widths=())
    a, b = (aejax.fit(model, FLOATS, steps=20, batch_size=16, seed=3) for _ in range(2))
    np.testing.assert_array_equal(a.history["loss"], b.history["loss"])
    strong = aejax.fit(model, FLOATS, steps=200, batch_size=16, seed=3, hp={"w_l1": 10.0})
    code = lambda fit: float(jnp.abs(model.encode(fit.variables, FLOATS).mean).sum())
    assert code(strong) < 0.5 * code(a)


def fit(x, model=None, **options):
    model = model or aejax.models.vae(30, latent=2, widths=(8,))
    return aejax.fit(model, x, **({"steps": 2, "batch_size": 16} | options))


NAN = FLOATS.copy()
NAN[7, 3] = np.nan


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit(FLOATS * 255), r"outside the support \[0, 1\].*Divide by 255, or pass uint8"),
        (lambda: fit(FLOATS - 0.5), r"outside the support .*likelihood='gaussian'"),
        (lambda: fit(NAN), r"x holds nan in row 7, column 3"),
        (lambda: fit(FLOATS[:0]), r"x is empty"),
        (lambda: fit(FLOATS[:, :7]), r"examples of shape \(7,\), the model takes \(30,\)"),
        (lambda: fit(FLOATS[0]), r"rank 1.*Allowed: \[N, D\]"),
        (lambda: fit(FLOATS, batch_size=81), r"batch_size=81 is larger than the data"),
        (lambda: fit(FLOATS, steps=0), r"steps=0 is out of range"),
        (lambda: fit(FLOATS, optimizer="adm"), r"optimizer='adm' is unknown. Did you mean 'adam'"),
        (lambda: fit(FLOATS, schedule="cosin"), r"schedule='cosin'.*Did you mean 'cosine'"),
        (lambda: fit(FLOATS, hp={"w_kl": 1.0}), r"hp.w_kl=1.0: .*Did you mean 'w_kl_nats'"),
        (lambda: fit(FLOATS, hp={"beta": 1.0}), r"hp.beta=1.0: .*Did you mean 'w_kl_nats'"),
        (lambda: fit(FLOATS, hp={"lr": -1.0}), r"lr=-1.0 is out of range"),
        (lambda: fit(FLOATS, hp={"lr": float("nan")}), r"lr=nan is out of range"),
        (lambda: aejax.models.vae(30, latent=0), r"latent=0 is out of range"),
        (lambda: aejax.models.vae(30, latent=-2), r"latent=-2 is out of range"),
        (lambda: aejax.models.vae(0), r"features=0 is no shape"),
        (lambda: aejax.models.vae(30, widths=(8, 0)), r"widths=\(8, 0\) has 0"),
        (lambda: aejax.models.vae(30, activation="rellu"), r"Did you mean 'relu'"),
        (
            lambda: aejax.models.undercomplete(30, init="glorot"),
            r"init='glorot' is unknown",
        ),
        (
            lambda: aejax.models.undercomplete(30, likelihood="gaussian_learned", tied=True),
            r"tied=True does not go with likelihood='gaussian_learned'",
        ),
        (lambda: aejax.models.denoising(30, corruption="mask"), r"Did you mean 'masking'"),
        (lambda: aejax.models.build("vea", 30, {}), r"model='vea' is unknown. Did you mean 'vae'"),
        (lambda: aejax.models.build("vae", 30, {"latnt": 3}), r"Did you mean 'latent'"),
        (lambda: aejax.models.build("vae", 30, {"widths": 3}), r"model 'vae' with"),
    ],
)
def test_bad_input_is_a_value_error_of_one_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_corruption_outside_its_range():
    model = aejax.models.denoising(30, latent=4, widths=())
    for level in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"corruption=.* out of range. Allowed: 0 to 1"):
            fit(FLOATS, model, hp={"corruption": level})


def test_divergence_warns_and_leaves_finite_variables():
    model = aejax.models.undercomplete(30, latent=2, widths=(8,))
    with pytest.warns(UserWarning, match="diverged at step"):
        done = fit(FLOATS, model, steps=30, hp={"lr": 1e30})
    assert done.diverged is not None
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(done.variables))


def equal(a, b):
    same = jax.tree.map(lambda u, v: bool((np.asarray(u) == np.asarray(v)).all()), a, b)
    return all(jax.tree.leaves(same))


@pytest.mark.parametrize("name", ["vae", "k_sparse", "topk"])
def test_n_steps_saved_loaded_and_n_more_are_two_n_bit_for_bit(name, tmp_path):
    model = aejax.models.build(name, 30, {})
    options = {"batch_size": 16, "seed": 5}
    whole = aejax.fit(model, FLOATS, steps=24, **options)
    half = aejax.fit(model, FLOATS, steps=12, **options)
    aejax.save(tmp_path / "half", half)
    script = (
        "import sys, numpy as np, aejax\n"
        "half = aejax.load(sys.argv[1] + '/half')\n"
        "more = aejax.fit(half, np.load(sys.argv[1] + '/x.npy'), steps=12)\n"
        "aejax.save(sys.argv[1] + '/more', more)\n"
    )
    np.save(tmp_path / "x.npy", FLOATS)
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    more = aejax.load(tmp_path / "more")
    assert more.step == 24
    assert equal(more.variables, whole.variables)
    assert equal(more.state.opt_state, whole.state.opt_state)
    assert len(more.history["loss"]) == len(more.history["step"])


def test_a_second_fit_of_the_same_model_compiles_nothing():
    model = aejax.models.vae(30, latent=2, widths=(8,))
    aejax.fit(model, FLOATS, steps=4, batch_size=16, seed=0)
    before = compile_count()
    aejax.fit(model, FLOATS, steps=4, batch_size=16, seed=1, hp={"lr": 0.01})
    again = aejax.models.vae(30, widths=[8], latent=2)
    aejax.fit(again, FLOATS, steps=4, batch_size=16, seed=2)
    assert compile_count() == before


def test_a_population_is_its_single_runs_and_knows_its_best():
    model = aejax.models.vae(30, latent=2, widths=(8,))
    options = {"steps": 30, "batch_size": 16, "valid": 0.2}
    many = aejax.fit_population(model, FLOATS, seeds=[3, 4], hp={"lr": [1e-3, 1e-2]}, **options)
    assert [(m.seed, m.hp["lr"]) for m in many] == [(3, 1e-3), (4, 1e-3), (3, 1e-2), (4, 1e-2)]
    alone = aejax.fit(model, FLOATS, seed=4, hp={"lr": 1e-2}, **options)
    np.testing.assert_allclose(
        aejax.encode(many.member(3), FLOATS), aejax.encode(alone, FLOATS), atol=1e-4
    )
    errors = [m.valid["mse_per_image"][-1] for m in many]
    assert many.best() is many.members[int(np.argmin(errors))]
    with pytest.raises(aejax.errors.ConfigError, match="unknown"):
        many.best("valid_mse")


def test_early_stopping_keeps_the_variables_of_the_best_point():
    model = aejax.models.undercomplete(30, latent=20, widths=(256,))
    rows, held = FLOATS[:20], FLOATS[20:]
    options = {"steps": 300, "batch_size": 16, "eval_every": 20, "valid": held, "hp": {"lr": 1e-2}}
    found = aejax.fit(model, rows, patience=3, **options)
    error = found.valid["mse_per_image"]
    best = int(np.nanargmin(error))
    assert found.best_step == found.valid["step"][best]
    assert np.isnan(error[-1])  # it ended before the last point
    score = aejax.score(found, held)["mse_per_image"].mean()
    np.testing.assert_allclose(score, error[best], rtol=1e-4)


def test_callbacks_see_every_chunk_and_change_no_number():
    model = aejax.models.vae(30, latent=2, widths=(8,))
    seen = []
    options = {"steps": 40, "batch_size": 16}
    a = aejax.fit(model, FLOATS, callbacks=[lambda step, _: seen.append(step)], **options)
    assert seen == list(range(4, 41, 4))
    assert equal(a.variables, aejax.fit(model, FLOATS, **options).variables)
