"""Going on from a state, and programs that are compiled once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.errors import ConfigError
from aejax.train import plan, tree
from aejax.train.compile import compile_count
from aejax.train.plan import Job, segments
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import Trained, train
from aejax.train.stopping import EarlyStopping
from aejax.types import Array, Stage

X = np.random.RandomState(0).rand(64, 12).astype(np.float32)
MODEL = models.vae(12, latent=3, widths=(8,))
N = 15  # not a whole number of epochs of 64 // 16 steps


def job(steps: int, every: int, model=MODEL, **recipe) -> Job:
    made = Recipe(steps, 16, **recipe)
    hp = {n: np.full(2, v, np.float32) for n, v in hparams_of(model, made).items()}
    return Job(model, made, hp, np.asarray([3, 4], np.int32), every, "vmap")


def mean_code(model):
    """A validation metric."""

    def member(m, table: Array) -> dict[str, Array]:
        latent = model.encode(m["state"].variables, table)
        return {"code": jnp.mean(jnp.square(latent.mean))}

    return member


def assert_same_bits(a: Trained, b: Trained) -> None:
    raw = lambda state: state._replace(key=jax.random.key_data(state.key))
    ours, theirs = tree.flatten(raw(a.state)), tree.flatten(raw(b.state))
    assert ours.keys() == theirs.keys()
    for path, leaf in ours.items():
        np.testing.assert_array_equal(leaf, theirs[path], err_msg=path)


@pytest.mark.parametrize("every", [N, 4])
def test_n_steps_and_n_more_are_2n_steps_bit_for_bit(every):
    """Adam, two seeds side by side; also where a chunk of the long run is cut in two."""
    once = train(job(2 * N, every), X)
    half = train(job(N, every), X)
    before = jax.device_get(half.state.variables)
    rest = train(job(2 * N, every), X, start=half.state)
    assert rest.state.step.tolist() == [2 * N, 2 * N]
    assert_same_bits(rest, once)
    assert rest.curve_step[0] >= N
    for path, leaf in tree.flatten(half.state.variables).items():  # the caller's, and untouched
        np.testing.assert_array_equal(leaf, tree.flatten(before)[path])


def test_a_run_stopped_on_its_way_goes_on_under_any_schedule():
    """Its state is of a run of the same total, which is all that a schedule reads."""
    cosine = job(2 * N, 5, schedule="cosine")
    # Nothing is less than at the first point: stopped at the second.
    rising = lambda model: lambda m, table: {"steps": m["state"].step.astype(jnp.float32)}
    rule = EarlyStopping("steps", patience=1)
    stopped = train(cosine, X, valid=X, measure=rising, stopping=rule)
    assert stopped.state.step.tolist() == [10, 10]
    rest = train(cosine, X, start=stopped.state, planned=2 * N)
    assert_same_bits(rest, train(cosine, X))


def refused(message: str, *args, **kwargs) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        train(*args, **kwargs)
    assert "\n" not in str(caught.value)


def test_what_would_have_begun_otherwise_is_refused():
    start = train(job(N, N), X).state
    refused("schedule='cosine'", job(2 * N, N, schedule="cosine"), X, start=start)
    refused("optimizer='two_momenta'", job(2 * N, N, optimizer="two_momenta"), X, start=start)
    stages = (Stage("a", MODEL.loss), Stage("b", MODEL.loss))
    refused("2 stages", job(2 * N, N, MODEL.replace(stages=stages)), X, start=start)


def test_a_start_that_does_not_fit_is_refused():
    start = train(job(N, N), X).state
    refused("steps=15 is the total", job(N, N), X, start=start)
    refused("of another model", job(2 * N, N, optimizer="momentum"), X, start=start)
    one = jax.tree.map(lambda leaf: leaf[:1], start)
    refused("1 members .* the job 2", job(2 * N, N), X, start=one)
    refused("exclude each other", job(2 * N, N), X, start=start, initial=start.variables)


def test_a_second_training_compiles_nothing():
    model = MODEL.replace()  # a record of its own, for which nothing is compiled
    given = dict(valid=X[:10], measure=mean_code, stopping=EarlyStopping("code"))
    first = train(job(N, 5, model), X, **given)
    before = compile_count()
    second = train(job(N, 5, model), X, **given)
    assert compile_count() == before
    assert first.compile_seconds > 0
    assert second.compile_seconds == 0
    assert_same_bits(first, second)
    # Another model of the same shapes may be another function.
    train(job(N, 5, MODEL.replace()), X, **given)
    assert compile_count() > before


def test_chunks_of_bounded_work_train_and_measure_the_same(monkeypatch):
    """Between validation points there may be several: nothing but the curves' windows tells."""
    make = lambda: job(N, 5, MODEL.replace())  # its plan is its own
    given = dict(valid=X[:10], measure=mean_code, stopping=EarlyStopping("code"))
    whole, steps = train(make(), X, **given), []
    monkeypatch.setattr(plan, "CHUNK_FLOPS", 1.0)  # a step each
    parts = train(make(), X, **given, on_chunk=lambda step, means: steps.append(step))
    assert steps == list(range(1, N + 1))
    assert parts.recompiles == 0
    assert_same_bits(whole, parts)
    np.testing.assert_array_equal(parts.valid_step, whole.valid_step)
    np.testing.assert_array_equal(parts.valid["code"], whole.valid["code"])
    np.testing.assert_array_equal(parts.best_step, whole.best_step)


def test_segments_of_the_rest_end_where_the_whole_ones_do():
    whole, rest = segments([10, 7], 4), segments([10, 7], 4, begin=5)
    ends = lambda cut: [s.start + s.length for s in cut]
    assert ends(whole) == [4, 8, 10, 14, 17]
    assert ends(rest) == [8, 10, 14, 17]
    assert rest[0].start == 5
    assert rest[1:] == whole[2:]
