"""Sounds by name: spoken digits from an archive placed by hand, and a set drawn from a seed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aejax.data import paths
from aejax.data.sounds.files import Sounds, make_sounds, read_folder, read_wav
from aejax.errors import ConfigError

DIGIT = re.compile(r"(?:^|/)recordings/(\d)_([a-z]+)_(\d+)\.wav$")
ARCHIVE = "free-spoken-digit-dataset*.zip"
SPOKEN, SPEAKERS = 3_000, 6
PLANTED_RATE, PLANTED_SPEAKERS, PLANTED_EACH = 8_000, 6, 12


class SoundsSource(NamedTuple):
    """A set of recordings by name, and what it holds."""

    recordings: int
    speakers: int
    licence: str
    load: Callable[[Path | None], Sounds]  # of manual_dir


def planted_sounds(folder: Path | None = None) -> Sounds:
    """Returns 72 "words" of six "speakers" drawn from one seed, at 8 kHz.

    A word is two or three vowels: harmonics of a gliding pitch under two formants, with a soft
    beginning and end. A speaker has a pitch and formants of his own.
    """
    random = np.random.RandomState(0)
    waves, groups = [], []
    for speaker in range(PLANTED_SPEAKERS):
        pitch, tract = random.uniform(90, 220), random.uniform(0.85, 1.15)
        for _ in range(PLANTED_EACH):
            vowels = [_vowel(random, pitch, tract) for _ in range(random.randint(2, 4))]
            waves.append(np.concatenate(vowels).astype(np.float32))
            groups.append(f"speaker {speaker}")
    return make_sounds("planted_sounds", PLANTED_RATE, waves, groups)


def _vowel(random: np.random.RandomState, pitch: float, tract: float) -> np.ndarray:
    length = random.randint(PLANTED_RATE // 12, PLANTED_RATE // 6)
    first, last = random.uniform(0.9, 1.1, 2)
    glide = pitch * np.linspace(first, last, length)
    phase = 2 * np.pi * np.cumsum(glide) / PLANTED_RATE
    formants = tract * np.array([random.uniform(300, 800), random.uniform(900, 2200)])
    wave = np.zeros(length)
    for k in range(1, int(0.45 * PLANTED_RATE / pitch)):
        near = np.exp(-0.5 * np.square((k * pitch - formants) / 150)).sum()
        wave += (near + 0.02) * np.sin(k * phase + random.uniform(0, 2 * np.pi))
    return 0.1 * np.hanning(length) * wave


def spoken_digit(folder: Path | None) -> Sounds:
    """Returns the Free Spoken Digit Dataset, `spoken_digit` of TensorFlow Datasets: 8 kHz.

    3,000 recordings of ten digits by six speakers, the groups. They are in the order of their
    number, digit and speaker, so that the first of a speaker are of all digits.

    Raises:
      ConfigError: no archive and no folder `recordings` in manual_dir, or not all of it is there.
    """
    hint = f"{ARCHIVE} (the repository Jakobovski/free-spoken-digit-dataset), or its recordings/"
    if folder is None:
        raise ConfigError(
            "dataset='spoken_digit' needs manual_dir, which is not given. Allowed: manual_dir=DIR "
            f"with {hint}."
        )
    near = [folder / "spoken_digit", folder]
    archives = [path for at in near for path in sorted(at.glob(ARCHIVE))]
    unpacked = [at for at in near if (at / "recordings").is_dir()]
    if not archives and not unpacked:
        raise ConfigError(
            f"dataset='spoken_digit': manual_dir={str(folder)!r} has no such file. Allowed: "
            f"manual_dir=DIR with {hint}."
        )
    read = _zipped(archives[0]) if archives else _unpacked(unpacked[0])
    where = archives[0] if archives else unpacked[0] / "recordings"
    order = sorted(read, key=lambda key: (key[2], key[0], key[1]))
    rates = {rate for _, rate in read.values()}
    speakers = {speaker for _, speaker, _ in order}
    if (len(order), len(speakers), rates) != (SPOKEN, SPEAKERS, {PLANTED_RATE}):
        raise ConfigError(
            f"dataset='spoken_digit': {str(where)!r} has {len(order):,} recordings of "
            f"{len(speakers)} speakers. Allowed: {SPOKEN:,} of {SPEAKERS} at {PLANTED_RATE} Hz; "
            "other recordings under their own path."
        )
    waves = [read[key][0] for key in order]
    return make_sounds("spoken_digit", PLANTED_RATE, waves, [key[1] for key in order])


Key = tuple[int, str, int]  # digit, speaker, number


def _key(name: str) -> Key | None:
    found = DIGIT.search(name)
    return found and (int(found[1]), found[2], int(found[3]))


def _zipped(path: Path) -> dict[Key, tuple[np.ndarray, int]]:
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if key := _key(name):
                    with archive.open(name) as file:
                        found[key] = read_wav(file, f"recording {name!r} of {str(path)!r}")
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError) as error:
        raise ConfigError(
            f"archive {str(path)!r} cannot be read: {' '.join(str(error).split())}. Allowed: the "
            "intact zip archive."
        ) from error
    return found


def _unpacked(folder: Path) -> dict[Key, tuple[np.ndarray, int]]:
    files = sorted((folder / "recordings").glob("*.wav"))
    keys = [(_key(f"recordings/{file.name}"), file) for file in files]
    return {key: read_wav(file) for key, file in keys if key}


SOUNDS: dict[str, SoundsSource] = {
    "planted_sounds": SoundsSource(
        PLANTED_SPEAKERS * PLANTED_EACH, PLANTED_SPEAKERS, "of this package", planted_sounds
    ),
    "spoken_digit": SoundsSource(SPOKEN, SPEAKERS, "CC BY-SA 4.0", spoken_digit),
}


def load_sounds(name: str | Path, manual_dir: str | Path | None = None) -> Sounds:
    """Returns recordings by name, or those of the user's own folder.

    Args:
      name: a key of SOUNDS, or the path of a folder as `read_folder` takes it.
      manual_dir: a folder with the archive of a set, in it or in its folder of that name.

    Raises:
      ConfigError: an unknown name, a set whose archive is not there or holds something else; as
        `read_folder`.
    """
    source = SOUNDS.get(str(name))
    if source is not None:
        return source.load(paths.manual_dir(manual_dir))
    return read_folder(paths.own(name, SOUNDS, "a folder of .wav files"))
