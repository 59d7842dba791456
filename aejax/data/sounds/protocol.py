"""Which recordings a denoiser learns from, chooses by and is tested on: never the same speakers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aejax.data.sounds.files import Sounds
from aejax.errors import ConfigError

BLOCKS = 6  # of groups: one is tested, one validates, the rest is trained on
TALK = 5  # every fifth training recording is kept for the babble that valid and test hear


class HeldOutSpeech(NamedTuple):
    """Recordings, float32 [T] each."""

    train: list[np.ndarray]
    valid: list[np.ndarray]
    test: list[np.ndarray]
    talk: list[np.ndarray]  # of training speakers, not trained on: for the others' babble
    tested: str  # the groups of test, or how many


def hold_out_speech(
    sounds: Sounds, seed: int, most_train: int, most_valid: int, most_test: int
) -> HeldOutSpeech:
    """Returns a seed's recordings: groups (speakers) are in one of train, valid and test alone.

    The groups are put in six blocks, or as many as there are groups. Block s is tested for the seed
    s, the next one validates. Valid and test have the first recordings of their blocks.

    Args:
      sounds: the recordings.
      seed: a further one than there are blocks begins with the first again.
      most_train, most_valid, most_test: recordings; training ones are drawn by the seed.

    Raises:
      ConfigError: fewer than three groups, or fewer than two training recordings.
    """
    names = sorted(set(sounds.groups))
    if len(names) < 3:
        raise ConfigError(
            f"dataset={sounds.name!r} has recordings of {len(names)} files or folders. Allowed: 3 "
            "or more, of which one is tested, one validates and the rest is trained on."
        )
    random = np.random.RandomState(0)
    blocks = [
        {names[i] for i in part}
        for part in np.array_split(random.permutation(len(names)), min(BLOCKS, len(names)))
    ]
    tested, validates = (blocks[(seed + i) % len(blocks)] for i in range(2))
    of = lambda block: [w for w, g in zip(sounds.waves, sounds.groups, strict=True) if g in block]
    rest = of(set(names) - tested - validates)
    if len(rest) < 2:
        raise ConfigError(
            f"dataset={sounds.name!r} leaves {len(rest)} training recording. Allowed: 2 or more."
        )
    order = np.random.RandomState(seed).permutation(len(rest))
    count = max(1, len(rest) // TALK)
    talk, train = order[:count], order[count:][:most_train]
    return HeldOutSpeech(
        [rest[i] for i in train],
        of(validates)[:most_valid],
        of(tested)[:most_test],
        [rest[i] for i in talk],
        ", ".join(sorted(tested)) if len(tested) < 3 else f"{len(tested)} groups",
    )
