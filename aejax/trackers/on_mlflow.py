"""MLflow: a run a member, on a server or in a SQLite file of the work directory."""

from __future__ import annotations

import logging
import os
import re
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aejax.errors import ConfigError, need, one_line
from aejax.io import becoming_once
from aejax.trackers.protocol import Point, Tracked

FILE = "mlflow.db"
MEMBER = "aejax.member"  # the tag that has the member's id: MLflow gives runs ids of its own
AT_ONCE = 500  # metrics in a request; MLflow takes 1000
SECONDS = 10.0  # for the server to answer


class Mlflow:
    """Runs of one experiment, found again by a tag.

    Args:
      workdir: of the sweep; the store is its `mlflow.db` where `MLFLOW_TRACKING_URI` says nothing.
      project: the sweep's name, and the experiment's; `MLFLOW_EXPERIMENT_NAME` goes before it.
    """

    def __init__(self, workdir: Path, project: str):
        self._workdir = workdir
        self._file = None if os.environ.get("MLFLOW_TRACKING_URI") else workdir / FILE
        self._uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self._file}"
        self._name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or project
        self._runs: dict[str, str] = {}
        self._client: Any = None
        self._experiment = ""

    def check(self) -> None:
        """Asks the server for an experiment; a local store is there by itself."""
        found = re.match(r"(https?)://(?:[^@/]*@)?([^/:]+)(?::(\d+))?", self._uri)
        if not found:
            return
        try:
            # MLflow itself would try for minutes.
            port = int(found[3] or {"http": 80, "https": 443}[found[1]])
            socket.create_connection((found[2], port), timeout=SECONDS).close()
            self._made().search_experiments(max_results=1)
        except Exception as error:
            where = re.sub(r"//[^@/]*@", "//", self._uri)  # no password in a message
            raise ConfigError(
                f"tracker='mlflow': {where} does not answer ({one_line(error)[:160]}). Allowed: a "
                "server that runs in MLFLOW_TRACKING_URI, or none for DIR/mlflow.db."
            ) from error

    def begin(self, member: Tracked) -> int:
        """Finds the run by its tag, or makes it."""
        client, experiment = self._made(), self._experiment_id()
        query = f"tags.`{MEMBER}` = '{member.id}'"
        found = client.search_runs([experiment], query, max_results=1)
        if found:
            run = found[0].info.run_id
            self._runs[member.id] = run
            client.update_run(run, status="RUNNING")
            names = [n for n in found[0].data.metrics if n.startswith(("train/", "valid/"))]
            steps = [m.step for name in names for m in client.get_metric_history(run, name)]
            return max(steps, default=-1)
        entities = need("mlflow.entities", "mlflow")
        tags = {MEMBER: member.id, "aejax.group": member.group}
        made = client.create_run(experiment, tags=tags, run_name=member.name)
        self._runs[member.id] = made.info.run_id
        params = [entities.Param(name, str(value)) for name, value in member.config.items()]
        client.log_batch(made.info.run_id, params=params)
        return -1

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        """Logs the points in few requests."""
        metric, now = need("mlflow.entities", "mlflow").Metric, int(time.time() * 1000)
        metrics = [metric(n, v, now, step) for step, values in points for n, v in values.items()]
        for at in range(0, len(metrics), AT_ONCE):
            self._made().log_batch(self._runs[member.id], metrics=metrics[at : at + AT_ONCE])

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        """Logs `final/*`, unless it has them, and ends the run."""
        run = self._runs[member.id]
        there = self._made().get_run(run).data.metrics
        missing = {f"final/{n}": v for n, v in metrics.items() if f"final/{n}" not in there}
        self.log(member, [Point(step, missing)])
        self._made().set_tag(run, "aejax.status", status)
        self._made().set_terminated(run, "FINISHED")
        del self._runs[member.id]

    def close(self) -> None:
        """Leaves runs that have not ended as they are: they go on another time."""
        self._runs.clear()

    def _made(self) -> Any:
        if self._client is None:
            mlflow = need("mlflow", "mlflow")
            logging.getLogger("mlflow").setLevel(logging.WARNING)
            logging.getLogger("alembic").setLevel(logging.WARNING)
            if self._file and not self._file.is_file():
                _make_store(mlflow, self._file)
            self._client = mlflow.MlflowClient(self._uri)
        return self._client

    def _experiment_id(self) -> str:
        if not self._experiment:
            client = self._made()
            found = client.get_experiment_by_name(self._name)
            where = (self._workdir / "mlruns").as_uri() if self._file else None
            try:
                self._experiment = (
                    found.experiment_id if found else client.create_experiment(self._name, where)
                )
            except need("mlflow.exceptions", "mlflow").MlflowException:  # another worker was faster
                self._experiment = client.get_experiment_by_name(self._name).experiment_id
        return self._experiment


def _make_store(mlflow: Any, path: Path) -> None:
    """Makes the tables under another name: MLflow takes seconds, in steps, and one maker at a time.

    Of several processes the first counts; one that is killed leaves nothing half made.
    """
    with becoming_once(path) as (part, publish):
        mlflow.MlflowClient(f"sqlite:///{part}")
        publish()
