"""Rows streamed from a file, against a table on the device: by rows, and by members."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aejax import models
from aejax.benchmark.contest import Case, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import images, make_job
from aejax.benchmark.trainer import Trainer

FEATURES, BATCH, STEPS = 64, 128, 200
NET = {"widths": (128,), "latent": 16, "likelihood": "gaussian"}
ROWS = (1_000, 100_000, 10_000_000)  # bytes; the last take 640 MB
MEMBERS = (16, 256)  # of one seed, whose batches are read once, and of as many seeds


def mapped(path: Path, rows: int) -> np.ndarray:
    """Returns uint8 rows [rows, 64] of a file, memory-mapped; a thousand of them over and over."""
    some = images(1000, (FEATURES,))
    table = np.lib.format.open_memmap(path, "w+", np.uint8, (rows, FEATURES))
    for start in range(0, rows, len(some)):
        table[start : start + len(some)] = some[: rows - start]
    table.flush()
    return np.load(path, mmap_mode="r")


def _race(context: Bench, case: str, table: np.ndarray, members: int, seeds: int) -> list[Case]:
    model = models.undercomplete(FEATURES, **NET)
    steps = max(20, STEPS // members)
    made = make_job(model, steps=steps, rounds=context.rounds, batch=BATCH, members=members)
    job = made._replace(seeds=np.arange(members, dtype=np.int32) % seeds)
    lanes = [
        Trainer(name, job._replace(stream=stream), table)
        for name, stream in (("aejax, streamed", "on"), ("aejax, table on the device", "off"))
    ]
    raced = race(lanes, members * steps, context.rounds)
    return compare("stream", case, "model-steps/s", raced)


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    cases = []
    for rows in ROWS:
        path = context.folder / f"rows-{rows}.npy"
        table = mapped(path, rows)
        cases += _race(context, f"MLP 64-128-16-128-64, {rows:,} rows of a file", table, 1, 1)
        if rows == ROWS[1]:
            for members in MEMBERS:
                for seeds, said in ((1, "of one seed"), (members, "of as many seeds")):
                    case = f"MLP 64-128-16-128-64, {rows:,} rows, {members} members {said}"
                    cases += _race(context, case, table, members, seeds)
        path.unlink()
    return cases
