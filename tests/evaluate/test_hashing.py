"""Hamming balls against scikit-learn, closed forms, and codes that are perfect or random."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import average_precision_score, pairwise_distances

from aejax.errors import ConfigError
from aejax.evaluate import hashing
from aejax.evaluate.hamming_index import (
    exact_cosine,
    found_of_nearest,
    hamming_index,
    queries_a_second,
)
from aejax.evaluate.retrieval import retrieve

RANDOM = np.random.RandomState(0)
QUERIES, BASE = RANDOM.rand(40, 12) < 0.4, RANDOM.rand(600, 12) < 0.4
KIND, OF = RANDOM.randint(0, 3, 40), RANDOM.randint(0, 3, 600)
RELEVANT = KIND[:, None] == OF


@pytest.fixture(scope="module")
def counts():
    return hashing.balls(QUERIES, BASE, RELEVANT)


def test_distances_are_scikit_learns():
    wanted = 12 * pairwise_distances(QUERIES, BASE, metric="hamming")
    np.testing.assert_array_equal(hashing.hamming(QUERIES, BASE), np.round(wanted))


def test_balls_hold_what_is_counted_one_by_one(counts):
    far = hashing.hamming(QUERIES, BASE)
    for r in range(13):
        np.testing.assert_array_equal(counts.returned[:, r], (far <= r).sum(1))
        np.testing.assert_array_equal(counts.found[:, r], ((far <= r) & RELEVANT).sum(1))


def test_average_precision_is_scikit_learns(counts):
    far = hashing.hamming(QUERIES, BASE)
    wanted = [average_precision_score(y, -d) for y, d in zip(RELEVANT, far, strict=True)]
    np.testing.assert_allclose(hashing.average_precision(counts), wanted, rtol=1e-12)


def test_ranks_are_those_of_retrieve(counts):
    found = retrieve(
        QUERIES.astype(float), KIND, BASE.astype(float), OF, similarity="euclidean", at=(1, 100)
    )
    np.testing.assert_allclose(hashing.precision_at(counts, 1), found.precision[:, 0])
    np.testing.assert_allclose(hashing.precision_at(counts, 100), found.precision[:, 1])
    np.testing.assert_allclose(hashing.average_precision(counts), found.average_precision)


def test_a_perfect_code_finds_everything_and_nothing_else():
    code = np.repeat(np.eye(3, dtype=bool), 4, axis=1)
    counts = hashing.balls(code[KIND], code[OF], RELEVANT)
    for values in (
        hashing.average_precision(counts),
        hashing.precision_at(counts, 100),
        hashing.precision_within(counts, 2),
        hashing.recall_within(counts, 0),
    ):
        assert (values == 1).all()
    precision, recall = hashing.curve(counts)
    assert precision[0] == recall[0] == 1
    assert precision[-1] == pytest.approx(RELEVANT.mean())


def test_a_random_code_returns_binomial_shares_and_the_prior():
    bits, random = 16, np.random.RandomState(1)
    base, queries = (random.rand(n, bits) < 0.5 for n in (20_000, 400))
    relevant = np.broadcast_to(np.arange(20_000) < 5_000, (400, 20_000))
    counts = hashing.balls(queries, base, relevant)
    shares = counts.returned.mean(0) / 20_000
    np.testing.assert_allclose(shares, binom.cdf(np.arange(bits + 1), bits, 0.5), atol=2e-3)
    precision, recall = hashing.curve(counts)
    np.testing.assert_allclose(precision[4:], 0.25, atol=5e-3)
    np.testing.assert_allclose(recall, shares, atol=2e-3)
    assert hashing.average_precision(counts).mean() == pytest.approx(0.25, abs=5e-3)
    assert hashing.precision_at(counts, 100).mean() == pytest.approx(0.25, abs=0.01)


def test_codes_that_are_all_one_rank_nothing():
    counts = hashing.balls(np.zeros((40, 8), bool), np.zeros((600, 8), bool), RELEVANT)
    prior = RELEVANT.mean(1)
    np.testing.assert_allclose(hashing.average_precision(counts), prior)
    np.testing.assert_allclose(hashing.precision_at(counts, 7), prior)


def test_an_empty_ball_finds_nothing():
    counts = hashing.balls(np.ones((1, 8), bool), np.zeros((5, 8), bool), np.ones((1, 5), bool))
    assert hashing.precision_within(counts, 2) == 0
    assert np.isnan(hashing.curve(counts)[0][:8]).all()
    assert hashing.precision_within(counts, 99) == 1  # beyond the code is all there is


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((QUERIES.astype(float), BASE, RELEVANT), "codes are float64"),
        ((QUERIES[:, :5], BASE, RELEVANT), "codes are bool"),
        ((QUERIES, BASE, RELEVANT.T), "relevant is bool"),
        ((QUERIES, BASE, np.zeros_like(RELEVANT)), "of query 0 nothing"),
    ],
)
def test_what_does_not_agree_is_said_in_one_line(arguments, said):
    with pytest.raises(ConfigError, match=said) as error:
        hashing.balls(*arguments)
    assert "\n" not in str(error.value)


def test_exact_cosine_is_the_order_of_cosines():
    random = np.random.RandomState(2)
    base, queries = random.normal(size=(300, 7)), random.normal(size=(9, 7))
    wanted = np.argsort(pairwise_distances(queries, base, metric="cosine"), axis=1)[:, :20]
    np.testing.assert_array_equal(exact_cosine(base)(queries, 20), wanted)


def test_an_index_finds_nearly_all_that_brute_force_finds():
    pytest.importorskip("usearch")
    search = hamming_index(BASE)
    assert search(QUERIES, 10).shape == (40, 10)
    assert found_of_nearest(search, QUERIES, BASE, 10) > 0.95
    # The farthest ones in place of the nearest are none of them.
    wrong = lambda queries, k: np.argsort(-hashing.hamming(queries, BASE), axis=1)[:, :k]
    assert found_of_nearest(wrong, QUERIES, BASE, 10) == 0
    assert queries_a_second(search, QUERIES, 10) > 0
