"""What all launchers share: the job that they are given, and the lines that say how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.status import Status as Spinner

from aejax.launch.choice import Launcher
from aejax.results.status import in_words, status
from aejax.sweep.plan import SweepPlan
from aejax.trackers import Tracking
from aejax.train import signals

LINE_SECONDS = 10.0  # between two lines in a log
LOGS = "logs"
WORKER = "AEJAX_WORKER"  # in the environment of a worker: "stay" while others train, or "leave"


class Order(NamedTuple):
    """A sweep, and the command by whose arguments workers are started.

    `tracking` is for a worker in this process; others make their own, by the same arguments.
    """

    plan: SweepPlan
    workdir: Path
    console: Console
    launcher: Launcher
    argv: list[str]
    tracking: Tracking


def worker_arguments(argv: list[str], workdir: Path) -> list[str]:
    """Returns a command's arguments for a worker: those of its launcher are left out."""
    flags = ("launcher", "slurm", "figures", "nofigures", "dry_run", "workdir")
    mine, skip = [], False
    for argument in argv:
        name, equals, _ = argument.lstrip("-").partition("=")
        if skip:
            skip = False
        elif argument.startswith("-") and name in flags:
            skip = not equals and name in ("launcher", "slurm", "workdir")
        else:
            mine.append(argument)
    return [*mine, f"--workdir={workdir.absolute()}"]


class Teller:
    """Says how far a sweep is: on a terminal in a line that changes, else now and then in one."""

    def __init__(self, workdir: Path, console: Console):
        self.workdir, self.console = workdir, console
        self._spoken = time.monotonic() - LINE_SECONDS + 3.0
        self._spinner: Spinner | None = None
        if console.is_terminal:
            self._spinner = console.status("workers start")
            self._spinner.start()

    def tell(self) -> None:
        """Says it, where it is time to."""
        now = time.monotonic()
        if now - self._spoken < (1.0 if self._spinner else LINE_SECONDS):
            return
        self._spoken = now
        found = status(self.workdir)
        signals.keep(f"{found.members['done']} members have their rows in {self.workdir}")
        if self._spinner:
            self._spinner.update(in_words(found))
        else:
            self.console.print(in_words(found))

    def close(self) -> None:
        """Ends the line."""
        if self._spinner:
            self._spinner.stop()


@contextmanager
def telling(job: Order) -> Iterator[Teller]:
    """Within it, `tell` says how far the sweep is."""
    teller = Teller(job.workdir, job.console)
    try:
        yield teller
    finally:
        teller.close()
