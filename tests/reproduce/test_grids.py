"""Every setting with every seed is what it would be alone, under the name that says it."""

from __future__ import annotations

import numpy as np

import aejax
from aejax.reproduce import candidates, scaler

X = np.random.default_rng(0).random((60, 6)).astype(np.float32)


def test_each_is_the_model_that_its_name_says():
    build = lambda setting: aejax.models.denoising(6, widths=(), **setting)
    grid, hp = {"latent": (2, 3)}, {"corruption": (0.1, 0.5)}
    found = candidates(build, X, (4, 7), grid=grid, hp=hp, fixed={"b1": 0.5}, steps=5)
    assert list(found)[:3] == [
        ("latent=2, corruption=0.1", 4), ("latent=2, corruption=0.1", 7),
        ("latent=2, corruption=0.5", 4),
    ]  # fmt: skip
    assert len(found) == 8
    one = found["latent=3, corruption=0.5", 7]
    alone = aejax.fit(
        build({"latent": 3}), X, steps=5, batch_size=60, seed=7, progress=False,
        hp={"corruption": 0.5, "b1": 0.5, "lr": 1e-3},
    )  # fmt: skip
    np.testing.assert_allclose(aejax.encode(one, X), aejax.encode(alone, X), atol=1e-5)


def test_bytes_are_divided_and_columns_are_standardised_by_the_training_rows():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10
    np.testing.assert_allclose(scaler(pixels[:1])(pixels), pixels.reshape(2, 12) / 255, rtol=1e-6)
    columns = np.c_[X * 100 + 5, np.full(60, 3.0)]
    found = scaler(columns[:40])(columns)
    expected = (columns - columns[:40].mean(0)) / np.where(
        columns.std(0) > 0, columns[:40].std(0), 1
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found.dtype == np.float32
