"""Maps against NumPy, and on a curve whose order is known."""

import numpy as np
from scipy.stats import spearmanr

from aejax.baselines.maps import isomap, pca, tsne

T = np.linspace(0, 1.5 * np.pi, 80)
CURVE = np.stack([np.cos(T), np.sin(T), 0.1 * T], 1).astype(np.float32)  # bent: no line fits it


def test_pca_is_numpys_two_directions():
    rows = np.random.RandomState(0).normal(size=(40, 6)).astype(np.float32)
    centred = rows - rows.mean(0)
    codes, right = pca(rows, 0)(rows), np.linalg.svd(centred)[2][:2]
    np.testing.assert_allclose(np.abs(codes), np.abs(centred @ right.T), atol=1e-4)


def test_isomap_unrolls_a_curve_that_pca_cannot():
    order = lambda codes: abs(spearmanr(codes[:, 0], T).statistic)
    assert order(isomap(CURVE[::2], 0, 4)(CURVE)) > 0.999
    assert order(pca(CURVE[::2], 0)(CURVE)) < 0.95


def test_tsne_maps_what_it_is_given_even_a_few_rows():
    codes = tsne(CURVE, 0, 50)(CURVE[:12])  # a perplexity of 50 needs more
    assert codes.shape == (12, 2)
    assert np.isfinite(codes).all()
    np.testing.assert_array_equal(codes, tsne(CURVE, 0, 50)(CURVE[:12]))
