"""Telling trackers, beside the training: a thread a tracker, which training never waits for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from aejax.errors import one_line
from aejax.io import becoming
from aejax.results.batches import Batch
from aejax.results.rows import Row
from aejax.trackers.points import Curves, HasCurves, between, curves_of, final, of_row
from aejax.trackers.protocol import Tracked, Tracker

FOLDER = "tracked"  # of marks: DIR/tracked/TRACKER/POPULATION, once all of it is sent
EVERY_SECONDS = 5.0  # between two sendings of a population's points
WAIT_SECONDS = 60.0  # at the end, for a tracker that is behind
HURRY_SECONDS = 5.0  # likewise, after an error or a signal


class Sender:
    """One tracker and its thread; after the first error it takes nothing more.

    Args:
      name: in the table.
      tracker: of that name.
      folder: for its marks.
      say: prints a line.
    """

    def __init__(self, name: str, tracker: Tracker, folder: Path, say: Callable[[str], None]):
        self.name, self._tracker, self._folder, self._say = name, tracker, folder, say
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._last: dict[str, int] = {}
        self._failed = False
        self._thread = threading.Thread(target=self._work, name=f"tracker {name}", daemon=True)
        self._thread.start()

    def put(self, action: Callable[[], None]) -> None:
        """Adds something to do."""
        self._queue.put(action)

    def sent(self, unit: str) -> bool:
        """Returns whether it has all of a population."""
        return (self._folder / unit).is_file()

    def begin(self, members: Sequence[Tracked]) -> None:
        """Opens runs, and learns how far each is."""
        for member in members:
            self._last[member.id] = self._tracker.begin(member)

    def log(self, members: Sequence[Tracked], curves: Curves) -> None:
        """Sends the points that the runs do not have."""
        for place, member in enumerate(members):
            points = [p for p in curves.of(place) if p.step > self._last[member.id]]
            if points:
                self._tracker.log(member, points)
                self._last[member.id] = points[-1].step

    def end(self, members: Sequence[Tracked], rows: Mapping[str, Row]) -> None:
        """Ends the runs, and marks the population."""
        for member in members:
            row = rows[member.id]
            self._tracker.end(member, row["step"], final(row), row["status"])
        self._folder.mkdir(parents=True, exist_ok=True)
        with becoming(self._folder / members[0].group) as part:
            part.touch()

    def close(self, seconds: float) -> None:
        """Waits until all is sent, or for `seconds`."""
        self._queue.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._broken(f"no answer for {seconds:.0f} s")

    def _work(self) -> None:
        while (action := self._queue.get()) is not None:
            if not self._failed:
                self._try(action)
        self._try(self._tracker.close)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # a library may end its thread, not our training
            self._broken(f"{type(error).__name__}: {one_line(error)[:200]}")

    def _broken(self, why: str) -> None:
        if not self._failed:
            self._failed = True
            self._say(
                f"tracker {self.name} broke off ({why}); training goes on, the rows have all, and "
                "the same command sends the rest"
            )


class Tracking:
    """What a sweep tells its trackers; without any, it does nothing.

    Args:
      trackers: by name, from `opened`.
      workdir: of the sweep.
      say: prints a line.
    """

    def __init__(
        self,
        trackers: Mapping[str, Tracker] | None = None,
        workdir: Path = Path(),
        say: Callable[[str], None] = print,
    ):
        self._workdir = workdir
        marks = workdir / FOLDER
        self._senders = [Sender(n, t, marks / n, say) for n, t in (trackers or {}).items()]
        self._to: list[Sender] = []
        self._members: tuple[Tracked, ...] = ()
        self._sent, self._spoken = 0, 0.0

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close(HURRY_SECONDS if error else WAIT_SECONDS)

    def begin(self, members: Iterable[Tracked]) -> None:
        """A population is about to train; trackers that have all of it are left alone."""
        self._members, self._sent, self._spoken = tuple(members), 0, 0.0
        self._to = [s for s in self._senders if not s.sent(self._members[0].group)]
        self._put(Sender.begin)

    def advance(self, history: HasCurves, step: int) -> None:
        """`step` steps are done; what is new is sent, now or with the next."""
        if self._to and time.monotonic() - self._spoken >= EVERY_SECONDS:
            self._send(history, step)

    def end(self, history: HasCurves, rows: Iterable[Row]) -> None:
        """The population has ended, and its rows are written."""
        if self._to:
            self._send(history, np.inf)
            self._put(Sender.end, {row["id"]: row for row in rows})
        self._to = []

    def catch_up(self, batches: Iterable[Batch], rows: Collection[Row]) -> None:
        """Sends populations that have all their rows and that a tracker lacks, from their files.

        To be called by who has the work directory alone.
        """
        of = {row["id"]: row for row in rows}
        for batch in batches if self._senders else ():
            mine = [of[m["id"]] for m in batch.members if m["id"] in of]
            path = self._workdir / "arrays" / f"{batch.id}.npz"
            lacking = any(not sender.sent(batch.id) for sender in self._senders)
            if not lacking or len(mine) < len(batch.members) or not path.is_file():
                continue
            self.begin(map(of_row, mine))
            with np.load(path) as arrays:
                self.end(curves_of(arrays), mine)

    def close(self, seconds: float = WAIT_SECONDS) -> None:
        """Waits until all is sent, or for `seconds` at most a tracker."""
        while self._senders:
            self._senders.pop().close(seconds)
        self._to = []

    def _send(self, history: HasCurves, step: float) -> None:
        curves = between(history, self._sent, step)
        if len(curves.valid_step):
            self._sent += len(curves.valid_step)
            self._spoken = time.monotonic()
            self._put(Sender.log, curves)

    def _put(self, action: Callable[..., None], *given: object) -> None:
        members = self._members
        for sender in self._to:
            sender.put(lambda sender=sender: action(sender, members, *given))
