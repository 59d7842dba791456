"""Permutations by index: bijections, and as random as a shuffle is to be."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax.train.shuffle import permuted, round_keys

KEYS = jax.vmap(round_keys)(jax.vmap(jax.random.key)(jnp.arange(4000)))


def orders(n, count):
    return np.asarray(permuted(jnp.arange(n)[None, :], KEYS[:count], n))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 64, 96, 1000, 1025, 60_000])
def test_every_index_is_met_once(n):
    for order in orders(n, 5):
        np.testing.assert_array_equal(np.sort(order), np.arange(n))


@pytest.mark.parametrize("n", [37, 97, 200])
def test_any_index_goes_anywhere_and_pairs_are_free(n):
    """Chi-square over 4,000 keys, against the uniform law of a permutation's image."""
    drawn = orders(n, 4000)
    for column in (0, n // 2, n - 1):
        counts = np.bincount(drawn[:, column], minlength=n)
        assert stats.chisquare(counts).pvalue > 1e-4
    steps = np.bincount((drawn[:, 1] - drawn[:, 0]) % n, minlength=n)[1:]
    assert stats.chisquare(steps).pvalue > 1e-4


def test_neighbours_part():
    """Rank correlation of order and index, and of one epoch and the next, over many keys."""
    drawn = orders(500, 400)
    own = [stats.spearmanr(order, np.arange(500)).statistic for order in drawn]
    next_ = [stats.spearmanr(a, b).statistic for a, b in itertools.pairwise(drawn)]
    for found in (own, next_):  # each has mean 0 and variance 1 / (n - 1)
        assert abs(np.mean(found)) < 4 / np.sqrt(400 * 499)
        assert np.var(found) * 499 == pytest.approx(1, abs=0.3)


def test_any_subset_of_indices_is_sent_where_the_whole_is():
    whole = orders(1000, 1)[0]
    some = jnp.asarray([[3, 999, 17]])
    np.testing.assert_array_equal(permuted(some, KEYS[:1], 1000)[0], whole[np.asarray(some[0])])


@pytest.mark.parametrize("n", [3, 4, 5])
def test_every_order_of_a_few_rows_is_as_likely(n):
    """A Feistel network of 5 rows sent some orders 4.7 times too often."""
    drawn = orders(n, 4000)
    places = np.unravel_index(np.arange(n**n), (n,) * n)
    number = np.ravel_multi_index(drawn.T, (n,) * n)
    proper = [i for i, row in enumerate(np.stack(places, 1)) if len(set(row)) == n]
    counts = np.bincount(number, minlength=n**n)[proper]
    assert counts.sum() == 4000
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("n", [16, 32, 64, 128])
def test_odd_permutations_come_too(n):
    """Feistel rounds over 2^k places are even permutations, all of them."""
    signs = [np.linalg.det(np.eye(n)[order]) for order in orders(n, 200)]
    assert stats.binomtest(int(np.sum(np.asarray(signs) > 0)), 200).pvalue > 1e-4
