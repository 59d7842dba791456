"""TensorBoard's files, written by tensorboardX: no TensorFlow, no thread a run."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aejax.errors import ConfigError, need
from aejax.trackers.protocol import Point, Tracked

FOLDER = "tensorboard"
FINAL = "final/"


class TensorBoard:
    """A folder a member: `DIR/tensorboard/NAME/`.

    Args:
      workdir: of the sweep.
      project: the sweep's name; the files are within its folder anyway.
    """

    def __init__(self, workdir: Path, project: str):
        self._folder = workdir / FOLDER
        self._open: dict[str, Any] = {}
        self._ended: set[str] = set()

    def check(self) -> None:
        """Sees that no file is in the way."""
        if self._folder.exists() and not self._folder.is_dir():
            raise ConfigError(
                f"tracker='tensorboard': {str(self._folder)!r} is no directory. Allowed: a "
                "directory, or nothing there."
            )

    def begin(self, member: Tracked) -> int:
        """Opens a new file of the member's folder, beside those of stopped runs."""
        writer = need("tensorboardX.event_file_writer", "tensorboard")
        folder = self._folder / member.name
        folder.mkdir(parents=True, exist_ok=True)
        last, ended = last_step(folder)
        if ended:
            self._ended.add(member.id)
        # The name has a resolution of a second: a second file of the same second needs its own.
        suffix = f".{os.getpid()}.{time.monotonic_ns()}"
        self._open[member.id] = writer.EventsWriter(str(folder / "events"), suffix)
        if last < 0:
            lines = [f"| {name} | {value} |" for name, value in member.config.items()]
            text = "\n".join(["| field | value |", "|---|---|", *lines])
            self._write(member, 0, need("tensorboardX", "tensorboard").summary.text("config", text))
        return last

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        """Writes scalars and flushes them to the disk."""
        scalar = need("tensorboardX", "tensorboard").summary.scalar
        for step, values in points:
            for name, value in values.items():
                self._write(member, step, scalar(name, value))
        self._open[member.id].flush()

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        """Writes `final/*`, and what TensorBoard's table of hyper-parameters reads."""
        summary = need("tensorboardX", "tensorboard").summary
        final = {FINAL + name: value for name, value in metrics.items()}
        if member.id not in self._ended:
            config = {**member.config, "status": status}
            for part in summary.hparams(config, final):
                self._write(member, 0, part)
            self.log(member, [Point(step, final)])
        self._open.pop(member.id).close()

    def close(self) -> None:
        """Closes the files."""
        while self._open:
            self._open.popitem()[1].close()

    def _write(self, member: Tracked, step: int, summary: Any) -> None:
        event = need("tensorboardX.proto.event_pb2", "tensorboard").Event
        made = event(wall_time=time.time(), step=step, summary=summary)
        self._open[member.id].write_event(made)


def last_step(folder: Path) -> tuple[int, bool]:
    """Returns the last step of a run's points, -1 for none, and whether it has its final metrics.

    A record is its length (8 bytes), a checksum (4), the event, a checksum (4); the last record of
    a process that was killed may be cut short.
    """
    event = need("tensorboardX.proto.event_pb2", "tensorboard").Event
    last, ended = -1, False
    for path in folder.glob("events.out.tfevents.*"):
        data, at = path.read_bytes(), 0
        while at + 12 <= len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            if at + length + 16 > len(data):
                break
            found = event.FromString(data[at + 12 : at + 12 + length])
            at += length + 16
            tags = [value.tag for value in found.summary.value]
            ended |= any(tag.startswith(FINAL) for tag in tags)
            if any(tag.startswith(("train/", "valid/")) for tag in tags):
                last = max(last, found.step)
    return last, ended
