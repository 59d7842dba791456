"""What matching the code to a prior does: MMD, adversary, covariance, total correlation fall."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data
from aejax.errors import ConfigError
from aejax.losses.discrepancy import mmd_sq
from aejax.models import MODELS
from aejax.train.recipe import Recipe, resolve_hparams
from tests.models.members import train_members

SMALL = {"latent": 4, "widths": (32,)}


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    table = data.load("digits", train_size=512, test_size=10).train
    return np.asarray(table, np.float32).reshape(512, 64) / (255 if table.dtype == np.uint8 else 1)


def codes(model, trained, member: int, x: np.ndarray) -> np.ndarray:
    """Draws of the aggregate posterior: one for each row."""
    variables = jax.tree.map(lambda leaf: leaf[member], trained.state.variables)
    return np.asarray(model.encode(variables, jnp.asarray(x), jax.random.key(0)).z)


def discrepancy(z: np.ndarray) -> float:
    normal = jax.random.normal(jax.random.key(7), (2000, z.shape[1]))
    return float(mmd_sq(jnp.asarray(z), normal, "imq"))


@pytest.mark.parametrize(
    ("name", "fields", "hp"),
    [
        ("wae_mmd", {}, {"w_mmd_sq": [0.0, 30.0]}),
        ("info_vae", {}, {"w_mmd_sq": [0.0, 300.0], "w_kl_nats": [0.0, 0.0]}),
        (
            "adversarial_autoencoder",
            {"discriminator_widths": (32,)},
            {"w_adversarial_nats": [0.0, 1.0], "b1": [0.5, 0.5]},
        ),
    ],
)
def test_codes_come_to_the_prior(digits, name, fields, hp):
    """Member 0 has no pull to the prior, member 1 has; same seed, one program."""
    model = MODELS[name](64, **SMALL, **fields)
    trained = train_members(model, digits, steps=600, lr=2e-3, **hp)
    free, drawn = (discrepancy(codes(model, trained, i, digits)) for i in (0, 1))
    print(f"{name}: MMD^2 {free:.4f} without, {drawn:.4f} with")
    assert drawn < 0.2 * free


@pytest.mark.parametrize("variant", ["i", "ii"])
def test_dip_takes_the_covariance_to_the_identity(digits, variant):
    model = MODELS["dip_vae"](64, **SMALL, variant=variant)
    pull = {"w_offdiag_sq": [0.0, 20.0], "w_diag_sq": [0.0, 20.0], "w_kl_nats": [0.1, 0.1]}
    trained = train_members(model, digits, steps=500, lr=3e-3, **pull)
    off, diagonal = (trained.curves[name][:, -10:].mean(1) for name in ("offdiag_sq", "diag_sq"))
    print(f"({variant}) off-diagonal {off}, diagonal {diagonal}")
    assert off[1] < 0.2 * off[0]
    assert diagonal[1] < 0.2 * diagonal[0]


def test_beta_tc_weighs_the_total_correlation_down(digits):
    """More beta, less total correlation, and not by giving the code up."""
    model = MODELS["beta_tc_vae"](64, latent=6, widths=(32,))
    trained = train_members(model, digits, steps=600, lr=3e-3, w_tc_nats=[1.0, 4.0])
    last = {name: curve[:, -10:].mean(1) for name, curve in trained.curves.items()}
    print("TC", last["tc_nats"], "MI", last["mi_nats"])
    assert last["tc_nats"][1] < 0.3 * last["tc_nats"][0]
    assert last["mi_nats"][1] > 0.8 * last["mi_nats"][0]


def test_beta_tc_learns_the_size_of_the_data_set(digits):
    """`fit` fills in what the stratified estimate needs; a value that is given wins."""
    model = MODELS["beta_tc_vae"](64, **SMALL)
    recipe = Recipe(1, 64)
    assert aejax.fit(model, digits[:80], steps=1, batch_size=64).hp["num_data"] == 80
    facts = {"num_data": 80, "unknown": 1}
    assert resolve_hparams(model, recipe, {"num_data": 7.0}, facts)["num_data"] == 7
    assert "num_data" not in resolve_hparams(MODELS["dip_vae"](64), recipe, {}, facts)


def test_wrong_arguments_say_so():
    for name, argument, value in (
        ("wae_mmd", "kernel", "gauss"),
        ("info_vae", "kernel", "gauss"),
        ("dip_vae", "variant", "iv"),
        ("beta_tc_vae", "weighting", "none"),
    ):
        with pytest.raises(ConfigError, match=f"{argument}='{value}' is unknown"):
            MODELS[name](4, **{argument: value})
    with pytest.raises(ConfigError, match=r"widths=\(0,\) has 0"):
        MODELS["factor_vae"](4, discriminator_widths=(0,))
