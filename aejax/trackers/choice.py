"""`--tracker=NAME`: the table of trackers, and what the flag says, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from aejax.errors import MissingPackageError, lookup, need
from aejax.trackers.on_mlflow import Mlflow
from aejax.trackers.on_tensorboard import TensorBoard
from aejax.trackers.on_trackio import Trackio
from aejax.trackers.on_wandb import Wandb
from aejax.trackers.protocol import Tracker


class TrackerKind(NamedTuple):
    """A tracker.

    Attributes:
      does: in a line.
      packages: that it needs; its extra of ours has the tracker's name.
      make: from a work directory and the sweep's name.
    """

    does: str
    packages: tuple[str, ...]
    make: Callable[[Path, str], Tracker]


TRACKERS = {
    "tensorboard": TrackerKind("files in DIR/tensorboard", ("tensorboardX",), TensorBoard),
    "wandb": TrackerKind("Weights & Biases, as its WANDB_* variables say", ("wandb",), Wandb),
    "mlflow": TrackerKind(
        "MLFLOW_TRACKING_URI, else DIR/mlflow.db", ("mlflow", "sqlalchemy", "alembic"), Mlflow
    ),
    "trackio": TrackerKind("trackio's own folder, TRACKIO_DIR", ("trackio",), Trackio),
}


def parse(given: Iterable[str]) -> tuple[str, ...]:
    """Returns the names that `--tracker` asks for, each once.

    Args:
      given: the flag's values, each a name or several with commas between them.

    Raises:
      ConfigError: an unknown tracker, or one whose package is not installed.
    """
    names = [name.strip() for text in given for name in text.split(",")]
    for name in dict.fromkeys(names):
        kind = lookup("tracker", name, TRACKERS)
        try:
            for package in kind.packages:
                need(package, name)
        except MissingPackageError as error:
            raise MissingPackageError(f"tracker={name!r}: {error}") from error
    return tuple(dict.fromkeys(names))


def opened(names: Iterable[str], workdir: Path, project: str) -> dict[str, Tracker]:
    """Returns trackers by name; nothing is asked or written yet.

    Args:
      names: from `parse`.
      workdir: of the sweep.
      project: the sweep's name, in trackers that have projects or experiments.
    """
    return {name: TRACKERS[name].make(workdir.absolute(), project) for name in names}
