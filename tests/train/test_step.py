"""The step: optimisers against optax by hand, isolation of a diverged member, frozen parameters."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from aejax import models
from aejax.train import optimizers, population, tree
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train
from aejax.train.step import enter_stage, init_state, make_step, terms_of
from aejax.types import Stage, stages_of

X = np.random.RandomState(0).rand(64, 12).astype(np.float32)
# Those that follow a learning rate; line searches have tests of their own.
RATED = [name for name, entry in optimizers.OPTIMIZERS.items() if not entry.line_search]


def model():
    return models.undercomplete(12, latent=3, widths=(8,))


def job(hp: dict[str, list[float]], steps: int = 20, seeds=(0, 0, 0), **fields) -> Job:
    recipe = Recipe(steps, 16)
    given = {n: [v] * len(seeds) for n, v in hparams_of(model(), recipe).items()} | hp
    values = {n: jnp.asarray(v, jnp.float32) for n, v in given.items()}
    return Job(model(), recipe, values, jnp.asarray(seeds, jnp.int32), steps, **fields)


def test_adam_from_traced_values_equals_optax():
    recipe = Recipe(10, 16)
    hp = {n: jnp.float32(v) for n, v in hparams_of(model(), recipe).items()}
    stage = stages_of(model())[0]
    state = init_state(model(), jnp.int32(0), jnp.asarray(X[:16]))
    state = enter_stage(model(), stage, recipe, 10, state, hp)
    step = jax.jit(make_step(model(), stage, recipe, 10))
    reference = optax.adam(1e-3)
    params = state.variables["params"]
    opt_state = reference.init(params)

    @jax.jit
    def gradient(params):
        variables = {"params": params, "extra": {}}
        return jax.grad(lambda v: model().loss(v, hp, X[:16], state.key, state.step)[0])(variables)[
            "params"
        ]

    for _ in range(5):
        updates, opt_state = reference.update(gradient(params), opt_state, params)
        params = optax.apply_updates(params, updates)
        state, _ = step(state, hp, jnp.asarray(X[:16]))
    for path, leaf in tree.flatten(params).items():
        np.testing.assert_allclose(
            tree.flatten(state.variables["params"])[path], leaf, atol=1e-6, err_msg=path
        )


@pytest.mark.parametrize("name", RATED)
def test_each_optimiser_lowers_a_quadratic(name):
    entry = optimizers.OPTIMIZERS[name]
    hp = {read.name: jnp.float32(read.default) for read in entry.hparams}
    tx = optimizers.make(name, "constant", False, 200, hp, {})
    params = {"w": jnp.asarray([1.0, -2.0])}
    state = tx.init(params)
    f = lambda p: jnp.sum(jnp.square(p["w"]))
    first = f(params)
    update = jax.jit(lambda params, state: tx.update(jax.grad(f)(params), state, params))
    for _ in range(200):
        updates, state = update(params, state)
        params = optax.apply_updates(params, updates)
    assert f(params) < 0.9 * first


@pytest.mark.parametrize("name", optimizers.SCHEDULES)
def test_schedules_start_and_end_where_they_say(name):
    entry = optimizers.SCHEDULES[name]
    hp = {read.name: jnp.float32(read.default) for read in entry.hparams}
    factor = [float(entry.factor(jnp.float32(t), hp)) for t in np.linspace(0, 1, 101)]
    ends = {
        "constant": (1, 1),
        "linear": (1, 0),
        "cosine": (1, 0),
        "exponential": (1, 0.01),
        "tripling": (1, 0.1),
        "warmup_cosine": (0, 0),
    }[name]
    np.testing.assert_allclose([factor[0], factor[-1]], ends, atol=1e-5)
    assert max(factor) <= 1 + 1e-6
    assert min(factor) >= 0


def test_clipping_bounds_the_update():
    hp = {"lr": jnp.float32(1.0), "clip_norm": jnp.float32(0.5)}
    tx = optimizers.make("sgd", "constant", True, 10, hp, {})
    params = {"w": jnp.zeros(4)}
    updates, _ = tx.update({"w": jnp.full(4, 100.0)}, tx.init(params), params)
    np.testing.assert_allclose(np.linalg.norm(updates["w"]), 0.5, rtol=1e-5)


def test_a_diverged_member_is_frozen_and_marked_and_the_others_go_on():
    runs = lambda *lr: train(job({"lr": list(lr)}, executor="vmap"), X)
    healthy, mixed = runs(1e-3, 1e-3, 1e-3), runs(1e-3, 1e30, 1e-3)
    assert mixed.state.health.step.tolist()[0] == -1
    assert mixed.state.health.step.tolist()[2] == -1
    assert 0 < mixed.state.health.step.tolist()[1] < 5
    names = terms_of(model())
    assert names[int(mixed.state.health.term[1])] in ("rec_nats", "loss", "update")
    # Guarded steps are another program than unguarded ones: equal to rounding. Within the guarded
    # program a sound neighbour and a diverged one leave the same bits.
    neighbour = runs(1e-3, 1e-3, 1e30)
    assert neighbour.state.health.step.tolist()[:2] == [-1, -1]
    for path, leaf in tree.flatten(mixed.state.variables).items():
        sound = tree.flatten(healthy.state.variables)[path]
        np.testing.assert_array_equal(
            leaf[0], tree.flatten(neighbour.state.variables)[path][0], err_msg=path
        )
        for i in (0, 2):
            np.testing.assert_allclose(leaf[i], sound[i], atol=1e-6, err_msg=path)
    assert all(np.isfinite(v).all() for v in tree.flatten(mixed.state.variables).values())


def test_the_offending_term_is_named():
    """A penalty whose weight overflows is what is named, not the reconstruction."""
    sparse = models.sparse_l1(12, latent=3, widths=(8,))
    recipe = Recipe(5, 16)
    hp = {n: jnp.float32([v]) for n, v in hparams_of(sparse, recipe).items()}
    bad = sparse.loss

    def loss(variables, hp, x, key, step):
        scalar, aux = bad(variables, hp, x, key, step)
        poison = jnp.where(step == 3, jnp.nan, 0.0)
        terms = aux.terms | {"l1": aux.terms["l1"] + poison}
        return scalar + poison, aux._replace(terms=terms)

    poisoned = sparse.replace(loss=loss)
    done = train(Job(poisoned, recipe, hp, jnp.zeros(1, jnp.int32), 5, "loop"), X)
    assert int(done.state.health.step[0]) == 3
    assert terms_of(poisoned)[int(done.state.health.term[0])] == "l1"


def test_parameters_outside_a_stage_do_not_move_by_a_bit():
    base = model()
    only = base.replace(stages=(Stage("first", base.loss, trainable=("encoder/dense_0",)),))
    recipe = Recipe(20, 16)
    hp = {n: jnp.float32([v]) for n, v in hparams_of(only, recipe).items()}
    before = tree.flatten(init_state(only, jnp.int32(0), jnp.asarray(X[:16])).variables["params"])
    done = train(Job(only, recipe, hp, jnp.zeros(1, jnp.int32), 20, "loop"), X)
    after = tree.flatten(population.member(done.state.variables["params"], 0))
    for path, leaf in before.items():
        same = np.array_equal(leaf, after[path])
        assert same == (not path.startswith("encoder/dense_0")), path


def test_executors_give_the_same_numbers():
    runs = {
        name: train(job({"lr": [1e-3, 3e-3, 1e-2]}, seeds=(0, 1, 2), executor=name), X)
        for name in population.EXECUTORS
    }
    reference = tree.flatten(runs["loop"].state.variables)
    for name, run in runs.items():
        assert run.executor == name
        for path, leaf in tree.flatten(run.state.variables).items():
            np.testing.assert_allclose(leaf, reference[path], atol=1e-5, err_msg=f"{name} {path}")


def test_map_in_chunks_that_do_not_divide_the_population():
    hp = {"lr": [1e-3, 3e-3, 1e-2]}
    whole = train(job(hp, seeds=(0, 1, 2), executor="vmap"), X)
    one = whole.state.variables["params"]
    program = population.execute(
        "map", lambda m, _: jax.tree.map(lambda v: 2 * v, m), one, (), chunk=2
    )
    for path, leaf in tree.flatten(program.call(one, ())).items():
        np.testing.assert_allclose(leaf, 2 * tree.flatten(one)[path], rtol=1e-6)


def test_the_memory_budget_picks_the_chunk():
    pick = population.pick
    assert pick("auto", 8, 100, 1000, 10_000, "cpu") == ("vmap", 8)
    assert pick("vmap", 8, 100, 1000, 350, "cpu") == ("map", 3)
    assert pick("map", 8, 100, 1000, 350, "cpu") == ("map", 3)
    assert pick("loop", 8, 100, 1000, 350, "cpu") == ("loop", 1)
    assert pick("auto", 8, 100, 10**7, 10_000, "cpu") == ("map", 1)
    assert pick("auto", 8, 100, 10**7, 10_000, "gpu") == ("vmap", 8)
    with pytest.raises(ValueError, match=r"memory_gb=.* too small"):
        pick("auto", 8, 100, 1000, 99, "cpu")
    with pytest.raises(ValueError, match=r"Did you mean 'vmap'"):
        pick("vmapp", 8, 100, 1000, 10_000, "cpu")


def test_an_infinite_step_is_not_kept():
    """The gradient is finite, the step is not: the parameters before it stay."""
    recipe = Recipe(5, 16, optimizer="sgd")
    hp = {n: jnp.float32([v]) for n, v in hparams_of(model(), recipe).items()}
    hp["lr"] = jnp.float32([3e38])
    done = train(Job(model(), recipe, hp, jnp.zeros(1, jnp.int32), 5, "loop"), 100 * X)
    assert int(done.state.health.step[0]) == 0
    assert terms_of(model())[int(done.state.health.term[0])] == "update"
    assert all(np.isfinite(leaf).all() for leaf in tree.flatten(done.state.variables).values())


def test_tripling_is_burdas_schedule():
    """3^i passes at lr 10^(-i / 7), i = 0..7: 3,280 passes in all."""
    factor, hp = optimizers.SCHEDULES["tripling"].factor, {"lr_end": 0.1, "lr_stages": 8.0}
    expected = np.concatenate([np.full(3**i, 10 ** (-i / 7)) for i in range(8)])
    assert len(expected) == 3280
    found = factor(jnp.arange(3280) / 3280, {k: jnp.float32(v) for k, v in hp.items()})
    np.testing.assert_allclose(found, expected, rtol=1e-4)
