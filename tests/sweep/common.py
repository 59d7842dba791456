"""What tests of sweeps share: a console that shows nothing, rows to compare, a stop half way."""

from __future__ import annotations

import io

from rich.console import Console

from aejax.sweep import progress

VOLATILE = ("seconds", "git", "versions", "device", "recompiles")  # of a row, by machine and hour


def quiet(width: int = 120) -> Console:
    """Returns a console whose `file` keeps what was said."""
    return Console(file=io.StringIO(), width=width)


def stable(rows):
    """Returns rows by id, without what differs from run to run."""
    return {row["id"]: {k: v for k, v in row.items() if k not in VOLATILE} for row in rows}


class Stopped(Exception):
    """Stands for whatever ends a process."""


def stop_at_the_second_chunk(monkeypatch) -> list[int]:
    """Makes a run raise Stopped there, once; returns the steps at which chunks end, as they do."""
    advance, calls = progress.Report.advance, []

    def stop(self, step, loss):
        calls.append(step)
        if len(calls) == 2:
            raise Stopped
        advance(self, step, loss)

    monkeypatch.setattr(progress.Report, "advance", stop)
    return calls
