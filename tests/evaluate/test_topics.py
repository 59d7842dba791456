"""Topics: NPMI and diversity by hand, of perfect and of random topics, and the matching."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from aejax.errors import ConfigError
from aejax.evaluate.topics import diversity, npmi, recovered, top_words

# Words a, b, c, d in four documents.
REFERENCE = np.array([[2, 1, 0, 0], [1, 3, 0, 1], [0, 0, 1, 1], [0, 1, 2, 1]])


def test_npmi_is_the_one_by_hand():
    """p(a) = 1/2, p(b) = 3/4, p(c) = 1/2, p(d) = 3/4; of pairs: ab 1/2, cd 1/2, bd 1/2, ac 0."""
    close = math.log(0.5 / (0.5 * 0.75)) / -math.log(0.5)
    bd = math.log(0.5 / (0.75 * 0.75)) / -math.log(0.5)
    for reference in (REFERENCE, csr_array(REFERENCE)):
        found = npmi(np.array([[0, 1], [3, 2], [1, 3], [0, 2]]), reference)
        np.testing.assert_allclose(found, [close, close, bd, -1.0])
    # Of three words the mean of three pairs: ad and bd beside ab, p(ad) = 1/4.
    ad = math.log(0.25 / (0.5 * 0.75)) / -math.log(0.25)
    (three,) = npmi(np.array([[0, 1, 3]]), REFERENCE)
    assert three == pytest.approx((close + ad + bd) / 3)


def test_npmi_of_perfect_random_and_unknown_words():
    documents = np.kron(np.eye(4, dtype=int), np.ones((5, 3), int))  # four topics, three words
    perfect = np.arange(12).reshape(4, 3)
    np.testing.assert_allclose(npmi(perfect, documents), 1.0)
    np.testing.assert_allclose(npmi(perfect.T, documents), -1.0)  # none meets another
    free = np.random.default_rng(0).random((20_000, 6)) < 0.3
    np.testing.assert_allclose(npmi(np.arange(6).reshape(2, 3), free), 0.0, atol=0.01)
    unknown = np.c_[documents, np.zeros(20, int), np.ones((20, 2), int)]
    found = npmi(np.array([[0, 12], [13, 14]]), unknown)
    np.testing.assert_allclose(found, [-1.0, 0.0])  # never seen; in every document


def test_diversity_and_the_matching_by_hand():
    assert diversity(np.array([[0, 1], [2, 3]])) == 1
    assert diversity(np.array([[0, 1], [0, 1]])) == 0.5
    assert diversity(np.array([[0, 1], [1, 2]])) == 0.75
    planted = np.array([[0, 1], [2, 3], [4, 5]])
    np.testing.assert_allclose(recovered(planted[::-1], planted), 1.0)
    # One topic for two known ones, and one that mixes: each is matched once.
    np.testing.assert_allclose(recovered(np.array([[0, 2], [0, 1]]), planted), [1.0, 0.5, 0.0])
    np.testing.assert_allclose(recovered(planted + 10, planted), 0.0)


def test_first_words_are_those_of_the_largest_weights():
    weights = np.array([[0.1, 0.5, 0.4], [3.0, -1.0, 2.0]])
    np.testing.assert_array_equal(top_words(weights, 2), [[1, 2], [0, 2]])
    with pytest.raises(ConfigError, match="count=4 words of 3"):
        top_words(weights, 4)
    with pytest.raises(ConfigError, match="two words"):
        npmi(np.array([[0]]), REFERENCE)
