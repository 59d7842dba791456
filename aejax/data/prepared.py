"""Data sets that TensorFlow Datasets prepares and reads, without TensorFlow."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from aejax import errors
from aejax.data import dataset as datasets
from aejax.data import paths, raw
from aejax.data.dataset import Dataset
from aejax.data.scratch import scratch
from aejax.errors import ConfigError, need


def is_prepared(root: Path, name: str, version: str) -> bool:
    """Tells whether TFDS' data set is there; it writes this file last, into a renamed folder."""
    return (paths.prepared(root, name, version) / "dataset_info.json").is_file()


def command(name: str, options: str) -> str:
    """Returns the command that prepares a data set, for errors and for the list."""
    return f"{errors.command('data')} prepare {name} {options}".rstrip()


def prepare(
    root: Path,
    name: str,
    version: str,
    files: Sequence[raw.RawFile],
    manual_dir: Path | None,
    known: Mapping[str, str],
) -> Path:
    """Prepares a data set from `manual_dir`, or from the network where that is None.

    Everything happens in a folder beside the result, which is renamed when it is complete; after
    a failure nothing is left. Two processes may prepare at the same time: the first one's counts.

    Args:
      root: the data directory; made if it is not there.
      name: a key of `builders.BUILDERS`.
      version: the version to prepare.
      files: the raw files, in the order that the builder takes them.
      manual_dir: where they were placed by hand, or None.
      known: sha256 -> data set, of all raw files known.

    Returns:
      The folder of the prepared data set.

    Raises:
      ConfigError: raw files missing or wrong, no network, or no place to write.
    """
    target = paths.prepared(root, name, version)
    try:
        with scratch(root) as work:
            placed = work / "raw"
            placed.mkdir()
            if manual_dir is not None:
                raw.stage(name, files, manual_dir, placed, known)
            elif reason := raw.unreachable(files[0].url):
                raise ConfigError(_out_of_reach(name, files, reason))
            _build(work, name, version, files, placed, from_network=manual_dir is None)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(paths.prepared(work, name, version), target)
    except OSError as error:
        if not is_prepared(root, name, version):  # otherwise another process was there first
            raise ConfigError(
                f"dataset={name!r} cannot be prepared in data_dir={str(root)!r}: {error}."
            ) from error
    return target


def read(root: Path, name: str, version: str) -> Dataset:
    """Reads a prepared data set: uint8 [N, H, W, C] and int32 labels, in TFDS' order.

    That order is TFDS' fixed shuffle of the raw files', so the first n are a random sample.

    Raises:
      ConfigError: it was prepared in a format that only TensorFlow reads, or is damaged.
    """
    tfds: Any = need("tensorflow_datasets", "data")
    where = paths.prepared(root, name, version)
    try:
        with _quiet():
            source: Any = tfds.data_source(f"{name}:{version}", data_dir=str(root), download=False)
            (train, train_labels), (test, test_labels) = (
                _table(source[split]) for split in ("train", "test")
            )
    except NotImplementedError as error:  # TFDS' word for a format without random access
        raise ConfigError(
            f"dataset={name!r} in {str(where)!r} was prepared in a format that needs TensorFlow to "
            f"read. Allowed: array_record; use another data_dir: {command(name, '--data_dir=DIR')}."
        ) from error
    except Exception as error:  # whatever TFDS and its C++ reader raise on damaged files
        raise ConfigError(
            f"dataset={name!r} in {str(where)!r} cannot be read: {_first_line(error)}. Delete that "
            f"folder and run {command(name, f'--data_dir={root}')}."
        ) from error
    return datasets.make(name, train, test, train_labels, test_labels)


def _table(source: Any) -> tuple[np.ndarray, np.ndarray]:
    """Decodes a TFDS data source in one sweep into images [N, H, W, C] and labels [N]."""
    examples = source.__getitems__(range(len(source)))
    images = np.stack([example["image"] for example in examples])
    return images, np.array([example["label"] for example in examples], np.int32)


def _build(
    work: Path,
    name: str,
    version: str,
    files: Sequence[raw.RawFile],
    placed: Path,
    from_network: bool,
) -> None:
    """Runs the TFDS builder with `work` as its data directory."""
    tfds: Any = need("tensorflow_datasets", "data")
    from aejax.data.builders import BUILDERS

    if not from_network:
        tfds.disable_progress_bar()
    config = tfds.download.DownloadConfig(manual_dir=str(placed), try_download_gcs=False)
    try:
        with _quiet():
            builder = BUILDERS[name](
                files=files, data_dir=str(work), version=version, file_format="array_record"
            )
            builder.download_and_prepare(
                download_dir=str(work / "downloads"), download_config=config
            )
    except ConfigError:
        raise
    except ImportError as error:  # TFDS asks for its file format's package only when it writes
        raise ConfigError(f"dataset={name!r} needs a package: {error}.") from error
    except Exception as error:  # requests, TFDS and the disk have no common exception
        if not from_network:
            raise
        raise ConfigError(_out_of_reach(name, files, _first_line(error))) from error


def _out_of_reach(name: str, files: Sequence[raw.RawFile], reason: str) -> str:
    return (
        f"dataset={name!r} is not prepared and cannot be downloaded ({reason}). Allowed: place "
        f"{raw.where_to_get(files)} in a folder DIR and run {command(name, '--manual_dir=DIR')}."
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps TFDS' announcements and log lines, a dozen a data set, out of the user's terminal."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
