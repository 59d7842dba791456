"""Two players in one step: neither one's terms move the other, not by one bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.losses import adversarial
from aejax.models.matching.adversarial_autoencoder import adversarial_autoencoder
from aejax.models.matching.factor_vae import factor_vae
from aejax.train import tree
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.step import enter_stage, init_state, make_step
from aejax.types import Forward, Latent, stages_of

PLAYERS = {
    "adversarial_autoencoder": (adversarial_autoencoder, "w_adversarial_nats"),
    "factor_vae": (factor_vae, "w_tc_nats"),
}
X = jax.random.uniform(jax.random.key(0), (16, 9))


def after(name: str, steps: int = 3, **hp: float) -> tuple[dict, dict]:
    """Parameters by path before and after a few steps of the project's own training step."""
    model = PLAYERS[name][0](9, latent=3, widths=(8,), discriminator_widths=(8,))
    recipe = Recipe(steps, len(X))
    values = {n: jnp.float32(v) for n, v in resolve_hparams(model, recipe, hp).items()}
    (stage,) = stages_of(model)
    state = enter_stage(model, stage, recipe, steps, init_state(model, jnp.int32(0), X), values)
    step = jax.jit(make_step(model, stage, recipe, steps))
    before = tree.flatten(state.variables["params"])
    for _ in range(steps):
        state, _ = step(state, values, X)
    return before, tree.flatten(state.variables["params"])


def moved(before: dict, now: dict) -> dict[str, bool]:
    return {path: not np.array_equal(leaf, now[path]) for path, leaf in before.items()}


def is_discriminator(path: str) -> bool:
    return path.startswith("discriminator/")


@pytest.mark.parametrize("name", PLAYERS)
def test_the_discriminators_step_leaves_the_autoencoder_untouched(name):
    model = PLAYERS[name][0](9)
    off = {w: 0.0 for w in model.hparams if w.startswith("w_") and w != "w_discriminator_nats"}
    for path, changed in moved(*after(name, **off)).items():
        assert changed == is_discriminator(path), path


@pytest.mark.parametrize("name", PLAYERS)
def test_the_autoencoders_step_leaves_the_discriminator_untouched(name):
    for path, changed in moved(*after(name, w_discriminator_nats=0.0)).items():
        assert changed != is_discriminator(path), path


@pytest.mark.parametrize("name", PLAYERS)
def test_one_step_together_is_one_step_of_each_alone(name):
    """Bit for bit: adding the other player's terms changes nothing of one's own first step."""
    off = {w: 0.0 for w in PLAYERS[name][0](9).hparams if w.startswith("w_")}
    _, both = after(name, steps=1)
    _, encoder = after(name, steps=1, w_discriminator_nats=0.0)
    _, critic = after(name, steps=1, **(off | {"w_discriminator_nats": 1.0}))
    for path, leaf in both.items():
        alone = critic if is_discriminator(path) else encoder
        np.testing.assert_array_equal(leaf, alone[path], err_msg=path)


@pytest.mark.parametrize("name", PLAYERS)
def test_the_discriminator_has_a_learning_rate_of_its_own(name):
    for path, changed in moved(*after(name, lr_discriminator=0.0)).items():
        assert changed != is_discriminator(path), path


def test_the_encoder_feels_the_discriminator():
    """The game is played: without its adversarial term the encoder goes elsewhere."""
    _, with_it = after("adversarial_autoencoder", steps=1)
    _, without = after("adversarial_autoencoder", steps=1, w_adversarial_nats=0.0)
    changed = moved(without, with_it)
    assert changed["encoder/dense_0/kernel"]
    assert not changed["decoder/dense_0/kernel"]


def test_losses_of_known_logits():
    real, fake = jnp.asarray([2.0, -80.0]), jnp.asarray([-1.0, 80.0])
    sigmoid = lambda a: 1 / (1 + np.exp(-np.float64(a)))
    expected = -np.log(sigmoid(2.0)) - np.log(1 - sigmoid(-1.0))
    found = np.asarray(adversarial.discriminator_loss(real, fake))
    np.testing.assert_allclose(found, [expected, 160.0], rtol=1e-6)
    found = np.asarray(adversarial.generator_loss(fake))
    np.testing.assert_allclose(found, [-np.log(sigmoid(-1.0)), 0.0], rtol=1e-6, atol=1e-9)


def test_permuted_dimensions_keep_margins_and_lose_dependence():
    z = jax.random.normal(jax.random.key(1), (2000, 1)) * jnp.ones((1, 3))
    shuffled = np.asarray(adversarial.permute_dimensions(jax.random.key(2), z))
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), np.sort(np.asarray(z), axis=0))
    assert np.abs(np.corrcoef(shuffled.T) - np.eye(3)).max() < 4 / np.sqrt(2000)


def test_the_density_ratio_finds_the_total_correlation():
    """Codes of correlation r = 0.8: KL(q || q1 q2) = -log(1 - r^2) / 2 = 0.511 nats."""
    critic = adversarial.discriminator((32, 32))
    params = adversarial.modules(critic, 2)(jax.random.key(3), X)
    train = adversarial.permutation_discriminator_term(critic)
    measure = adversarial.density_ratio_term(critic)

    def forward(params, key, n):
        raw = jax.random.normal(jax.random.fold_in(key, 0), (n, 2))
        z = jnp.stack([raw[:, 0], 0.8 * raw[:, 0] + 0.6 * raw[:, 1]], axis=1)
        empty = dict.fromkeys(Forward._fields)
        fields = {"latent": Latent(z, z), "variables": {"params": params}, "key": key}
        return Forward(**(empty | fields))

    def step(carry, now):
        (params, trace), (key, rate) = carry, now
        grads = jax.grad(lambda p: train(forward(p, key, 256), {}).mean())(params)
        trace = jax.tree.map(lambda t, g: 0.9 * t + g, trace, grads)
        return (jax.tree.map(lambda p, t: p - rate * t, params, trace), trace), None

    @jax.jit
    def learn(params):
        plan = jax.random.split(jax.random.key(4), 1000), jnp.linspace(0.1, 0.0, 1000)
        (params, _), _ = jax.lax.scan(step, (params, jax.tree.map(jnp.zeros_like, params)), plan)
        return measure(forward(params, jax.random.key(5), 20_000), {})

    found = float(learn(params).mean())
    print(f"total correlation {found:.3f}, exact {-0.5 * np.log(1 - 0.64):.3f}")
    assert found == pytest.approx(-0.5 * np.log(1 - 0.64), abs=0.04)
