"""Denoisers of recordings: nearer to the clean one, and their parts against closed forms."""

import numpy as np
import pytest

from aejax.baselines import SPEECH_DENOISERS, settings
from aejax.baselines.speech import noise_power, wiener
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


def test_the_filter_by_its_recursion_at_one_frequency():
    setting = {"smoothing": 0.9, "quantile": 0.25}
    noisy = SPECTRA.forward(NOISY)
    power = np.abs(noisy) ** 2
    noise = noise_power(power, 0.25)[20, 0]
    before, gains = None, []
    for x in power[20] / noise:
        if before is None:
            before = max(x - 1, 0)
        xi = max(0.9 * before + 0.1 * max(x - 1, 0), 10**-2.5)
        gains.append(xi / (1 + xi))
        before = gains[-1] ** 2 * x
    # Only that frequency is let through by a filter that is compared with it alone.
    only = np.zeros_like(noisy)
    only[20] = noisy[20] * gains
    done = SPECTRA.forward(wiener(NOISY, SPECTRA, **setting))
    expected = SPECTRA.forward(SPECTRA.inverse(only, len(NOISY)))
    both = SPECTRA.inverse(np.where(np.arange(len(noisy))[:, None] == 20, noisy, 0), len(NOISY))
    assert np.linalg.norm(expected) < np.linalg.norm(SPECTRA.forward(both))
    assert done.shape == expected.shape
