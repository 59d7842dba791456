"""PSNR by hand, and SSIM against its formula, window by window."""

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.evaluate.image_quality import psnr, ssim

CLEAN = np.random.RandomState(0).uniform(size=(2, 9, 10, 2))
NEAR = np.clip(CLEAN + 0.1 * np.random.RandomState(1).normal(size=CLEAN.shape), 0, 1)


def test_psnr_by_hand():
    off = CLEAN + np.asarray([0.1, 0.01])[:, None, None, None]
    np.testing.assert_allclose(psnr(CLEAN, off), [20, 40])
    assert psnr(CLEAN, CLEAN).tolist() == [np.inf, np.inf]
    hole = np.zeros(CLEAN.shape, bool)
    hole[:, 2:4, 3:5] = True
    inside = np.where(hole, off, 7.0)  # what stands outside the hole does not count
    np.testing.assert_allclose(psnr(CLEAN, inside, hole), [20, 40])
    with pytest.raises(ConfigError, match="of image 0 no value counts"):
        psnr(CLEAN, off, np.zeros(CLEAN.shape, bool))
    with pytest.raises(ConfigError, match="one shape"):
        psnr(CLEAN, off[:1])


def test_ssim_is_its_formula_over_all_windows():
    pytest.importorskip("skimage")
    values = np.zeros((2, 3, 4, 2))
    for i in range(3):
        for j in range(4):
            a, b = (x[:, i : i + 7, j : j + 7].reshape(2, 49, 2) for x in (CLEAN, NEAR))
            ma, mb = a.mean(1), b.mean(1)
            va, vb = a.var(1, ddof=1), b.var(1, ddof=1)
            both = ((a - ma[:, None]) * (b - mb[:, None])).sum(1) / 48
            one, two = 0.01**2, 0.03**2
            values[:, i, j] = (2 * ma * mb + one) * (2 * both + two)
            values[:, i, j] /= (ma**2 + mb**2 + one) * (va + vb + two)
    np.testing.assert_allclose(ssim(CLEAN, NEAR), values.mean((1, 2, 3)), rtol=1e-9)
    with pytest.raises(ConfigError, match="7 pixels a side"):
        ssim(CLEAN[:, :6], NEAR[:, :6])
