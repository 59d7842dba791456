"""TensorBoard's files, of what tensorboardX encodes; a run has no thread and no open file."""

from __future__ import annotations

import os
import socket
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
        self._files: dict[str, Path] = {}
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
        folder = self._folder / member.name
        folder.mkdir(parents=True, exist_ok=True)
        last, ended = last_step(folder)
        if ended:
            self._ended.add(member.id)
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self._files[member.id] = folder / name
        self._write(member, [self._event(file_version="brain.Event:2")])
        if last < 0:
            lines = [f"| {name} | {value} |" for name, value in member.config.items()]
            text = "\n".join(["| field | value |", "|---|---|", *lines])
            self._write(member, [self._event(summary=_summary().text("config", text))])
        return last

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        """Writes scalars."""
        scalar = _summary().scalar
        events = [
            self._event(step=step, summary=scalar(name, value))
            for step, values in points
            for name, value in values.items()
        ]
        self._write(member, events)

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        """Writes `final/*`, and what TensorBoard's table of hyper-parameters reads."""
        final = {FINAL + name: value for name, value in metrics.items()}
        if member.id not in self._ended:
            config = {**member.config, "status": status}
            self._write(member, [self._event(summary=s) for s in _summary().hparams(config, final)])
            self.log(member, [Point(step, final)])
        del self._files[member.id]

    def close(self) -> None:
        """Nothing is open."""

    def _event(self, **fields: Any) -> Any:
        make = need("tensorboardX.proto.event_pb2", "tensorboard").Event
        return make(wall_time=time.time(), **fields)

    def _write(self, member: Tracked, events: Sequence[Any]) -> None:
        """Appends events, each as `last_step` reads it."""
        checksum = need("tensorboardX.record_writer", "tensorboard").masked_crc32c
        summed = lambda data: data + struct.pack("<I", checksum(data))
        with self._files[member.id].open("ab") as file:
            for event in events:
                data = event.SerializeToString()
                file.write(summed(struct.pack("<Q", len(data))) + summed(data))


def _summary() -> Any:
    return need("tensorboardX", "tensorboard").summary


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
