"""Beta, capacity, free bits and warm-up: what the divergence becomes in the loss, and does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import data, losses
from aejax.losses import shaped_kl
from aejax.models.variational.beta_vae import beta_vae
from aejax.models.variational.capacity_vae import capacity_vae
from aejax.models.variational.free_bits_vae import free_bits_vae
from aejax.models.variational.vae import vae
from aejax.models.variational.warmup_vae import warmup_vae
from tests.models.members import train_members

SMALL = {"latent": 4, "widths": (16,)}
X = jax.random.uniform(jax.random.key(0), (10, 6))


def loss_of(model, step: int, **hp: float):
    values = {n: jnp.float32(v) for n, v in (model.hparams | hp).items()}
    variables = model.init(jax.random.key(1), X)  # the same parameters for all of these models
    return model.loss(variables, values, X, jax.random.key(2), jnp.int32(step))


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return data.load("digits", train_size=512, test_size=10).train


def kl_per_dim(model, state, member: int, rows) -> np.ndarray:
    """Mean over rows of each dimension's divergence, for one member of a trained population."""
    variables = jax.tree.map(lambda leaf: leaf[member], state.variables)
    latent = model.encode(variables, jnp.asarray(rows, jnp.float32).reshape(len(rows), -1))
    return np.asarray(losses.gaussian_kl_per_dim(latent.mean, latent.logvar).mean(0))


def test_beta_weighs_the_divergence_and_not_the_report():
    plain, terms = loss_of(vae(6, **SMALL), 0)
    beta, same = loss_of(beta_vae(6, **SMALL), 0)
    np.testing.assert_array_equal(terms.terms["kl_nats"], same.terms["kl_nats"])
    assert float(beta - plain) == pytest.approx(3 * float(terms.terms["kl_nats"].mean()), rel=1e-4)
    assert float(loss_of(beta_vae(6, **SMALL), 0, w_kl_nats=1.0)[0]) == pytest.approx(float(plain))


@pytest.mark.parametrize(("step", "target"), [(0, 0.0), (25, 2.0), (100, 8.0), (2**30, 8.0)])
def test_capacity_is_the_distance_to_a_rising_target(step, target):
    hp = {"capacity": 8.0, "capacity_steps": 100.0, "w_kl_nats": 5.0}
    scalar, aux = loss_of(capacity_vae(6, **SMALL), step, **hp)
    kl, rec = (np.asarray(aux.terms[name]) for name in ("kl_nats", "rec_nats"))
    assert float(scalar) == pytest.approx((rec + 5 * np.abs(kl - target)).mean(), rel=1e-5)
    np.testing.assert_array_equal(kl, loss_of(vae(6, **SMALL), 0)[1].terms["kl_nats"])


def test_capacity_holds_the_divergence_at_its_target(digits):
    """Two members of one program, C = 3 and 9 nats."""
    model = capacity_vae(64, latent=8, widths=(32,))
    trained = train_members(
        model, digits, steps=600, lr=3e-3, capacity=[3.0, 9.0], capacity_steps=[200.0, 200.0]
    )
    reached = trained.curves["kl_nats"][:, -5:].mean(1)
    print("KL at C = 3, 9:", reached)
    np.testing.assert_allclose(reached, [3.0, 9.0], atol=0.25)


def test_free_bits_formula_and_gradient():
    kl = jnp.asarray([[0.1, 2.0, 0.6], [0.3, 4.0, 0.2]])  # means 0.2, 3.0, 0.4
    value, slope = jax.value_and_grad(lambda k: shaped_kl.free_bits(k, 0.5)[0])(kl)
    assert float(value) == pytest.approx(0.5 + 3.0 + 0.5)
    np.testing.assert_allclose(slope, [[0, 0.5, 0], [0, 0.5, 0]])
    # With no floor it is the mean divergence.
    scalar, aux = loss_of(free_bits_vae(6, **SMALL), 0, free_nats=0.0)
    plain, _ = loss_of(vae(6, **SMALL), 0)
    assert float(scalar) == pytest.approx(float(plain), rel=1e-6)
    assert set(aux.terms) == {"rec_nats", "kl_nats"}


def test_free_bits_keep_every_dimension_in_use(digits):
    """Member 0 has no floor, and lets dimensions collapse; member 1 uses its 0.5 nats in each."""
    model = free_bits_vae(64, latent=16, widths=(32,))
    trained = train_members(model, digits, steps=800, lr=3e-3, free_nats=[0.0, 0.5])
    rows = digits.reshape(len(digits), -1)
    scale = 255.0 if digits.dtype == np.uint8 else 1.0
    used = [np.sort(kl_per_dim(model, trained.state, i, rows / scale)) for i in (0, 1)]
    print("KL by dimension, lambda = 0:", used[0].round(2), "lambda = 0.5:", used[1].round(2))
    assert (used[0] < 0.05).sum() >= 3
    assert used[1].min() > 0.4


@pytest.mark.parametrize(("step", "beta"), [(0, 0.0), (10, 0.25), (40, 1.0), (2**30, 1.0)])
def test_warmup_brings_the_divergence_in(step, beta):
    scalar, aux = loss_of(warmup_vae(6, **SMALL), step, warmup_steps=40.0)
    kl, rec = (np.asarray(aux.terms[name]) for name in ("kl_nats", "rec_nats"))
    assert float(scalar) == pytest.approx((rec + beta * kl).mean(), rel=1e-5)


def test_warmup_of_no_steps_is_the_vae():
    scalar, _ = loss_of(warmup_vae(6, **SMALL), 1, warmup_steps=0.0)
    assert float(scalar) == pytest.approx(float(loss_of(vae(6, **SMALL), 1)[0]), rel=1e-6)
