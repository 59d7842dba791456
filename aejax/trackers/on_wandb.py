"""Weights & Biases: a run a member, on line or off line as `WANDB_MODE` says."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aejax.errors import ConfigError, need, one_line
from aejax.io import becoming
from aejax.trackers.protocol import Point, Tracked

FOLDER = "wandb"
SECONDS = 10  # for the server to answer


class Wandb:
    """Runs whose ids are the members'; its own files are in `DIR/wandb`.

    Args:
      workdir: of the sweep.
      project: the sweep's name; `WANDB_PROJECT` goes before it.
    """

    def __init__(self, workdir: Path, project: str):
        self._workdir = workdir
        self._project = os.environ.get("WANDB_PROJECT") or project
        self._open: dict[str, Any] = {}

    def check(self) -> None:
        """Logs in, where it is to be on line."""
        os.environ.setdefault("WANDB_SILENT", "true")
        wandb = need("wandb", "wandb")
        if wandb.setup().settings.mode not in ("online", "shared"):
            return
        try:
            there = wandb.login(verify=True, timeout=SECONDS, prompt=False)
            why = "no API key"
        except Exception as error:  # of wandb, requests, urllib: whatever keeps it from answering
            there, why = False, one_line(error)[:160]
        if not there:
            raise ConfigError(
                f"tracker='wandb' does not answer ({why}). Allowed: a server that takes "
                "WANDB_API_KEY, or WANDB_MODE=offline."
            )

    def begin(self, member: Tracked) -> int:
        """Opens the run with the member's id, or goes on with it."""
        wandb = need("wandb", "wandb")
        (self._workdir / FOLDER).mkdir(parents=True, exist_ok=True)
        settings = wandb.Settings(
            silent=True, console="off", x_disable_stats=True, disable_code=True, disable_git=True
        )
        run = wandb.init(
            project=self._project,
            id=member.id,
            name=member.name,
            group=member.group,
            config=dict(member.config),
            dir=str(self._workdir),
            resume="allow",
            reinit="create_new",
            settings=settings,
        )
        self._open[member.id] = run
        note = self._note(member)
        # Off line nobody else knows what an earlier process has logged.
        noted = int(note.read_text()) if note.is_file() else -1
        return max(noted, run.step - 1 if run.resumed else -1)

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        """Logs the points; Weights & Biases itself drops steps that it has."""
        for step, values in points:
            self._open[member.id].log(dict(values), step=step)
        if points:
            with becoming(self._note(member)) as part:
                part.write_text(str(points[-1].step))

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        """Puts the final metrics in the summary, which a second time changes nothing."""
        run = self._open.pop(member.id)
        run.summary.update({**metrics, "status": status, "step": step})
        run.finish()

    def close(self) -> None:
        """Ends as runs that go on another time."""
        while self._open:
            self._open.popitem()[1].finish()

    def _note(self, member: Tracked) -> Path:
        return self._workdir / FOLDER / f"{member.id}.step"
