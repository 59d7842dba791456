"""Fronts by brute force, qualities on a line, and similarity against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.evaluate.image_quality import ms_ssim, similarities
from aejax.evaluate.rate_distortion import bits_per_pixel, front, quality_at

RANDOM = np.random.default_rng(0)


def test_the_front_is_what_nothing_dominates():
    rates, qualities = RANDOM.integers(1, 30, 60) / 10, RANDOM.integers(0, 30, 60) / 1.0
    kept = front(rates.tolist(), qualities.tolist())
    brute = {
        (rates[i], qualities[i])
        for i in range(60)
        if not any(
            rates[j] <= rates[i]
            and qualities[j] >= qualities[i]
            and (rates[j], qualities[j]) != (rates[i], qualities[i])
            for j in range(60)
        )
    }
    assert {(rates[i], qualities[i]) for i in kept} == brute
    assert (np.diff(rates[kept]) > 0).all()
    assert (np.diff(qualities[kept]) > 0).all()
    assert len(kept) == len(brute)


def test_quality_is_on_the_line_in_the_logarithm():
    """Six decibels a bit: 20 log10 of the rate."""
    rates = [2.0, 0.25, 1.0]
    found = quality_at(0.7, rates, [20 * np.log10(r) for r in rates])
    assert found == pytest.approx(20 * np.log10(0.7))
    assert np.isnan(quality_at(0.2, rates, rates))
    assert np.isnan(quality_at(2.1, rates, rates))
    for wrong in (([], []), ([1.0], [1.0, 2.0])):
        with pytest.raises(ConfigError, match="rates and"):
            quality_at(1.0, *wrong)


def test_bits_a_pixel_count_no_channels():
    assert bits_per_pixel(96, np.zeros((2, 8, 6, 3))) == 8


def test_one_scale_is_scikit_images():
    metrics = pytest.importorskip("skimage.metrics")
    clean = RANDOM.random((2, 40, 30, 1))
    noisy = np.clip(clean + 0.2 * RANDOM.normal(size=clean.shape), 0, 1)
    whole, contrast = similarities(clean, noisy)
    for a, b, value in zip(clean, noisy, whole[:, 0], strict=True):
        expected = metrics.structural_similarity(
            a[..., 0], b[..., 0], data_range=1.0, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False,
        )  # fmt: skip
        assert value == pytest.approx(expected, abs=1e-9)
    assert (contrast >= whole).all()


def test_multi_scale_similarity_of_itself_of_noise_and_of_light():
    clean = np.kron(RANDOM.random((1, 23, 22, 2)), np.ones((1, 8, 8, 1)))
    assert ms_ssim(clean, clean) == pytest.approx(1)
    noise = RANDOM.normal(size=clean.shape)
    values = [float(ms_ssim(clean, clean + level * noise)[0]) for level in (0.02, 0.1, 0.5)]
    assert 1 > values[0] > values[1] > values[2] > 0
    # Light is compared at the last scale alone, so that a shift weighs little.
    assert ms_ssim(clean, clean + 0.1) > 0.98
    # Noise of single pixels is gone at coarse scales: one scale has it worse.
    assert values[1] > float(similarities(clean, clean + 0.1 * noise)[0].mean())
    with pytest.raises(ConfigError, match="176 pixels a side"):
        ms_ssim(clean[:, :100], clean[:, :100])
