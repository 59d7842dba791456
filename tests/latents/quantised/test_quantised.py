"""Discrete codes: straight-through gradients, moving codebooks, grids, and relaxed choices."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax.errors import ConfigError
from aejax.latents.quantised import (
    ema_codebook,
    finite_scalar,
    fsq_digits,
    fsq_index,
    fsq_values,
    gumbel_softmax,
    nearest,
    straight_through,
    vector_quantised,
)
from aejax.latents.quantised.gumbel import relaxed
from aejax.losses.quantised import (
    categorical_kl_to_uniform,
    code_length_term,
    codebook_term,
    commitment_term,
)
from aejax.types import Forward

B, G, D, K = 20, 3, 4, 7
RNG = np.random.default_rng(0)
H = jnp.asarray(RNG.normal(size=(B, G * D)), jnp.float32)
CODEBOOK = jnp.asarray(RNG.normal(size=(K, D)), jnp.float32)
VARIABLES = {"params": {"latent": {"codebook": CODEBOOK}}, "extra": {}}


def forward_of(latent) -> Forward:
    nothing = jnp.zeros((B, 1))
    fields = dict.fromkeys(Forward._fields, nothing)
    return Forward(**{**fields, "latent": latent, "key": jax.random.key(0)})


def test_straight_through_gradient_is_the_identitys():
    """Any cotangent comes back as it went in; the value is the quantised one to the bit."""
    space = vector_quantised(G, D, K)
    apply = lambda h: space.apply(VARIABLES, h, jax.random.key(0)).z
    z, pull = jax.vjp(apply, H)
    cotangent = jax.random.normal(jax.random.key(1), z.shape)
    np.testing.assert_array_equal(pull(cotangent)[0], cotangent)
    _, tangent = jax.jvp(apply, (H,), (cotangent,))
    np.testing.assert_array_equal(tangent, cotangent)
    rows = {tuple(row) for row in np.asarray(CODEBOOK)}
    assert {tuple(row) for row in np.asarray(z).reshape(-1, D)} <= rows
    # The decoder's loss moves the encoder as if it had been taken at the code itself.
    loss = lambda z: jnp.sum(jnp.sin(3 * z) + z**3)
    np.testing.assert_array_equal(jax.grad(lambda h: loss(apply(h)))(H), jax.grad(loss)(z))
    by_value, by_through = jax.grad(lambda a, b: jnp.sum(straight_through(a, b)), (0, 1))(1.0, 2.0)
    assert (float(by_value), float(by_through)) == (0.0, 1.0)


def test_nearest_against_brute_force():
    before = np.float64(H).reshape(B, G, D)
    distance = np.square(before[:, :, None] - np.float64(CODEBOOK)).sum(-1)
    found = nearest(H.reshape(B, G, D), CODEBOOK)
    np.testing.assert_array_equal(found, distance.argmin(-1))
    latent = vector_quantised(G, D, K).apply(VARIABLES, H, None)
    np.testing.assert_array_equal(latent.index, found)
    np.testing.assert_array_equal(latent.z, np.asarray(CODEBOOK)[found].reshape(B, -1))
    np.testing.assert_array_equal(latent.mean, latent.z)


def test_codebook_and_commitment_move_one_player_each():
    space = vector_quantised(G, D, K)

    def terms(h, codebook):
        variables = {"params": {"latent": {"codebook": codebook}}, "extra": {}}
        latent = space.apply(variables, h, None)
        return codebook_term()(forward_of(latent), {}), commitment_term()(forward_of(latent), {})

    index = nearest(H.reshape(B, G, D), CODEBOOK)
    gap = np.float64(H).reshape(B, G, D) - np.float64(CODEBOOK)[np.asarray(index)]
    for term in terms(H, CODEBOOK):
        np.testing.assert_allclose(term, np.square(gap).sum(-1).mean(-1), rtol=1e-5)
    for i, (expect_h, expect_e) in enumerate(((False, True), (True, False))):
        by_h, by_e = jax.grad(lambda h, e, i=i: jnp.sum(terms(h, e)[i]), (0, 1))(H, CODEBOOK)
        assert bool(jnp.any(by_h != 0)) == expect_h
        assert bool(jnp.any(by_e != 0)) == expect_e
    expected = np.zeros((K, D))
    np.add.at(expected, np.asarray(index).reshape(-1), -2 * gap.reshape(-1, D) / G)
    by_e = jax.grad(lambda e: jnp.sum(terms(H, e)[0]))(CODEBOOK)
    np.testing.assert_allclose(by_e, expected, rtol=1e-5, atol=1e-5)


def ema_start(restart_below: float = 0.0) -> dict:
    scalars = {"codebook_decay": jnp.float32(0.9), "restart_below": jnp.float32(restart_below)}
    return {"codebook": CODEBOOK, "mass": jnp.ones(K), "total": CODEBOOK, **scalars}


def test_moving_codebook_against_numpy():
    """Five batches, by hand."""
    extra, mass, total = ema_start(), np.ones(K), np.float64(CODEBOOK)
    codebook = total.copy()
    for seed in range(5):
        z = np.random.default_rng(seed).normal(size=(30, D)).astype(np.float32)
        index = np.asarray(nearest(jnp.asarray(z)[None], extra["codebook"]))[0]
        distance = np.square(np.float64(z)[:, None] - codebook).sum(-1)
        np.testing.assert_array_equal(index, distance.argmin(-1))
        extra = ema_codebook(extra, jnp.asarray(z), jnp.asarray(index), jax.random.key(0))
        for k in range(K):
            mine = np.float64(z)[index == k]
            mass[k] = 0.9 * mass[k] + 0.1 * len(mine)
            total[k] = 0.9 * total[k] + 0.1 * mine.sum(0)
            codebook[k] = total[k] / mass[k]
        np.testing.assert_allclose(extra["mass"], mass, rtol=1e-5)
        np.testing.assert_allclose(extra["codebook"], codebook, rtol=1e-5, atol=1e-5)


def test_an_unused_code_stays_and_a_dead_one_starts_again():
    far = CODEBOOK.at[0].set(100.0)
    z = jnp.asarray(RNG.normal(size=(30, D)), jnp.float32)

    def run(restart_below: float, steps: int):
        extra = {**ema_start(restart_below), "codebook": far, "total": far}
        step = lambda e, i: (
            ema_codebook(e, z, nearest(z[None], e["codebook"])[0], jax.random.key(i)),
            None,
        )
        return jax.lax.scan(step, extra, jnp.arange(steps))[0]

    kept = run(0.0, 2000)  # its mass is zero in float32 by now
    np.testing.assert_allclose(kept["codebook"][0], 100.0, rtol=1e-4)
    assert np.isfinite(kept["codebook"]).all()
    assert float(kept["mass"][0]) < 1e-20
    again = run(0.5, 10)
    assert (np.abs(np.asarray(again["codebook"][0])) < 10).all()
    assert (np.asarray(nearest(z[None], again["codebook"])) == 0).any()  # and is used


def test_the_space_updates_its_codebook_from_the_batch():
    space = vector_quantised(G, D, K, ema=True)
    variables = {"params": {}, "extra": ema_start()}
    latent = space.apply(variables, H, jax.random.key(0))
    moved = space.update(variables["extra"], forward_of(latent))
    expected = ema_codebook(
        ema_start(), H.reshape(-1, D), latent.index.reshape(-1), jax.random.key(0)
    )
    np.testing.assert_array_equal(moved["codebook"], expected["codebook"])
    ready = space.prepare(
        moved, {"codebook_decay": jnp.float32(0.5), "restart_below": jnp.float32(2)}, jnp.int32(0)
    )
    assert float(ready["codebook_decay"]) == 0.5
    # No gradient reaches the encoder through the codebook.
    by_h = jax.grad(
        lambda h: jnp.sum(
            space.update(
                variables["extra"], forward_of(space.apply(variables, h, None))
            )["codebook"]
        )
    )(H)  # fmt: skip
    np.testing.assert_array_equal(by_h, 0.0)


@pytest.mark.parametrize("levels", [(3,), (2, 2), (8, 5, 5, 5), (4, 3)])
def test_fsq_bounds_levels_and_index(levels):
    """Values in [-1, 1], exactly l of them a channel, and one index a code, both ways."""
    space, c = finite_scalar(1, levels, normalise=False), len(levels)
    codes = math.prod(levels)
    assert space.codes == codes
    h = jnp.linspace(-20, 20, 4000)[:, None] * jnp.ones((1, c))
    z = np.asarray(space.apply(VARIABLES, h, None).z)
    for i, level in enumerate(levels):
        np.testing.assert_allclose(np.unique(z[:, i]), np.linspace(-1, 1, level), atol=1e-6)
        np.testing.assert_array_equal(np.sort(z[:, i]), z[:, i])
        np.testing.assert_allclose(z[:, i], -z[::-1, i], atol=1e-6)  # no side is preferred
    index = jnp.arange(codes)
    digits = np.asarray(fsq_digits(index, levels))
    expected = np.stack(np.unravel_index(np.arange(codes), levels, order="F"), axis=-1)
    np.testing.assert_array_equal(digits, expected)
    assert len({tuple(row) for row in digits}) == codes
    np.testing.assert_array_equal(fsq_index(jnp.asarray(digits), levels), index)
    values = fsq_values(jnp.asarray(digits), levels)
    # A value quantises to itself: what the prior draws is what the encoder would say.
    raw = jnp.arctanh(jnp.clip(values, -1 + 1e-6, 1 - 1e-6))
    latent = space.apply(VARIABLES, raw, None)
    np.testing.assert_array_equal(latent.z, values)
    np.testing.assert_array_equal(latent.index[:, 0], index)


def test_fsq_gradient_is_that_of_tanh():
    space = finite_scalar(G, (5, 4, 3, 2), normalise=False)
    cotangent = jax.random.normal(jax.random.key(1), H.shape)
    _, pull = jax.vjp(lambda h: space.apply(VARIABLES, h, None).z, H)
    np.testing.assert_allclose(
        pull(cotangent)[0], cotangent * (1 - jnp.tanh(H) ** 2), rtol=1e-4, atol=1e-6
    )


def test_fsq_normalised_is_fsq_of_rows_of_mean_square_one():
    levels, scale = (5, 4, 3, 2), 10.0 ** (2.0 + jnp.arange(len(H)) % 4)[:, None]
    plain, held = finite_scalar(G, levels, normalise=False), finite_scalar(G, levels)
    rows = np.asarray(H * scale, np.float64)
    unit = rows / np.sqrt(np.square(rows).mean(1, keepdims=True))
    np.testing.assert_array_equal(
        held.apply(VARIABLES, H * scale, None).z,
        plain.apply(VARIABLES, jnp.asarray(unit, jnp.float32), None).z,
    )
    zero = held.apply(VARIABLES, jnp.zeros_like(H), None)
    assert np.isfinite(zero.z).all()


def test_gumbel_softmax_goes_to_one_hot_samples_of_q():
    logits = jnp.asarray([[1.0, -0.5, 0.3, -2.0]])
    log_q, draws = jax.nn.log_softmax(logits), 20_000
    many = jnp.broadcast_to(log_q, (draws, 4))
    cold = np.asarray(relaxed(jax.random.key(0), many, 1e-4))
    assert (cold.max(-1) > 1 - 1e-6).mean() > 0.999
    np.testing.assert_allclose(cold.sum(-1), 1.0, rtol=1e-5)
    q = np.exp(np.asarray(log_q))[0]
    frequency = np.bincount(cold.argmax(-1), minlength=4) / draws
    assert (np.abs(frequency - q) < 4 * np.sqrt(q * (1 - q) / draws)).all()
    sharpness = [
        float(relaxed(jax.random.key(0), many, t).max(-1).mean()) for t in (10, 1, 0.1, 0.01)
    ]
    assert sharpness == sorted(sharpness)
    assert sharpness[0] < 0.4
    assert sharpness[-1] > 0.99


def gumbel(hard: bool, temperature: float):
    space = gumbel_softmax(G, D, hard)
    variables = {"params": {}, "extra": {"temperature": jnp.float32(temperature)}}
    return space, lambda h, key=None: space.apply(variables, h, key)


def test_hard_samples_are_one_hot_with_the_relaxed_gradient():
    (_, hard), (_, soft) = gumbel(True, 0.7), gumbel(False, 0.7)
    key, cotangent = jax.random.key(3), jax.random.normal(jax.random.key(4), H.shape)
    z, pull = jax.vjp(lambda h: hard(h, key).z, H)
    relaxed_z, relaxed_pull = jax.vjp(lambda h: soft(h, key).z, H)
    assert set(np.unique(z)) == {0.0, 1.0}
    np.testing.assert_array_equal(
        z.reshape(B, G, D).argmax(-1), relaxed_z.reshape(B, G, D).argmax(-1)
    )
    np.testing.assert_array_equal(pull(cotangent)[0], relaxed_pull(cotangent)[0])


def test_gumbel_evaluation_takes_the_most_probable_choice():
    _, encode = gumbel(False, 0.7)
    latent = encode(H)
    best = np.asarray(H).reshape(B, G, D).argmax(-1)
    np.testing.assert_array_equal(latent.index, best)
    np.testing.assert_array_equal(latent.z.reshape(B, G, D), np.eye(D)[best])
    expected = jax.nn.softmax(H.reshape(B, G, D)).reshape(B, -1)
    np.testing.assert_allclose(latent.mean, expected, rtol=1e-5)


def test_temperature_is_annealed_and_bounded():
    space = gumbel_softmax(G, D)
    names = ("temperature", "temperature_min", "temperature_rate")
    for values, step, expected in (
        ((2.0, 0.5, 1e-2), 0, 2.0),
        ((2.0, 0.5, 1e-2), 100, 2 * math.exp(-1)),
        ((2.0, 0.5, 1e-2), 2**30, 0.5),
        ((2.0, 0.5, 0.0), 2**30, 2.0),
    ):
        hp = {name: jnp.float32(v) for name, v in zip(names, values, strict=True)}
        found = jax.jit(space.prepare)({}, hp, jnp.int32(step))["temperature"]
        assert float(found) == pytest.approx(expected, rel=1e-5)


def test_kl_to_uniform_against_closed_form():
    logits = RNG.normal(size=(B, G, D)) * 3
    q = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    exact = stats.entropy(q, np.full_like(q, 1 / D), axis=-1).sum(-1)
    found = categorical_kl_to_uniform(jax.nn.log_softmax(jnp.float32(logits)))
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-5)
    sure = categorical_kl_to_uniform(jax.nn.log_softmax(1e4 * jnp.eye(D)[None]))
    np.testing.assert_allclose(sure, D * math.log(D), rtol=1e-6)  # finite at a certain choice
    none = categorical_kl_to_uniform(jnp.full((1, 1, D), -math.log(D)))
    np.testing.assert_allclose(none, 0.0, atol=1e-6)


def test_densities_of_hard_samples():
    space, encode = gumbel(True, 0.5)
    latent = encode(H, jax.random.key(0))
    log_q = np.asarray(jax.nn.log_softmax(H.reshape(B, G, D)))
    expected = np.take_along_axis(log_q, np.asarray(latent.index)[..., None], -1).sum((1, 2))
    np.testing.assert_allclose(space.log_posterior(latent, latent.z), expected, rtol=1e-5)
    np.testing.assert_allclose(space.log_prior({}, latent.z), -G * math.log(D), rtol=1e-6)
    assert gumbel_softmax(G, D).log_posterior is None  # a relaxed sample has no such density
    np.testing.assert_allclose(code_length_term(D)(forward_of(latent), {}), G * math.log(D))


@pytest.mark.parametrize(
    ("space", "variables"),
    [
        (vector_quantised(G, D, K), VARIABLES),
        (vector_quantised(G, D, K, ema=True), {"params": {}, "extra": ema_start()}),
        (finite_scalar(G, (3, 2)), VARIABLES),
        (gumbel_softmax(G, D), VARIABLES),
    ],
    ids=["vector", "ema", "scalar", "gumbel"],
)
def test_the_prior_is_uniform_over_codes(space, variables):
    draws = 3000
    z = np.asarray(space.prior(variables, jax.random.key(0), draws))
    assert z.shape == (draws, space.size)
    _, counts = np.unique(z.reshape(draws * G, -1), axis=0, return_counts=True)
    assert len(counts) == space.codes
    assert stats.chisquare(counts).pvalue > 1e-3


def test_bad_sizes():
    for build, message in (
        (lambda: vector_quantised(0, 2, 3), "groups=0 is out of range"),
        (lambda: vector_quantised(1, 2, 0), "codes=0 is out of range"),
        (lambda: finite_scalar(1, (1, 3)), "levels=1 is out of range"),
        (lambda: finite_scalar(1, ()), r"levels=\(\) is no grid"),
        (lambda: finite_scalar(1, (2,) * 31), "product below"),
        (lambda: gumbel_softmax(1, 1), "codes=1 is out of range"),
    ):
        with pytest.raises(ConfigError, match=message):
            build()
