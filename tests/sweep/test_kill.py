"""SIGKILL and SIGTERM at random times: nothing is lost, nothing is done twice, and no bit differs.

`AEJAX_KILLS=100 AEJAX_KILL_SCALE=small pytest tests/sweep/test_kill.py` is the long form: 120
members in 24 groups, killed 100 times as one process, and 100 times as two workers; with
`-k sigterm` the one that is asked to end.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aejax.results import workers
from aejax.results.store import read_rows

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("AEJAX_KILLS", "3"))
SCALE = os.environ.get("AEJAX_KILL_SCALE", "smoke")
VOLATILE = ("seconds", "recompiles", "git")
# Seconds from SIGTERM to the end: a chunk of 10 steps, one program to compile, or a figure to draw.
BOUND = 20


def start(
    workdir: Path, cache: Path, launcher: str | None, drawn: bool = False, said: Any = None
) -> subprocess.Popen:
    command = [
        sys.executable, "-m", "aejax.cli", "sweep", f"--config=tests/sweep/many_groups.py:{SCALE}",
        f"--workdir={workdir}", *([] if drawn else ["--nofigures"]),
        *([f"--launcher={launcher}"] if launcher else []),
    ]  # fmt: skip
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache)}
    out = said or subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)


def finish(workdir: Path, cache: Path, launcher: str | None = None) -> float:
    begun = time.monotonic()
    assert start(workdir, cache, launcher).wait() == 0
    return time.monotonic() - begun


def contents(workdir: Path) -> dict:
    """Returns all rows by id, and all arrays and variables by member."""
    rows, _, broken = read_rows(workdir / "results.jsonl")
    assert broken is None
    assert not list((workdir / "rows").glob("*"))
    found = {row["id"]: {k: v for k, v in row.items() if k not in VOLATILE} for row in rows}
    assert len(found) == len(rows)  # each member exactly once
    for folder in ("arrays", "variables"):
        for path in sorted((workdir / folder).glob("*")):
            with np.load(path) as file:
                for name in file.files:
                    found[folder, path.name, name] = (file[name].shape, file[name].tobytes())
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The compile cache, what an undisturbed run leaves, and how long it takes with programs."""
    folder = tmp_path_factory.mktemp("kill")
    finish(folder / "whole", folder / "xla")
    seconds = finish(folder / "warm", folder / "xla")
    assert contents(folder / "warm") == contents(folder / "whole")
    return folder / "xla", contents(folder / "whole"), seconds


def report(capsys, text: str) -> None:
    with capsys.disabled():
        print(text, flush=True)


@pytest.mark.slow
def test_a_sweep_that_is_killed_again_and_again_ends_like_an_undisturbed_one(
    whole, tmp_path, capsys
):
    cache, expected, seconds = whole
    hurt, rng = tmp_path / "hurt", random.Random(0)
    killed, ended = 0, 0
    while killed < KILLS:
        process = start(hurt, cache, None)
        try:
            # Early and late: in the imports, in a chunk, in a checkpoint, between two rows.
            process.wait(timeout=rng.uniform(0.3, min(12.0, 0.9 * seconds)))
            # It came to its end before the signal: judge it, and begin another one to kill.
            assert contents(hurt) == expected
            ended += 1
            hurt = tmp_path / f"hurt-{ended}"
        except subprocess.TimeoutExpired:
            process.kill()
            assert process.wait() == -signal.SIGKILL
            killed += 1
    finish(hurt, cache)
    assert contents(hurt) == expected
    report(capsys, f"one process: {killed} kills over {ended + 1} sweeps")


@pytest.mark.slow
def test_sigterm_again_and_again_is_a_line_and_a_status_within_a_bound(whole, tmp_path, capsys):
    """While it imports, compiles, trains, evaluates, draws; what was last printed tells which."""
    _, expected, seconds = whole
    hurt, rng, log = tmp_path / "hurt", random.Random(2), tmp_path / "said"
    cache = tmp_path / "xla"  # cold, so that there is something to compile
    ended, met, waits = 0, Counter(), []
    while len(waits) < KILLS:
        with log.open("w+") as said:
            process = start(hurt, cache, None, drawn=True, said=said)
            try:
                process.wait(timeout=rng.uniform(0.3, min(15.0, 1.5 * seconds)))
                assert process.returncode == 0
                assert contents(hurt) == expected
                ended += 1
                hurt, cache = tmp_path / f"hurt-{ended}", tmp_path / f"xla-{ended}"
                continue
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)
                begun = time.monotonic()
                status = process.wait(timeout=10 * BOUND)
        waits.append(time.monotonic() - begun)
        lines = log.read_text().splitlines()
        assert waits[-1] < BOUND, lines
        assert not any("Traceback" in line for line in lines), lines
        if status == -signal.SIGTERM:  # no handler yet: the imports
            assert not lines
            met["importing"] += 1
            continue
        assert status == 143, lines
        assert lines[-1].startswith("stopped by SIGTERM"), lines
        met[" ".join(re.findall(r"[a-z]{4,}", lines[-2] if len(lines) > 1 else "start")[-1:])] += 1
    assert start(hurt, cache, None, drawn=True).wait() == 0
    assert contents(hurt) == expected
    longest = f"{max(waits):.1f} s at most, {np.median(waits):.1f} s at the median"
    report(capsys, f"{len(waits)} SIGTERMs over {ended + 1} sweeps, {longest}: {json.dumps(met)}")


def pids(workdir: Path) -> list[int]:
    """Returns the processes of the workers that are there."""
    found = [s for s in workers.listed(workdir) if workers.running(s.pid, s.since)]
    return [said.pid for said in found if said.kind == "worker"]


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_again_and_again(whole, tmp_path, capsys):
    """Most signals are for a worker, each fifth for who started them; they go on either way."""
    cache, expected, _ = whole
    rng, workdir, ended = random.Random(1), tmp_path / "crew", 0
    killed = {"worker": 0, "launcher": 0}
    crew = start(workdir, cache, "local:2")
    while sum(killed.values()) < KILLS:
        until = time.monotonic() + rng.uniform(0.2, 3.0)
        while time.monotonic() < until and crew.poll() is None:
            time.sleep(0.02)
        there = pids(workdir)
        if crew.poll() is not None:
            assert crew.returncode == 0, (workdir / "logs").exists()
            assert contents(workdir) == expected
            ended += 1
            workdir = tmp_path / f"crew-{ended}"
            crew = start(workdir, cache, "local:2")
        elif rng.random() < 0.2:
            crew.kill()
            crew.wait()
            killed["launcher"] += 1
            crew = start(workdir, cache, "local:2")
        elif there:
            try:
                os.kill(rng.choice(there), signal.SIGKILL)
                killed["worker"] += 1
            except ProcessLookupError:  # it came to its end
                continue
    assert crew.wait() == 0
    assert contents(workdir) == expected
    report(capsys, f"two workers: {json.dumps(killed)} kills over {ended + 1} sweeps")
