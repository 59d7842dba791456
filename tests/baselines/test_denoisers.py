"""Denoisers: nearer to the clean image than the noisy one, grey and in colour."""

import numpy as np
import pytest

from aejax.baselines import DENOISERS, settings
from aejax.baselines.denoisers import median
from aejax.evaluate.image_quality import psnr

pytest.importorskip("skimage")

GREY = np.zeros((2, 24, 24, 1))
GREY[:, 6:18, 4:20] = 0.8
NOISE = 0.2 * np.random.RandomState(0).normal(size=(2, 24, 24, 3))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(DENOISERS))
def test_some_setting_is_nearer_to_the_clean_image(name, channels):
    clean = np.repeat(GREY, channels, -1)
    noisy, method = clean + NOISE[..., :channels], DENOISERS[name]
    done = [method.fn(noisy, **setting) for setting in settings(method.grid)]
    assert all(each.shape == clean.shape for each in done)
    before = psnr(clean, noisy).mean()
    assert max(psnr(clean, each).mean() for each in done) > before + 2


def test_the_median_stays_within_an_image_and_a_channel():
    x = np.random.RandomState(1).uniform(size=(2, 9, 9, 3))
    expected = np.median(x[1, 3:6, 2:5, 2])
    assert median(x, 3)[1, 4, 3, 2] == expected
