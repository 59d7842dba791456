"""Wake-sleep: who learns from what, and where it leads on a model with a known optimum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import fit
from aejax.errors import ConfigError
from aejax.models.variational.vae import vae
from aejax.models.variational.wake_sleep import wake_sleep
from tests.models import linear_gaussian as lg

SIZE, LATENT = 6, 2
W, B = lg.loading(0, LATENT, SIZE)


def _largest(tree):
    return max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(tree))


def test_each_phase_moves_its_own_player_only():
    """rec_nats has no gradient in the encoder, dream_nats none in the decoder, to the last bit."""
    model = wake_sleep(SIZE, latent=LATENT, widths=(5,), likelihood="bernoulli")
    x = jax.random.uniform(jax.random.key(0), (8, SIZE))
    variables = model.init(jax.random.key(1), x)

    def gradient(**on):
        hp = {name: jnp.float32(on.get(name, 0.0)) for name in model.hparams}
        loss = lambda params: model.loss(
            {"params": params, "extra": {}}, hp, x, jax.random.key(2), jnp.int32(0)
        )[0]
        return jax.grad(loss)(variables["params"])

    wake, sleep = gradient(w_rec_nats=1.0), gradient(w_dream_nats=1.0)
    assert _largest(wake["encoder"]) == 0.0
    assert _largest(wake["decoder"]) > 1e-3
    assert _largest(sleep["decoder"]) == 0.0
    assert _largest(sleep["encoder"]) > 1e-3
    assert _largest(gradient(w_kl_nats=1.0)) == 0.0  # reported, and nobody's loss


def test_reports_the_bound_of_the_vae_with_the_same_networks():
    both = [build(SIZE, latent=LATENT, widths=(5,)) for build in (wake_sleep, vae)]
    x = jax.random.uniform(jax.random.key(0), (8, SIZE))
    variables = both[0].init(jax.random.key(1), x)
    terms = [
        model.loss(variables, lg.ones(model), x, jax.random.key(2), jnp.int32(0))[1].terms
        for model in both
    ]
    for name in ("rec_nats", "kl_nats"):
        np.testing.assert_array_equal(terms[0][name], terms[1][name])


@pytest.mark.parametrize(("dreams", "noise"), [("sample", 1.0), ("mean", 0.0)])
def test_dreams_are_of_the_models_own_distribution(dreams, noise):
    """The mean of dream_nats is -E log q(z | x) over (x, z) ~ p, or over z and the mean of x."""
    model = wake_sleep(SIZE, latent=LATENT, widths=(), likelihood="gaussian", dreams=dreams)
    variables = lg.variables(W, B, shrink=0.8, widen=0.4)
    x = jnp.zeros((20_000, SIZE))
    found = model.loss(variables, lg.ones(model), x, jax.random.key(3), jnp.int32(0))[1]
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200_000, LATENT))
    seen = z @ W + B + noise * rng.normal(size=(len(z), SIZE))
    dense = variables["params"]["encoder"]["dense_0"]
    h = seen @ np.float64(dense["kernel"]) + np.float64(dense["bias"])
    mean, logvar = h[:, :LATENT], h[:, LATENT:]
    log_q = -0.5 * (np.log(2 * np.pi) + logvar + (z - mean) ** 2 * np.exp(-logvar)).sum(1)
    values = np.asarray(found.terms["dream_nats"])
    error = np.hypot(values.std() / np.sqrt(len(values)), log_q.std() / np.sqrt(len(z)))
    assert abs(values.mean() + log_q.mean()) < 4 * error


def test_other_dreams_are_refused_by_name():
    with pytest.raises(ConfigError, match=r"dreams 'means' is unknown\. Did you mean 'mean'"):
        wake_sleep(SIZE, dreams="means")


def test_learns_a_linear_gaussian_model():
    """Orthogonal loadings: q is exact at the optimum, so wake-sleep ends where the VAE does."""
    w = np.zeros((LATENT, SIZE))
    w[0, 0], w[1, 1] = 1.5, 1.0
    x = lg.draw(1, 4000, w, np.zeros(SIZE)).astype(np.float32)
    model = wake_sleep(SIZE, latent=LATENT, widths=(), likelihood="gaussian")
    done = fit(model, x, steps=6000, batch_size=200, hp={"lr": 1e-2}, schedule="linear")
    hp = lg.ones(model)
    terms = model.loss(done.variables, hp, jnp.asarray(x), jax.random.key(0), jnp.int32(0))[1].terms
    bound = -float((terms["rec_nats"] + terms["kl_nats"]).mean())
    truth = lg.log_p(x, w, np.zeros(SIZE)).mean()
    print("bound", bound, "log p under the truth", truth)
    assert abs(bound - truth) < 0.05
