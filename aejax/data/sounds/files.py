"""Files of recordings: `.wav` of any rate, channels and sample type, as one channel of floats."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from aejax.data.dataset import fingerprint
from aejax.errors import ConfigError

ALLOWED = "Allowed: intact .wav files of 8 to 32 bit integers or of floats"
SHORTEST = 0.1  # seconds
LONGEST = 4.0  # seconds; longer recordings are cut in pieces
HIGHEST = 16_000  # samples a second; speech has little above 8 kHz
# What scipy raises for a file that is cut short or is something else.
_UNREADABLE = (
    ValueError, OSError, EOFError, KeyError, IndexError, TypeError, MemoryError, OverflowError,
    UnboundLocalError, struct.error,
)  # fmt: skip


class Sounds(NamedTuple):
    """N recordings of one rate and one channel, each of a length of its own."""

    name: str
    rate: int  # samples a second
    waves: tuple[np.ndarray, ...]  # float32 [T] each
    groups: tuple[str, ...]  # of each: its speaker, or what else must not be split
    fingerprint: str


def make_sounds(name: str, rate: int, waves: Sequence[np.ndarray], groups: Sequence[str]) -> Sounds:
    """Returns the record with its fingerprint, which knows rate and groups too."""
    told = np.frombuffer("\0".join((str(rate), *groups)).encode(), np.uint8)
    return Sounds(name, rate, tuple(waves), tuple(groups), fingerprint([*waves, told]))


def read_wav(file: Path | str | IO[bytes], field: str | None = None) -> tuple[np.ndarray, int]:
    """Returns a recording as float32 [T] of one channel, and its rate.

    Integers are scaled to [-1, 1), floats are taken as they are; channels are averaged.

    Args:
      file: a path, or an open file.
      field: how an error names it; None: by its path.

    Raises:
      ConfigError: no intact `.wav` file, no samples, NaN or an infinity: one line with the file and
        the place in it.
    """
    from scipy.io import wavfile  # a sweep imports this package, and starts sooner without it

    field = field or f"recording {str(file)!r}"
    try:
        with warnings.catch_warnings():
            # Chunks that scipy does not know are skipped; a file that ends early is broken.
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            warnings.filterwarnings("error", ".*EOF", wavfile.WavFileWarning)
            rate, samples = wavfile.read(file)
    except (*_UNREADABLE, wavfile.WavFileWarning) as error:
        reason = _cut_short(file) or " ".join(str(error).split()).rstrip(".")
        reason = reason or type(error).__name__
        raise ConfigError(f"{field} cannot be read: {reason:.120}. {ALLOWED}.") from error
    if samples.dtype.kind not in "iuf" or samples.ndim > 2:
        raise ConfigError(f"{field} holds {samples.dtype} samples. {ALLOWED}.")
    if not samples.size or rate < 1:
        raise ConfigError(f"{field} has no samples. {ALLOWED}, of {SHORTEST:g} s or more.")
    scaled = _scaled(samples if samples.ndim == 2 else samples[:, None])
    bad = np.argwhere(~np.isfinite(scaled))
    if len(bad):
        at, channel = (int(i) for i in bad[0])
        raise ConfigError(
            f"{field} holds {scaled[at, channel]:g} at sample {at} ({at / rate:.3f} s), channel "
            f"{channel + 1}. Allowed: finite numbers."
        )
    return scaled.mean(1, dtype=np.float32), int(rate)


def _cut_short(file: Path | str | IO[bytes]) -> str:
    """Returns where a file ends that says of itself that it is longer; "" of others."""
    if not isinstance(file, str | Path) or not Path(file).is_file():
        return ""
    have = Path(file).stat().st_size
    with Path(file).open("rb") as opened:
        head = opened.read(8)
    if have == 0:
        return "it is empty"
    if len(head) < 8 or head[:4] != b"RIFF":
        return ""
    said = struct.unpack("<I", head[4:])[0] + 8
    return f"it ends at byte {have:,} of {said:,}" if have < said else ""


def _scaled(samples: np.ndarray) -> np.ndarray:
    """Returns float32; integers over the largest of their type, bytes about their middle."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # of 64 bits: an infinity is then found
            return samples.astype(np.float32)
    middle = 128 if samples.dtype == np.uint8 else 0
    half = 128 if samples.dtype == np.uint8 else -float(np.iinfo(samples.dtype).min)
    return ((samples.astype(np.float64) - middle) / half).astype(np.float32)


def wav_bytes(wave: np.ndarray, rate: int) -> bytes:
    """Returns a `.wav` file of 16 bits of a recording [T]; what is beyond [-1, 1] is clipped."""
    from scipy.io import wavfile

    file = io.BytesIO()
    wavfile.write(file, rate, np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16))
    return file.getvalue()


def resampled(wave: np.ndarray, rate: int, to: int) -> np.ndarray:
    """Returns a recording at another rate, float32; a low-pass filter first where that is lower."""
    from scipy.signal import resample_poly

    if rate == to:
        return wave
    ratio = Fraction(to, rate)
    return resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)


def read_folder(folder: Path | str) -> Sounds:
    """Reads the `.wav` files of a folder and of the folders in it, in the order of their names.

    All come to one rate, the commonest of them and 16 kHz at most; a warning says how many had
    another. Recordings longer than four seconds are cut in pieces. Where files lie in three folders
    or more, each is a group (a speaker, say); else each file is one.

    Raises:
      ConfigError: no such folder, none of its files a `.wav`, one that is silent or shorter than
        0.1 s; and as `read_wav`.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        found = "is no folder" if folder.exists() else "does not exist"
        raise ConfigError(f"dataset={str(folder)!r} {found}. Allowed: a folder of .wav files.")
    files = sorted(
        Path(root) / name
        for root, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(".wav") and not name.startswith("._")
    )
    if not files:
        raise ConfigError(
            f"dataset={str(folder)!r} has no .wav file. Allowed: a folder of recordings, .wav."
        )
    read = [read_wav(file) for file in files]
    for file, (wave, rate) in zip(files, read, strict=True):
        check_wave(wave, rate, f"recording {str(file)!r}")
    rates = Counter(rate for _, rate in read)
    rate = min(HIGHEST, max(rates, key=lambda r: (rates[r], -r)))
    other = [(file, r) for file, (_, r) in zip(files, read, strict=True) if r != rate]
    if other:
        warnings.warn(
            f"dataset={str(folder)!r}: {len(other)} of {len(files)} recordings were resampled to "
            f"{rate} Hz, such as {other[0][0].name!r} of {other[0][1]} Hz.",
            stacklevel=2,
        )
    folders = {file.parent for file in files}
    waves: list[np.ndarray] = []
    groups: list[str] = []
    for file, (wave, own) in zip(files, read, strict=True):
        found = pieces(resampled(wave, own, rate), rate)
        waves += found
        of = file.parent if len(folders) > 2 else file
        groups += [of.relative_to(folder).as_posix()] * len(found)
    return make_sounds(str(folder), rate, waves, groups)


def check_wave(wave: np.ndarray, rate: int, field: str) -> None:
    """Raises ConfigError for a recording [T] that is shorter than 0.1 s, or silent."""
    if len(wave) < SHORTEST * rate:
        raise ConfigError(
            f"{field} has {len(wave)} samples, {len(wave) / rate:.3f} s at {rate} Hz. Allowed: "
            f"{SHORTEST:g} s or more."
        )
    if not np.any(wave):
        raise ConfigError(f"{field} is silent: all samples are 0. Allowed: one with a sound.")


def pieces(wave: np.ndarray, rate: int) -> list[np.ndarray]:
    """Returns a recording [T] in equal pieces of four seconds at most, without silent ones."""
    count = -(-len(wave) // int(LONGEST * rate))
    return [piece for piece in np.array_split(wave, count) if np.any(piece)]
