"""The compressive autoencoder: its objective by hand, and bits that are really written."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data
from aejax.errors import ConfigError
from aejax.latents.quantised import rounded

SHAPE = (8, 8, 1)
X = jnp.asarray(np.random.default_rng(0).random((6, *SHAPE)), jnp.float32)


def test_noise_in_training_and_rounding_at_test():
    space = rounded(4, step=0.25)
    h = 3 * jax.random.normal(jax.random.key(0), (5000, 4))
    variables = space.init(jax.random.key(1))
    still = space.apply(variables, h, None)
    np.testing.assert_array_equal(still.z, 0.25 * np.round(np.asarray(h) / 0.25))
    noise = np.asarray(space.apply(variables, h, jax.random.key(2)).z - h) / 0.25
    assert -0.5 - 1e-5 <= noise.min() < -0.49
    assert 0.49 < noise.max() <= 0.5 + 1e-5
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.var() == pytest.approx(1 / 12, rel=0.02)
    through = jax.grad(lambda h: space.apply(variables, h, None).z.sum())(h)
    np.testing.assert_array_equal(through, np.ones(h.shape))


@pytest.mark.parametrize("step", [1.0, 0.1])
def test_the_rate_is_minus_the_log_of_the_density_of_bins(step):
    """Whatever the bins' width, the term is in nats of the whole numbers' probabilities."""
    model = aejax.models.compressive(SHAPE, latent=3, widths=(5,), step=step)
    variables = model.init(jax.random.key(1), X)
    hp = {name: jnp.float32(value) for name, value in model.hparams.items()}
    scalar, aux = model.loss(variables, hp, X, jax.random.key(2), jnp.int32(0))
    rec, rate = (np.asarray(aux.terms[name]) for name in ("rec_nats", "rate_nats"))
    assert float(scalar) == pytest.approx((10 * rec + rate).mean(), rel=1e-5)
    assert (rate > 0).all()  # probabilities are below one
    space = model.info.space
    whole = step * jnp.asarray(np.mgrid[-60:61, 0:1, 0:1].reshape(3, -1).T, jnp.float32)
    # The first number alone varies: given the others, its probabilities sum to one.
    log_p = space.log_prior(variables, whole) + 3 * np.log(step)
    both = [space.log_prior(variables, step * jnp.asarray([[0.0, 0.0, 0.0]])) + 3 * np.log(step)]
    assert float(jnp.exp(log_p).sum()) < 1
    assert float(both[0][0]) < 0


@pytest.fixture(scope="module")
def digits() -> data.Dataset:
    return data.load("digits")


@pytest.fixture(scope="module")
def members(digits):
    model = aejax.models.compressive(SHAPE, latent=8, widths=(32,))
    return aejax.fit_population(
        model, digits.train, seeds=[0], hp={"w_rec_nats": [10.0, 100.0], "lr": [3e-3]}, steps=600,
        progress=False,
    )  # fmt: skip


def test_bits_of_the_density_are_bytes_that_are_written(digits, members):
    """Within 1 %: the rate of rounded codes by the density, and the range coder's words."""
    pytest.importorskip("constriction")
    from aejax.coding import tables_of

    for member in members:
        space = member.model.info.space
        codes = aejax.encode(member, digits.test)
        nats = -np.asarray(space.log_prior(member.variables, codes)) - 8 * np.log(space.step)
        bits = nats.sum(dtype=np.float64) / np.log(2)
        written = 8 * (len(aejax.compress(member, digits.test)) - 18)
        relaxed = aejax.score(member, digits.test)["rate_nats"].sum(dtype=np.float64) / np.log(2)
        print("bits", bits, "written", written, "with noise", relaxed)
        assert written == pytest.approx(bits, rel=0.01)
        by_table = tables_of(member).bits(np.rint(codes / space.step)).sum()
        assert by_table == pytest.approx(bits, rel=0.002)
        # With noise it is a bound: of a number that is always rounded to one value, above.
        assert 0.9 * bits < relaxed < 2 * bits


def test_a_heavier_distortion_costs_bytes_and_saves_errors(digits, members):
    pytest.importorskip("constriction")
    sizes = [len(aejax.compress(member, digits.test)) for member in members]
    errors = [aejax.score(member, digits.test)["mse_per_image"].mean() for member in members]
    print("bytes", sizes, "errors", errors)
    assert sizes[0] < 0.8 * sizes[1]
    assert errors[0] > 1.2 * errors[1]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"latent": 0}, "latent=0 is out of range"),
        ({"step": 0}, "step=0.0 is out of range. Allowed: above 0"),
        ({"filters": (0,)}, "filters=0 is out of range"),
    ],
)
def test_bad_arguments(args, said):
    with pytest.raises(ConfigError, match=said):
        aejax.models.compressive(SHAPE, **args)
