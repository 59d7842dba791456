"""A work directory of two models, as a sweep would leave it, without any training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax import models
from aejax.data.scaling import Scale
from aejax.results import batches
from aejax.results.variables import save_variables

HOSTILE = "</script><img src=x onerror=\"document.title='taken'\">'\u2028.npz"
SHAPE = (6, 6, 1)
SEEDS, STEPS, CODED = 3, 12, 40
ARGS = {
    "vae": {"latent": 2, "widths": [8], "likelihood": "bernoulli"},
    "undercomplete": {"latent": 3, "widths": [8], "likelihood": "bernoulli"},
}
# The hyper-parameter that differs, and its values.
SWEPT = {"vae": ("w_kl_nats", (0.5, 1.0)), "undercomplete": ("lr", (1e-3, 1e-2, 1e-1))}
LOST = ("undercomplete", 1e-1, 2)  # a member that diverged
RECIPE = {
    "steps": STEPS, "batch_size": 4, "optimizer": "adam", "schedule": "constant", "clip": False,
    "precision": "float32",
}  # fmt: skip


def _row(model: str, value: float, seed: int, random: np.random.Generator) -> dict[str, Any]:
    name, _ = SWEPT[model]
    lost = (model, value, seed) == LOST
    rate = {"vae": 8.0 / value, "undercomplete": 0.0}[model]
    error = 3.0 + value + float(random.normal()) / 4
    metrics = {
        "valid_mse_per_image": error,
        "test_mse_per_image": error + 0.25,
        "test_rec_nats": 20 + error,
        "valid_rec_nats": 19 + error,
        "mse_pca": 1.5,
    }
    if model == "vae":
        metrics |= {"valid_kl_nats": rate + error / 9, "test_kl_nats": rate}
    return {
        "id": f"{model}-{value}-{seed}",
        "group": f"g-{model}",
        "model": model,
        "dataset": HOSTILE,
        "spec": {
            "model": model, "args": ARGS[model], "dataset": HOSTILE, "shape": list(SHAPE), **RECIPE,
        },
        "hp": {"lr": 1e-3, "w_rec_nats": 1.0, name: value},
        "seed": seed,
        "step": 5 if lost else STEPS,
        "status": "diverged" if lost else "ok",
        "failed": {"step": 5, "term": "rec_nats"} if lost else None,
        "metrics": dict.fromkeys(metrics) if lost else metrics,
        "seconds": {"compile": 2.0, "run": 1.5, "evaluate": 0.5},
        "parameters": 123,
        "executor": "vmap",
        "recompiles": 0,
        "git": "0" * 40,
        "versions": {"python": "3", "jax": "0"},
        "device": "cpu",
        "devices": 1,
    }  # fmt: skip


def _arrays(row: dict[str, Any], random: np.random.Generator) -> dict[str, np.ndarray]:
    curve = 30.0 / (1 + np.arange(STEPS)) + row["seed"]
    if row["status"] != "ok":
        curve[5:] = np.nan
    return {
        "curve/loss": curve,
        "valid/mse_per_image": curve[::4] / 5,
        "reconstructions": random.random((4, *SHAPE)),
        "codes": random.normal(size=(CODED, ARGS[row["model"]]["latent"])),
    }


def make(path: Path) -> list[dict[str, Any]]:
    """Writes rows, arrays, variables, a figure and a config; returns the rows."""
    random, everyone = np.random.default_rng(0), []
    (path / "arrays").mkdir(parents=True)
    inputs = random.random((4, *SHAPE))
    for model, (_, values) in SWEPT.items():
        rows = [_row(model, v, seed, random) for v in values for seed in range(SEEDS)]
        arrays = [_arrays(row, random) for row in rows]
        ids = [row["id"] for row in rows]
        np.savez(
            path / "arrays" / f"g-{model}.npz",
            ids=np.array(ids),
            inputs=inputs,
            curve_step=np.arange(STEPS),
            valid_step=np.arange(STEPS)[::4],
            labels=np.arange(CODED) % 3,
            **{key: np.stack([each[key] for each in arrays]) for key in arrays[0]},
        )
        built = models.build(model, SHAPE, {**ARGS[model], "widths": (8,)})
        keys = jax.random.split(jax.random.key(0), len(ids))
        variables = [built.init(key, jnp.zeros((1, *SHAPE))) for key in keys]
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *variables)
        save_variables(path / "variables" / f"g-{model}.npz", ids, stacked, Scale(False, 0.0, 1.0))
        begun = tuple(
            {"id": i, "hp": r["hp"], "seed": r["seed"]} for i, r in zip(ids, rows, strict=True)
        )
        if model == "vae":  # and one that has not ended
            begun += ({"id": "later", "hp": {}, "seed": 9},)
        batches.write(path, batches.Batch(f"g-{model}", f"g-{model}", begun))
        everyone += rows
    (path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in everyone))
    config = {"name": HOSTILE, "scale": "smoke", "pareto": ["kl_nats", "rec_nats"], "steps": STEPS}
    owner = {
        "config_hash": "c0ffee",
        "config": config,
        "swept": ["model", "seed"],
        "data": {HOSTILE: "f"},
    }
    (path / "config.json").write_text(json.dumps(owner))
    (path / "figures").mkdir()
    pixel = (
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
    (path / "figures" / 'a "quoted" <b>.png').write_bytes(bytes.fromhex(pixel))
    return everyone
