"""A claim with its method replaced by its control: what must fail, and what shows nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import keys
from aejax.errors import ConfigError
from aejax.reproduce import (
    Claim,
    above,
    at_least,
    at_most,
    combine,
    difference,
    failing,
    increasing,
    increasing_in_mean,
    increasing_paired,
    papers,
    pick,
    ratio,
    untrained,
    within,
)
from aejax.reproduce.claim import check_claims
from aejax.reproduce.criteria import Criterion
from aejax.reproduce.sabotage import proof, rotated
from aejax.train.optimizers import switched_off, training_off
from aejax.train.step import first_keys

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "configs" / group for group in papers.GROUPS]


def row(method, seed, **metrics):
    point = {"task": "measure", "method": method, "kept": 4}
    return {
        "id": f"{method}-{seed}", "group": method, "point": point, "seed": seed, "status": "ok",
        "metrics": metrics,
    }  # fmt: skip


ROWS = [
    row(method, seed, error=base + 0.1 * seed, dead=dead)
    for method, base, dead in (("ours", 1.0, 0.0), ("pca", 2.0, 0.4), ("mean", 4.0, 0.0))
    for seed in range(3)
]


def of(method, metric="error"):
    return pick(metric, {"task": "measure", "method": method}, label=method)


def claim(value, criterion, **more):
    return Claim("a claim", value, criterion, 1, "here", "P", **more)


@pytest.mark.parametrize(
    "criterion",
    [increasing(), increasing_in_mean(), increasing_paired(), increasing(0.5)],
    ids=lambda c: c.text[:20],
)
def test_an_ordering_fails_with_either_side_in_the_other_s_place(criterion):
    found = proof(claim((of("ours"), of("pca"), of("mean")), criterion), ROWS)
    assert found.passed
    assert found.able
    assert len(found.shown) == 8  # two steps, both ways, a tie and the next seed's runs
    assert found.shown[0].means == pytest.approx([1.1, 1.1, 4.1])
    assert {each.sabotage.kind for each in found.shown} == {"ordering"}


def test_an_ordering_that_lets_a_tie_pass_is_named():
    lenient = increasing(-0.01)
    found = proof(claim((of("ours"), of("pca")), lenient), ROWS)
    assert not found.able
    assert found.why_not == "passes with pca := ours"


def test_a_failure_for_want_of_seeds_shows_nothing():
    found = proof(claim((of("ours"), of("pca")), increasing(seeds=20)), ROWS)
    assert not found.able
    assert "no values of these seeds pass" in found.why_not


def test_runs_of_the_next_seed_are_the_same_runs():
    found = rotated(of("ours")).values(ROWS)
    assert list(found.values()) == pytest.approx([1.1, 1.2, 1.0])
    assert rotated(of("ours")).values(ROWS[:1]) == {0: 1.0}


def test_a_pair_must_fail_with_equal_operands():
    gap = difference(of("pca"), of("ours"))
    assert proof(claim(gap, above(0.0, each=True)), ROWS).able
    twice = difference(of("pca"), combine("twice", lambda a: 2 * a, of("ours")))
    assert proof(claim(ratio(of("mean"), of("pca")), at_least(1.5)), ROWS).able
    assert not proof(claim(twice, at_least(-50.0)), ROWS).able


def test_a_pair_that_may_be_equal_needs_another_control():
    near = ratio(of("ours"), of("pca"))
    no_worse = claim(near, at_most(1.1))
    found = proof(no_worse, ROWS)  # another method's rows: mean / pca
    assert (found.able, found.kind) == (True, "neighbour")
    assert found.decisive is not None
    assert "method=mean in place of ours" in found.decisive.sabotage.how
    named = no_worse._replace(control=ratio(of("mean"), of("pca"), "mean / pca"))
    found = proof(named, ROWS)
    assert (found.able, found.kind) == (True, "control")
    assert found.decisive is not None
    assert found.decisive.means == [pytest.approx(4.1 / 2.1, rel=1e-2)]


def test_a_named_control_must_fail_it():
    few = claim(of("ours", "dead"), at_most(0.05), control=of("mean", "dead"))
    found = proof(few, ROWS)
    assert found.why_not == "passes with ours := mean"
    assert proof(few._replace(control=of("pca", "dead")), ROWS).able
    with pytest.raises(ConfigError, match="control has 2 series"):
        check_claims("mine", [few._replace(control=(of("pca"), of("ours")))])


def test_a_level_without_a_control_is_named():
    alone = [each for each in ROWS if each["point"]["method"] == "ours"]
    found = proof(claim(of("ours"), within(0.0, 2.0)), alone)
    assert (found.able, found.why_not, found.decisive) == (False, "no control fails it", None)
    always = Criterion("level", "anything", lambda series: True)
    assert not proof(claim(of("ours"), always), ROWS).able


def test_every_claim_of_a_record_is_shown_able_to_fail():
    """A new claim that fails this names a control (`Claim.control`), or its criterion is strict."""
    missing = [line for line in failing.all_of(FOLDERS, ROOT / "results") if not line.proof.able]
    assert missing == [], failing.unable(missing)


def test_training_off_is_training_of_zero_updates():
    rows = np.random.default_rng(0).random((64, 4), np.float32)
    model = aejax.models.undercomplete((4,), latent=2, widths=())
    trained = lambda: aejax.fit(model, rows, steps=3, batch_size=16, progress=False).variables[
        "params"
    ]
    before = trained()
    with switched_off():
        assert training_off()
        still = trained()
    assert not training_off()
    np.testing.assert_array_equal(_flat(before), _flat(trained()))
    drawn = model.init(keys.stream(first_keys([0])[0], "init"), jnp.asarray(rows))
    np.testing.assert_array_equal(_flat(still), _flat(drawn["params"]))
    assert np.abs(_flat(before) - _flat(still)).max() > 0


def _flat(params):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])


def test_smoke_s_rows_judge_a_claim_of_another_size():
    small = claim(pick("error", {"task": "measure", "method": "pca", "kept": 64}), at_most(3.0))
    values = untrained.described([small], ROWS)
    assert values == {"a claim": [{"0": 2.0, "1": 2.1, "2": 2.2}]}
    assert untrained.state(small, values) == "passes"
    assert untrained.state(small._replace(criterion=at_most(1.0)), values) == "fails"
    assert untrained.state(small, {}) == "not at smoke"
    absent = claim(of("nobody"), at_most(3.0))
    assert untrained.described([absent], ROWS) == {}


def test_an_ordering_needs_two_sizes_and_not_many_seeds():
    sizes = tuple(pick("error", {"task": "measure", "method": "pca", "kept": k}) for k in (8, 16))
    assert untrained.described([claim(sizes, increasing())], ROWS) == {}
    one = (sizes[0]._replace(where=sizes[1].where, made=sizes[1].made), of("mean"))
    assert untrained.described([claim(one, increasing())], ROWS) != {}
    two = claim((of("ours"), of("pca")), increasing_paired(seeds=20))
    values = untrained.described([two], ROWS[::3])  # one seed
    assert untrained.state(two, values) == "passes"
    turned = two._replace(value=two.value[::-1])
    assert untrained.state(turned, untrained.described([turned], ROWS[::3])) == "fails"


def script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experiments.reproduce", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_command_of_all_records(tmp_path):
    done = script("--sabotage", f"--results_dir={tmp_path}")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "has no record to judge" in done.stderr


def test_the_command_of_one_runs_without_training(tmp_path):
    (tmp_path / "r" / "ng2011").mkdir(parents=True)
    shutil.copy(ROOT / "results" / "ng2011" / "small.json", tmp_path / "r" / "ng2011")
    options = (f"--workdir={tmp_path}/w", f"--results_dir={tmp_path}/r", "--markdown")
    done = script("ng2011", "--sabotage", *options)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 claims are shown able to fail" in done.stdout
    assert "5 fail there" in done.stdout
    assert done.stdout.count("| fails |\n") == 5
    assert (tmp_path / "w" / "untrained" / "sweep").is_dir()
    assert failing.read_untrained(tmp_path / "r").keys() == {"ng2011"}


def test_what_was_written_is_read_again(tmp_path):
    entry = {"commit": "abc", "claims": {"a claim": [{"0": 1.0, "1": None}]}}
    failing.write_untrained(tmp_path, "mine", entry)
    failing.write_untrained(tmp_path, "ours", {"commit": "abc", "claims": {}})
    path = failing.write_untrained(tmp_path, "mine", entry)
    assert failing.read_untrained(tmp_path)["mine"] == entry
    assert json.loads(path.read_text()).keys() == {"mine", "ours"}
    path.write_text("[1]")
    with pytest.raises(ConfigError, match="is no file of untrained runs"):
        failing.read_untrained(tmp_path)
