import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from aejax.errors import ConfigError
from aejax.losses import METHODS, jacobians, squared_frobenius
from aejax.losses.jacobian.cost import EXACT
from tests.losses.loss_cases import CHAINS, case, chain, evaluate, inputs, weights

NUMPY = {
    "identity": lambda a: a,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "softplus": lambda a: np.logaddexp(a, 0),
    "elu": lambda a: np.where(a > 0, a, np.expm1(a)),
    "gelu": lambda a: a * (1 + np.tanh((2 / np.pi) ** 0.5 * (a + 0.044715 * a**3))) / 2,
    "swish": lambda a: a * special.expit(a),
}


def exact_methods(name):
    return ("jacfwd", "jacrev", "closed_form" if name.startswith("one_") else "gram")


def penalty(params, activations, x, method, **options):
    layers = chain(params, activations)
    return squared_frobenius(
        lambda x: evaluate(layers, x), x, method=method, layers=layers, **options
    )


def values(params, activations, x, methods):
    """The penalty by each method, from one program: eager code compiles every operation."""
    run = jax.jit(lambda p, x: [penalty(p, activations, x, method) for method in methods])
    return run(params, x)


def explicit_jacobians(params, activations, x):
    """J = D_N W_N^T ... D_1 W_1^T in NumPy, with slopes by central differences in float64."""
    a = np.asarray(x, np.float64)
    out = np.broadcast_to(np.eye(a.shape[1]), (len(a), a.shape[1], a.shape[1]))
    for (w, b), name in zip(params, activations, strict=True):
        w, s = np.asarray(w, np.float64), a @ np.asarray(w, np.float64) + np.asarray(b, np.float64)
        act = NUMPY[name]
        slope = (act(s + 1e-5) - act(s - 1e-5)) / 2e-5
        out, a = slope[:, :, None] * np.einsum("ij,bik->bjk", w, out), act(s)
    return out


@pytest.mark.parametrize("name", CHAINS)
def test_exact_methods_agree_in_value_and_gradient(name):
    params, activations, x = case(name)

    @jax.jit
    def all_of(params):
        def total(params, method):
            norms = penalty(params, activations, x, method)
            return jnp.sum(jnp.sin(norms)), norms  # unequal weights of the examples

        run = jax.value_and_grad(total, has_aux=True)
        return [run(params, method) for method in exact_methods(name)]

    ((_, reference), gradient), *others = all_of(params)
    scale = max(np.abs(g).max() for g in jax.tree.leaves(gradient))
    for (_, norms), other in others:
        np.testing.assert_allclose(norms, reference, rtol=1e-5)
        for ours, theirs in zip(jax.tree.leaves(other), jax.tree.leaves(gradient), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("name", CHAINS)
def test_values_are_those_of_explicit_jacobians(name):
    params, activations, x = case(name)
    expected = np.square(explicit_jacobians(params, activations, x)).sum(axis=(1, 2))
    (ours,) = values(params, activations, x, ["auto"])
    np.testing.assert_allclose(ours, expected, rtol=2e-5)


@pytest.mark.parametrize("name", ["two_wide_sigmoid_code", "three_wide", "four_hourglass"])
def test_values_are_those_of_finite_differences_in_float64(name):
    with jax.enable_x64(True):
        params, activations, x = case(name, dtype=np.float64)
        run = jax.jit(lambda x: evaluate(chain(params, activations), x))
        x, steps = np.asarray(x), 1e-6 * np.eye(x.shape[1])
        columns = [np.subtract(run(x + h), run(x - h)) / 2e-6 for h in steps]
        expected = sum(np.square(column).sum(axis=1) for column in columns)
        for ours in values(params, activations, x, ["gram", "jacrev"]):
            assert ours.dtype == jnp.float64
            np.testing.assert_allclose(ours, expected, rtol=1e-7)


def test_one_sigmoid_layer_is_rifais_formula():
    params, activations, x = case("one_wide_sigmoid", batch=7)
    ((w, b),) = params
    w, h = np.asarray(w), 1 / (1 + np.exp(-(np.asarray(x) @ np.asarray(w) + np.asarray(b))))
    expected = [
        sum(
            (h_j * (1 - h_j)) ** 2 * sum(w[i, j] ** 2 for i in range(9))
            for j, h_j in enumerate(row)
        )
        for row in h
    ]
    for ours in values(params, activations, x, exact_methods("one_")):
        np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_golden_number():
    """4 -> 4 sigmoid with W = I, b = 0 on zeros: four slopes of 1/4, so 4 / 16."""
    params = ((jnp.eye(4), jnp.zeros(4)),)
    x = jnp.zeros((4, 4))
    (ours,) = values(params, ("sigmoid",), x, ["closed_form"])
    assert ours.tolist() == [0.25] * 4
    (ours,) = values(
        (*params, (2 * jnp.eye(4), jnp.zeros(4))), ("sigmoid", "identity"), x, ["gram"]
    )
    assert ours.tolist() == [1.0] * 4


@pytest.mark.parametrize("name", ["one_tall_tanh", "two_wide_linear_code", "three_wide"])
def test_the_penalty_of_c_f_is_c_squared_times_it(name):
    params, activations, x = case(name)
    *others, (w, b) = params
    last = ("identity" if len(activations) > 1 else activations[-1],)
    names = (*activations[:-1], *last)
    layers, c = chain(params, names), -3.0
    (base,) = values(params, names, x, ["auto"])
    scaled = jax.jit(
        lambda x: squared_frobenius(lambda x: c * evaluate(layers, x), x, method="jacrev")
    )(x)
    np.testing.assert_allclose(scaled, c**2 * base, rtol=1e-5)
    if len(activations) > 1:
        (inside,) = values((*others, (c * w, b)), names, x, ["gram"])
        np.testing.assert_allclose(inside, c**2 * base, rtol=1e-5)


@pytest.mark.parametrize("name", ["one_wide_sigmoid", "two_wide_linear_code", "three_wide"])
def test_members_under_vmap_equal_a_loop(name):
    widths, activations = CHAINS[name]
    members = [weights(widths, seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *members)
    x = inputs(widths, 4)
    run = jax.value_and_grad(lambda p: jnp.mean(penalty(p, activations, x, "auto")))
    swept = jax.tree.leaves(jax.jit(jax.vmap(run))(stacked))
    for i, member in enumerate(map(jax.jit(run), members)):
        for ours, single in zip(swept, jax.tree.leaves(member), strict=True):
            np.testing.assert_allclose(ours[i], single, rtol=1e-4, atol=1e-5)


def test_gradients_reach_the_input_and_go_forward_twice():
    params, activations, x = case("two_wide_sigmoid_code")
    run = {
        method: lambda x, method=method: penalty(params, activations, x, method).sum()
        for method in ("gram", "jacrev")
    }
    along = jnp.ones_like(x)

    @jax.jit
    def derivatives(x):
        return {
            name: (
                jax.grad(f)(x),
                jax.jvp(f, (x,), (along,))[1],
                jax.jvp(jax.grad(f), (x,), (along,))[1],
            )
            for name, f in run.items()
        }

    both = derivatives(x)
    for ours, theirs in zip(both["gram"], both["jacrev"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_images_and_functions_that_are_no_chain():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(2, 5, 5, 1)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(3, 3, 1, 2)), jnp.float32)

    def f(x):
        y = jax.lax.conv_general_dilated(
            x, kernel, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return jnp.tanh(y).reshape(x.shape[0], -1)

    methods = ("auto", "jacfwd", "jacrev")
    found, *norms = jax.jit(
        lambda x: [jacobians(f, x), *(squared_frobenius(f, x, method=m) for m in methods)]
    )(x)
    assert found.shape == (2, 8, 25)
    for ours in norms:
        np.testing.assert_allclose(ours, np.square(found).sum(axis=(1, 2)), rtol=1e-5)
    ours, theirs = values(weights((25, 6, 3)), ("tanh", "identity"), x, ["gram", "jacrev"])
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("activations", [("sigmoid", "sigmoid"), ("softplus", "identity")])
def test_extreme_inputs_are_finite(activations):
    params = weights((6, 5, 3))
    run = jax.jit(jax.value_and_grad(lambda p, x: penalty(p, activations, x, "gram").sum()))
    for fill in (0.0, 1.0, 1e4, -1e4):
        value, gradient = run(params, np.full((2, 6), fill, np.float32))
        assert np.isfinite(value)
        assert value >= 0
        assert all(np.isfinite(g).all() for g in jax.tree.leaves(gradient))


def precisions(jaxpr):
    """The precision of every matrix product in a jaxpr and all that it calls."""
    for eqn in jaxpr.eqns:
        if eqn.primitive.name == "dot_general":
            yield eqn.params["precision"]
        for value in eqn.params.values():
            for inner in value if isinstance(value, (tuple, list)) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from precisions(inner)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_products_stay_in_float32_whatever_the_ambient_precision(method):
    name = "one_wide_sigmoid" if method == "closed_form" else "two_wide_sigmoid_code"
    params, activations, x = case(name)
    key = jax.random.key(0)
    with jax.default_matmul_precision("bfloat16"):
        jaxpr = jax.make_jaxpr(
            jax.value_and_grad(lambda p: penalty(p, activations, x, method, key=key).sum())
        )(params)
    found = list(precisions(jaxpr.jaxpr))
    highest = jax.lax.Precision.HIGHEST
    assert found
    assert all(p in (highest, (highest, highest)) for p in found)


def test_nothing_recompiles_on_the_second_call():
    params, activations, x = case("three_wide")
    run = jax.jit(lambda p, x: penalty(p, activations, x, "auto"))
    run(params, x)
    run(jax.tree.map(lambda a: a + 1, params), x + 1)
    assert run._cache_size() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "grm"},
            r"method='grm' is unknown\. Did you mean 'gram'\? Allowed: auto, closed",
        ),
        (
            {"method": "gram"},
            r"method='gram' needs the chain .* layers=None\. Allowed: auto, jacfwd",
        ),
        ({"method": "closed_form"}, r"method='closed_form' needs the chain .* Allowed: auto"),
        ({"method": "hutchinson"}, r"method='hutchinson' needs a random key, and key=None"),
        ({"probes": 0}, r"probes=0 is out of range\. Allowed: 1 or more\."),
    ],
)
def test_bad_options_are_one_line(options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        squared_frobenius(lambda x: x, jnp.ones((2, 3)), **options)
    assert "\n" not in str(caught.value)


def test_chains_of_the_wrong_length_or_size_are_one_line():
    one, two = chain(weights((3, 2)), ("tanh",)), chain(weights((3, 4, 2)), ("tanh", "tanh"))
    x = jnp.ones((2, 3))

    def run(method, layers, x=x):
        squared_frobenius(lambda x: evaluate(layers, x), x, method=method, layers=layers)

    with pytest.raises(ConfigError, match=r"'gram' needs two or more .* not 1\. .* 'closed_form'"):
        run("gram", one)
    with pytest.raises(ConfigError, match=r"'closed_form' needs exactly one .* not 2\. .* 'gram'"):
        run("closed_form", two)
    with pytest.raises(ConfigError, match=r"kernel has shape \(3, 2\), but .* 7 numbers"):
        run("auto", one, jnp.ones((2, 7)))
    with pytest.raises(ConfigError, match=r"method='gram' is unknown"):
        jacobians(lambda x: x, x, "gram")


def test_the_table_of_methods_is_the_documented_one():
    assert set(METHODS) == {*EXACT, "hutchinson"}
