"""Halving: who goes on, what it costs, and that nobody trains otherwise for the company it had."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError
from aejax.search import choice, log_uniform, rungs_of

X = np.random.default_rng(0).random((120, 12)).astype(np.float32)
MODEL = aejax.models.denoising(12, latent=4, widths=(8,))
SPACE = {"lr": log_uniform(1e-5, 1e-1), "corruption": choice([0.1, 0.5])}
GIVEN = {"members": 9, "steps": 36, "least": 4, "batch_size": 16, "seed": 5}


@pytest.fixture(scope="module")
def found():
    return aejax.fit_search(MODEL, X, SPACE, valid=X[:20], **GIVEN)


@pytest.fixture(scope="module")
def whole():
    """The same points without a rung."""
    return aejax.fit_search(MODEL, X, SPACE, valid=X[:20], **GIVEN | {"eta": None, "least": None})


def test_rungs_by_hand():
    assert rungs_of(27, 900, 100, 3) == [(100, 27), (300, 9), (900, 3)]
    assert rungs_of(10, 50, 10, 2) == [(10, 10), (20, 5), (40, 3), (50, 2)]
    assert rungs_of(2, 1000, 1, 2) == [(1, 2), (1000, 1)]
    assert rungs_of(27, 900, 0, None) == [(900, 27)]


def test_the_better_third_goes_on_at_each_rung(found):
    assert [trial["steps"] for trial in found.trials] == [36, 12, 12, *[4] * 6]
    assert len(found.members) == 1
    assert found.member_steps == 9 * 4 + 3 * 8 + 1 * 24
    # Of those that ended at one rung none was better than any that passed it.
    last = [trial["mse_per_image"] for trial in found.trials]
    assert last[1:3] == sorted(last[1:3])
    assert last[3:] == sorted(last[3:])


def test_the_last_member_is_the_one_that_trains_alone(found, whole):
    """Its points too: the first rung's scores are those of the same step without halving."""
    best = found.best
    alone = aejax.fit(
        MODEL, X, hp=best.hp, seed=best.seed, steps=36, batch_size=16, valid=X[:20], eval_every=4,
        progress=False,
    )  # fmt: skip
    for a, b in zip(jax.tree.leaves(best.variables), jax.tree.leaves(alone.variables), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert best.valid["mse_per_image"][-1] == pytest.approx(alone.valid["mse_per_image"][-1], 1e-4)
    same = next(t for t in whole.trials if t["hp"] == found.trials[0]["hp"])
    assert same["mse_per_image"] == pytest.approx(found.trials[0]["mse_per_image"], rel=1e-4)
    assert whole.member_steps == 9 * 36


def test_who_diverges_goes_no_further():
    wild = {"lr": choice([1e-3, 1e30])}
    found = aejax.fit_search(MODEL, X, wild, valid=X[:20], **GIVEN | {"sampler": "random"})
    assert all(np.isfinite(t["mse_per_image"]) for t in found.trials if t["steps"] > 4)
    assert all(t["hp"]["lr"] == 1e30 for t in found.trials if np.isnan(t["mse_per_image"]))
    assert not found.best.diverged


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"space": {"widths": choice([4, 8])}}, "reads no such hyper-parameter"),
        ({"space": {"corruptoin": choice([0.1])}}, "Did you mean 'corruption'"),
        ({"space": {"corruption": choice([1.5])}}, "corruption=1.5"),
        ({"metric": "mse_per_imag"}, "Did you mean 'mse_per_image'"),
        ({"valid": None}, "judges no rung"),
        ({"least": 36}, "Allowed: below steps"),
        ({"eta": 1}, "eta=1"),
        ({"eta": 0, "least": None}, "eta=0"),
        ({"eta": "3", "least": None}, "eta='3'"),
        ({"eta": 2.5, "least": None}, "eta=2.5"),
        ({"members": 0}, "members=0"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_computed(given, said):
    with pytest.raises(ConfigError, match=said) as error:
        aejax.fit_search(MODEL, X, **{"space": SPACE, "valid": X[:20], **GIVEN, **given})
    assert "\n" not in str(error.value)


def test_a_rung_within_a_stage_is_refused_before_anything_is_computed(monkeypatch):
    """Each stage begins its validation points anew: 5 and 6 in the first, then 11 and 12."""
    model = aejax.models.stacked(12, widths=(8,), latent=4)
    monkeypatch.setattr("aejax.search.rungs.train", None)
    with pytest.raises(ConfigError, match=r"until=\d+ is no validation point of its 3 stages"):
        aejax.fit_search(
            model, X, {"lr": log_uniform(1e-4, 1e-2)}, valid=X[:20], members=4, steps=23, least=5,
            eta=2, batch_size=16,
        )  # fmt: skip


def test_a_run_stops_at_no_other_point_than_a_validation_point():
    from aejax.evaluate.members import evaluator
    from aejax.train.plan import Job
    from aejax.train.recipe import Recipe, hparams_of
    from aejax.train.run import train

    recipe = Recipe(20, 16)
    hp = {n: np.full(1, v, np.float32) for n, v in hparams_of(MODEL, recipe).items()}
    job = Job(MODEL, recipe, hp, np.zeros(1, np.int32), 5, "loop")
    with pytest.raises(ConfigError, match=r"until=7 is no validation point. Did you mean 5"):
        train(job, X, valid=X[:20], measure=evaluator, until=7)
    part = train(job, X, valid=X[:20], measure=evaluator, until=10)
    assert part.state.step.tolist() == [10]
    rest = train(job, X, valid=X[:20], measure=evaluator, start=part.state, planned=20)
    once = train(job, X, valid=X[:20], measure=evaluator)
    for a, b in zip(
        jax.tree.leaves(rest.state.variables), jax.tree.leaves(once.state.variables), strict=True
    ):
        np.testing.assert_array_equal(a, b)
