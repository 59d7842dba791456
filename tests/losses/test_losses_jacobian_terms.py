import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.keys import stream
from aejax.losses import (
    decoder_jacobian_term,
    higher_order,
    higher_order_term,
    hutchinson,
    jacobian_term,
    jacobians,
)
from aejax.nets import ACTIVATIONS, mirrored
from aejax.types import Latent
from tests.losses.loss_cases import forward, two_nets, weights

ENCODER = ("sigmoid", "sigmoid")
DECODER = ("sigmoid", "identity")
PARAMS = {"encoder": weights((8, 5, 3)), "decoder": weights((3, 5, 8), seed=4)}
X = jnp.asarray(np.random.default_rng(2).uniform(size=(4, 8)).astype(np.float32))
NETS = two_nets(ENCODER, DECODER)
HP = {"sigma": np.float32(0.2)}


def squares(f, x):
    return jnp.square(jacobians(f, x)).sum(axis=(1, 2))


def check(term, expected, *, nets=NETS, params=PARAMS, x=X, rtol=1e-5, **fields):
    """Compares a term with `expected(forward)`, both in one compiled program."""

    @jax.jit
    def both(params, x):
        seen = forward(nets, params, x)
        seen = seen._replace(**{name: make(seen) for name, make in fields.items()})
        return term(seen, HP), expected(seen)

    ours, theirs = both(params, x)
    assert ours.shape == x.shape[:1]
    np.testing.assert_allclose(ours, theirs, rtol=rtol)


@pytest.mark.parametrize("method", ["auto", "gram", "jacfwd", "jacrev"])
def test_the_encoders_term(method):
    check(jacobian_term(NETS, method=method), lambda seen: squares(seen.encode, seen.x))


def test_the_sampling_term_draws_from_its_own_stream():
    check(
        jacobian_term(NETS, method="hutchinson", probes=3),
        lambda seen: hutchinson(seen.encode, seen.x, stream(seen.key, "jacobian"), probes=3),
    )


def test_a_code_of_another_size_than_the_networks_output_is_differentiated_as_it_is():
    check(
        jacobian_term(NETS),
        lambda seen: squares(seen.encode, seen.x),
        latent=lambda seen: Latent(z=seen.latent.z[:, :2], mean=seen.latent.mean[:, :2]),
        encode=lambda seen: lambda x: NETS.encode(seen.variables["params"], x)[:, :2],
    )


def test_a_code_that_the_latent_space_changed_is_differentiated_as_it_is_on_request():
    check(
        jacobian_term(NETS, chain=False),
        lambda seen: 4 * squares(lambda x: NETS.encode(PARAMS, x), seen.x),
        encode=lambda seen: lambda x: 2 * NETS.encode(seen.variables["params"], x),
    )


@pytest.mark.parametrize("output", ["identity", "sigmoid"])
@pytest.mark.parametrize("method", ["auto", "gram", "jacfwd", "jacrev"])
def test_the_decoders_term(output, method):
    check(
        decoder_jacobian_term(NETS, output=output, method=method),
        lambda seen: squares(lambda z: ACTIVATIONS[output](seen.decode(z)), seen.latent.z),
    )


def test_an_output_on_top_of_a_curved_decoder_takes_the_general_way():
    nets = two_nets(ENCODER, ("tanh", "tanh"))
    check(
        decoder_jacobian_term(nets, output="sigmoid"),
        lambda seen: squares(lambda z: jax.nn.sigmoid(seen.decode(z)), seen.latent.z),
        nets=nets,
    )


def test_the_decoders_gradient_flows_into_the_encoder():
    def total(params):
        return decoder_jacobian_term(NETS)(forward(NETS, params, X), HP).sum()

    gradient = jax.jit(jax.grad(total))(PARAMS)
    assert all(np.abs(g).max() > 0 for g in jax.tree.leaves(gradient["encoder"]))


def test_the_second_order_term_reads_sigma():
    check(
        higher_order_term(NETS, n_samples=3),
        lambda seen: higher_order(
            seen.encode,
            seen.x,
            key=stream(seen.key, "higher_order"),
            sigma=0.2,
            n_samples=3,
            method="jacfwd",
        ),
        rtol=1e-4,
    )


def test_real_networks_and_images():
    nets = mirrored((4, 3, 1), (4, 3, 1), widths=(6,), latent=2, outputs=2, activation="tanh")
    x = jnp.asarray(np.random.default_rng(0).uniform(size=(3, 4, 3, 1)).astype(np.float32))
    with jax.numpy_rank_promotion("allow"):  # Linen adds its bias by broadcasting
        params = jax.jit(nets.init)(jax.random.key(0), x)
        check(
            jacobian_term(nets),
            lambda seen: squares(seen.encode, seen.x),
            nets=nets,
            params=params,
            x=x,
        )
        check(
            decoder_jacobian_term(nets),
            lambda seen: squares(lambda z: seen.decode(z).reshape(z.shape[0], -1), seen.latent.z),
            nets=nets,
            params=params,
            x=x,
        )


def all_terms(params, hp, x):
    seen = forward(NETS, params, x)
    return [
        term(seen, hp)
        for term in (jacobian_term(NETS), decoder_jacobian_term(NETS), higher_order_term(NETS))
    ]


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_terms_are_per_example_and_finite_on_blank_and_full_images(fill):
    for value in jax.jit(all_terms)(PARAMS, HP, np.full((4, 8), fill, np.float32)):
        assert value.shape == (4,)
        assert np.isfinite(value).all()


def test_members_under_vmap_equal_a_loop():
    stacked = jax.tree.map(lambda a: np.stack([a, 2 * a, -a]), PARAMS)
    hp = {"sigma": np.array([0.1, 0.2, 0.3], np.float32)}
    swept = jax.jit(jax.vmap(all_terms, in_axes=(0, 0, None)))(stacked, hp, X)
    run = jax.jit(all_terms)
    for i in range(3):
        params, hp_i = jax.tree.map(lambda a, i=i: a[i], (stacked, hp))
        for row, single in zip(swept, run(params, hp_i, X), strict=True):
            np.testing.assert_allclose(row[i], single, rtol=1e-4)


def test_what_can_be_known_without_shapes_is_refused_at_once():
    conv = NETS._replace(encoder_layers=None, decoder_layers=None)
    with pytest.raises(ConfigError, match="method='gram' needs the chain"):
        jacobian_term(conv, method="gram")
    with pytest.raises(ConfigError, match="method='gram' needs the chain"):
        jacobian_term(NETS, method="gram", chain=False)
    with pytest.raises(ConfigError, match="Did you mean 'jacrev'"):
        decoder_jacobian_term(NETS, method="jacrv")
    with pytest.raises(ConfigError, match=r"output='sigmod' is unknown\. Did you mean 'sigmoid'"):
        decoder_jacobian_term(NETS, output="sigmod")
    with pytest.raises(ConfigError, match="method='chain' needs the chain"):
        higher_order_term(conv, method="chain")
    with pytest.raises(ConfigError, match="probes=0"):
        jacobian_term(NETS, probes=0)
