"""What a run of `fit` says while it runs: a progress bar and the user's callbacks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aejax.errors import ConfigError


class Reporter:
    """A progress bar (rich, on stderr) and callbacks; a context manager."""

    def __init__(self, progress: bool | None, callbacks: Sequence[Callable], steps: int, done: int):
        if callable(callbacks) or not all(map(callable, callbacks)):
            raise ConfigError("callbacks holds no functions. Allowed: [callback, ...].")
        self._shown = sys.stderr.isatty() if progress is None else bool(progress)
        self._callbacks, self._steps, self._done = callbacks, steps, done
        self._bar: Any = None
        self._task: Any = None
        self.wanted = self._shown or bool(callbacks)

    def __enter__(self) -> Reporter:
        if self._shown:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("compiling", total=self._steps, completed=self._done)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, step: int, means: dict[str, np.ndarray]) -> None:
        """Takes in the means [P] of the chunk that ended at `step`."""
        if self._bar:
            loss = float(np.nanmean(means["loss"]))
            self._bar.update(self._task, completed=step, description=f"loss {loss:.4g}")
        for callback in self._callbacks:
            callback(step, means)
