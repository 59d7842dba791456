"""`aejax.fit` on arrays of the user's own: what it takes, what it refuses, what it reaches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax

RNG = np.random.RandomState(0)
IMAGES = (RNG.rand(80, 6, 5, 1) * 255).astype(np.uint8)
FLOATS = RNG.rand(80, 30).astype(np.float32)


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
    model = aejax.models.vae((6, 5, 1), latent=2, widths=(8,))
    fit = aejax.fit(model, x, steps=3, batch_size=16)
    assert fit.diverged is None
    assert model.encode(fit.variables, jnp.asarray(FLOATS).reshape(80, 6, 5, 1)).mean.shape == (
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
        with pytest.raises(ValueError, match=r"corruption=.* out of range. Allowed: 0.0 to 1.0"):
            fit(FLOATS, model, hp={"corruption": level})


def test_divergence_warns_and_leaves_finite_variables():
    model = aejax.models.undercomplete(30, latent=2, widths=(8,))
    with pytest.warns(UserWarning, match="diverged at step"):
        done = fit(FLOATS, model, steps=30, hp={"lr": 1e30})
    assert done.diverged is not None
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(done.variables))
