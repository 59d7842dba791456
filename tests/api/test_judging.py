"""Codes and samples judged through the command, against the functions that it calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aejax
from aejax.api.judging import disentangle, quality
from aejax.evaluate.sample_quality import precision_recall

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
FACTORS = RNG.integers(0, 4, (120, 2))
X = np.concatenate([FACTORS / 3.0, 1 - FACTORS / 3.0], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def fitted():
    model = aejax.models.vae(4, latent=2, widths=(8,))
    return aejax.fit(model, X, steps=5, batch_size=20, progress=False)


def judged(fitted, tmp_path, verb, *flags):
    aejax.save(tmp_path / "m", fitted)
    np.save(tmp_path / "x.npy", X)
    command = [
        sys.executable,
        "-m",
        "experiments.apply",
        f"--model={tmp_path / 'm'}",
        f"--do={verb}",
    ]
    command += [f"--input={tmp_path / 'x.npy'}", f"--output={tmp_path / 'o.npz'}", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_perfect_code_is_disentangled_and_a_mixed_one_is_not(fitted, monkeypatch):
    monkeypatch.setattr(
        "aejax.api.judging.encode", lambda *_, condition: FACTORS.astype(np.float32)
    )
    perfect = disentangle(fitted, X, FACTORS)
    turned = FACTORS @ np.asarray([[1.0, 1.0], [1.0, -1.0]])
    monkeypatch.setattr("aejax.api.judging.encode", lambda *_, condition: turned.astype(np.float32))
    mixed = disentangle(fitted, X, FACTORS)
    assert perfect["mig"].min() > 0.9 > 0.5 > mixed["mig"].max()
    assert perfect["disentanglement"] > 0.9 > mixed["disentanglement"]


def test_the_command_writes_what_the_functions_say(fitted, tmp_path):
    np.save(tmp_path / "f.npy", FACTORS)
    done = judged(fitted, tmp_path, "disentangle", f"--factors={tmp_path / 'f.npy'}")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "o.npz") as found:
        for name, value in disentangle(fitted, X, FACTORS).items():
            np.testing.assert_allclose(found[name], value, rtol=1e-5)
    done = judged(fitted, tmp_path, "disentangle")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--factors is missing" in done.stderr


def test_quality_is_that_of_the_samples(fitted):
    found = quality(fitted, X, seed=3)
    drawn = aejax.sample(fitted, len(X), seed=3)
    assert set(found) >= {"frechet", "frechet_of_halves", "precision", "recall"}
    expected = precision_recall(X, np.asarray(drawn))
    assert found["precision"] == pytest.approx(expected.precision, abs=0.02)
    with pytest.raises(ValueError, match="factors has 3 rows, x 120"):
        disentangle(fitted, X, FACTORS[:3])
    plain = aejax.fit(aejax.models.undercomplete(4, latent=2, widths=()), X, steps=1, batch_size=20)
    with pytest.raises(ValueError, match="has no prior"):
        quality(plain, X)
