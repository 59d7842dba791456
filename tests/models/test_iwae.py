"""IWAE and DReG, against the linear-Gaussian model's closed form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.compose import compose
from aejax.errors import ConfigError
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.models.sequence.sequence_parts import sequence
from aejax.models.variational.iwae import iwae
from aejax.models.variational.iwae_dreg import iwae_dreg
from aejax.models.variational.vae import vae
from aejax.nets.recurrent import WORD_DROPOUT, Span, recurrent
from aejax.objectives import doubly_reparameterised, importance_weighted
from tests.models import linear_gaussian as lg

SIZE, LATENT = 5, 2
LINEAR = {"latent": LATENT, "widths": (), "likelihood": "gaussian"}
W, B = lg.loading(0, LATENT, SIZE)
X = lg.draw(1, 8, W, B)


@functools.partial(jax.jit, static_argnums=(0, 3))
def bounds(model, variables, hp, draws):
    """-loss for many keys: [draws]."""
    keys = jax.random.split(jax.random.key(0), draws)
    x = jnp.asarray(X, jnp.float32)
    return jax.vmap(lambda key: -model.loss(variables, hp, x, key, jnp.int32(0))[0])(keys)


class Frozen:
    """A model that jit may hash by identity."""

    def __init__(self, model):
        self.loss = model.loss


def test_bound_rises_with_k_and_stays_under_the_exact_log_likelihood():
    variables = lg.variables(W, B, shrink=0.7, widen=0.8)
    exact = lg.log_p(X, W, B).mean()
    means, errors = [], []
    for k, draws in ((1, 6000), (5, 3000), (50, 1000)):
        model = iwae(SIZE, samples=k, **LINEAR)
        values = np.asarray(bounds(Frozen(model), variables, lg.ones(model), draws))
        means.append(values.mean())
        errors.append(values.std() / np.sqrt(draws))
    print("L_1, L_5, L_50, log p:", np.round(means, 4), round(exact, 4))
    assert means[1] - means[0] > 5 * np.hypot(errors[0], errors[1])
    assert means[2] - means[1] > 5 * np.hypot(errors[1], errors[2])
    assert exact - means[2] > 3 * errors[2]  # 50 samples of a poor posterior do not reach it
    assert exact - means[2] < 0.05


def test_one_sample_is_the_vaes_bound():
    """L_1 = the VAE's bound, with its divergence by sampling instead of in closed form."""
    variables = lg.variables(W, B, shrink=0.7, widen=0.8)
    both = []
    for model in (iwae(SIZE, samples=1, **LINEAR), vae(SIZE, **LINEAR)):
        both.append(np.asarray(bounds(Frozen(model), variables, lg.ones(model), 6000)))
    error = np.hypot(*[values.std() / np.sqrt(6000) for values in both])
    assert abs(both[0].mean() - both[1].mean()) < 3 * error


def test_exact_posterior_makes_every_sample_exact():
    """With q the true posterior all weights are p(x): the bound is exact for one sample already."""
    w = np.diag([1.5, 0.5])  # orthogonal loadings: the posterior's dimensions are independent
    variables = lg.variables(w, np.zeros(2), shrink=1.0, widen=0.0)
    x = lg.draw(2, 4, w, np.zeros(2))
    model = iwae(2, samples=3, **LINEAR)
    for seed in range(3):
        scalar, _ = model.loss(
            variables, lg.ones(model), jnp.float32(x), jax.random.key(seed), jnp.int32(0)
        )
        assert -float(scalar) == pytest.approx(lg.log_p(x, w, np.zeros(2)).mean(), abs=1e-5)


@functools.cache
def gradients(samples):
    """Gradients of both models over the same keys and parameters: [keys, parameters] by player."""
    found = {}
    for build in (iwae, iwae_dreg):
        model = build(SIZE, samples=samples, latent=LATENT, widths=(4,), activation="tanh",
                      likelihood="gaussian")  # fmt: skip
        x = jnp.asarray(X, jnp.float32)
        variables = model.init(jax.random.key(3), x)

        def loss(params, key, model=model, x=x):
            return model.loss(
                {"params": params, "extra": {}}, lg.ones(model), x, key, jnp.int32(0)
            )[0]

        keys = jax.random.split(jax.random.key(4), 4000)
        tree = jax.jit(jax.vmap(jax.grad(loss), (None, 0)))(variables["params"], keys)
        for player in ("encoder", "decoder"):
            leaves = [np.asarray(g).reshape(len(keys), -1) for g in jax.tree.leaves(tree[player])]
            found[build.__name__, player] = np.concatenate(leaves, axis=1).astype(np.float64)
    return found


@pytest.mark.parametrize("samples", [2, 8])
def test_dreg_has_the_same_mean_and_less_variance(samples):
    found = gradients(samples)
    plain, dreg = found["iwae", "encoder"], found["iwae_dreg", "encoder"]
    gap = plain - dreg
    score = gap.mean(0) / (gap.std(0) / np.sqrt(len(gap)))
    ratio = dreg.var(0).sum() / plain.var(0).sum()
    worst = np.abs(score).max()
    print(f"k={samples}: worst |z| {worst:.2f} of {score.size}, variance ratio {ratio:.3f}")
    assert worst < 4
    assert np.abs(plain.mean(0)).max() > 10 * (gap.std(0) / np.sqrt(len(gap))).max()  # it has power
    assert ratio < 0.8


def test_dreg_leaves_the_bound_and_the_decoders_gradient_as_they_are():
    found = gradients(8)
    np.testing.assert_allclose(
        found["iwae", "decoder"], found["iwae_dreg", "decoder"], rtol=2e-4, atol=2e-4
    )
    variables = lg.variables(W, B, shrink=0.7, widen=0.8)
    losses = [
        np.asarray(bounds(Frozen(model), variables, lg.ones(model), 4))
        for model in (iwae(SIZE, samples=4, **LINEAR), iwae_dreg(SIZE, samples=4, **LINEAR))
    ]
    np.testing.assert_allclose(*losses, rtol=1e-6)


def test_the_encoder_runs_once_for_all_samples():
    """No value in the traced loss has both the samples' axis and the encoder's hidden width."""
    model = iwae(SIZE, latent=LATENT, widths=(13,), samples=7, likelihood="gaussian")
    x = jnp.asarray(X, jnp.float32)
    variables = model.init(jax.random.key(0), x)
    loss = lambda params: model.loss(
        {"params": params, "extra": {}}, lg.ones(model), x, jax.random.key(0), jnp.int32(0)
    )[0]
    text = str(jax.make_jaxpr(loss)(variables["params"]))
    decoded = f"f32[7,{len(X)},13] = dot_general"
    assert text.count(decoded) == 1  # the decoder's hidden layer alone


@pytest.mark.parametrize("build", [iwae, iwae_dreg])
def test_bad_number_of_samples(build):
    with pytest.raises(ConfigError, match="samples=0 is out of range"):
        build(SIZE, samples=0)


@pytest.mark.parametrize("objective", [importance_weighted, doubly_reparameterised])
def test_a_decoder_that_reads_its_target_is_given_it_in_every_objective(objective):
    """DReG decodes a second time: the bound must be that of the words that were read."""
    shape, p_x = sequence(6, "categorical", 5)
    space = gaussian(2)
    nets = recurrent(
        shape, p_x, cell="gru", widths=(4,), latent=2, outputs=space.outputs,
        spans={"all": Span(0, 6)}, conditional=True, embedding=3, word_dropout=True,
    )  # fmt: skip
    told = []

    def teach(params, z, x, key, hp):
        told.append(z.shape)
        return nets.teacher_forced(params, z, x, key, hp)

    def free(params, z):
        raise AssertionError("decoded without the target")

    model = compose(
        name="told", paper="-", equation="-", shape=shape, likelihood=p_x, space=space,
        nets=nets._replace(teacher_forced=teach, decode=free), objective=objective(3),
        terms={"kl_nats": (gaussian_kl_term(), 1.0)}, hparams=(WORD_DROPOUT.replace(default=0.0),),
    )  # fmt: skip
    x = jnp.asarray([[2, 3, 4, 2, 1, 0]] * 4, jnp.float32)
    variables = model.init(jax.random.key(0), x)
    hp = {name: jnp.float32(value) for name, value in model.hparams.items()}
    loss = lambda v: model.loss(v, hp, x, jax.random.key(1), jnp.int32(0))[0]
    assert np.isfinite(loss(variables))
    assert told
