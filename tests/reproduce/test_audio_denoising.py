"""Audio denoising: on recordings of the user's own, and what its autoencoder may read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from aejax.data.sounds import hold_out_speech, load_sounds, read_wav, spectra_for
from aejax.evaluate.speech_quality import si_sdr_gain
from aejax.figures import audio_gain, audio_spectrograms
from aejax.reproduce import papers, tasks
from tests.reproduce.test_applications import FOLDER, own_rows


def recordings(folder: Path) -> Path:
    """The planted words, a folder a speaker; one speaker's twice as fast, in two channels."""
    sounds = load_sounds("planted_sounds")
    for i, (wave, group) in enumerate(zip(sounds.waves, sounds.groups, strict=True)):
        (folder / group).mkdir(parents=True, exist_ok=True)
        odd = group == "speaker 0"
        samples = np.stack([wave, wave], 1).repeat(2, 0) if odd else wave
        wavfile.write(folder / group / f"{i}.wav", 16000 if odd else 8000, samples)
    return folder


def test_recordings_of_the_users_are_denoised_and_written(tmp_path):
    folder = recordings(tmp_path / "mine")
    with pytest.warns(UserWarning, match="12 of 72 recordings were resampled to 8000 Hz"):
        rows = own_rows("audio_denoising", folder, tmp_path / "w", "nothing", "wiener", "oracle")
    found = {
        method: [row["metrics"]["gain"] for row in rows if row["point"]["method"] == method]
        for method in ("nothing", "wiener", "oracle")
    }
    assert set(found["nothing"]) == {0}
    assert np.mean(found["wiener"]) > 1
    assert (np.array(found["oracle"]) > np.array(found["wiener"])).all()
    assert {row["point"]["tested"].split()[0] for row in rows} == {"speaker"}
    # The shown recording by hand: its level, and its gain.
    (row,) = (
        row
        for row in rows
        if (row["point"]["method"], row["point"]["noise"]) == ("wiener", "babble")
        and (row["point"]["level"], row["seed"]) == (6, 0)
    )
    arrays = tasks.arrays_of(tmp_path / "w", rows)
    kept = arrays[row["id"]]
    clean, noisy, done = (kept[name][: int(kept["length"])] for name in ("clean", "noisy", "done"))
    rest = np.square((noisy - clean).astype(np.float64)).sum()
    ratio = 10 * np.log10(np.square(clean.astype(np.float64)).sum() / rest)
    assert ratio == pytest.approx(6, abs=1e-2)
    assert si_sdr_gain(clean, noisy, done) == pytest.approx(
        row["metrics"]["example_gain"], abs=0.01
    )
    entry = papers.load(FOLDER, "audio_denoising")
    written = papers.write_files(entry, rows, arrays, tmp_path / "figures", "smoke")
    assert {path.name for path in written} == {
        f"smoke-{noise}-{what}.wav"
        for noise in ("white", "babble")
        for what in ("clean", "noisy", "wiener", "oracle")
    }
    for figure, count in ((audio_gain, 2 * 3 * 4), (audio_spectrograms, 2 * 2)):
        plot = figure.draw(rows, arrays)
        assert plot is not None
        assert len(plot.table) == count
    shown = {(line["noise"], line["method"]): line["gain_db"] for line in plot.table}
    assert shown["white", "wiener"] in [row["metrics"]["example_gain"] for row in rows]
    assert audio_gain.draw([], {}) is None
    assert audio_spectrograms.draw([], {}) is None
    heard, rate = read_wav(tmp_path / "figures" / "smoke-white-clean.wav")
    assert rate == 8000
    assert np.corrcoef(heard, arrays[rows[0]["id"]]["clean"][: len(heard)])[0, 1] > 0.999


def test_the_autoencoder_of_a_mask_reads_the_noisy_frames_alone(tmp_path):
    module = papers.load(FOLDER, "audio_denoising").module
    sounds, plan = load_sounds("planted_sounds"), module.SCALES["smoke"]
    spectra = spectra_for(sounds.rate)
    speech = hold_out_speech(sounds, 0, 20, 2, 2)
    rows, masks = module.training_frames(plan, speech, spectra, 0)
    assert masks.shape == (len(rows), spectra.window // 2 + 1)
    assert 0 <= masks.min() <= masks.max() <= 1
    label, method = next(module._autoencoders(plan, speech, spectra, 0))
    assert label == f"steps={plan.steps[0]}"
    noisy = module.mixed(speech.test, speech.talk, "white", 0, 5)
    done = method(speech.test, noisy)
    again = method([0 * wave for wave in speech.test], noisy)
    np.testing.assert_array_equal(np.concatenate(done), np.concatenate(again))
    assert [wave.shape for wave in done] == [wave.shape for wave in noisy]
    # A share of what a method makes, and the rest of what it got.
    half = module.gains(speech.test, noisy, done, 0.5)
    by_hand = [si_sdr_gain(c, n, n + d) for c, n, d in zip(speech.test, noisy, done, strict=True)]
    np.testing.assert_allclose(half, by_hand, atol=1e-4)
    assert module.gains(speech.test, noisy, done, 0.0).tolist() == [0, 0]
