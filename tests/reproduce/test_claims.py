"""Claims: what is refused, how rows are selected, and what is committed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from aejax.errors import ConfigError
from aejax.reproduce import (
    Claim,
    Paper,
    at_most,
    combine,
    difference,
    increasing,
    pick,
    ratio,
)
from aejax.reproduce import papers as folder
from aejax.reproduce.claim import check_claims, check_paper
from aejax.reproduce.results import (
    document,
    expand,
    judge,
    judged_again,
    read,
    state_of,
    write,
)
from aejax.reproduce.select import NoRowsError, fields_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs" / "papers"


def row(seed, error, k=25.0, status="ok", **more):
    return {
        "id": f"{k}-{seed}-{sorted(more.items())}", "group": f"g{k}", "model": "k_sparse",
        "dataset": "digits",
        "spec": {"model": "k_sparse", "args": {"latent": 64}, "steps": 10, "data": "f00"},
        "hp": {"k": k}, "seed": seed, "status": status,
        "metrics": {"error": error, "valid": None if error is None else -error},
        "seconds": {"run": 2.0}, "git": "abc", "device": "cpu", **more,
    }  # fmt: skip


ROWS = [row(s, 10.0 * k + s, k) for k in (1.0, 2.0) for s in range(3)]
MEASURED = {
    **row(None, 5.0, 9.0), "spec": {}, "hp": {}, "point": {"task": "raw", "k": 9}, "group": "t",
}  # fmt: skip


def claim(**changes):
    fields = {
        "text": "a claim", "value": pick("error", {"hp.k": 1}), "criterion": at_most(1e9),
        "paper": 1.35, "source": "Table 1", "reliability": "P",
    }  # fmt: skip
    return Claim(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": ""}, "source='' is empty"),
        ({"paper": " "}, "paper=' ' is empty"),
        ({"reliability": "X"}, "reliability 'X' is unknown"),
        ({"scales": ("small", "papr")}, "Did you mean 'paper'?"),
        ({"text": ""}, "is empty or stands twice"),
        ({"criterion": increasing()}, "takes 2 or more series, not 1"),
    ],
)
def test_a_bad_claim_is_refused(changes, said):
    with pytest.raises(ConfigError) as error:
        check_claims("mine", [claim(**changes)])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_claim_stands_once_and_a_paper_has_some():
    assert check_claims("mine", [claim()])
    with pytest.raises(ConfigError, match="stands twice"):
        check_claims("mine", [claim(), claim()])
    with pytest.raises(ConfigError, match="no claims"):
        check_claims("mine", [])
    with pytest.raises(ConfigError, match="cost of scale 'paper' is missing"):
        check_paper("mine", Paper("t", {"smoke": "1 s", "small": "1 s"}))


def test_a_paper_has_a_medium_scale_where_it_says_its_cost():
    costs = {"paper": "1 h", "smoke": "1 s", "small": "1 s"}
    assert check_paper("mine", Paper("t", costs)).scales == ("smoke", "small", "paper")
    more = check_paper("mine", Paper("t", {**costs, "medium": "1 min"}))
    assert more.scales == ("smoke", "small", "medium", "paper")
    medium = [claim(scales=("small", "medium"))]
    assert check_claims("mine", medium, more.scales)
    with pytest.raises(ConfigError, match="scale 'medium' is unknown"):
        check_claims("mine", medium, ("smoke", "small", "paper"))
    with pytest.raises(ConfigError, match="cost of scale 'huge' is unknown"):
        check_paper("mine", Paper("t", {**costs, "huge": "1 d"}))


def test_a_selector_reads_the_names_of_a_sweep_s_points():
    assert pick("error", {"hp.k": 2}).values(ROWS) == {0: 20.0, 1: 21.0, 2: 22.0}
    where = {"hp.k": (1, 7), "args.latent": 64, "seed": {0, 2}, "model": "k_sparse", "steps": 10}
    assert pick("error", where).values(ROWS) == {0: 10.0, 2: 12.0}
    rows = [*ROWS, MEASURED]
    assert pick("error", {"task": "raw", "k": 9}).values(rows) == {None: 5.0}
    assert pick("error", {"hp.k": 1}).values(rows) == {0: 10.0, 1: 11.0, 2: 12.0}


def test_a_selector_that_finds_nothing_or_too_much_says_why():
    with pytest.raises(NoRowsError, match=r"Did you mean 'hp.k'\?"):
        pick("error", {"hp.kk": 1}).values(ROWS)
    with pytest.raises(NoRowsError, match=r"field 'hp.k' has 1.0, 2.0"):
        pick("error", {"hp.k": 3}).values(ROWS)
    with pytest.raises(ConfigError, match="matches 2 rows of one seed"):
        pick("error", {"model": "k_sparse"}).values(ROWS)
    with pytest.raises(ConfigError, match=r"Did you mean 'error'\?"):
        pick("eror", {"hp.k": 1}).values(ROWS)


def test_several_rows_of_a_seed_are_chosen_or_reduced():
    lowest = pick("error", {"model": "k_sparse"}, choose="valid")  # valid = -error: the largest
    assert lowest.values(ROWS) == {0: 20.0, 1: 21.0, 2: 22.0}
    assert pick("error", {}, reduce=min).values(ROWS) == {0: 10.0, 1: 11.0, 2: 12.0}


def test_series_combine_by_seed_and_one_without_seeds_stands_for_all():
    one, two = pick("error", {"hp.k": 1}), pick("error", {"hp.k": 2})
    assert difference(two, one).values(ROWS) == {0: 10.0, 1: 10.0, 2: 10.0}
    rows = [*ROWS, MEASURED]
    raw = pick("error", {"task": "raw"})
    assert ratio(one, raw).values(rows) == {0: 2.0, 1: 2.2, 2: 2.4}
    assert combine("sum", lambda a, b: a + b, raw, raw).values(rows) == {None: 10.0}
    odd = [*ROWS[:3], *(row(s, 1.0, 2.0) for s in (0, 1))]
    with pytest.raises(ConfigError, match="Allowed: series of the same seeds"):
        difference(one, two).values(odd)


def test_a_diverged_member_fails_its_claim():
    rows = [*ROWS[:2], row(2, None, 1.0, status="diverged")]
    (verdict,) = judge([claim()], "small", rows)
    assert verdict.passed is False
    assert math.isnan(verdict.means[0])


def test_the_file_alone_gives_the_same_verdicts(tmp_path):
    claims = [
        claim(),
        claim(text="lower", criterion=increasing(), value=(pick("error", {"hp.k": 1}),
              pick("error", {"hp.k": 2}))),
        claim(text="fails", criterion=at_most(0.0)),
        claim(text="elsewhere", value=pick("error", {"dataset": "faces"}), needs="faces"),
        claim(text="large", scales=("paper",)),
    ]  # fmt: skip
    described, verdicts = document("mine", "small", [*ROWS, MEASURED], claims)
    write(tmp_path / "small.json", described)
    found = read(tmp_path / "small.json")
    assert found == json.loads((tmp_path / "small.json").read_text())
    assert found["seconds"] == 6.0  # three groups of two seconds: members share theirs
    assert [entry["passed"] for entry in found["claims"]] == [True, True, False, None]
    needed = {"claim", "paper", "source", "reliability", "criterion", "ours", "passed"}
    assert all(needed <= set(entry) for entry in found["claims"])
    assert found["claims"][0]["ours"] == 11.0
    assert found["claims"][1]["ours"] == [11.0, 21.0]
    again = judge(claims, "small", expand(found["common"], found["rows"]))
    assert [v.passed for v in again] == [v.passed for v in verdicts]
    assert [v.means for v in again] == [v.means for v in verdicts]
    states = [state_of(each, "small", found) for each in claims]
    assert states == ["pass", "pass", "fail", "not run", "not at this scale"]
    moved = claims[0]._replace(criterion=at_most(3.0))
    assert state_of(moved, "small", found) == "changed since the run"
    assert state_of(claims[0], "small", None) == "not run"


def test_a_missing_row_is_an_error_unless_its_data_may_be_absent():
    with pytest.raises(ConfigError, match=r"claim 'a claim': selector .* matches no row"):
        judge([claim(value=pick("error", {"dataset": "faces"}))], "small", ROWS)


def test_fields_of_a_row_are_flat():
    fields = fields_of(ROWS[0])
    assert fields["task"] == "sweep"
    assert (fields["hp.k"], fields["args.latent"], fields["steps"]) == (1.0, 64, 10)


@pytest.mark.parametrize("name", sorted(folder.names(FOLDER)))
def test_what_is_committed_is_what_the_claims_say(name):
    """Every results file's verdicts follow from its own rows and today's claims."""
    entry = folder.load(FOLDER, name)
    for path in (ROOT / "results" / name).glob("*.json"):
        found = read(path)
        again = judge(entry.claims, path.stem, expand(found["common"], found["rows"]))
        assert {v.claim.text: v.passed for v in again} == {
            each["claim"]: each["passed"] for each in found["claims"]
        }, path
        assert {v.claim.criterion.text for v in again} == {c["criterion"] for c in found["claims"]}


def test_a_record_is_judged_again_and_is_otherwise_what_it_was():
    rows = [row(seed, 1.0 + seed) for seed in range(3)]
    claim = lambda text, limit: Claim(
        text, pick("error", {}, label="error"), at_most(limit), limit, "here", "P"
    )
    kept, sharpened = claim("kept", 9.0), claim("sharpened", 9.0)
    record, _ = document("mine", "small", rows, (kept, claim("dropped", 9.0), sharpened))
    again = judged_again(record, (kept, claim("sharpened", 1.5)))
    assert [(each["claim"], each["passed"]) for each in again["claims"]] == [
        ("kept", True),
        ("sharpened", False),
    ]
    assert (again["passed"], again["judged"], again["comparisons"]) == (1, 2, 2)
    changed = {"passed", "judged", "comparisons", "claims"}
    assert {k: v for k, v in again.items() if k not in changed} == {
        k: v for k, v in record.items() if k not in changed
    }
    assert list(again) == list(record)
    same = judged_again(record, (kept, claim("dropped", 9.0), sharpened))
    assert same == record
    del record["comparisons"]
    assert "comparisons" not in judged_again(record, (kept,))


@pytest.mark.parametrize("name", sorted(folder.names(FOLDER)))
def test_every_paper_of_the_folder_can_be_planned(name):
    """Each scale gives a config, points and tasks; sweep and tasks are only listed."""
    entry = folder.load(FOLDER, name)
    for scale in entry.paper.scales:
        config = folder.configure(entry, scale)
        assert config.scale == scale
        # The rows under results/ are of all of train, but for what validation rows chose.
        assert config.valid_fraction == 0.0 or "validation" in entry.paper.chosen.values()
        points = list(getattr(entry.module, "sweep", lambda scale: [])(scale))
        tasks = list(getattr(entry.module, "tasks", lambda scale: [])(scale))
        assert points or tasks
        assert all(task.point.get("task") for task in tasks)
    assert any("small" in claim.scales for claim in entry.claims)
