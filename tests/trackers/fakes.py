"""A tracker that keeps what it is told, and one that breaks off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aejax.trackers import Point, Tracked


class Kept:
    """Runs by member id: who, points as they came, and what ended them. Outlives a `Tracking`."""

    def __init__(self):
        self.runs: dict[str, dict] = {}
        self.closed = 0

    def check(self) -> None:
        pass

    def begin(self, member: Tracked) -> int:
        new = {"member": member, "points": [], "ends": []}
        run = self.runs.setdefault(member.id, new)
        return max((point.step for point in run["points"]), default=-1)

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        self.runs[member.id]["points"] += points

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        self.runs[member.id]["ends"].append((step, dict(metrics), status))

    def close(self) -> None:
        self.closed += 1


class Breaking(Kept):
    """The server goes away after some calls of `log`."""

    def __init__(self, after: int):
        super().__init__()
        self.after = after

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        self.after -= 1
        if self.after < 0:
            raise ConnectionError("the server\nhas gone")
        super().log(member, points)
