"""What chose the settings, from the records: said, not said, and chosen by test rows."""

from __future__ import annotations

import json

import pytest

from aejax.errors import ConfigError
from aejax.reproduce import Claim, Paper, at_most, combine, increasing, pages, pick
from aejax.reproduce.audit import SPLITS, audit, lines, said_of, summary
from aejax.reproduce.claim import check_paper
from aejax.reproduce.results import document, read, write

ROWS = [
    {
        "id": f"{lr}-{alpha}-{seed}", "group": "g", "model": "vae", "dataset": "digits",
        "spec": {"model": "vae", "args": {"latent": 2}, "steps": 10, "data": "f00"},
        "hp": {"lr": lr, "alpha": alpha}, "seed": seed, "status": "ok", "git": "abc",
        "metrics": {"test_error": lr + seed, "valid_error": lr + alpha},
        "seconds": {"run": 1.0}, "device": "cpu",
    }
    for lr in (0.1, 0.2) for alpha in (1.0, 2.0) for seed in range(3)
]  # fmt: skip
ALL = {"hp.lr": "validation", "hp.*": "swept", "args.*": "paper", "steps": "fixed"}


def at(lr, **how):
    return pick("test_error", {"hp.lr": lr}, **how)


VALIDATED = (at(0.1, choose="valid_error"), at(0.2, choose="valid_error"))
CLAIM = Claim("an ordering", VALIDATED, increasing(), 1, "Table 1", "P")


def record(tmp_path, chosen=ALL, claim=CLAIM, name="small"):
    """Returns a record as a reader of the file has it."""
    path = tmp_path / f"{name}.json"
    write(path, document("mine", "small", ROWS, [claim], chosen=chosen)[0])
    return read(path)


def test_a_record_that_says_all_passes(tmp_path):
    found = audit(record(tmp_path))
    assert found.chosen == {
        "args.latent": "paper", "hp.alpha": "swept", "hp.lr": "validation", "steps": "fixed",
    }  # fmt: skip
    assert found.passed
    assert lines("mine", found) == []


def test_a_setting_of_which_nothing_is_said_is_listed(tmp_path):
    found = audit(record(tmp_path, {"hp.lr": "validation", "args.*": "paper"}))
    assert found.unsaid == ["hp.alpha", "steps"]
    assert not found.passed
    assert lines("mine", found) == ["mine: does not say what selected hp.alpha, steps."]


def test_a_choice_by_test_rows_is_broken(tmp_path):
    found = audit(record(tmp_path, {**ALL, "hp.lr": "test"}))
    assert found.broken == ["hp.lr was chosen by test rows; claims that rest on it: 1"]
    # A constant of a task stands in no row, and counts all the same.
    found = audit(record(tmp_path, {**ALL, "rate of fine-tuning": "test"}))
    assert "rate of fine-tuning" in found.broken[0]
    assert not found.passed


@pytest.mark.parametrize("how", [{"choose": "test_error"}, {"reduce": min}, {"reduce": max}])
def test_a_claim_that_chooses_by_what_it_judges_is_broken(tmp_path, how):
    chosen = combine("twice", lambda a, b: a + b, at(0.1, **how), VALIDATED[0])
    claim = Claim("a level", chosen, at_most(9.0), 1, "Table 1", "P")
    found = audit(record(tmp_path, claim=claim))
    assert found.broken == ["claim 'a level' chooses among rows by test_error"]


def test_a_mean_over_rows_chooses_nothing(tmp_path):
    claim = Claim("a level", at(0.1, reduce=sum), at_most(9.0), 1, "Table 1", "P")
    assert audit(record(tmp_path, claim=claim)).passed


def test_an_older_record_says_nothing_and_is_not_filled_in(tmp_path):
    old = record(tmp_path)
    for name in ("settings", "judged_at", "runs", "data", "wall_seconds"):
        del old[name]
    del old["claims"][0]["chosen_by"]
    found = audit(old)
    assert len(found.unsaid) == len(found.chosen) == 4
    assert found.silent == ["an ordering"]
    assert found.broken == []
    assert summary([found]).startswith("0 of 1 records pass; 0 choices by test rows; 0 of 4")
    row = pages.origins({"mine/small": old}).splitlines()[-1]
    assert row.count("not recorded") == 5  # machine, load, versions, wall seconds, data
    row = pages.origins({"mine/small": record(tmp_path)}).splitlines()[-1]
    assert "digits f00" in row


def test_names_come_before_patterns():
    assert said_of({"*": "paper", "hp.lr": "test"}, ["hp.lr", "k"]) == {
        "hp.lr": "test", "k": "paper",
    }  # fmt: skip


def test_what_selected_a_setting_is_a_known_split():
    costs = {"smoke": "1 s", "small": "1 s", "paper": "1 h"}
    assert check_paper("mine", Paper("t", costs, chosen=dict.fromkeys(SPLITS, "paper")))
    with pytest.raises(ConfigError, match="Did you mean 'validation'"):
        check_paper("mine", Paper("t", costs, chosen={"hp.lr": "valid"}))


def test_the_record_is_json_of_plain_values(tmp_path):
    found = json.loads((tmp_path / "small.json").read_text()) if record(tmp_path) else {}
    assert found["settings"]["hp.lr"] == "validation"
    assert found["claims"][0]["chosen_by"] == ["valid_error"]
    assert found["comparisons"] == 1
