"""Recordings: files of all kinds, bad ones in a line, noise at its level, spectra and masks."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from scipy.io import wavfile

from aejax.data.sounds import (
    NOISES,
    at_level,
    hold_out_speech,
    load_sounds,
    read_folder,
    read_wav,
    spectra_for,
    wav_bytes,
)
from aejax.data.sounds.files import make_sounds, pieces, resampled
from aejax.data.sounds.spectra import (
    BANDS,
    mel_bands,
    phase_mask,
    told,
    with_context,
)
from aejax.errors import ConfigError

TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)


def kinds():
    whole = lambda kind: np.round(TONE * np.iinfo(kind).max).astype(kind)
    return {
        "int16": (whole(np.int16), 1e-4),
        "int32": (whole(np.int32), 1e-6),
        "uint8": (np.round(128 + 127 * TONE).astype(np.uint8), 1e-2),
        "float32": (TONE.astype(np.float32), 1e-7),
        "float64": (TONE, 1e-7),
        "stereo": (np.stack([0.5 * TONE, 1.5 * TONE], 1).astype(np.float32), 1e-7),
    }


@pytest.mark.parametrize("kind", kinds())
def test_every_type_of_sample_is_the_same_tone(kind, tmp_path):
    samples, near = kinds()[kind]
    wavfile.write(tmp_path / "a.wav", 8000, samples)
    wave, rate = read_wav(tmp_path / "a.wav")
    assert (rate, wave.dtype, wave.shape) == (8000, np.float32, TONE.shape)
    np.testing.assert_allclose(wave, TONE, atol=near)


def test_what_is_written_is_read_again_and_clipped(tmp_path):
    wave, rate = read_wav(io.BytesIO(wav_bytes(3 * TONE, 8000)))
    assert rate == 8000
    np.testing.assert_allclose(wave, np.clip(3 * TONE, -1, 1), atol=1e-4)


def test_another_rate_is_the_same_tone_and_alias_free():
    other = np.sin(2 * np.pi * 440 * np.arange(44100) / 44100).astype(np.float32)
    expected = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    found = resampled(other, 44100, 8000)
    np.testing.assert_allclose(found[200:-200], expected[200:-200], atol=2e-3)
    high = np.sin(2 * np.pi * 7000 * np.arange(44100) / 44100)  # above 4 kHz: it goes
    assert np.abs(resampled(high, 44100, 8000)[200:-200]).max() < 1e-2


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (rate, samples) in files.items():
        wavfile.write(folder / f"{name}.wav", rate, samples)
    return folder


def test_a_folder_of_several_rates_comes_to_the_commonest_with_a_warning(tmp_path):
    loud = np.round(TONE * 32767).astype(np.int16)
    fast = np.tile(loud, 3)
    folder = write(tmp_path / "mine", a=(8000, loud), b=(8000, loud), c=(44100, fast))
    (folder / "notes.txt").write_text("no sound")
    with pytest.warns(UserWarning, match=r"1 of 3 recordings were resampled to 8000 Hz.*'c.wav'"):
        found = read_folder(folder)
    assert found.rate == 8000
    assert [len(wave) for wave in found.waves] == [4000, 4000, 2177]
    assert found.groups == ("a.wav", "b.wav", "c.wav")
    wavfile.write(folder / "b.wav", 8000, loud[::-1])
    with pytest.warns(UserWarning, match="resampled"):
        assert read_folder(folder).fingerprint != found.fingerprint


def test_folders_are_groups_and_long_recordings_are_cut(tmp_path):
    long = np.tile(TONE, 20).astype(np.float32)  # 10 s
    for speaker in "xyz":
        write(tmp_path / speaker, a=(8000, long))
    found = read_folder(tmp_path)
    assert found.groups == ("x",) * 3 + ("y",) * 3 + ("z",) * 3
    assert {len(wave) for wave in found.waves} == {26666, 26667}
    assert len(pieces(np.ones(32_000), 8000)) == 1


def test_high_rates_come_down_to_sixteen_thousand(tmp_path):
    folder = write(tmp_path, a=(48000, TONE[:].repeat(6).astype(np.float32)))
    with pytest.warns(UserWarning, match="resampled to 16000 Hz"):
        assert read_folder(folder).rate == 16000


def bad():
    odd = np.stack([TONE, TONE], 1).astype(np.float32)
    odd[2000, 1] = np.nan
    whole = wav_bytes(TONE, 8000)
    return {
        "empty.wav": (b"", "cannot be read"),
        "text.wav": (b"this is no sound at all", "cannot be read"),
        "cut.wav": (whole[:3000], "cannot be read"),
        "header.wav": (whole[:30], "cannot be read"),
        "none.wav": (wav_bytes(TONE[:0], 8000), "has no samples"),
        "short.wav": (wav_bytes(TONE[:700], 8000), r"700 samples, 0.087 s at 8000 Hz.*0.1 s or"),
        "silent.wav": (wav_bytes(0 * TONE, 8000), "is silent"),
        "nan.wav": (_bytes(odd), r"nan at sample 2000 \(0.250 s\), channel 2"),
    }


def _bytes(samples):
    file = io.BytesIO()
    wavfile.write(file, 8000, samples)
    return file.getvalue()


@pytest.mark.parametrize("name", bad())
def test_a_bad_file_is_named_with_its_place_in_one_line(name, tmp_path):
    content, says = bad()[name]
    write(tmp_path, good=(8000, TONE))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=says) as error:
        read_folder(tmp_path)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_no_folder_or_no_recording_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"has no \.wav file"):
        load_sounds(tmp_path)
    with pytest.raises(ConfigError, match="Did you mean 'spoken_digit'"):
        load_sounds("spoken_digits")
    (tmp_path / "a.wav").write_bytes(wav_bytes(TONE, 8000))
    with pytest.raises(ConfigError, match="is no folder"):
        load_sounds(tmp_path / "a.wav")
    with pytest.raises(ConfigError, match=r"of 1 files or folders. Allowed: 3 or more"):
        hold_out_speech(load_sounds(tmp_path), 0, 9, 9, 9)


def test_spoken_digits_are_all_there_or_the_archive_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs manual_dir, which is not given"):
        load_sounds("spoken_digit")
    with pytest.raises(ConfigError, match="has no such file"):
        load_sounds("spoken_digit", tmp_path)
    path = tmp_path / "free-spoken-digit-dataset.zip"
    path.write_bytes(b"PK no archive")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_sounds("spoken_digit", tmp_path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("recordings/3_ann_0.wav", wav_bytes(TONE, 8000))
        archive.writestr("recordings/readme.txt", "no sound")
    with pytest.raises(ConfigError, match=r"has 1 recordings of 1 speakers. Allowed: 3,000 of 6"):
        load_sounds("spoken_digit", tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("recordings/3_ann_1.wav", b"RIFF")
    with pytest.raises(ConfigError, match=r"'recordings/3_ann_1.wav' of .*cannot be read"):
        load_sounds("spoken_digit", tmp_path)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("snr", [-5.0, 0.0, 12.5])
def test_noise_has_its_level(noise, snr):
    sounds = load_sounds("planted_sounds")
    clean = sounds.waves[3]
    noise = NOISES[noise](np.random.RandomState(0), len(clean), sounds.waves[12:30])
    rest = at_level(clean, noise, snr).astype(np.float64) - clean
    ratio = np.square(clean.astype(np.float64)).sum() / np.square(rest).sum()
    assert 10 * np.log10(ratio) == pytest.approx(snr, abs=1e-3)
    with pytest.raises(ConfigError, match="neither silent"):
        at_level(clean, 0 * clean, snr)


def test_babble_is_of_the_recordings_it_is_given():
    talk = [np.ones(50), np.full(70, 2.0)]  # equally loud: each talker is 1 everywhere
    found = NOISES["babble"](np.random.RandomState(0), 500, talk)
    np.testing.assert_allclose(found, 6)


@pytest.mark.parametrize("length", [300, 801, 4000])
@pytest.mark.parametrize("rate", [8000, 11025, 16000])
def test_spectra_go_back(rate, length):
    spectra = spectra_for(rate)
    assert spectra.window == 4 * spectra.hop
    assert spectra.window / rate == pytest.approx(0.032, rel=0.03)
    wave = np.random.RandomState(0).normal(size=length)
    found = spectra.forward(wave)
    assert len(found) == spectra.window // 2 + 1
    np.testing.assert_allclose(spectra.inverse(found, length), wave, atol=1e-6)
    np.testing.assert_allclose(spectra.masked(wave, 0.5), 0.5 * wave, atol=1e-6)


def test_a_tone_is_at_its_frequency():
    spectra = spectra_for(8000)
    power = np.abs(spectra.forward(TONE))[:, 20]
    assert np.argmax(power) == round(440 * spectra.window / 8000)


def test_no_other_mask_is_nearer():
    random = np.random.RandomState(0)
    clean, noise = random.normal(size=(2, 5, 40)) + 1j * random.normal(size=(2, 5, 40))
    noisy = clean + noise
    nearest = phase_mask(clean, noisy)
    error = lambda mask: np.square(np.abs(mask * noisy - clean))
    for other in np.linspace(0, 1, 21):
        assert (error(nearest) <= error(other) + 1e-12).all()
    assert phase_mask(0 * clean, 0 * clean).max() == 0  # silence


def test_context_stands_around_each_frame_and_loudness_is_not_told():
    frames = np.arange(6.0).reshape(3, 2)
    expected = [[0, 1, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 4, 5]]
    np.testing.assert_array_equal(with_context(frames, 1), expected)
    spectra = spectra_for(8000)
    found = spectra.forward(TONE + 0.1 * np.random.RandomState(0).normal(size=4000))
    rows = told(found, spectra, 2)
    assert rows.shape == (found.shape[1], 2 * len(found) + 8 * BANDS)
    np.testing.assert_allclose(mel_bands(spectra).sum(1), 1)
    assert (mel_bands(spectra)[:, 1:-1].sum(0) > 0).all()  # no frequency is left out
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, told(100 * found, spectra, 2), atol=1e-5)


def test_speakers_are_in_one_split_and_every_one_is_tested():
    sounds = load_sounds("planted_sounds")
    of = {wave.tobytes(): group for wave, group in zip(sounds.waves, sounds.groups, strict=True)}
    tested = set()
    for seed in range(6):
        held = hold_out_speech(sounds, seed, 30, 5, 8)
        groups = [{of[wave.tobytes()] for wave in part} for part in held[:4]]
        assert groups[2] == {held.tested}
        assert not groups[0] & (groups[1] | groups[2])
        assert not groups[1] & groups[2]
        assert not groups[3] & (groups[1] | groups[2])
        said = [{wave.tobytes() for wave in part} for part in held[:4]]
        assert not said[3] & said[0]  # the talkers' recordings are none that were trained on
        assert [len(part) for part in held[:4]] == [30, 5, 8, 9]
        tested |= groups[2]
    assert tested == set(sounds.groups)
    few = make_sounds("few", 8000, [TONE] * 3, ["a", "b", "c"])
    with pytest.raises(ConfigError, match="leaves 1 training recording"):
        hold_out_speech(few, 0, 9, 9, 9)
