"""Context encoders: what the loss sees, what passes through, and two players that do not touch."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import evaluate
from aejax.errors import ConfigError
from aejax.likelihoods.pixels import (
    bernoulli,
    discretized_logistic,
    gaussian,
    gaussian_learned,
    laplace,
)
from aejax.losses import masked
from aejax.models import context_encoder, context_encoder_adversarial, undercomplete
from aejax.train import tree
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.step import enter_stage, init_state, make_step
from aejax.types import Autoencoder, Forward, Net, stages_of

SMALL = {"latent": 6, "widths": (4,)}
SHAPE = (8, 8, 3)


def images(batch: int = 4, shape=SHAPE, seed: int = 0) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), (batch, *shape))


@functools.cache
def built(adversarial: bool = False, **args) -> tuple[Autoencoder, dict]:
    builder = context_encoder_adversarial if adversarial else context_encoder
    extra = {"discriminator_widths": (4,)} if adversarial else {}
    model = builder(SHAPE, **SMALL, **extra, **args)
    return model, jax.jit(model.init)(jax.random.key(0), images())


def scalars(model: Autoencoder) -> dict[str, jax.Array]:
    return {name: jnp.float32(value) for name, value in model.hparams.items()}


def passed(model: Autoencoder, variables, x, target) -> Forward:
    """A forward pass on x whose target is another: what the terms see of it."""
    x_in, hidden = model.info.corruption.apply(jax.random.key(3), x, scalars(model))
    latent = model.encode(variables, x_in)
    return Forward(
        x=target, x_in=x_in, corrupted=hidden, latent=latent,
        out=model.decode(variables, latent.z), variables=variables, encode=None, decode=None,
        key=jax.random.key(0), step=jnp.int32(0),
    )  # fmt: skip


LIKELIHOODS = [bernoulli, gaussian, gaussian_learned, laplace, discretized_logistic]


@pytest.mark.parametrize("make", LIKELIHOODS)
def test_features_of_themselves_add_up_to_the_likelihood(make):
    likelihood, x = make(), images(3)
    out = jax.random.normal(jax.random.key(1), (3, 8, 8, 3 * likelihood.outputs))
    each = masked.per_feature_nll(likelihood, out, x)
    assert each.shape == x.shape
    total = each.reshape(3, -1).sum(1)
    np.testing.assert_allclose(total, likelihood.nll(out, x), rtol=1e-5)
    # And each is its own: another value of one pixel's channel moves that one alone.
    moved = masked.per_feature_nll(likelihood, out, x.at[1, 2, 3, 0].set(0.9))
    assert np.flatnonzero(np.asarray(moved != each)).tolist() == [((1 * 8 + 2) * 8 + 3) * 3]


@pytest.mark.parametrize("mask", ["block", "random_block", "random_region"])
@pytest.mark.parametrize("overlap", [0, 1])
def test_the_loss_sees_the_hole_and_its_band_only(mask, overlap):
    """Perturbing the target elsewhere changes no term by a bit; inside, it does."""
    model, variables = built(mask=mask, overlap=overlap)
    likelihood, x = model.info.likelihood, images()
    terms = [masked.masked_term(likelihood)]
    terms += [masked.masked_term(likelihood, masked.band(overlap))] if overlap else []

    @jax.jit
    def run(target):
        forward = passed(model, variables, x, target)
        return forward.corrupted, [term(forward, {}) for term in terms]

    hidden, values = run(x)
    seen = masked.grow(hidden, overlap)
    assert 0 < float(seen.mean()) < 1
    _, unseen_moved = run(jnp.where(seen, x, x + 1))
    for a, b in zip(values, unseen_moved, strict=True):
        np.testing.assert_array_equal(a, b)
    _, hole_moved = run(jnp.where(hidden, x + 1, x))
    assert (np.abs(values[0] - hole_moved[0]) > 1e-3).all()
    if overlap:  # the band's term sees nothing of the hole, and the hole's nothing of the band
        np.testing.assert_array_equal(values[1], hole_moved[1])
        _, band_moved = run(jnp.where(seen & ~hidden, x + 1, x))
        np.testing.assert_array_equal(values[0], band_moved[0])
        assert (np.abs(values[1] - band_moved[1]) > 1e-3).all()


def test_the_loss_is_the_weighted_squared_error_of_hole_and_band():
    """Pathak 2016, eq. 1 and section 4.1: 1 in the hole, 10 in the band, nothing elsewhere."""
    model, variables = built(overlap=1)
    x, hp = images(), scalars(model)
    scalar, aux = jax.jit(model.loss)(variables, hp, x, jax.random.key(0), jnp.int32(0))
    hole = np.zeros((8, 8, 1))
    hole[2:6, 2:6] = 1
    weight = 10 * np.pad(np.ones((6, 6, 1)), ((1, 1), (1, 1), (0, 0))) * (1 - hole) + hole
    out = model.decode(variables, model.encode(variables, model.info.corruption.fill(
        x, jnp.broadcast_to(jnp.asarray(hole == 1), x.shape))).z)  # fmt: skip
    error = 0.5 * np.square(np.asarray(x - out)) + 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(scalar, (weight * error).sum((1, 2, 3)).mean(), rtol=1e-5)
    assert set(aux.terms) == {"rec_nats", "overlap_nats"}


@pytest.mark.parametrize("mask_rank", [3, 4])
def test_inpainting_passes_the_visible_region_through(mask_rank):
    model, variables = built()
    x = images()
    hole = jax.random.uniform(jax.random.key(5), (4, 8, 8)) < 0.4  # of no trained shape
    mask = hole if mask_rank == 3 else jnp.broadcast_to(hole[..., None], x.shape)
    filled = evaluate.inpaint(model, variables, x, mask)
    every = jnp.broadcast_to(hole[..., None], x.shape)
    np.testing.assert_array_equal(filled[~every], x[~every])
    assert (filled[every] != x[every]).all()
    # The true content of the hole is not looked at, and the hole is the model's prediction.
    again = evaluate.inpaint(model, variables, jnp.where(every, 9.0, x), mask)
    np.testing.assert_array_equal(again, filled)
    code = model.encode(variables, model.info.corruption.fill(x, every)).z
    prediction = model.info.likelihood.mean(model.decode(variables, code))
    np.testing.assert_array_equal(filled[every], prediction[every])


def test_inpainting_needs_a_model_that_fills_holes_and_a_mask_that_fits():
    x = images()
    other = undercomplete(SHAPE, latent=2, widths=())
    with pytest.raises(ConfigError, match=r"'undercomplete' fills no holes.*'context_encoder'"):
        evaluate.inpaint(other, {}, x, jnp.ones((4, 8, 8), bool))
    model, variables = built()
    with pytest.raises(ConfigError, match=r"mask has shape \(8, 8\)"):
        evaluate.inpaint(model, variables, x, jnp.ones((8, 8), bool))


def test_each_term_of_the_game_moves_its_own_player_only():
    """The gradient in the other player's parameters is zero, every bit of it."""
    model, variables = built(adversarial=True)
    x, hp = images(), scalars(model)

    def terms(params):
        whole = {**variables, "params": params}
        values = model.loss(whole, hp, x, jax.random.key(0), jnp.int32(0))[1].terms
        return {name: jnp.sum(value) for name, value in values.items()}

    moved = {}
    for name, by_path in jax.jit(jax.jacrev(terms))(variables["params"]).items():
        grads = tree.flatten(by_path)
        moved[name] = {path.split("/")[0] for path, g in grads.items() if np.any(g != 0)}
    assert moved["overlap_nats"] == {"encoder", "decoder"}
    assert moved["rec_nats"] == moved["adversarial_nats"] == {"encoder", "decoder"}
    assert moved["discriminator_nats"] == {"discriminator"}


@pytest.mark.parametrize(
    ("still", "players"),
    [("lr", {"encoder", "decoder"}), ("lr_discriminator", {"discriminator"})],
)
def test_a_players_step_leaves_the_other_untouched_bit_for_bit(still, players):
    """Three whole training steps with one learning rate at zero."""
    model, _ = built(adversarial=True)
    step, state = trained()
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, RECIPE).items()} | {still: jnp.float32(0)}
    before = tree.flatten(state.variables["params"])
    for i in range(3):
        state, _ = step(state, hp, images(seed=i))
    for path, leaf in tree.flatten(state.variables["params"]).items():
        kept = np.array_equal(leaf, before[path])
        assert kept == (path.split("/")[0] in players), path


RECIPE = Recipe(steps=3, batch_size=4)


@functools.cache
def trained():
    model, _ = built(adversarial=True)
    stage = stages_of(model)[0]
    state = init_state(model, jnp.int32(0), images())
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, RECIPE).items()}
    return jax.jit(make_step(model, stage, RECIPE, 3)), enter_stage(
        model, stage, RECIPE, 3, state, hp
    )


def test_the_critic_sees_the_predicted_region_only():
    model, variables = built(adversarial=True)
    likelihood, x = model.info.likelihood, images()
    seen = []

    def look(params, image):
        seen.append(image)
        return image.sum((1, 2))[:, :1]

    spy = Net(init=lambda key, x: {}, apply=look)
    term = masked.inpainting_discriminator_term(spy, likelihood, 1)
    forward = passed(model, variables, x, x)
    assert term(forward, {}).shape == (4,)
    region = masked.grow(forward.corrupted, 1)
    real, fake = seen
    np.testing.assert_array_equal(real, jnp.where(region, x, 0))
    np.testing.assert_array_equal(fake, jnp.where(region, likelihood.mean(forward.out), 0))


def test_a_masked_term_in_a_model_that_hides_nothing_says_so():
    forward = passed(*built(), images(), images())._replace(corrupted=None)
    with pytest.raises(ConfigError, match="corruption=None does not go with a masked term"):
        masked.masked_term(gaussian())(forward, {})


@pytest.mark.parametrize(
    ("features", "args", "message"),
    [
        (64, {}, "features=64 is no image.*'context_encoder'"),
        (SHAPE, {"overlap": -1}, "overlap=-1"),
        (SHAPE, {"mask": "center"}, "mask='center' is unknown"),
        (SHAPE, {"fill": "meen"}, "Did you mean 'mean'"),
        (SHAPE, {"widths": (4,) * 5}, "stride=2 in 5 layers"),
    ],
)
def test_bad_input_is_one_line(features, args, message):
    with pytest.raises(ConfigError, match=message):
        context_encoder(features, **args)
