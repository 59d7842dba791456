"""Studies of Optuna's: in batches, gone on with, shared, and refused where they are another's."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError
from aejax.search import choice, log_uniform, open_study, points, study, uniform

pytest.importorskip("optuna")

X = np.random.default_rng(0).random((120, 12)).astype(np.float32)
MODEL = aejax.models.denoising(12, latent=4, widths=(8,))
SPACE = {"lr": log_uniform(1e-5, 1e-1), "corruption": choice([0.1, 0.5])}
GIVEN = {"members": 4, "steps": 12, "batch_size": 16, "valid": X[:20], "seed": 3}


@pytest.fixture(scope="module")
def whole():
    return aejax.fit_study(MODEL, X, SPACE, trials=12, **GIVEN)


def seen(found):
    return sorted((t["number"], t["hp"], t["mse_per_image"]) for t in found.trials)


def test_the_first_batch_is_sobols_and_the_best_is_what_its_trial_says(whole):
    assert [t["hp"] for t in sorted(whole.trials, key=lambda t: t["number"])[:4]] == points(
        SPACE, 4, seed=3
    )
    assert whole.member_steps == 12 * 12
    values = [t["mse_per_image"] for t in whole.trials]
    assert values == sorted(values)
    assert whole.best.hp["lr"] == pytest.approx(whole.trials[0]["hp"]["lr"])
    alone = aejax.fit(
        MODEL, X, hp=whole.best.hp, seed=3, steps=12, batch_size=16, valid=X[:20], progress=False
    )
    assert alone.valid["mse_per_image"][-1] == pytest.approx(values[0], rel=1e-4)


@pytest.mark.parametrize("file", ["study.db", "study.journal"])
def test_a_study_goes_on_to_where_it_would_have_been(whole, file, tmp_path):
    for trials in (4, 12):
        found = aejax.fit_study(MODEL, X, SPACE, trials=trials, storage=tmp_path / file, **GIVEN)
    assert seen(found) == seen(whole)
    assert found.member_steps == 8 * 12
    # And once more: nothing is left to do but to train the best, which another call had trained.
    again = aejax.fit_study(MODEL, X, SPACE, trials=12, storage=tmp_path / file, **GIVEN)
    assert again.member_steps == 0
    got = again.best.valid["mse_per_image"][-1]
    assert got == pytest.approx(whole.trials[0]["mse_per_image"], rel=1e-4)


def opened(storage=None, space=SPACE, maximize=False, **fields):
    options = {"maximize": maximize, "first": 4, "seed": 0} | fields
    return open_study(storage, "s", space, {"steps": 10}, **options)


@pytest.mark.parametrize("maximize", [False, True])
def test_it_learns_where_the_good_points_are(maximize):
    """After 40 trials its points lie nearer to the optimum of a bowl than even ones do."""
    space = {"a": uniform(0.0, 1.0), "b": log_uniform(1e-4, 1.0)}
    away = lambda p: abs(p["a"] - 0.8) + abs(np.log10(p["b"]) + 1.0) / 4
    sign = -1.0 if maximize else 1.0
    late, even = [], []
    for seed in range(3):
        one = opened(space=space, maximize=maximize, seed=seed)
        for _ in range(10):
            asked = one.ask(4)
            one.tell(asked, [sign * away(trial.point) for trial in asked])
        last = sorted(one.ended(), key=lambda trial: trial.number)[-12:]
        late.append(np.median([away(trial.point) for trial in last]))
        even.append(np.median([away(p) for p in points(space, 40, seed=seed)]))
        assert one.ended()[0].value == pytest.approx(
            sign * min(sign * trial.value for trial in one.ended())
        )
    assert np.median(late) < 0.5 * np.median(even)


def test_what_diverged_is_worst_of_all():
    for maximize, worst in ((False, np.inf), (True, -np.inf)):
        one = opened(maximize=maximize)
        asked = one.ask(2)
        one.tell(asked, [float("nan"), 1.0])
        assert [trial.value for trial in one.ended()] == [1.0, worst]
        assert one.ask(8)[-1].number == 9  # it goes on asking
    space = {"lr": log_uniform(1e20, 1e30)}
    with pytest.raises(ConfigError, match=r"all 4 trials diverged. Allowed: a space with smaller"):
        aejax.fit_study(MODEL, X, space, trials=4, optimizer="sgd", **GIVEN)


def test_trials_of_a_process_that_has_ended_are_failed(tmp_path):
    """A sampler counts on those that run; of another machine's process nobody knows."""
    storage = tmp_path / "study.db"
    asked = opened(storage).ask(3)
    states = lambda: [t.state.name for t in opened(storage).optuna.get_trials(deepcopy=False)]
    assert states() == ["RUNNING"] * 3
    first, other = opened(storage), study.here()._replace(host="elsewhere")
    for number, place in ((0, study.here()), (1, other)):
        said = {"place": [*place], "pid": 2**22 + 1, "since": "1"}
        identity = first.optuna._storage.get_trial_id_from_study_id_trial_number(
            first.optuna._study_id, number
        )
        first.optuna._storage.set_trial_user_attr(identity, study.WORKER, said)
    assert states() == ["FAIL", "RUNNING", "RUNNING"]
    first.give_back(asked)
    assert states() == ["FAIL"] * 3


def test_another_search_is_refused_by_field(tmp_path):
    opened(tmp_path / "study.db")
    with pytest.raises(ConfigError, match=r"of another search \(space: .*0\.1.* there, .*0\.2.* "):
        opened(tmp_path / "study.db", {**SPACE, "lr": log_uniform(1e-5, 0.2)})
    with pytest.raises(ConfigError, match=r"no file in a folder that is there. Allowed: a file"):
        opened(tmp_path / "nowhere" / "study.db")
    (tmp_path / "text.db").write_text("no database, but a text that is long enough to be one\n" * 9)
    with pytest.raises(ConfigError, match=r"has no study that can be read \(.*\). Allowed: a "):
        opened(tmp_path / "text.db")
    import optuna

    theirs = optuna.create_study(storage=f"sqlite:///{tmp_path}/theirs.db", study_name="s")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(ConfigError, match=r"study='s' has trials that are not ours"):
        opened(tmp_path / "theirs.db")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"space": {"lrr": uniform(0.0, 1.0)}}, r"lrr.*Did you mean 'lr'"),
        ({"space": {"latent": choice([4, 8])}}, r"latent"),
        ({"metric": "mse"}, r"metric='mse'"),
        ({"trials": 0}, r"trials=0"),
        ({"valid": None}, r"valid=None judges no rung or trial"),
    ],
)
def test_wrong_input_is_one_line_before_anything_is_asked_for(fields, said, tmp_path):
    given = {"space": SPACE, "trials": 4, **GIVEN, **fields}
    with pytest.raises(ConfigError, match=said) as error:
        aejax.fit_study(MODEL, X, given.pop("space"), storage=tmp_path / "s.db", **given)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "s.db").exists()


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"pip install 'aejax\[optuna\]'"):
        opened()


WORKER = """
import sys
from tests.search.test_study import GIVEN, MODEL, SPACE, X
import aejax
found = aejax.fit_study(MODEL, X, SPACE, trials=16, storage=sys.argv[1], **GIVEN)
print("DONE", found.member_steps)
"""


@pytest.mark.parametrize("file", ["study.db", "study.journal"])
def test_two_processes_share_a_study(file, tmp_path):
    command = [sys.executable, "-c", WORKER, str(tmp_path / file)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    steps = [int(each.communicate()[0].split("DONE ")[1]) for each in both]
    assert [each.returncode for each in both] == [0, 0]
    found = aejax.fit_study(MODEL, X, SPACE, trials=16, storage=tmp_path / file, **GIVEN)
    numbers = sorted(trial["number"] for trial in found.trials)
    assert numbers == list(range(len(numbers)))  # each once, none lost
    assert 16 <= len(numbers) <= 16 + 4  # a batch was on its way when the last one ended
    assert sum(steps) == 12 * len(numbers)
    drawn = {tuple(trial["hp"].items()) for trial in found.trials}
    assert len(drawn) == len(numbers)
