"""The cost model and the plans behind `auto`. Whether a clock agrees is a benchmark's matter."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.losses import costs
from aejax.losses.jacobian import cost as jacobian_cost
from aejax.losses.jacobian.chain import contract, slopes
from aejax.losses.jacobian.cost import EXACT, Route, chain_widths, curved, plan
from aejax.losses.jacobian.higher import cheapest_change
from aejax.losses.jacobian.norm import cheapest
from aejax.nets.dense import mlp
from tests.losses.loss_cases import CHAINS, case, chain, evaluate, inputs, weights


def every_route(depth):
    for meet in range(1, depth):
        yield from (
            Route(meet, i, o)
            for i in (None, *range(1, meet + 1))
            for o in (None, *range(meet, depth))
        )


@pytest.mark.parametrize("name", [name for name in CHAINS if not name.startswith("one_")])
def test_every_route_around_the_circle_gives_the_same_norm(name):
    params, activations, x = case(name)
    layers = chain(params, activations)

    @jax.jit
    def norms(x):
        found = slopes(layers, x)
        routes = list(every_route(len(layers)))
        return jnp.stack([contract(layers, found, route, x.shape[0]) for route in routes])

    found = np.asarray(norms(x))
    np.testing.assert_allclose(found, np.broadcast_to(found[:1], found.shape), rtol=2e-5)


@pytest.mark.parametrize("name", CHAINS)
def test_auto_takes_the_smallest_exact_entry(name):
    params, activations, x = case(name)
    layers = chain(params, activations)
    table = costs(layers, x.shape[1], layers[-1].kernel.shape[1], batch=3, probes=1)
    exact = {method: cost for method, cost in table.items() if method in EXACT}
    taken = cheapest(lambda x: evaluate(layers, x), x, layers)
    assert taken == min(exact, key=exact.get)
    assert taken != "hutchinson"
    assert all(cost > 0 for cost in table.values())


@pytest.mark.parametrize(
    ("sizes", "method"), [((100, 5), "jacrev"), ((5, 100), "jacfwd"), ((784, 32), "jacrev")]
)
def test_an_unknown_function_is_differentiated_from_its_smaller_end(sizes, method):
    kernel = jnp.ones(sizes)
    assert cheapest(lambda x: jnp.tanh(x @ kernel), jnp.ones((4, sizes[0]))) == method
    assert "gram" not in costs(None, *sizes)
    assert "closed_form" not in costs(None, *sizes)


def test_known_chains_are_contracted_as_the_paper_and_pencil_say():
    # A linear code: both ends are Gram matrices that no example changes.
    assert plan((784, 256, 32), (True, False), 128)[:3] == (1, 1, 1)
    # A sigmoid code: the output's rows meet the input's Gram matrix.
    assert plan((784, 256, 32), (True, True), 128)[:3] == (1, 1, None)
    # A tall decoder with a sigmoid output: its few rows are best left as they are.
    assert plan((32, 256, 784), (True, True), 128)[:3] == (1, None, None)
    # A whole autoencoder meets in its code, from both sides as Gram matrices.
    route = plan((784, 256, 32, 256, 784), (True, True, True, False), 128)
    assert route[:3] == (2, 1, 3)


def test_the_plan_is_the_cheapest_of_all_and_deep_ones_are_found():
    rng = np.random.default_rng(0)
    for _ in range(20):
        widths = tuple(int(n) for n in rng.integers(2, 60, size=rng.integers(3, 6)))
        bends = tuple(bool(b) for b in rng.integers(0, 2, size=len(widths) - 1))
        few, many = plan(widths, bends, 4), plan(widths, bends, 4000)
        assert 0 < many.cost <= few.cost
        assert many.meet in range(1, len(widths) - 1)


@pytest.mark.parametrize(
    ("widths", "activations"),
    [
        ((96, 48, 12), ("sigmoid", "identity")),
        ((96, 48, 12), ("sigmoid", "sigmoid")),
        ((12, 48, 96), ("sigmoid", "sigmoid")),
        ((96, 48, 8, 48, 96), ("tanh", "tanh", "tanh", "identity")),
        ((64, 64, 32, 16), ("relu", "relu", "tanh")),
    ],
)
def test_costs_are_the_flops_that_the_compiler_counts(monkeypatch, widths, activations):
    """Without the charge for memory, `gram` is the compiled program's FLOPs to a third."""
    monkeypatch.setattr(jacobian_cost, "FLOPS_PER_NUMBER", 0.0)
    layers, x = chain(weights(widths), activations), inputs(widths, 16)
    route = plan(chain_widths(layers), curved(layers), 16)
    compiled = jax.jit(
        lambda kernels, x: contract(
            tuple(l._replace(kernel=k) for l, k in zip(layers, kernels, strict=True)),
            slopes(layers, x),
            route,
            16,
        )
    )
    counted = compiled.lower([l.kernel for l in layers], x).compile().cost_analysis()["flops"]
    modelled = 16 * costs(layers, widths[0], widths[-1], batch=16)["gram"]
    assert modelled <= counted * 1.02
    assert counted <= 1.5 * modelled


def test_routes_are_enumerated_once():
    routes = list(every_route(4))
    assert len(routes) == len(set(routes))
    assert {r.meet for r in routes} == {1, 2, 3}
    assert len(list(itertools.islice(every_route(2), 10))) == 4


@pytest.mark.parametrize(
    ("widths", "output", "method"),
    [
        ((784, 256, 32), "sigmoid", "chain"),  # measured: 30 times jacfwd, 1.7 times jacrev
        ((32, 256, 784), "sigmoid", "jacfwd"),  # measured: 7 times the chain, 41 times jacrev
        ((32, 256, 784), "identity", "chain"),
        ((784, 32), "sigmoid", "chain"),
    ],
)
def test_how_far_the_jacobian_moves_goes_the_way_that_was_measured(widths, output, method):
    net = mlp(widths[1:-1], widths[-1:], activation="sigmoid", last_activation=output)
    x = jnp.zeros((64, widths[0]))
    params = net.init(jax.random.key(0), x)
    assert cheapest_change(lambda x: net.apply(params, x), x, net.layers(params)) == method
