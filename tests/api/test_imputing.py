"""Gaps come in where a model knows of them, and nowhere else; what was observed stays."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

import aejax
from aejax.errors import ConfigError

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 4)).astype(np.float32)
GAPS = RNG.random(ROWS.shape) < 0.3
GIVEN = np.where(GAPS, np.nan, ROWS)


@functools.cache
def fitted():
    model = aejax.models.miwae(4, latent=2, widths=(8,), likelihood="gaussian_learned")
    return aejax.fit(model, GIVEN, steps=5, batch_size=20, valid=0.2, progress=False)


def test_observed_values_stay_and_gaps_are_filled():
    found = aejax.impute(fitted(), GIVEN, samples=10, draws=3)
    assert found.mean.shape == GIVEN.shape
    assert found.draws.shape == (3, *GIVEN.shape)
    assert np.isfinite(found.mean).all()
    for rows in (found.mean, *found.draws):
        np.testing.assert_array_equal(rows[~GAPS], ROWS[~GAPS])
    assert (found.draws[0] != found.draws[1])[GAPS].all()
    again = aejax.impute(fitted(), GIVEN, samples=10, draws=3)
    np.testing.assert_array_equal(found.draws, again.draws)


def test_frames_and_masked_arrays_are_arrays_with_gaps():
    mean = aejax.impute(fitted(), GIVEN, samples=10).mean
    frame = pd.DataFrame(GIVEN, columns=list("abcd"))
    frame["a"] = frame["a"].astype("Float32")  # pandas' own gaps
    for same in (frame, np.ma.masked_array(ROWS, GAPS)):
        np.testing.assert_array_equal(aejax.impute(fitted(), same, samples=10).mean, mean)


def test_bytes_with_gaps_come_back_as_bytes():
    images = RNG.integers(0, 256, (20, 4, 4, 1), dtype=np.uint8)
    gaps = RNG.random(images.shape) < 0.3
    model = aejax.models.miwae((4, 4, 1), latent=2, widths=(8,))
    fit = aejax.fit(model, images, steps=3, batch_size=10, progress=False)
    masked = np.ma.masked_array(images, gaps)
    found = aejax.impute(fit, masked, samples=5, draws=2)
    np.testing.assert_allclose(found.mean[~gaps], images[~gaps], rtol=1e-5)
    assert found.mean[gaps].max() > 1
    assert ((found.draws >= 0) & (found.draws <= 255)).all()
    assert aejax.reconstruct(fit, masked).max() > 1


def test_it_is_saved_and_loaded(tmp_path):
    aejax.save(tmp_path / "model", fitted())
    again = aejax.load(tmp_path / "model")
    np.testing.assert_array_equal(
        aejax.impute(again, GIVEN, samples=5).mean, aejax.impute(fitted(), GIVEN, samples=5).mean
    )


def test_curves_and_scores_of_rows_with_gaps_are_finite():
    assert all(np.isfinite(curve).all() for curve in fitted().valid.values())
    scores = aejax.score(fitted(), GIVEN, log_p_samples=20)
    assert all(np.isfinite(values).all() for values in scores.values())


@pytest.mark.parametrize("name", ["iwae", "vae", "undercomplete", "denoising"])
def test_nan_stays_refused_elsewhere(name):
    model = aejax.models.build(name, 4, {"latent": 2, "widths": (8,), "likelihood": "gaussian"})
    row, column = np.argwhere(GAPS)[0]
    for given in (GIVEN, pd.DataFrame(GIVEN), np.ma.masked_array(ROWS, GAPS)):
        with pytest.raises(ConfigError, match=rf"row {row}|column 0") as error:
            aejax.fit(model, given, steps=1, batch_size=10)
        assert "\n" not in str(error.value)
    fit = aejax.fit(model, ROWS, steps=1, batch_size=10, progress=False)
    for verb in (aejax.encode, aejax.score, aejax.reconstruct):
        with pytest.raises(ConfigError, match=f"nan in row {row}, column {column}"):
            verb(fit, GIVEN)
    with pytest.raises(ConfigError, match="knows of no missing values"):
        aejax.impute(fit, GIVEN)


def test_infinities_and_empty_arrays_stay_refused():
    wrong = GIVEN.copy()
    wrong[7, 2] = np.inf
    with pytest.raises(ConfigError, match="holds inf in row 7, column 2"):
        aejax.impute(fitted(), wrong)
    with pytest.raises(ConfigError, match="no value but NaN"):
        aejax.score(fitted(), np.full((3, 4), np.nan))
    for field, value in (("samples", 0), ("draws", -1)):
        with pytest.raises(ConfigError, match=field):
            aejax.impute(fitted(), GIVEN, **{field: value})
    unscaled = GIVEN.copy()
    model = aejax.models.miwae(4, latent=2, widths=(8,))
    with pytest.raises(ConfigError, match=r"outside the support \[0, 1\]"):
        aejax.fit(model, unscaled, steps=1, batch_size=10)
