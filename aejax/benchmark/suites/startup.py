"""From the quickstart's command to its first step, compiled programs on disk or not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from aejax.benchmark.contest import Case
from aejax.benchmark.context import Bench

ROOT = Path(__file__).resolve().parents[3]
COMMAND = ("-m", "aejax.cli", "sweep", "--config=quickstart", "--nofigures")


def seconds_to_first_step(programs: Path, workdir: Path, bytecode: Path) -> float:
    """Starts the quickstart and stops it at the line that comes before its first step.

    Args:
      programs: where compiled programs are kept; an empty folder is a first start.
      workdir: of the sweep, empty.
      bytecode: where Python keeps what it compiled of the sources.
    """
    given = {"JAX_COMPILATION_CACHE_DIR": str(programs), "PYTHONUNBUFFERED": "1"}
    given |= {"PYTHONPYCACHEPREFIX": str(bytecode)}
    # As Python does by default, whatever this process was told: sources are compiled once.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *COMMAND, f"--workdir={workdir}"],
        cwd=ROOT,
        env={**inherited, **given},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if ": compiled in " in line:
                seconds = time.perf_counter() - begun
                process.kill()
                return seconds
    raise RuntimeError("the quickstart ended before its first step; its errors are above")


def run(context: Bench) -> list[Case]:
    """Runs the suite; the uncounted round leaves the bytecode, first starts have it as well."""
    firsts, seconds = [], []
    bytecode = context.folder / "bytecode"
    for _ in range(1 + context.rounds):
        with TemporaryDirectory() as folder:
            programs = Path(folder, "programs")
            firsts.append(seconds_to_first_step(programs, Path(folder, "first"), bytecode))
            seconds.append(seconds_to_first_step(programs, Path(folder, "second"), bytecode))
    firsts, seconds = firsts[1:], seconds[1:]
    ratios = np.array(firsts) / np.array(seconds)
    return [
        Case(
            suite="startup",
            case="quickstart, command to first step",
            unit="s, less is better",
            ours=float(np.median(seconds)),
            peer="first start",
            peer_value=float(np.median(firsts)),
            ratio=float(np.median(ratios)),
            ratio_low=float(ratios.min()),
            ratio_high=float(ratios.max()),
            detail={"rounds": context.rounds, "first": firsts, "second": seconds},
        )
    ]
