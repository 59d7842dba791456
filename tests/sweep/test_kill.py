"""SIGKILL at random times: nothing is lost, nothing is done twice, and no bit differs.

`AEJAX_KILLS=20 AEJAX_KILL_SCALE=small pytest tests/sweep/test_kill.py` is the long form.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aejax.results.store import read_rows

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("AEJAX_KILLS", "3"))
SCALE = os.environ.get("AEJAX_KILL_SCALE", "smoke")
VOLATILE = ("seconds", "recompiles", "git")


def start(workdir: Path, cache: Path) -> subprocess.Popen:
    command = [
        sys.executable, "-m", "experiments.sweep",
        f"--config=configs/quickstart.py:{SCALE}", f"--workdir={workdir}",
        "--nofigures", "--config.checkpoint_seconds=0",
    ]  # fmt: skip
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def finish(workdir: Path, cache: Path) -> float:
    begun = time.monotonic()
    process = start(workdir, cache)
    process.communicate()
    assert process.returncode == 0
    return time.monotonic() - begun


def rows(workdir: Path) -> list[dict]:
    found, _, broken = read_rows(workdir / "results.jsonl")
    assert broken is None
    return [{k: v for k, v in row.items() if k not in VOLATILE} for row in found]


def by_id(workdir: Path) -> dict[str, dict]:
    found = rows(workdir)
    ids = [row["id"] for row in found]
    assert len(ids) == len(set(ids))  # each member exactly once
    return dict(zip(ids, found, strict=True))


@pytest.mark.slow
def test_a_sweep_that_is_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path):
    cache, whole, hurt = tmp_path / "xla", tmp_path / "whole", tmp_path / "hurt"
    finish(whole, cache)
    seconds = finish(tmp_path / "warm", cache)  # as long as a run takes with programs at hand
    rng = random.Random(0)
    killed, ended = 0, 0
    while killed < KILLS:
        process = start(hurt, cache)
        try:
            # Early and late: in the imports, in a chunk, in a checkpoint, between two rows.
            process.communicate(timeout=rng.uniform(0.3, 0.9) * seconds)
            # It came to its end before the signal: judge it, and begin another one to kill.
            assert by_id(hurt) == by_id(whole)
            ended += 1
            hurt = tmp_path / f"hurt-{ended}"
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert process.returncode == -signal.SIGKILL
            killed += 1
    finish(hurt, cache)
    print(f"{killed} kills over {ended + 1} sweeps")
    assert by_id(hurt) == by_id(whole)
