"""LDA and NMF on documents whose topics share no word, and words by chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from aejax.baselines import TOPICS, settings
from aejax.evaluate.topics import diversity, npmi, recovered, top_words

random = np.random.RandomState(0)
KIND = np.repeat(np.arange(3), 20)
COUNTS = csr_array(
    np.where(np.repeat(np.eye(3, dtype=int), 5, 1)[KIND] > 0, random.poisson(4, (60, 15)), 0)
)
PLANTED = np.arange(15).reshape(3, 5)


@pytest.mark.parametrize("method", ["lda", "nmf"])
def test_topics_without_common_words_are_found_by_every_setting(method):
    fit, grid = TOPICS[method]
    assert len(settings(grid)) == 8
    for setting in settings(grid):
        model = fit(COUNTS, 3, 0, **setting)
        top = top_words(model.weights, 5)
        np.testing.assert_allclose(recovered(top, PLANTED), 1.0, err_msg=str(setting))
        largest = model.proportions(COUNTS).argmax(1)
        assert len(set(zip(KIND.tolist(), largest.tolist(), strict=True))) == 3


def test_words_by_chance_differ_and_do_not_go_together():
    model = TOPICS["random_words"].fit(COUNTS, 3, 0)
    top = top_words(model.weights, 5)
    assert npmi(top, COUNTS).mean() < npmi(PLANTED, COUNTS).mean() - 0.5
    assert 0 < diversity(top) <= 1
    assert model.proportions(COUNTS).shape == (60, 3)
