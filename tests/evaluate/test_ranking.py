"""Recall and NDCG of rankings: by hand, by scikit-learn, for a perfect and for a random ranking."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import ndcg_score

from aejax.errors import ConfigError
from aejax.evaluate.ranking import first, ndcg, ranking, recall

RNG = np.random.default_rng(0)
SEEN = np.zeros((1, 6))
SEEN[0, 0] = 1
HELD = np.array([[0, 1, 0, 1, 1, 0.0]])
SCORES = np.array([[9.0, 5.0, 4.0, 3.0, 2.0, 1.0]])  # item 0 was seen: 1, 2, 3, 4, 5 remain


def many(users=40, items=30, seen=6, held=5):
    order = np.argsort(RNG.random((users, items)), axis=1)
    shown, wanted = np.zeros((users, items)), np.zeros((users, items))
    np.put_along_axis(shown, order[:, :seen], 1, 1)
    np.put_along_axis(wanted, order[:, seen : seen + held], 1, 1)
    return RNG.normal(size=(users, items)), shown, wanted


def test_by_hand():
    np.testing.assert_array_equal(first(SCORES, SEEN != 0, 3), [[1, 2, 3]])
    # The first two are items 1 (held out) and 2; two of three held-out ones could be there.
    assert recall(SCORES, SEEN, HELD, 2)[0] == 1 / 2
    assert recall(SCORES, SEEN, HELD, 3)[0] == pytest.approx(2 / 3)
    assert recall(SCORES, SEEN, HELD, 4)[0] == 1
    gain = lambda *ranks: sum(1 / np.log2(r + 1) for r in ranks)
    assert ndcg(SCORES, SEEN, HELD, 3)[0] == pytest.approx(gain(1, 3) / gain(1, 2, 3))
    assert ndcg(SCORES, SEEN, HELD, 100)[0] == pytest.approx(gain(1, 3, 4) / gain(1, 2, 3))
    # Fewer held out than k: recall is divided by what there is, not by k.
    one = np.array([[0, 1, 0, 0, 0, 0.0]])
    assert recall(SCORES, SEEN, one, 4)[0] == 1


@pytest.mark.parametrize("k", [1, 5, 10])
def test_ndcg_is_scikit_learns_on_the_unseen_items(k):
    scores, seen, held = many()
    left = seen == 0  # as many for each user, so that a rectangle remains
    expected = [
        ndcg_score(held[i][left[i]][None], scores[i][left[i]][None], k=k) for i in range(len(seen))
    ]
    np.testing.assert_allclose(ndcg(scores, seen, held, k), expected, rtol=1e-12)


def test_a_perfect_ranking_has_one_and_a_reversed_one_the_least():
    _, seen, held = many()
    for k in (2, 5, 100):
        assert (recall(held, seen, held, k) == 1).all()
        np.testing.assert_allclose(ndcg(held, seen, held, k), 1)
    assert (recall(-held, seen, held, 3) == 0).all()
    assert (ndcg(-held, seen, held, 3) == 0).all()


def test_a_random_ranking_has_the_share_that_chance_gives():
    scores, seen, held = many(users=4000)
    # Ten of the 24 unseen items: each of five held-out ones is among them with that chance.
    found = recall(scores, seen, held, 10)
    assert abs(found.mean() - 10 / 24) < 4 * found.std() / np.sqrt(len(found))
    gains = 1 / np.log2(np.arange(24) + 2)
    found = ndcg(scores, seen, held, 100)
    expected = 5 / 24 * gains.sum() / gains[:5].sum()
    assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(len(found))


def test_what_was_seen_never_comes_before_what_was_not():
    scores, seen, held = many()
    high = np.where(seen != 0, 1e9, scores)
    low = np.where(held != 0, -np.inf, scores)  # a score of minus infinity is unseen all the same
    for k in (1, 7, 30):
        np.testing.assert_array_equal(recall(high, seen, held, k), recall(scores, seen, held, k))
        shown = np.take_along_axis(seen, first(low, seen != 0, k), 1)
        assert (shown[:, : min(k, 24)] == 0).all()


def test_sparse_rows_and_users_without_held_out_items():
    scores, seen, held = many(users=5)
    held[2] = 0
    plain = ranking(scores, seen, held, recalls=(3,), ndcgs=(4,))
    packed = ranking(scores, sparse.csr_array(seen), sparse.csr_array(held), (3,), (4,))
    assert set(plain) == {"recall_at_3", "ndcg_at_4"}
    for name, values in plain.items():
        np.testing.assert_array_equal(values, packed[name])
        assert np.isnan(values).tolist() == [False, False, True, False, False]


def test_equal_scores_are_ranked_by_item():
    order = first(np.zeros((1, 5)), np.array([[0, 1, 0, 0, 0]]) != 0, 5)
    np.testing.assert_array_equal(order, [[0, 2, 3, 4, 1]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seen": np.zeros((1, 5))}, "Allowed: .users, items."),
        ({"scores": np.full((1, 6), np.nan)}, "NaN for user 0, item 0"),
        ({"seen": HELD}, "item 1 of user 0 is both seen and held out"),
        ({"k": 0}, "k=0 is out of range"),
    ],
)
def test_bad_input_is_one_line(change, said):
    with pytest.raises(ConfigError, match=said) as error:
        recall(**{"scores": SCORES, "seen": SEEN, "held_out": HELD, "k": 3, **change})
    assert "\n" not in str(error.value)
