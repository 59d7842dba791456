"""Spectra of short frames, and back; masks on them, and what a mask is estimated from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

WINDOW = 0.032  # seconds
BANDS = 32  # of the mel scale
FLOOR = 1e-4  # of a recording's mean power: below it the logarithm is cut off


class Spectra(NamedTuple):
    """Hann windows of `window` samples every `hop`; F = window / 2 + 1 frequencies."""

    rate: int
    window: int
    hop: int

    def forward(self, wave: np.ndarray) -> np.ndarray:
        """Returns the complex spectra [F, frames] of a recording [T]."""
        from scipy.signal import stft  # a sweep imports this package, and starts sooner without it

        wave = np.asarray(wave, np.float64)
        wave = np.pad(wave, (0, max(0, self.window - len(wave))))
        overlap = self.window - self.hop
        return stft(wave, self.rate, nperseg=self.window, noverlap=overlap)[2]

    def inverse(self, spectra: np.ndarray, length: int) -> np.ndarray:
        """Returns the recording [T] of that length, float32."""
        from scipy.signal import istft

        overlap = self.window - self.hop
        wave = istft(spectra, self.rate, nperseg=self.window, noverlap=overlap)[1]
        return wave[:length].astype(np.float32)

    def masked(self, wave: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Returns a recording [T] whose spectra were multiplied by a mask [F, frames]."""
        return self.inverse(self.forward(wave) * mask, len(wave))


def spectra_for(rate: int) -> Spectra:
    """Returns windows of 32 ms (an even number of samples) every 8 ms."""
    quarter = max(2, round(WINDOW * rate / 4))
    return Spectra(rate, 4 * quarter, quarter)


def phase_mask(clean: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    """Returns Re(S / X) cut to [0, 1]: the real factor that brings X nearest to S.

    Erdogan, Hershey, Watanabe & Le Roux 2015, the phase-sensitive filter, truncated.
    """
    power = np.maximum(np.square(np.abs(noisy)), np.finfo(np.float64).tiny)
    return np.clip(np.real(clean * np.conj(noisy)) / power, 0, 1)


def mel_bands(spectra: Spectra) -> np.ndarray:
    """Returns BANDS triangles [BANDS, F] of equal width in mel, each a mean over its frequencies.

    Mel: 2595 log10(1 + f / 700), f in Hz.
    """
    frequencies = np.arange(spectra.window // 2 + 1) * spectra.rate / spectra.window
    mel = 2595 * np.log10(1 + frequencies / 700)
    centres = np.linspace(0, mel[-1], BANDS + 2)[1:-1, None]
    width = centres[1] - centres[0]
    # No narrower than the windows' own resolution, so that none is empty.
    least = np.gradient(mel)[np.argmin(np.abs(mel - centres), axis=1)][:, None]
    rows = np.clip(1 - np.abs(mel - centres) / np.maximum(width, least), 0, None)
    return rows / rows.sum(1, keepdims=True)


def with_context(frames: np.ndarray, context: int) -> np.ndarray:
    """Returns each frame [N, F] with `context` frames on both sides, [N, (2 context + 1) F].

    Beyond the ends the first and the last frame stand.
    """
    at = np.arange(len(frames))[:, None] + np.arange(-context, context + 1)
    return frames[np.clip(at, 0, len(frames) - 1)].reshape(len(frames), -1)


def told(noisy: np.ndarray, spectra: Spectra, context: int) -> np.ndarray:
    """Returns what a mask is estimated from, float32 [frames, 2 F + (2 context + 4) BANDS].

    Logarithms of power over the recording's mean power, in units of 10 dB: of the frame; the
    quartile over the recording at each frequency, where its noise lies (Seltzer, Yu & Wang 2013
    tell a network of the noise alike); of mel bands, with context; and three quantiles of those.

    Args:
      noisy: complex spectra [F, frames].
      spectra: their windows.
      context: frames on both sides.
    """
    power = np.square(np.abs(noisy)).T
    power = power / max(float(power.mean()), np.finfo(np.float64).tiny)
    frames, bands = (np.log10(each + FLOOR) for each in (power, power @ mel_bands(spectra).T))
    still = [np.quantile(frames, 0.25, axis=0), *np.quantile(bands, (0.1, 0.5, 0.9), axis=0)]
    of_all = np.broadcast_to(np.concatenate(still), (len(frames), sum(map(len, still))))
    return np.concatenate([frames, with_context(bands, context), of_all], 1).astype(np.float32)
