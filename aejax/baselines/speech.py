"""Denoisers of recordings without training: `fn(wave, spectra, **setting) -> wave`.

None is told the noise or its level: what the noise is like is estimated from the recording itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.data.sounds.spectra import Spectra
from aejax.errors import need

LEAST = 10 ** (-25 / 10)  # of the a priori SNR: -25 dB
SILENCE = 1e-8  # of a recording's mean power: the noise is taken to have that much


def spectral_gating(
    wave: np.ndarray, spectra: Spectra, stationary: bool, threshold: float
) -> np.ndarray:
    """Frequencies are let through where they are above their own level in the recording.

    The package noisereduce (Sainburg 2019; Sainburg, Thielk & Gentner 2020). Its windows are those
    of `spectra`. The recording is mirrored at its ends, where the package would put silence.

    Args:
      wave: [T].
      spectra: windows.
      stationary: one threshold a frequency; else one that follows the recording over 2 s.
      threshold: standard deviations above the mean in decibels; not stationary: multiples of the
        smoothed amplitude.

    Raises:
      MissingPackageError: noisereduce is not installed.
    """
    package = need("noisereduce", "applications")
    side = min(len(wave) - 1, 4 * spectra.window)
    done = package.reduce_noise(
        np.pad(np.asarray(wave, np.float64), side, mode="reflect"),
        spectra.rate,
        stationary=stationary,
        prop_decrease=1.0,
        n_std_thresh_stationary=threshold,
        thresh_n_mult_nonstationary=threshold,
        n_fft=spectra.window,
        hop_length=spectra.hop,
        padding=0,
    )
    return done[side : side + len(wave)].astype(np.float32)


def noise_power(power: np.ndarray, quantile: float) -> np.ndarray:
    """Returns the noise's power at each frequency [F, 1] from a quantile over the frames.

    Stahl, Fischer & Bippus 2000: speech is silent at a frequency most of the time. The power of
    Gaussian noise is exponentially distributed, and its quantile q is -log(1 - q) of its mean.

    Args:
      power: |X|^2, [F, frames].
      quantile: q, between 0 and 1.
    """
    return np.quantile(power, quantile, axis=1, keepdims=True) / -np.log1p(-quantile)


def wiener(wave: np.ndarray, spectra: Spectra, smoothing: float, quantile: float) -> np.ndarray:
    """The Wiener filter of a decision-directed a priori SNR. Ephraim & Malah 1984.

    Equation: G = xi / (1 + xi), xi(t) = a |S(t-1)|^2 / L + (1 - a) max(|X(t)|^2 / L - 1, 0), S the
    filtered spectra, L the noise's power, a the smoothing; xi is -25 dB at least.

    Args:
      wave: [T].
      spectra: windows.
      smoothing: a, of [0, 1).
      quantile: as in `noise_power`.
    """
    noisy = spectra.forward(wave)
    power = np.square(np.abs(noisy))
    least = max(SILENCE * float(power.mean()), np.finfo(np.float64).tiny)
    noise = np.maximum(noise_power(power, quantile), least)
    posterior = power / noise
    gain = np.empty_like(power)
    before = np.maximum(posterior[:, 0] - 1, 0)
    for t in range(power.shape[1]):
        prior = smoothing * before + (1 - smoothing) * np.maximum(posterior[:, t] - 1, 0)
        prior = np.maximum(prior, LEAST)
        gain[:, t] = prior / (1 + prior)
        before = np.square(gain[:, t]) * posterior[:, t]
    return spectra.inverse(noisy * gain, len(wave))


class SpeechMethod(NamedTuple):
    """The function, and the settings among which validation recordings choose."""

    fn: Callable[..., np.ndarray]
    grid: Mapping[str, Sequence[Any]]


SPEECH_DENOISERS: dict[str, SpeechMethod] = {
    "spectral_gating": SpeechMethod(
        spectral_gating,
        {"stationary": (True, False), "threshold": (0.0, 0.5, 1.0, 1.5)},
    ),
    "wiener": SpeechMethod(
        wiener, {"smoothing": (0.6, 0.8, 0.95), "quantile": (0.05, 0.1, 0.25, 0.5)}
    ),
}
