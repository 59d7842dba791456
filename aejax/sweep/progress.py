"""Progress: bars on a terminal, plain lines elsewhere (a log, a pipe, a batch job)."""

from __future__ import annotations

import time
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aejax.results.workers import Pulse

LINE_SECONDS = 10.0  # between plain lines of one group


class Report:
    """Shows groups, steps, loss and time left; one object for a whole sweep.

    Args:
      groups: how many groups there are to run; 0: others run them, too.
      member_steps: members times steps of all of them, for the time that is left.
      console: where to write.
      pulse: tells other processes the same.
    """

    def __init__(self, groups: int, member_steps: int, console: Console, pulse: Pulse):
        self.console, self.groups, self.total = console, groups, member_steps
        self.pulse = pulse
        self.done, self.begun, self.spoken = 0, time.monotonic(), 0.0
        self.index, self.name, self.members, self.steps, self.at = 0, "", 1, 1, 0
        self.bars: Progress | None = None
        if console.is_terminal:
            self.bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self.overall = self.bars.add_task("sweep", total=member_steps, note="")
            self.current = self.bars.add_task("", total=1, note="")

    def __enter__(self) -> Report:
        if self.bars:
            self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bars:
            self.bars.stop()

    def left(self) -> str:
        """Returns the time left in words, from the speed so far, compilation included."""
        if not self.done or not self.total:
            return "time left unknown"
        seconds = (time.monotonic() - self.begun) / self.done * (self.total - self.done)
        return f"{seconds:.0f} s left" if seconds < 120 else f"{seconds / 60:.0f} min left"

    def begin(self, name: str, members: int, steps: int) -> None:
        """A group starts; its programs are compiled first."""
        self.index += 1
        self.name, self.members, self.steps, self.at = name, members, steps, 0
        self.spoken = time.monotonic()
        self.pulse.begin(name, members, steps)
        where = f"group {self.index}/{self.groups}" if self.groups else "group"
        if self.bars:
            note = f"{members} members, compiling"
            self.bars.reset(self.current, description=f"{where} {name}", total=steps, note=note)
        else:
            self.console.print(f"{where} {name}: {members} members, {steps} steps; compiling")

    def compiled(self, seconds: float) -> None:
        """The group's first step is about to be done."""
        if self.bars:
            self.bars.update(self.current, note=f"{self.members} members, compiled")
        else:
            self.console.print(f"  {self.name}: compiled in {seconds:.1f} s; training")

    def advance(self, step: int, loss: np.ndarray) -> None:
        """`step` steps of the group are done; `loss` [P] is the members' last mean."""
        self.done += (step - self.at) * self.members
        self.at = step
        self.pulse.advance(step)
        finite = loss[np.isfinite(loss)]
        note = f"loss {finite.mean():.4g}" if finite.size else "every member diverged"
        if self.bars:
            self.bars.update(self.current, completed=step, note=note)
            self.bars.update(self.overall, completed=self.done, note=self.left())
        elif time.monotonic() - self.spoken > LINE_SECONDS or step == self.steps:
            self.spoken = time.monotonic()
            left = f", {self.left()}" if self.groups else ""
            self.console.print(f"  {self.name}: step {step}/{self.steps}, {note}{left}")
