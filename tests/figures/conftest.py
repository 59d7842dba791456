"""A small work directory as a sweep would write it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

STEPS = 12
CODED = 30


def row(model: str, seed: int, hp: dict[str, float], group: str, status: str = "ok") -> dict:
    """Returns one row; its metrics depend on its seed, so that no two members look alike."""
    ok = status == "ok"
    error = 1.0 + 0.125 * seed + 0.01 * sum(hp.values())
    return {
        "id": f"{model}-{seed}-{'-'.join(map(str, hp.values()))}",
        "group": group,
        "config_hash": "c0ffee",
        "model": model,
        "dataset": "digits",
        "spec": {"model": model, "args": {"latent": 3, "widths": [8]}, "steps": STEPS},
        "hp": {"lr": 1e-3, **hp},
        "seed": seed,
        "step": STEPS if ok else 5,
        "status": status,
        "failed": None if ok else {"step": 5, "term": "rec_nats"},
        "metrics": {
            "valid_mse_per_image": error + 0.5 if ok else None,
            "test_mse_per_image": error if ok else None,
            "test_rec_nats": 20.0 + seed if ok else None,
            "mse_mean_image": 4.5,
            "mse_pca": 1.5,
        },
    }


def member(model: str, seed: int, shape: tuple[int, ...], failed: bool) -> dict[str, np.ndarray]:
    """Returns one member's arrays, without the leading member axis; NaN after a divergence."""
    random = np.random.default_rng(seed)
    curve = 40.0 - np.arange(STEPS) + seed
    arrays = {
        "curve/rec_nats": curve,
        "curve/loss": curve + 1.0,
        "reconstructions": random.random((10, *shape)),
        "codes": random.normal(size=(CODED, 3)),
        "filters": random.normal(size=(5, *shape)),
    }
    if model == "denoising":
        arrays["noisy"] = random.random((10, *shape))
    if model == "vae":
        arrays["samples"] = random.random((6, *shape))
    if failed:
        arrays = {name: np.full_like(values, np.nan) for name, values in arrays.items()}
        arrays["curve/rec_nats"][:5] = curve[:5]
    return arrays


@pytest.fixture
def fabricate(tmp_path: Path) -> Callable[..., tuple[Path, list[dict[str, Any]]]]:
    """Returns `make(models, seeds, shape, values, lost) -> (workdir, rows)`."""

    def make(
        models: Iterable[str] = ("vae", "denoising"),
        seeds: int = 3,
        shape: tuple[int, ...] = (6, 6, 1),
        values: tuple[float, ...] = (0.1, 1.0),
        lost: Iterable[tuple[str, int, float]] = (),
    ) -> tuple[Path, list[dict[str, Any]]]:
        (tmp_path / "arrays").mkdir()
        inputs = np.random.default_rng(99).random((10, *shape))
        shared = {
            "inputs": inputs,
            "curve_step": np.arange(STEPS),
            "labels": np.arange(CODED) % 10,
            "labels_shown": np.arange(10),
        }
        everyone = []
        for model in models:
            rows, members = [], []
            for value in values:
                for seed in range(seeds):
                    failed = (model, seed, value) in set(lost)
                    status = "diverged" if failed else "ok"
                    rows.append(row(model, seed, {"w": value}, f"g-{model}", status))
                    members.append(member(model, seed + round(100 * value), shape, failed))
            stacked = {key: np.stack([each[key] for each in members]) for key in members[0]}
            ids = np.array([each["id"] for each in rows])
            np.savez(tmp_path / "arrays" / f"g-{model}.npz", ids=ids, **shared, **stacked)
            everyone += rows
        text = "".join(json.dumps(each) + "\n" for each in everyone)
        (tmp_path / "results.jsonl").write_text(text)
        owner = {"config_hash": "c0ffee", "config": {"pareto": ["rec_nats", "mse_per_image"]}}
        (tmp_path / "config.json").write_text(json.dumps(owner))
        return tmp_path, everyone

    return make
