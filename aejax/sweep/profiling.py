"""Where a sweep's seconds go: a table of its parts, and a trace of what the devices did."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import jax
from rich.table import Table

from aejax.errors import ConfigError
from aejax.io import write_whole

FOLDER, FILE = "profile", "profile.json"  # of the trace, and of the table
INSIDE = {"compile": "compile", "run": "train", "evaluate": "evaluate"}  # of a row's seconds


class Profile:
    """The seconds of a command by part; parts inside the sweep are what its rows say of them."""

    def __init__(self, workdir: Path, on: bool):
        """Begins to count; writes nothing unless `on`."""
        self._workdir, self._on = workdir, on
        self._begun = time.perf_counter()
        self._parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Counts what happens within it as a part."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._parts[name] = self._parts.get(name, 0.0) + time.perf_counter() - begun

    @contextmanager
    def sweep(self) -> Iterator[None]:
        """Counts the sweep itself, and traces it (TensorBoard and Perfetto read the trace).

        Raises:
          ConfigError: the trace cannot be begun, as where another one is under way.
        """
        folder = str(self._workdir / FOLDER)
        try:
            trace = jax.profiler.trace(folder) if self._on else nullcontext()
            trace.__enter__()
        except RuntimeError as error:
            raise ConfigError(f"--profile: {error}. Allowed: one trace at a time.") from error
        try:
            with self.part("sweep"):
                yield
        finally:
            with self.part("the trace itself"):
                trace.__exit__(None, None, None)

    def table(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns a line a part, with its seconds and its share of all of them.

        Args:
          rows: of the members that were trained now; a group's share their seconds.
        """
        groups = {row["group"]: row["seconds"] for row in rows}
        inside = {
            name: sum(each.get(key) or 0.0 for each in groups.values())
            for key, name in INSIDE.items()
        }
        total = time.perf_counter() - self._begun
        sweep = self._parts.get("sweep", 0.0)
        outside = {n: value for n, value in self._parts.items() if n != "sweep"}
        parts = {
            **inside,
            "writing and waiting": max(0.0, sweep - sum(inside.values())),
            **outside,
            "other": max(0.0, total - sweep - sum(outside.values())),
        }
        return [
            {"part": name, "seconds": round(value, 2), "share": round(value / total, 4)}
            for name, value in parts.items()
        ]

    def write(self, rows: Sequence[dict[str, Any]]) -> Table:
        """Writes the table to `profile.json` of the work directory, and returns it to be shown."""
        lines = self.table(rows)
        write_whole(self._workdir / FILE, json.dumps(lines, indent=1))
        shown = Table(title=f"where {sum(line['seconds'] for line in lines):.1f} s went")
        for name in ("part", "seconds", "share"):
            shown.add_column(name, justify="left" if name == "part" else "right")
        for line in lines:
            shown.add_row(line["part"], f"{line['seconds']:.1f}", f"{line['share']:.0%}")
        return shown
