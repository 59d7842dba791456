"""JPEG, WebP and PCA as codecs: sheets, sizes, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.baselines import CODECS
from aejax.baselines.codecs import images_of, sheet_of

RANDOM = np.random.default_rng(0)
SMOOTH = np.cumsum(np.cumsum(RANDOM.normal(size=(300, 12, 10, 1)), 1), 2)
IMAGES = np.clip(128 + 4 * SMOOTH, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("n", "channels"), [(1, 1), (7, 3), (100, 1)])
def test_a_sheet_is_taken_apart_again(n, channels):
    images = RANDOM.integers(0, 256, (n, 12, 10, channels), dtype=np.uint8)
    sheet, across = sheet_of(images)
    assert sheet.dtype == np.uint8
    assert (across - 1) ** 2 < n <= across**2
    np.testing.assert_array_equal(images_of(sheet, images.shape, across), images)


@pytest.mark.parametrize("method", ["jpeg", "webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_more_quality_is_more_bytes_and_fewer_errors(method, channels):
    pytest.importorskip("PIL")
    images = np.repeat(IMAGES, channels, -1)
    sizes, errors = [], []
    for quality in (5, 50, 90):
        data, again = CODECS[method].fit(images, quality=quality, shrink=1)(images[:50])
        assert again.shape == images[:50].shape
        assert again.dtype == np.uint8
        sizes.append(len(data))
        errors.append(np.abs(again.astype(float) - images[:50]).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 5
    small, blurred = CODECS[method].fit(images, quality=5, shrink=2)(images[:50])
    assert len(small) < sizes[0]  # a header is most of both
    assert errors[0] < np.abs(blurred.astype(float) - images[:50]).mean() < 40


def test_pca_with_small_steps_gives_the_image_back():
    pytest.importorskip("constriction")
    data, again = CODECS["pca"].fit(IMAGES, size=None, step=0.002)(IMAGES[:60])
    np.testing.assert_array_equal(again, IMAGES[:60])
    coarse, rough = CODECS["pca"].fit(IMAGES, size=20, step=0.5)(IMAGES[:60])
    assert len(coarse) < 0.4 * len(data)
    assert 0 < np.abs(rough.astype(float) - IMAGES[:60]).mean() < 20


def test_images_that_pca_has_not_seen_the_like_of_are_coded():
    pytest.importorskip("constriction")
    wild = RANDOM.integers(0, 2, (10, 12, 10, 1)).astype(np.uint8) * 255
    _, again = CODECS["pca"].fit(IMAGES, size=None, step=0.01)(wild)
    assert np.abs(again.astype(int) - wild).max() <= 4
