"""Intervals of claims against SciPy's t test, and the smallest effect against its power."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from rich.console import Console
from scipy import optimize, stats

from aejax.reproduce import Claim, increasing_paired, intervals, pick, table
from aejax.reproduce.results import claim_entry, judge

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("n", [2, 3, 5, 30])
@pytest.mark.parametrize("confidence", [0.95, 0.999])
def test_a_paired_interval_is_scipys(n, confidence):
    a, b = RANDOM.normal(size=(2, n))
    found = intervals.paired(dict(enumerate(a)), dict(reversed(list(enumerate(b)))), confidence)
    wanted = stats.ttest_rel(b, a)
    ends = wanted.confidence_interval(confidence)
    np.testing.assert_allclose([found.low, found.high], [ends.low, ends.high], rtol=1e-9)
    np.testing.assert_allclose(found.mean / found.se, wanted.statistic)
    assert found.n == n
    assert found.excludes_zero == (wanted.pvalue < 1 - confidence)


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_the_smallest_effect_is_seen_with_the_stated_power(n):
    x = RANDOM.normal(size=n)
    found = intervals.effect(x)
    edge = stats.t.ppf(0.975, n - 1)
    power = lambda shift: stats.nct.sf(edge, n - 1, shift) - intervals.POWER
    np.testing.assert_allclose(
        found.smallest, optimize.brentq(power, 0.1, 50) * stats.sem(x), rtol=1e-4
    )


def test_the_power_by_simulation():
    draws = np.random.default_rng(1).normal(size=(40_000, 3))
    shift = intervals.effect([-1.0, 0.0, 1.0]).smallest  # a spread of 1 over three seeds
    seen = stats.ttest_1samp(draws + shift, 0, axis=1).pvalue < 0.05
    assert abs(seen.mean() - intervals.POWER) < 4 * math.sqrt(0.16 / 40_000)


def test_a_level_is_its_mean_with_scipys_interval():
    x = RANDOM.normal(size=4)
    (found,) = intervals.effects_of("level", [{str(i): v for i, v in enumerate(x)}])
    wanted = stats.ttest_1samp(x, 0).confidence_interval()
    np.testing.assert_allclose([found.low, found.high], [wanted.low, wanted.high])
    np.testing.assert_allclose(found.se, stats.sem(x))


def test_what_has_no_interval():
    assert intervals.effect([1.0]) is None
    assert intervals.effect([1.0, math.nan]) is None
    assert intervals.paired({"0": 1.0, "1": None}, {"0": 1.0, "1": 2.0}) is None
    assert intervals.paired({"0": 1.0}, {"1": 1.0}) is None
    assert intervals.said([None], "level") == intervals.smallest_said([None]) == "–"


def test_a_series_without_seeds_is_compared_with_every_seed():
    found = intervals.paired({"None": 1.0}, {"0": 2.0, "1": 4.0})
    assert (found.mean, found.n) == (2.0, 2)
    assert intervals.paired({"0": 2.0, "1": 4.0}, {"None": 1.0}).mean == -2.0


def entry(kind, *series, passed=True):
    values = [{str(i): v for i, v in enumerate(one)} for one in series]
    return {"kind": kind, "values": values, "passed": passed}


def test_comparisons_are_steps_and_levels_of_what_was_judged():
    up, far, level = (1.0, 2.0, 3.0), (1001.0, 1002.0, 1003.001), entry("level", (1.0, 2.0))
    entries = [
        level, entry("ordering", up, far, up), entry("anchor", (1.0,)),
        entry("ordering", passed=None), entry("ordering", up, (2.0, 3.0, 4.2)),
    ]  # fmt: skip
    assert intervals.comparisons(entries) == 1 + 2 + 1 + 0 + 1
    # 1000 up and 1000 down; the last is +1.07 with an interval above zero (t = 16, p = .004), and
    # not above it where five comparisons share 5 %: .01 a comparison would be enough, so it is.
    assert intervals.tally(entries) == (3, 2, 2, 1)
    noisy = [entry("ordering", up, (2.0, 3.0, 4.6))] * 5  # t = 6, p = .027
    assert intervals.tally(noisy) == (5, 5, 0, 0)


def rows(values):
    return [
        {"id": f"{k}-{s}", "fields": {"task": "t", "k": k, "seed": s}, "metrics": {"e": v}}
        for k, one in enumerate(values)
        for s, v in enumerate(one)
    ]


@pytest.mark.parametrize(
    ("b", "margin", "passes"),
    [
        ((2.0, 3.0, 4.2), 0.0, True),
        ((2.0, 3.0, 4.2), 0.9, False),  # the interval begins at .78
        ((2.0, 3.0, 6.0), 0.0, False),  # every seed is above, the interval is not
        ((0.0, 1.0, 2.0), 0.0, False),
        ((2.0, 3.0), 0.0, False),
        ((2.0, 3.0, math.nan), 0.0, False),
    ],
)
def test_the_criterion_of_paired_differences(b, margin, passes):
    a = dict(enumerate((1.0, 2.0, 3.0)))
    b = dict(enumerate(b))
    assert increasing_paired(margin).passes([a, b]) == passes
    assert "Student t, 95 %" in increasing_paired(margin).text


def test_a_record_and_the_tables_say_the_interval():
    value = tuple(pick("e", {"task": "t", "k": k}) for k in (0, 1))
    claim = Claim("c", value, increasing_paired(), 1, "Table 1", "P")
    (verdict,) = judge([claim], "small", rows([(1.0, 2.0, 3.0), (2.0, 3.0, 4.2)]))
    found = claim_entry(verdict)
    assert found["interval"] == intervals.METHOD
    (step,) = found["effects"]
    ends = stats.ttest_rel([2.0, 3.0, 4.2], [1.0, 2.0, 3.0]).confidence_interval()
    np.testing.assert_allclose([step["low"], step["high"]], ends, rtol=1e-6)
    out = io.StringIO()
    Console(file=out, width=250).print(table.claims_table("t", [verdict]))
    assert f"[{ends.low:+.3g}, {ends.high:+.3g}]" in out.getvalue()
    assert "1 comparison" in out.getvalue()
