"""Population-based training: who copies whom, what is changed, and that nothing else is."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

import aejax
from aejax.api.searching import contest_of, job_of, search_of
from aejax.errors import ConfigError
from aejax.search import Change, choice, evolve, log_uniform, points, uniform
from aejax.search.pbt import parents_of
from aejax.search.space import perturb
from aejax.train import run as training

X = np.random.default_rng(0).random((120, 12)).astype(np.float32)
MODEL = aejax.models.denoising(12, latent=4, widths=(8,))
SPACE = {"lr": log_uniform(1e-5, 1e-1), "corruption": choice([0.1, 0.3, 0.5])}
GIVEN = {"members": 6, "steps": 20, "every": 5, "batch_size": 16, "seed": 5, "quantile": 0.34}


@pytest.fixture(scope="module")
def found():
    return aejax.fit_pbt(MODEL, X, SPACE, valid=X[:20], **GIVEN)


@pytest.fixture(scope="module")
def evolved():
    """What `fit_pbt` trains, with who went on from whom."""
    search = search_of(
        MODEL, X, None, X[:20], "mse_per_image", None, 5, (20, 16, "adam", "constant", False,
        "float32"),
    )  # fmt: skip
    drawn = points(SPACE, 6, seed=5)
    job, _ = job_of(search, drawn, 5)
    return evolve(contest_of(search), job, drawn, SPACE, 5, Change(quantile=0.34), 5)


def test_the_worst_copy_the_best_and_the_others_go_on():
    scores = np.array([3.0, 1.0, 6.0, 2.0, 5.0, 4.0, 7.0, 8.0])
    parents = parents_of(scores, 0.25, np.random.default_rng(0))
    assert parents[[0, 1, 2, 3, 4, 5]].tolist() == [0, 1, 2, 3, 4, 5]
    assert set(parents[[6, 7]]) <= {1, 3}
    drawn = [parents_of(scores, 0.25, np.random.default_rng(i))[6] for i in range(400)]
    assert 150 < drawn.count(1) < 250


def test_who_diverged_copies_too_however_many_they_are():
    scores = np.array([np.inf, np.inf, 2.0, np.inf])
    assert parents_of(scores, 0.5, np.random.default_rng(0)).tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("dimension", "value", "near"),
    [
        (uniform(0.0, 1.0), 0.5, {0.6, 0.5 / 1.2}),
        (uniform(0.0, 1.0), 0.9, {1.0, 0.9 / 1.2}),
        (log_uniform(1e-3, 1e-1), 1e-3, {1e-3, 1.2e-3}),
        (choice([0.1, 0.3, 0.5]), 0.3, {0.1, 0.5}),
        (choice([0.1, 0.3, 0.5]), 0.5, {0.3, 0.5}),
        (choice(["a", "b"]), "a", {"a", "b"}),
    ],
)
def test_a_changed_value_is_a_factor_or_a_place_away_and_within_the_ends(dimension, value, near):
    rng = np.random.default_rng(0)
    assert {perturb(dimension, value, 0.0, 1.2, rng) for _ in range(50)} == near


def test_a_value_drawn_anew_is_of_the_whole_dimension():
    rng = np.random.default_rng(0)
    drawn = np.array([perturb(uniform(2.0, 4.0), 2.0, 1.0, 1.2, rng) for _ in range(500)])
    assert drawn.min() >= 2.0
    assert drawn.max() < 4.0
    assert drawn.mean() == pytest.approx(3.0, abs=0.1)


def test_a_copy_goes_on_as_its_parent_would_under_the_changed_point(evolved):
    """Trained again by hand, in stretches of `fit`: each goes on from what the parent was."""
    member = int(np.flatnonzero(evolved.parents[0] != np.arange(6))[0])
    ancestors = [member]  # at the rungs from the last to the first
    for parents in evolved.parents[::-1]:
        ancestors.append(int(parents[ancestors[-1]]))
    model = None
    for i, who in enumerate(ancestors[::-1]):
        how = {"batch_size": 16, "seed": 5, "valid": X[:20], "eval_every": 5, "progress": False}
        if model is None:
            model = aejax.fit(MODEL, X, hp=evolved.points[0][who], steps=5, **how)
        else:
            model = replace(model, hp=model.hp | evolved.points[i][who])
            model = aejax.fit(model, X, steps=5, valid=X[:20], eval_every=5, progress=False)
    ours = jax.tree.map(lambda leaf: leaf[member], evolved.trained.state.variables)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(model.variables), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_all_members_reach_the_end_and_the_first_trial_is_the_best(found, evolved):
    assert [t["steps"] for t in found.trials] == [20] * 6
    assert found.member_steps == 120
    values = [t["mse_per_image"] for t in found.trials]
    assert values == sorted(values)
    assert found.best.valid["mse_per_image"][-1] == pytest.approx(values[0])
    for trial in found.trials:
        assert trial["schedule"][0][0] == 0
        assert trial["schedule"][-1][1] == trial["hp"]
    assert found.best.hp["lr"] == pytest.approx(found.trials[0]["hp"]["lr"])
    changed = [len(evolved.lineage(i)) for i in range(6)]
    assert max(changed) > 1
    assert evolved.lineage(0)[-1][1] == evolved.points[-1][0]
    assert aejax.encode(found.best, X[:3]).shape == (3, 4)


def test_it_is_a_function_of_its_seed(found):
    again = aejax.fit_pbt(MODEL, X, SPACE, valid=X[:20], **GIVEN)
    assert again.trials == found.trials
    for a, b in zip(
        jax.tree.leaves(again.best.variables), jax.tree.leaves(found.best.variables), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_all_rungs_are_one_program(monkeypatch):
    seconds = []

    def timed(*args, **kwargs):
        trained = training.train(*args, **kwargs)
        seconds.append(trained.compile_seconds)
        return trained

    monkeypatch.setattr("aejax.search.rungs.train", timed)
    model = aejax.models.denoising(12, latent=3, widths=(8,))
    aejax.fit_pbt(model, X, SPACE, valid=X[:20], **GIVEN)
    assert seconds[0] > 0
    assert seconds[1:] == [0.0, 0.0, 0.0]


def test_who_diverges_goes_on_from_one_that_has_not():
    wild = {"lr": choice([1e-3, 1e30])}
    found = aejax.fit_pbt(MODEL, X, wild, valid=X[:20], **GIVEN | {"sampler": "random"})
    assert not found.best.diverged
    assert found.best.hp["lr"] == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantile": 0.1}, r"quantile=0.1 of members=6 are 0 members"),
        ({"quantile": 0.6}, r"quantile=0.6"),
        ({"resample": 1.5}, r"resample=1.5 is no probability"),
        ({"factor": 1.0}, r"factor=1 changes nothing"),
        ({"every": 20}, r"every=20 is no rung before steps=20"),
        ({"every": 0}, r"every=0"),
        ({"space": {"corruption": uniform(0.1, 1.5)}}, r"corruption=1.5"),
        ({"space": {"corruptoin": uniform(0.1, 0.5)}}, "Did you mean 'corruption'"),
        ({"metric": "mse_per_imag"}, "Did you mean 'mse_per_image'"),
        ({"valid": None}, "judges no rung"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_computed(given, said, monkeypatch):
    monkeypatch.setattr("aejax.search.rungs.train", None)
    with pytest.raises(ConfigError, match=said) as error:
        aejax.fit_pbt(MODEL, X, **{"space": SPACE, "valid": X[:20], **GIVEN, **given})
    assert "\n" not in str(error.value)
