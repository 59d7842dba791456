"""trackio: a run a member, in its local store, which `trackio show` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aejax.errors import need
from aejax.trackers.protocol import Point, Tracked


class Trackio:
    """Runs of one project, written straight to trackio's store.

    `trackio.init` would print and start threads for every member, and have one run at a time.

    Args:
      workdir: of the sweep; trackio keeps its files elsewhere.
      project: the sweep's name, and the project's.
    """

    def __init__(self, workdir: Path, project: str):
        self._project = project

    def check(self) -> None:
        """A local store is there by itself."""

    def begin(self, member: Tracked) -> int:
        """Asks how far the run is; it is made with its first points."""
        last = self._store().get_max_step_for_run(self._project, run_id=member.id)
        return -1 if last is None else last

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        """Writes the points, with the config beside them."""
        self._add(member, [p.step for p in points], [dict(p.values) for p in points])

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        """Writes `final/*` once, one step behind the last: trackio has no summary of a run."""
        last = self._store().get_max_step_for_run(self._project, run_id=member.id)
        if last is None or last <= step:
            final = {f"final/{name}": value for name, value in metrics.items()}
            self._add(member, [step + 1], [final | {"final/status": status}])

    def close(self) -> None:
        """Nothing is open."""

    def _add(self, member: Tracked, steps: list[int], values: list[dict[str, Any]]) -> None:
        config = {**member.config, "group": member.group}
        self._store().bulk_log(
            self._project, member.name, values, steps=steps, config=config, run_id=member.id
        )

    def _store(self) -> Any:
        return need("trackio.sqlite_storage", "trackio").SQLiteStorage
