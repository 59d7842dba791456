"""The front of two quantities: against brute force, and what is left out of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aejax.errors import ConfigError
from aejax.results.pareto import allowed, check, front, said, sign, trade

# Few values, so that ties are common; and what is not finite.
VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, -1.0, math.nan, math.inf, -math.inf])
POINTS = st.lists(st.tuples(VALUES, VALUES), max_size=12)
FLOATS = st.floats(-1e6, 1e6)


def by_force(points: list[tuple[float, float]]) -> list[bool]:
    """Compares each with each, by the definition."""

    def dominates(a, b) -> bool:
        return a[0] <= b[0] and a[1] <= b[1] and (a[0] < b[0] or a[1] < b[1])

    fine = [p for p in points if all(map(math.isfinite, p))]
    return [p in fine and not any(dominates(q, p) for q in fine) for p in points]


@settings(max_examples=300, deadline=None)
@given(POINTS)
def test_the_front_is_that_of_the_definition(points):
    x, y = [p[0] for p in points], [p[1] for p in points]
    assert front(x, y).tolist() == by_force(points)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=30), st.randoms())
def test_the_front_is_none_of_order_and_scale(points, random):
    on = {p for p, is_on in zip(points, by_force(points), strict=True) if is_on}
    assert on
    random.shuffle(points)
    found = front([2 * p[0] for p in points], [p[1] for p in points])
    assert {p for p, is_on in zip(points, found, strict=True) if is_on} == on


def row(model: str, seed: int, w: float, x: float | None, y: float | None, **more) -> dict:
    metrics = {"valid_kl_nats": x, "valid_rec_nats": y, "test_kl_nats": 0.0, "test_rec_nats": 0.0}
    return {
        "id": f"{model}-{w}-{seed}", "group": model, "model": model, "dataset": "digits",
        "seed": seed, "status": "ok", "spec": {"args": {"latent": 2}}, "hp": {"w": w},
        "parameters": 100, "metrics": metrics, **more,
    }  # fmt: skip


def test_means_over_the_seeds_that_ended_decide():
    rows = [
        row("vae", 0, 1.0, 1.0, 9.0), row("vae", 1, 1.0, 2.0, 7.0),  # (1.5, 8)
        row("vae", 0, 2.0, 2.0, 4.0), row("vae", 1, 2.0, 0.0, 0.0, status="diverged"),  # (2, 4)
        row("vae", 0, 3.0, 3.0, 5.0), row("vae", 1, 3.0, math.nan, 1.0),  # (3, 5): beaten
        row("vae", 0, 4.0, 0.0, 0.0, status="diverged"),
        row("topk", 0, 1.0, None, 1.0),
    ]  # fmt: skip
    found = trade(rows, ("kl_nats", "rec_nats"))
    assert found.read == ("valid_kl_nats", "valid_rec_nats")
    at = {point.label: point for point in found.points}
    assert {label: p.on_front for label, p in at.items()} == {
        "vae · w=1": True, "vae · w=2": True, "vae · w=3": False,
    }  # fmt: skip
    first = at["vae · w=1"]
    assert (first.x.mean, first.y.mean) == (1.5, 8.0)
    np.testing.assert_allclose(first.y.deviation, np.std([9.0, 7.0], ddof=1))
    assert first.ids == ("vae-1.0-0", "vae-1.0-1")
    assert math.isnan(at["vae · w=2"].x.deviation)
    assert (at["vae · w=2"].diverged, at["vae · w=3"].missing) == (1, 1)
    assert found.left_out == {"topk": "has no valid_kl_nats", "vae · w=4": "diverged"}
    text = " ".join(said(found))
    assert "Diverged members are left out: vae · w=2 (1)." in text
    assert "1 members without a finite value of both are left out." in text
    assert "topk has no valid_kl_nats; vae · w=4 diverged" in text


def test_each_data_set_has_its_own_front_and_bounds_are_better_higher():
    rows = [row("vae", 0, w, w, 1.0, dataset=name) for w in (1.0, 2.0) for name in ("a", "b")]
    found = trade(rows, ("kl_nats", "rec_nats"))
    assert sorted((p.dataset, p.x.mean) for p in found.points if p.on_front) == [
        ("a", 1.0), ("b", 1.0),
    ]  # fmt: skip
    for each in rows:
        each["metrics"]["valid_elbo_nats"] = -each["hp"]["w"]
    found = trade(rows, ("parameters", "elbo_nats"))
    assert sign("valid_elbo_nats") == -1
    assert found.read == ("parameters", "valid_elbo_nats")
    assert {p.y.mean for p in found.points if p.on_front} == {-1.0}


def test_settings_are_quantities_too_and_test_rows_stand_in():
    rows = [row("vae", 0, w, None, None) for w in (1.0, 2.0)]
    for each in rows:
        each["metrics"] = {"test_rec_nats": 3 - each["hp"]["w"]}
    found = trade(rows, ("hp.w", "rec_nats"))
    assert [(p.x.mean, p.y.mean, p.on_front) for p in found.points] == [(1, 2, True), (2, 1, True)]
    assert "no validation rows of test_rec_nats" in said(found)[0]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("kl_nat", "rec_nats"), r"'kl_nat' is in no row of this sweep. Did you mean 'kl_nats'\?"),
        (("kl_nats", "kl_nats"), "is no pair. Allowed: two different names"),
        (("kl_nats",), "is no pair"),
        ("kl_nats", "is no pair"),
        ((1, 2), "is no pair"),
    ],
)
def test_a_wrong_pair_is_one_line(names, says):
    possible = allowed(["valid_kl_nats", "test_rec_nats"], ["hp.lr"])
    assert possible == ["kl_nats", "rec_nats", "parameters", "flops", "hp.lr"]
    with pytest.raises(ConfigError, match=says):
        check(names, possible)
