"""What every model promises.

A new model is tested by being in MODELS; see configs/zoo.py for rows.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import evaluate
from aejax.conditions import Conditioned, beside, values_of
from aejax.data.scaling import to_float
from aejax.evaluate.members import evaluator
from aejax.train import population, tree
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import stage_steps
from aejax.train.run import train
from aejax.train.step import enter_stage, init_state
from aejax.types import stages_of
from tests.contract.cases import BATCH, NAMES, case, job, recipe

STEPS = 60
OP_BY_OP = ("undercomplete", "denoising", "contractive", "vae", "topk")
# One model of each mechanism: `make test` runs these, `make test-exhaustive` the others.
OFTEN = (
    "k_sparse",
    "vae dense told",  # a plain one, but for what it is told
    "vq_vae",
    "adversarial_autoencoder",
    "stacked",
)


# A model's tests share what it has trained: tests/conftest.py keeps them in one worker.
pytestmark = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in OFTEN else [pytest.mark.exhaustive]) for name in NAMES],
)


def batch(name: str) -> jax.Array:
    return to_float(jax.tree.map(jnp.asarray, case(name).train[:BATCH]))


def scalars(name: str) -> dict[str, jax.Array]:
    return {n: jnp.float32(v) for n, v in case(name).hp.items()}


@functools.cache
def started(name: str, seed: int = 0):
    # Jitted, like most below: run op by op, each operation is a compilation of its own.
    model = case(name).model
    return jax.jit(lambda seed, x: init_state(model, seed, x))(jnp.int32(seed), batch(name))


@functools.cache
def pair(name: str):
    """Two members, side by side, 60 steps; one job, so that its programs are compiled once."""
    return job(case(name), STEPS, [3, 4], STEPS // 2, executor="vmap")


@functools.cache
def undisturbed(name: str):
    return train(pair(name), case(name).train, valid=case(name).test, measure=evaluator)


def assert_same_bits(a, b):
    for path, leaf in tree.flatten(a).items():
        np.testing.assert_array_equal(leaf, tree.flatten(b)[path], err_msg=path)


def test_member_equals_single_run(name):
    one = case(name)
    single = train(job(one, STEPS, [4], STEPS // 2, executor="loop"), one.train)
    ours = tree.flatten(population.member(undisturbed(name).state.variables["params"], 1))
    alone = tree.flatten(population.member(single.state.variables["params"], 0))
    assert all(np.isfinite(leaf).all() for leaf in ours.values())
    worst = max(float(np.abs(ours[path] - alone[path]).max()) for path in ours)
    assert worst < (1e-4 if "resnet" in name else 1e-5)  # its many layers amplify roundings


def test_resumed_run_equals_undisturbed_bit_for_bit(name, tmp_path):
    one = case(name)

    class Killed(Exception):
        pass

    # The first checkpoint is written after the first chunk, so the kill comes in the second.
    calls = []

    def kill(step, means):
        calls.append(step)
        if len(calls) == 2:
            raise Killed

    checkpoint = Checkpoint(tmp_path / "checkpoint")
    with pytest.raises(Killed):
        train(
            pair(name),
            one.train,
            valid=one.test,
            measure=evaluator,
            checkpoint=checkpoint,
            checkpoint_seconds=0,
            on_chunk=kill,
        )
    checkpoint.close()
    resumed_at = []
    again = train(
        pair(name),
        one.train,
        valid=one.test,
        measure=evaluator,
        checkpoint=Checkpoint(tmp_path / "checkpoint"),
        checkpoint_seconds=0,
        on_chunk=lambda step, means: resumed_at.append(step),
    )
    assert resumed_at[0] == calls[1]  # it went on, and did not begin again
    whole = undisturbed(name)
    assert_same_bits(again.state.variables, whole.state.variables)
    assert_same_bits(again.state.opt_state, whole.state.opt_state)
    for curve, values in whole.curves.items():
        np.testing.assert_array_equal(again.curves[curve], values)
    for metric, values in whole.valid.items():
        np.testing.assert_array_equal(again.valid[metric], values)


def test_nothing_recompiles_after_the_first_chunk(name):
    assert undisturbed(name).recompiles == 0


def test_training_stays_healthy_and_moves_the_parameters(name):
    whole = undisturbed(name)
    assert (np.asarray(whole.state.health.step) == -1).all()
    before = tree.flatten(started(name, 3).variables["params"])
    after = tree.flatten(population.member(whole.state.variables["params"], 0))
    assert any(
        path not in before or not np.array_equal(before[path], leaf) for path, leaf in after.items()
    )


def test_gradients_reach_every_parameter(name):
    model, hp, x = case(name).model, scalars(name), batch(name)
    stages = stages_of(model)
    state, reached, all_paths = started(name), set(), set()
    for stage, steps in zip(stages, stage_steps(stages, STEPS), strict=True):
        enter = functools.partial(enter_stage, model, stage, recipe(STEPS), steps)
        state = jax.jit(enter)(state, hp)
        moving, frozen = tree.split(state.variables["params"], stage.trainable)
        all_paths = set(moving) | set(frozen)

        @jax.jit
        def gradients(moving, state=state, frozen=frozen, stage=stage):
            def loss(moving):
                params = tree.merge(state.variables["params"], moving, frozen)
                variables = {**state.variables, "params": params}
                return stage.loss(variables, hp, x, state.key, jnp.int32(STEPS))[0]

            return jax.grad(loss)(moving)

        found = gradients(moving)
        assert all(np.isfinite(g).all() for g in found.values())
        reached |= {path for path, g in found.items() if np.any(np.asarray(g) != 0)}
    assert all_paths - reached == set()


def test_terms_are_per_example_and_finite_at_extremes(name):
    model, hp = case(name).model, scalars(name)
    x, variables = batch(name), started(name).variables
    loss = jax.jit(functools.partial(model.loss, hp=hp, key=jax.random.key(1), step=jnp.int32(0)))
    for extreme in (values_of(x), jnp.zeros(x.shape), jnp.ones(x.shape)):
        scalar, aux = loss(variables, x=beside(extreme, x))
        assert np.isfinite(scalar)
        assert set(aux.terms) == set(model.info.terms)
        for term, values in aux.terms.items():
            assert values.shape == (BATCH,), term
            assert np.isfinite(values).all(), term
        assert_same_structure(aux.extra, variables["extra"])


def assert_same_structure(a, b):
    shapes = functools.partial(jax.tree.map, lambda leaf: (jnp.shape(leaf), jnp.result_type(leaf)))
    assert shapes(a) == shapes(b)


def test_jit_equals_no_jit(name):
    if name not in OP_BY_OP:
        pytest.skip("op by op for one model of each mechanism: it takes ten times as long")
    model, hp, x = case(name).model, scalars(name), batch(name)
    variables, key = started(name).variables, jax.random.key(2)
    plain, _ = model.loss(variables, hp, x, key, jnp.int32(0))
    compiled, _ = jax.jit(model.loss)(variables, hp, x, key, jnp.int32(0))
    np.testing.assert_allclose(plain, compiled, rtol=2e-5)


def test_shapes_of_code_reconstruction_and_samples(name):
    model, x, variables = case(name).model, batch(name), started(name).variables
    encode = jax.jit(lambda variables, x: model.encode(variables, x).mean)
    code = encode(variables, x)
    assert code.shape == (BATCH, model.info.latent)
    np.testing.assert_array_equal(code, encode(variables, x))
    reconstruct = functools.partial(evaluate.reconstruct, model)
    assert jax.jit(reconstruct)(variables, x).shape == x.shape
    if model.sample:
        told = (x.condition[:3],) if isinstance(x, Conditioned) else ()
        drawn = jax.jit(model.sample, static_argnums=2)(variables, jax.random.key(0), 3, *told)
        assert drawn.shape == (3, *model.info.shape)
        assert np.isfinite(drawn).all()


def test_metrics_do_not_depend_on_the_evaluation_batch(name):
    """Rows that fill no whole batch count like all others, and no padding enters a metric."""
    model, variables = case(name).model, started(name).variables
    table = jax.tree.map(jnp.asarray, case(name).test)
    hp, key = scalars(name), jax.random.key(0)

    @functools.partial(jax.jit, static_argnums=0)
    def evaluated(batch_size):
        return evaluate.evaluate(model, variables, hp, key, table, batch_size)

    whole, parts = evaluated(50), evaluated(16)
    np.testing.assert_allclose(whole["mse_per_image"], parts["mse_per_image"], rtol=1e-5)
    assert all(np.isfinite(v) for v in whole.values())


def test_the_seed_decides(name):
    one = case(name)
    whole = undisturbed(name)
    first, second = (
        tree.flatten(population.member(whole.state.variables["params"], i)) for i in (0, 1)
    )
    assert any(not np.array_equal(first[path], second[path]) for path in first)
    assert one.model.info.paper
    assert one.model.info.equation
