"""Figure 2 of Kingma & Welling, from sweeps with validation rows and without."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.figures.kingma_bound import draw


def member(model: str, seed: int, held_out: bool):
    spec = {"args": {"widths": [500], "latent": 3}}
    row = {"id": f"{model}{seed}", "model": model, "seed": seed, "step": 40, "spec": spec}
    row |= {"metrics": {"test_elbo_nats": -100.0 - seed}, "status": "ok"}
    arrays = {
        "curve_step": np.arange(1.0, 41),
        "curve/rec_nats": 200.0 - np.arange(40),
        "curve/kl_nats": np.full(40, 5.0),
        "valid_step": np.array([20.0, 40.0]),
    }
    if held_out:
        arrays["valid/elbo_nats"] = np.array([-180.0, -170.0])
    return row, arrays


@pytest.mark.parametrize("held_out", [True, False])
def test_test_is_one_point_at_the_end(held_out):
    made = [member(model, seed, held_out) for model in ("vae", "wake_sleep") for seed in (0, 1)]
    plot = draw([row for row, _ in made], {row["id"]: arrays for row, arrays in made})
    assert plot is not None
    mine = [e for e in plot.table if e["method"] == "vae" and e["seed"] == 1]
    tested = [e for e in mine if e["split"] == "test"]
    assert [(e["samples"], e["bound_nats"]) for e in tested] == [(4000.0, -101.0)]
    assert sum(e["split"] == "train" for e in mine) == 40
    assert [e["bound_nats"] for e in mine if e["split"] == "valid"] == (
        [-180.0, -170.0] if held_out else []
    )
