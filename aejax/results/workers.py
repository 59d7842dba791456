"""Who works in a work directory: a file a worker, `workers/NAME.json`, written again as it goes on.

Nothing here needs locks, or clocks of several machines that agree. A worker is alive while its file
changes, by the watch of who looks; one of this machine is dead as soon as its process is.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from aejax.io import write_whole

FOLDER = "workers"
BEAT_SECONDS = 3.0  # between two writings of a worker's file
SILENT_SECONDS = float(os.environ.get("AEJAX_SILENT_SECONDS", "60"))  # after which it is dead


class Place(NamedTuple):
    """Where processes can see each other: a machine since its start, and a space of process ids."""

    host: str
    boot: str
    space: str


def here() -> Place:
    """Returns where this process is."""

    def read(what: Callable[[], Any]) -> str:
        try:
            return str(what()).strip()
        except OSError:  # not Linux
            return ""

    return Place(
        socket.gethostname(),
        read(lambda: Path("/proc/sys/kernel/random/boot_id").read_text()),
        read(lambda: os.stat("/proc/self/ns/pid").st_ino),
    )


def begun(pid: int) -> str | None:
    """Returns when a process of this machine began, in ticks; None where that cannot be known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def running(pid: int, since: str | None) -> bool:
    """Returns whether a process of this machine is there, and is the one that began then."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return begun(pid) == since  # else its number has been given to another one


class Said(NamedTuple):
    """What a worker's file says.

    Attributes:
      name: of the worker.
      kind: "alone" where it holds the directory, else "worker".
      place, pid, since: its process.
      beat: grows by one with each writing.
      at: seconds since 1970 by its own clock; for people.
      unit: the population that it trains, or "".
      members, step, steps: of that population.
      member_steps: members times steps that it has done, in all.
      seconds: since it began.
    """

    name: str
    kind: str
    place: Place
    pid: int
    since: str | None
    beat: int
    at: float
    unit: str
    members: int
    step: int
    steps: int
    member_steps: int
    seconds: float


def read(workdir: Path, name: str) -> Said | None:
    """Returns what a worker's file says; None where there is none, or it says nothing."""
    try:
        said = json.loads((workdir / FOLDER / f"{name}.json").read_text())
        return Said(**{**said, "place": Place(*said["place"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def listed(workdir: Path) -> Iterator[Said]:
    """Yields what all workers' files say, by name; those that are dead left theirs, too."""
    for path in sorted((workdir / FOLDER).glob("*.json")):
        said = read(workdir, path.stem)
        if said is not None:
            yield said


class Watch:
    """Tells the living from the dead, as far as that can be seen from here.

    Args:
      workdir: of the sweep.
      silent_seconds: a worker whose file has not changed for so long is dead.
      clock: of this process.
    """

    def __init__(
        self,
        workdir: Path,
        silent_seconds: float = SILENT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.workdir, self.silent_seconds, self._clock = workdir, silent_seconds, clock
        self._here = here()
        self._seen: dict[str, tuple[int, float]] = {}

    def alive(self, name: str) -> bool:
        """Returns whether a worker is alive; without its file, it has ended."""
        said = read(self.workdir, name)
        if said is None:
            return False
        if said.place == self._here and not running(said.pid, said.since):
            return False
        beat, since = self._seen.get(name, (None, 0.0))
        if beat != said.beat:
            self._seen[name] = (said.beat, self._clock())
            return True
        return self._clock() - since < self.silent_seconds

    def living(self) -> list[Said]:
        """Returns the workers that are alive."""
        return [said for said in listed(self.workdir) if self.alive(said.name)]

    def settled(self, poll: float = 1.0) -> list[Said]:
        """Returns those that are alive for certain: of other machines', one that is heard again.

        Waits for up to `silent_seconds` where there is one that has not been.
        """
        while True:
            living = self.living()
            first = {name: beat for name, (beat, _) in self._seen.items()}
            sure = [said for said in living if said.place == self._here]
            if len(sure) == len(living):
                return sure
            time.sleep(poll)
            again = [said for said in self.living() if first.get(said.name) != said.beat]
            if again:
                return sure + [said for said in again if said.place != self._here]


class Pulse:
    """A worker's file, written by a thread until `close`.

    Args:
      workdir: of the sweep.
      kind: "alone" or "worker".
      beat_seconds: between two writings.
    """

    def __init__(self, workdir: Path, kind: str = "worker", beat_seconds: float = BEAT_SECONDS):
        self.workdir, self._place = workdir, here()
        host = re.sub(r"[^A-Za-z0-9-]+", "-", self._place.host)[:40]
        self.name = f"{host}-{os.getpid()}-{secrets.token_hex(2)}"
        self._kind, self._since, self._began = kind, begun(os.getpid()), time.monotonic()
        self._beat, self._done = 0, 0
        self._unit, self._members, self._step, self._steps = "", 0, 0, 0
        self._wake, self._closed = threading.Event(), False
        self._write()
        self._thread = threading.Thread(target=self._beats, args=(beat_seconds,), daemon=True)
        self._thread.start()

    def begin(self, unit: str, members: int, steps: int) -> None:
        """A population starts; "" where there is none."""
        self._unit, self._members, self._step, self._steps = unit, members, 0, steps
        self._wake.set()

    def advance(self, step: int) -> None:
        """So many steps of it are done, with those of an earlier process."""
        self._done += (step - self._step) * self._members
        self._step = step

    def close(self) -> None:
        """The worker ends, and says so."""
        if not self._closed:
            self._closed = True
            self._wake.set()
            self._thread.join()
            self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.workdir / FOLDER / f"{self.name}.json"

    def _beats(self, seconds: float) -> None:
        while not self._closed:
            self._wake.wait(seconds)
            self._wake.clear()
            if not self._closed:
                self._write()

    def _write(self) -> None:
        self._beat += 1
        said = Said(
            name=self.name,
            kind=self._kind,
            place=self._place,
            pid=os.getpid(),
            since=self._since,
            beat=self._beat,
            at=time.time(),
            unit=self._unit,
            members=self._members,
            step=self._step,
            steps=self._steps,
            member_steps=self._done,
            seconds=time.monotonic() - self._began,
        )
        try:
            # A folder that was removed is not made again.
            if self._beat == 1 or self._path.parent.is_dir():
                write_whole(self._path, json.dumps(said._asdict()))
        except OSError:  # a full disk, a server that is away: it is heard again, or it is dead
            if self._beat == 1:
                raise
