"""The stack of machines: greedy, then unrolled without a seam, then tuned by any optimiser."""

from __future__ import annotations

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, softmax

from aejax import data, evaluate
from aejax.errors import ConfigError
from aejax.evaluate.members import evaluator
from aejax.evaluate.reconstruction import as_float
from aejax.models import deep_rbm
from aejax.models.deep.deep_rbm import LAYERS, data_units
from aejax.rbm import stack as rbm_stack
from aejax.train import optimizers, population, tree
from aejax.train.loop import make_chunk
from aejax.train.plan import Job, stage_steps
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train
from aejax.train.step import enter_stage, init_state, make_step
from aejax.types import stages_of

RECIPE = Recipe(60, 20)

# likelihood, hidden units, code units, words a document
COMBINATIONS = [
    ("bernoulli", "bernoulli", "gaussian", 1),
    ("gaussian", "rectified", "bernoulli", 1),
    ("bernoulli", "gaussian", "rectified", 1),
    ("multinomial", "bernoulli", "bernoulli", 7),
]
MEANS = {
    "bernoulli": expit,
    "gaussian": lambda a: a,
    "rectified": lambda a: np.log1p(np.exp(a)),
    "multinomial": lambda a: softmax(a, axis=1),
}


def small(likelihood="bernoulli", hidden="bernoulli", code="gaussian", draws=1, **fields):
    return deep_rbm(
        12, 3, (9, 6), likelihood, hidden_units=hidden, code_units=code, draws=draws, **fields
    )


def rows(likelihood: str, n: int = 20) -> jax.Array:
    x = np.random.default_rng(0).uniform(size=(n, 12))
    return jnp.asarray(
        x / x.sum(1, keepdims=True) if likelihood == "multinomial" else x, jnp.float32
    )


def scalars(model, recipe=RECIPE, **given):
    values = hparams_of(model, recipe) | given
    return {name: jnp.float32(value) for name, value in values.items()}


def entered(model, x, pretraining_steps: int):
    """The states before each stage: every machine has had some steps."""
    hp, state, states = scalars(model), init_state(model, jnp.int32(0), x[:20]), []
    for stage in stages_of(model):
        state = enter_stage(model, stage, RECIPE, pretraining_steps, state, hp)
        states.append(state)
        if stage.name != "fine_tuning":
            state = run(model, stage, state, RECIPE, pretraining_steps, x, hp)[0]
    assert int(state.health.step) == -1
    return states


def run(model, stage, state, recipe, steps, x, hp):
    step = make_step(model, stage, recipe, steps)
    size = recipe.batch_size
    return jax.jit(make_chunk(step, length=steps, points=2, batch_size=size))(state, hp, x)


def unrolled_at_random(model, x):
    """Variables at the start of fine-tuning, whatever the machines had learned."""
    variables = init_state(model, jnp.int32(0), x).variables
    rng = np.random.default_rng(1)
    noisy = lambda leaf: leaf + jnp.asarray(0.3 * rng.normal(size=leaf.shape), jnp.float32)
    last = stages_of(model)[-1]
    assert last.enter is not None
    return last.enter(jax.tree.map(noisy, variables), jax.random.key(0))


@pytest.mark.parametrize(("likelihood", "hidden", "code", "draws"), COMBINATIONS)
def test_unrolled_reconstruction_is_the_mean_field_pass(likelihood, hidden, code, draws):
    """Up through the machines' weights, down through their transposes, written out in NumPy."""
    model, x = small(likelihood, hidden, code, draws), rows(likelihood)
    variables = unrolled_at_random(model, x)
    flat = {p: np.asarray(v, np.float64) for p, v in tree.flatten(variables["params"]).items()}
    kinds = [likelihood, hidden, hidden, code]
    v = np.asarray(x, np.float64)
    for i in range(3):
        v = MEANS[kinds[i + 1]](
            flat[f"encoder/dense_{i}/bias"] + v @ flat[f"encoder/dense_{i}/kernel"]
        )
    np.testing.assert_allclose(model.encode(variables, x).mean, v, atol=2e-5)
    for i in (2, 1, 0):
        weights = flat[f"encoder/dense_{i}/kernel"] / (draws if i == 0 else 1)  # the machine's own
        v = MEANS[kinds[i]](flat[f"decoder/dense_{2 - i}/bias"] + v @ weights.T)
    unrolled = evaluate.reconstruct(model, variables, x)
    np.testing.assert_allclose(unrolled, v, atol=2e-5)
    units = (data_units(likelihood, draws), *[LAYERS[hidden]()] * 2, LAYERS[code]())
    again = rbm_stack.reconstruct(units, variables["params"], x)
    np.testing.assert_allclose(unrolled, again, atol=1e-5)


def test_each_stage_moves_its_machine_and_nothing_else():
    """Bit for bit; and unrolling writes the decoder's kernels only."""
    model, x = small(chains=10), rows("bernoulli")
    states = entered(model, x, 4)
    assert [s.name for s in stages_of(model)] == ["rbm_0", "rbm_1", "rbm_2", "fine_tuning"]
    for i, (before, after) in enumerate(itertools.pairwise(states)):
        a, b = tree.flatten(before.variables["params"]), tree.flatten(after.variables["params"])
        moved = {path for path in a if not np.array_equal(a[path], b[path])}
        own = {
            f"encoder/dense_{i}/kernel",
            f"encoder/dense_{i}/bias",
            f"decoder/dense_{2 - i}/bias",
        }
        unrolled = {f"decoder/dense_{j}/kernel" for j in range(3)} if i == 2 else set()
        assert moved == own | unrolled
        chains = [s.variables["extra"]["chains"] for s in (before, after)]
        went_on = {n for n in chains[0] if not np.array_equal(chains[0][n], chains[1][n])}
        assert went_on == {f"rbm_{i}"}


def test_steps_are_shared_out_and_learning_rates_fit_the_units():
    stages = stages_of(small(pretraining=0.75))
    assert stage_steps(stages, 400) == [100, 100, 100, 100]
    assert [s.lr for s in stages] == ["lr_rbm", "lr_rbm", "lr_rbm_linear", "lr"]
    defaults = hparams_of(small(), Recipe(10, 5))
    assert defaults["lr_rbm"] == 0.1
    assert defaults["lr_rbm_linear"] == 0.001
    assert defaults["w_rbm_l2"] == 2e-4
    # A model of binary units alone has no second rate; a line search reads no rate at all.
    assert "lr_rbm_linear" not in hparams_of(small(code="bernoulli"), Recipe(10, 5))
    assert "lr" not in hparams_of(small(), Recipe(10, 5, optimizer="cg_batches"))


def test_momentum_changes_after_the_first_part_of_a_stage():
    """0.5, then 0.9 (the published code): the velocity is recomputed by hand."""
    hp = {"lr": 0.1, "momentum_start": 0.5, "momentum": 0.9, "momentum_switch": 0.4}
    tx = optimizers.make("two_momenta", "constant", False, 5, hp, {})
    state, velocity = tx.init({"w": jnp.zeros(())}), 0.0
    for i, g in enumerate([1.0, -2.0, 0.5, 3.0, 1.0]):
        updates, state = tx.update({"w": jnp.float32(g)}, state)
        velocity = (0.5 if i < 2 else 0.9) * velocity + g
        np.testing.assert_allclose(updates["w"], -0.1 * velocity, rtol=1e-6)


@functools.cache
def stacked_on_digits():
    """A model, its data, and its state when all machines are trained and unrolled."""
    model, x = deep_rbm(64, 6, (24,)), jnp.asarray(as_float(data.load("digits").train)[:500])
    return model, x, entered(model, x, 300)[-1]


@pytest.mark.parametrize("optimizer", ["cg_batches", "lbfgs", "adam"])
def test_fine_tuning_improves_on_the_stack_and_the_stack_on_chance(optimizer):
    model, x, state = stacked_on_digits()
    recipe = Recipe(80, 250, optimizer=optimizer)
    hp = scalars(model, recipe, **({"lr": 5e-3} if optimizer == "adam" else {}))
    stage = stages_of(model)[-1]
    state = enter_stage(model, stage._replace(enter=None), recipe, 80, state, hp)
    before = float(model.loss(state.variables, hp, x, state.key, state.step)[0])
    mean = np.clip(np.asarray(x).mean(0), 1e-6, 1 - 1e-6)
    entropy = -(x * np.log(mean)[None] + (1 - x) * np.log(1 - mean)[None]).sum(1).mean()
    assert before < entropy
    tuned, record = run(model, stage, state, recipe, 80, x, hp)
    assert int(tuned.health.step) == -1
    assert record["loss"][1] < record["loss"][0]
    assert record["loss"][1] < before - 1


@pytest.mark.slow
def test_a_population_tuned_by_line_searches_equals_single_runs():
    """And the curves of a run with stages: each stage on its own stretch, with its own terms."""
    model, x = deep_rbm(12, 3, (), code_units="bernoulli"), np.asarray(rows("bernoulli", 40))
    recipe = Recipe(24, 20, optimizer="cg_batches")

    def trained(seeds, rates, executor):
        hp = {n: jnp.full(len(seeds), v) for n, v in hparams_of(model, recipe).items()}
        hp |= {"lr_rbm": jnp.asarray(rates)}
        return train(
            Job(model, recipe, hp, jnp.asarray(seeds, jnp.int32), 24, executor),
            x,
            valid=x,
            measure=evaluator,
        )

    together = trained([1, 2, 3], [0.05, 0.1, 0.2], "vmap")
    members = [
        tree.flatten(population.member(together.state.variables["params"], i)) for i in range(3)
    ]
    single = trained([2], [0.1], "loop").state.variables["params"]
    for path, leaf in tree.flatten(population.member(single, 0)).items():
        np.testing.assert_allclose(leaf, members[1][path], atol=1e-5, err_msg=path)
    assert not np.allclose(
        members[0]["encoder/dense_0/kernel"], members[1]["encoder/dense_0/kernel"]
    )
    machine = np.isfinite(together.curves["cd_nats"])
    tuning = np.isfinite(together.curves["rec_nats"])
    assert machine.any()
    assert (machine != tuning).all()
    assert np.isfinite(together.valid["mse_per_image"]).all()


def test_the_control_without_pretraining_is_one_stage():
    model = small(pretraining=0.0)
    assert [s.name for s in stages_of(model)] == ["train"]
    assert "lr_rbm" not in hparams_of(model, RECIPE)


def test_documents_are_scored_by_their_cross_entropy():
    model, x = small("multinomial", draws=7), rows("multinomial")
    variables = model.init(jax.random.key(0), x)
    logits = np.asarray(model.decode(variables, model.encode(variables, x).z), np.float64)
    expected = -(np.asarray(x) * np.log(softmax(logits, axis=1))).sum(1)
    np.testing.assert_allclose(
        model.info.likelihood.nll(jnp.asarray(logits, jnp.float32), x), expected, rtol=1e-5
    )
    drawn = model.info.likelihood.sample(jax.random.key(1), jnp.asarray(logits, jnp.float32))
    np.testing.assert_array_equal(drawn.sum(1), np.ones(20))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"likelihood": "laplace"}, "likelihood='laplace' is unknown"),
        ({"code_units": "softmax"}, "code_units='softmax' is unknown"),
        ({"hidden_units": "gausian"}, "Did you mean 'gaussian'"),
        ({"cd_steps": 0}, "cd_steps=0 is out of range"),
        ({"chains": -1}, "chains=-1 is out of range"),
        ({"pretraining": 1.0}, "pretraining=1.0 is out of range"),
        ({"draws": 5}, "draws=5 needs softmax units"),
    ],
)
def test_bad_input(fields, message):
    with pytest.raises(ConfigError, match=message):
        deep_rbm(12, 3, (9, 6), **fields)
