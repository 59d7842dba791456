"""Sounds: files of recordings, noise at a stated level, and spectra of frames."""

from aejax.data.sounds.files import Sounds, read_folder, read_wav, wav_bytes
from aejax.data.sounds.noise import NOISES, at_level, babble, white
from aejax.data.sounds.protocol import HeldOutSpeech, hold_out_speech
from aejax.data.sounds.sources import SOUNDS, load_sounds
from aejax.data.sounds.spectra import Spectra, spectra_for

__all__ = [
    "NOISES",
    "SOUNDS",
    "HeldOutSpeech",
    "Sounds",
    "Spectra",
    "at_level",
    "babble",
    "hold_out_speech",
    "load_sounds",
    "read_folder",
    "read_wav",
    "spectra_for",
    "wav_bytes",
    "white",
]
