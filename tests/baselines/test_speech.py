"""Denoisers of recordings: nearer to the clean one, and their parts against closed forms."""

import numpy as np
import pytest

from aejax.baselines import SPEECH_DENOISERS, settings
from aejax.baselines.speech import noise_power, spectral_gating, wiener
from aejax.data.sounds import at_level, load_sounds, spectra_for
from aejax.evaluate.speech_quality import si_sdr_gain

SOUNDS = load_sounds("planted_sounds")
SPECTRA = spectra_for(SOUNDS.rate)
CLEAN = SOUNDS.waves[0]
RANDOM = np.random.RandomState(0)
NOISY = at_level(CLEAN, RANDOM.normal(size=len(CLEAN)), 0.0)


@pytest.mark.parametrize("name", sorted(SPEECH_DENOISERS))
def test_some_setting_is_nearer_to_the_clean_recording(name):
    if name == "spectral_gating":
        pytest.importorskip("noisereduce")
    method = SPEECH_DENOISERS[name]
    done = [method.fn(NOISY, SPECTRA, **setting) for setting in settings(method.grid)]
    assert all(each.shape == NOISY.shape and np.isfinite(each).all() for each in done)
    assert max(si_sdr_gain(CLEAN, NOISY, each) for each in done) > 4


@pytest.mark.parametrize("name", sorted(SPEECH_DENOISERS))
def test_loudness_does_not_count_and_silence_at_an_end_is_no_matter(name):
    if name == "spectral_gating":
        pytest.importorskip("noisereduce")
    method = SPEECH_DENOISERS[name]
    setting = settings(method.grid)[0]
    loud, soft = (method.fn(f * NOISY, SPECTRA, **setting) for f in (1.0, 1e-2))
    np.testing.assert_allclose(loud, 100 * soft, atol=1e-3 * np.abs(loud).max())
    quiet = np.concatenate([np.zeros(3000), NOISY, np.zeros(3000)])
    assert np.isfinite(method.fn(quiet, SPECTRA, **setting)).all()


def test_quantiles_of_gaussian_noise_are_unbiased():
    power = np.square(np.abs(SPECTRA.forward(RANDOM.normal(size=100_000))))
    for quantile in (0.1, 0.25, 0.5):
        ratio = noise_power(power, quantile)[1:-1] / power.mean(1, keepdims=True)[1:-1]
        assert abs(ratio.mean() - 1) < 0.03


def test_the_filter_is_its_recursion_number_by_number():
    noisy = SPECTRA.forward(NOISY)
    gains = np.zeros(noisy.shape)
    for f, row in enumerate(noisy):
        noise = np.quantile(np.abs(row) ** 2, 0.25) / -np.log(0.75)
        speech = None  # the power of the frame before, filtered
        for t, x in enumerate(np.abs(row) ** 2):
            excess = max(x / noise - 1, 0)
            xi = max(0.9 * (excess if speech is None else speech / noise) + 0.1 * excess, 10**-2.5)
            gains[f, t] = xi / (1 + xi)
            speech = gains[f, t] ** 2 * x
    done = wiener(NOISY, SPECTRA, smoothing=0.9, quantile=0.25)
    np.testing.assert_allclose(done, SPECTRA.inverse(noisy * gains, len(NOISY)), atol=1e-6)


def test_the_gate_is_the_packages_on_a_mirrored_recording():
    package = pytest.importorskip("noisereduce")
    side = 4 * SPECTRA.window
    done = package.reduce_noise(
        np.pad(NOISY.astype(np.float64), side, mode="reflect"),
        SOUNDS.rate,
        stationary=True,
        n_std_thresh_stationary=1.0,
        n_fft=SPECTRA.window,
        padding=0,
    )
    found = spectral_gating(NOISY, SPECTRA, stationary=True, threshold=1.0)
    np.testing.assert_allclose(found, done[side:-side], atol=1e-6)
