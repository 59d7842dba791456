"""Our contestant: `aejax.train.run.train` itself, stopped between its chunks."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from aejax.benchmark.contest import Round
from aejax.train.plan import Job
from aejax.train.run import Trained, train

# A unit of work is a step of one member; elsewhere a gradient, or an estimate.
FLOPS = "flops_per_unit"  # of the products
EXAMPLES = "examples_per_unit"


class Trainer:
    """Trains a population, one chunk of `job.every` steps a round.

    What is timed is what a user gets: the program, its call and the records that come back. The
    trainer runs in a thread, which waits after every chunk until the next round is asked for.

    Args:
      name: for the table.
      job: its `steps` are `every` times the number of rounds, the uncounted one included.
      table: training rows, an array or packed ones.
    """

    def __init__(self, name: str, job: Job, table: Any):
        self.name, self.job, self.table = name, job, table
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._loss, self._seconds = float("nan"), float("nan")
        self._trained: Trained | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._go.acquire()
        begun = time.perf_counter()

        def between(step: int, means: dict[str, np.ndarray]) -> None:
            nonlocal begun
            self._seconds = time.perf_counter() - begun
            self._loss = float(means["loss"].mean())
            if step < self.job.recipe.steps:
                self._done.release()
                self._go.acquire()
            begun = time.perf_counter()

        try:
            self._trained = train(self.job, self.table, on_chunk=between)
        except BaseException as error:
            self._error = error
        self._done.release()

    def round(self) -> Round:
        """Trains one chunk."""
        self._go.release()
        self._done.acquire()
        if self._error:
            raise self._error
        return Round(self._seconds, self._loss)

    def close(self) -> dict[str, Any]:
        """Returns what was compiled, how it ran, a member's FLOPs, and the rounds' mean losses."""
        self._thread.join()
        assert self._trained is not None
        done = self._trained
        members = len(self.job.seeds)
        losses = done.curves["loss"].mean(0).reshape(self.job.recipe.steps // self.job.every, -1)
        return {
            "values": losses.mean(1),  # a round's value while it runs is its last window's
            "compile_seconds": done.compile_seconds,
            "executor": done.executor if done.executor != "map" else f"map of {done.chunk}",
            "recompiles": done.recompiles,
            "peak_bytes": done.peak_bytes,
            FLOPS: done.flops / self.job.recipe.steps,
            EXAMPLES: self.job.recipe.batch_size,
            "members": members,
        }
