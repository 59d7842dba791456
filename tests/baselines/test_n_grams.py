"""N-grams of tokens: against counts by hand, a sum over all strings, and frequencies of samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aejax.baselines.n_grams import n_grams
from aejax.errors import ConfigError

# Words 2 and 3, the end 1: "232", "22", "3".
IDS = np.array([[2, 3, 2, 1], [2, 2, 1, 0], [3, 1, 0, 0]], np.float32)


def test_probabilities_are_those_of_counts_by_hand():
    model = n_grams(IDS, 4, context=1, alpha=2.0)
    # No context: 9 tokens, of which 4 are "2", 2 are "3" and 3 ends; uniform is 1/3.
    none = {2: (4 + 2 / 3) / 11, 3: (2 + 2 / 3) / 11, 1: (3 + 2 / 3) / 11}
    # At the start: "2" twice, "3" once. After "2": "3", "2", and the end twice.
    start = {2: (2 + 2 * none[2]) / 5, 3: (1 + 2 * none[3]) / 5}
    after = {2: (1 + 2 * none[2]) / 6, 3: (1 + 2 * none[3]) / 6, 1: (2 + 2 * none[1]) / 6}
    unseen = (0 + 2 * none[3]) / 4  # after "3": "2" and the end
    x = np.array([[2, 2, 1, 0], [3, 3, 1, 0]])
    expected = [start[2] * after[2] * after[1], start[3] * unseen * (1 + 2 * none[1]) / 4]
    np.testing.assert_allclose(np.exp(model.log_p(x)), expected, rtol=1e-12)


@pytest.mark.parametrize("context", [0, 1, 3])
def test_all_strings_together_have_probability_one(context):
    model = n_grams(IDS, 4, context=context, alpha=0.5)
    length, total = 14, 0.0
    strings = [np.array(w) for n in range(7) for w in itertools.product((2, 3), repeat=n)]
    table = np.zeros((len(strings), length))
    for row, word in zip(table, strings, strict=True):
        row[: len(word)] = word
        row[len(word)] = 1
    total = np.exp(model.log_p(table)).sum()
    # What is longer: no end in seven tokens.
    whole = np.zeros((2**7, length))
    whole[:, :7] = list(itertools.product((2, 3), repeat=7))
    longer = np.exp(model.log_p(whole)).sum()
    assert total + longer == pytest.approx(1, abs=1e-9)


def test_samples_are_as_frequent_as_they_are_likely():
    model = n_grams(IDS, 4, context=2, alpha=1.0)
    n = 20_000
    drawn = model.sample(n, 12, seed=0)
    assert (drawn == model.sample(n, 12, seed=0)).all()
    for ids in ([2, 3, 2, 1], [2, 2, 1], [3, 1], [1], [3, 3, 1]):
        x = np.zeros((1, 12))
        x[0, : len(ids)] = ids
        p = float(np.exp(model.log_p(x))[0])
        share = (drawn == x).all(1).mean()
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n) + 1e-12
    ended = np.cumsum(drawn == 1, axis=1) - (drawn == 1)
    assert (drawn[ended > 0] == 0).all()


def test_what_cannot_be_counted_is_said():
    for context, alpha in ((1, 0.0), (-1, 1.0), (40, 1.0)):
        with pytest.raises(ConfigError, match="Allowed: alpha above 0"):
            n_grams(IDS, 4, context=context, alpha=alpha)
