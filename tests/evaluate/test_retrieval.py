"""Rankings by codes against scikit-learn, brute force over the orders of ties, and known ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from aejax.errors import ConfigError
from aejax.evaluate.retrieval import retrieve

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
@pytest.mark.parametrize("binary", [False, True])
def test_average_precision_is_scikit_learns(similarity, binary):
    """Binary codes tie all the time."""
    codes = RNG.normal(size=(60, 4))
    codes = (codes > 0).astype(float) + 0.0 if binary else codes
    labels = RNG.integers(0, 3, 60)
    found = retrieve(codes[:20], labels[:20], codes[20:], labels[20:], similarity=similarity)
    if similarity == "cosine":
        scores = np.round(cosine_similarity(codes[:20], codes[20:]), 10)
    else:
        scores = np.round(-euclidean_distances(codes[:20], codes[20:]), 6)
    relevant = labels[20:][None] == labels[:20][:, None]
    expected = [average_precision_score(r, s) for r, s in zip(relevant, scores, strict=True)]
    np.testing.assert_allclose(found.average_precision, expected, rtol=1e-9)


def test_precision_and_recall_by_brute_force():
    codes, labels = RNG.normal(size=(30, 3)), RNG.integers(0, 2, 30)
    found = retrieve(codes, labels, similarity="euclidean", at=(1, 5, 29, 400))
    assert found.at.tolist() == [1, 5, 29]  # itself left out: 29 there are
    for i in range(30):
        others = np.delete(np.arange(30), i)
        order = others[np.argsort(np.linalg.norm(codes[others] - codes[i], axis=1))]
        hits = np.cumsum(labels[order] == labels[i])
        np.testing.assert_allclose(found.precision[i], hits[[0, 4, 28]] / [1, 5, 29])
        np.testing.assert_allclose(found.recall[i], hits[[0, 4, 28]] / hits[-1])


def test_ties_count_as_the_mean_over_their_orders():
    """Whatever the rows' order: five equal codes behind a nearer one, all orders tried."""
    base = np.asarray([[1.0, 0.1]] + [[0.0, 1.0]] * 5)
    labels = np.asarray([0, 1, 1, 0, 0, 0])
    at = (1, 2, 4, 6)
    means = np.zeros(4)
    orders = list(itertools.permutations(range(1, 6)))
    for order in orders:
        hits = np.cumsum(labels[[0, *order]] == 1)
        means += hits[np.asarray(at) - 1] / np.asarray(at) / len(orders)
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]):
        query = np.asarray([[1.0, 0.0]])
        found = retrieve(query, np.asarray([1]), base[order], labels[order], at=at)
        np.testing.assert_allclose(found.precision[0], means)


def test_a_perfect_code_and_a_random_one():
    labels = np.repeat(np.arange(4), 50)
    perfect = retrieve(np.eye(4)[labels], labels, at=(1, 49))
    np.testing.assert_allclose(perfect.precision, 1.0)
    np.testing.assert_allclose(perfect.recall[:, 1], 1.0)
    np.testing.assert_allclose(perfect.average_precision, 1.0)
    random = retrieve(RNG.normal(size=(200, 8)), labels, at=(1, 49))
    np.testing.assert_allclose(random.precision.mean(0), 0.25, atol=0.06)
    # A constant code ties everything: precision is exactly the share of the relevant.
    constant = retrieve(np.ones((200, 8)), labels, at=(1, 49))
    np.testing.assert_allclose(constant.precision, 49 / 199)
    np.testing.assert_allclose(constant.average_precision, 49 / 199)


def test_chunks_change_nothing_and_lonely_queries_do_not_count():
    codes, labels = RNG.normal(size=(41, 3)), np.append(RNG.integers(0, 3, 40), 9)
    one, many = retrieve(codes, labels, chunk=100), retrieve(codes, labels, chunk=7)
    np.testing.assert_allclose(one.average_precision, many.average_precision)
    assert len(one.average_precision) == 40


def test_wrong_input_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'cosine'"):
        retrieve(np.ones((3, 2)), np.ones(3), similarity="cosin")
    with pytest.raises(ConfigError, match="do not agree"):
        retrieve(np.ones((3, 2)), np.ones(3), np.ones((3, 4)), np.ones(3))
    with pytest.raises(ConfigError, match="no query has"):
        retrieve(np.ones((3, 2)), np.arange(3))
    with pytest.raises(ConfigError, match="NaN"):
        retrieve(np.full((3, 2), np.nan), np.ones(3))
