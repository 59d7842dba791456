"""The least that a sweep can be given, and what it says where training diverges (B5, U12)."""

from __future__ import annotations

import numpy as np
import pytest

import aejax
from aejax.figures import draw
from aejax.sweep import base, grid, make_plan, run
from aejax.sweep.table import summary
from tests.sweep.common import quiet

RNG = np.random.default_rng(0)


def test_one_test_row_one_validation_row_one_picture(tmp_path):
    """Training was lost: figures and metrics broke on one row, and no row was written."""
    path = tmp_path / "x.npy"
    np.save(path, RNG.random((40, 6)).astype(np.float32))
    fields = {"images": 1, "samples": 1, "codes": 1, "args.widths": (4,), "args.latent": 2}
    config = base(
        dataset=str(path), test_fraction=1 / 40, valid_fraction=1 / 39, steps=4, batch_size=8,
        eval_every=2, **fields,
    )  # fmt: skip
    plan = make_plan(config, grid(model="info_vae", seed=range(2)))
    outcome = run(plan, tmp_path / "w", quiet(200))
    assert [row["status"] for row in outcome.rows] == ["ok", "ok"]
    for row in outcome.rows:
        found = row["metrics"]
        assert found["test_mse_per_image"] > 0
        assert found["valid_mse_per_image"] > 0
        # Of one row there are no pairs: left out, and not zero.
        assert found.get("test_mmd_sq") is None
    quiet(200).print(summary(outcome.rows, "t"))
    assert draw(tmp_path / "w")


def test_values_of_another_scale_are_said_where_training_diverges(tmp_path):
    """Floats of 0..255 with a Gaussian: frozen at the first step, and nothing said of the scale."""
    path = tmp_path / "x.npy"
    x = RNG.integers(0, 256, (40, 6)).astype(np.float32) * 1e15
    np.save(path, x)
    config = base(dataset=str(path), steps=8, batch_size=8, eval_every=4, model="vae",
                  **{"args.widths": (4,), "args.latent": 2, "args.likelihood": "gaussian",
                     "images": 1, "samples": 1, "codes": 2})  # fmt: skip
    outcome = run(make_plan(config), tmp_path / "w", quiet(200))
    assert outcome.rows[0]["status"] == "diverged"
    console = quiet(200)
    console.print(summary(outcome.rows, "t"))
    told = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert "1 of 1 diverged, the first at step" in told
    assert "The rows hold values from" in told
    assert "scale them to order 1" in told
    model = aejax.models.vae(6, latent=2, widths=(4,), likelihood="gaussian")
    with pytest.warns(UserWarning, match=r"diverged at step .* values from .* order 1"):
        aejax.fit(model, x, steps=8, batch_size=8, progress=False)


def test_the_scale_is_not_blamed_where_it_is_of_order_one():
    from aejax.data.scaling import Scale

    assert not Scale.of(RNG.normal(size=(50, 3)).astype(np.float32)).hint()
    assert not Scale.of(RNG.integers(0, 256, (50, 3), dtype=np.uint8)).hint()
    assert "-200 to 5" in Scale(False, -200.0, 5.0).hint()
