"""Training what the gallery shows: each model once, and not again while its settings stay."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aejax import data, models
from aejax.api.fitted import Fitted
from aejax.api.saving import load, save
from aejax.api.training import fit
from aejax.data.dataset import Dataset
from aejax.errors import ConfigError, lookup

TRAIN, TEST = 20_000, 2_000  # rows, where the set has so many
BATCH = 128


class TrainedModel(NamedTuple):
    """A model of the gallery with the rows that it was trained on, and how long that took."""

    fitted: Fitted
    dataset: Dataset
    seconds: float


def datasets(images: str, data_dir: str | None, manual_dir: str | None) -> dict[str, Dataset]:
    """Returns the rows by what they are: images, images with gaps to train on, films, sentences.

    Args:
      images: the name of a set of images; the others come with the package.
      data_dir: as in `data.load`.
      manual_dir: as in `data.load`.

    Raises:
      ConfigError: an unknown set, one that is not of images, or raw files missing.
    """
    source = lookup("dataset", images, data.DATASETS)
    if len(source.shape) != 3:
        raise ConfigError(f"dataset={images!r} has no images. Allowed: mnist, digits, ...")
    sizes = {
        "train_size": min(TRAIN, source.images[0]),
        "test_size": min(TEST, source.images[1]),
    }
    loaded = data.load(images, data_dir=data_dir, manual_dir=manual_dir, **sizes)
    return {
        "images": loaded,
        "gaps": loaded._replace(name=f"{images}, gaps", train=gapped(loaded.train, 0)),
        "films": data.load("bouncing"),
        "sentences": data.load("toy_sequences"),
    }


def gapped(images: np.ndarray, seed: int) -> np.ndarray:
    """Returns images of bytes as floats in [0, 1], half of whose pixels, by a draw, are NaN."""
    hidden = np.random.RandomState(seed).random_sample(images.shape) < 0.5
    return np.where(hidden, np.float32(np.nan), images * np.float32(1 / 255))


def settings(name: str, row: Any, dataset: Dataset, steps: int) -> dict[str, Any]:
    """Returns what decides the outcome: the record beside a picture.

    Args:
      name: of the model.
      row: its row of the config file.
      dataset: what it is trained on.
      steps: how long.
    """
    return {
        "model": name,
        "dataset": dataset.name,
        "rows": len(dataset.train),
        "args": {key: list(v) if isinstance(v, tuple) else v for key, v in row.args.items()},
        "hp": row.hp,
        "optimizer": row.optimizer,
        "schedule": row.schedule,
        "steps": steps,
        "batch_size": BATCH,
        "seed": 0,
        **({"clip": True} if row.clip else {}),
    }


def trained(
    name: str, row: Any, sets: dict[str, Dataset], folder: Path, most: int | None
) -> TrainedModel:
    """Returns a model of the gallery, trained now or as it was kept.

    Args:
      name: of the model.
      row: its row of the config file.
      sets: from `datasets`.
      folder: where trained models are kept, one folder each.
      most: steps at most; None: as the row says.

    Raises:
      ConfigError: as `fit`.
    """
    dataset = sets[row.data]
    steps = row.steps if most is None else min(most, row.steps)
    wanted = settings(name, row, dataset, steps)
    note = folder / f"{name}.json"
    if note.is_file():
        kept = json.loads(note.read_text())
        if kept["settings"] == wanted and (folder / name).is_dir():
            return TrainedModel(load(folder / name), dataset, kept["seconds"])
    begun = time.perf_counter()
    fitted = fit(
        models.build(name, np.shape(dataset.train)[1:], row.args),
        dataset.train,
        steps=steps,
        batch_size=BATCH,
        hp=row.hp,
        optimizer=row.optimizer,
        schedule=row.schedule,
        clip=row.clip,
        progress=False,
    )
    seconds = round(time.perf_counter() - begun, 1)
    note.unlink(missing_ok=True)
    save(folder / name, fitted, state=False)
    note.write_text(json.dumps({"settings": wanted, "seconds": seconds}))
    return TrainedModel(fitted, dataset, seconds)
