"""What every loader returns, and the few operations on it: freeze, split, take the first n.

Training reads `train`; curves, early stopping and every choice read `valid`; `test` is measured
once, at the end. All splits are the same for everyone: no run's seed is in them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import numbers
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from aejax.data.sparse import SparseRows
from aejax.errors import ConfigError

_SPLIT_SEED = 0  # one constant, so that everyone's held-out images are the same ones
_VALID_SEED = 1  # likewise, of the rows that go from train to valid


class Dataset(NamedTuple):
    """Images (or vectors) on the host; the arrays are read-only, and may be memory-mapped.

    Images are uint8 in 0..255, or float32 in the range that the user's file has. Rows of a sparse
    file are `SparseRows`, for whoever asked for them.
    """

    name: str
    train: np.ndarray  # [N, *shape]
    test: np.ndarray  # [M, *shape]
    train_labels: np.ndarray | None  # [N] int32
    test_labels: np.ndarray | None  # [M] int32
    fingerprint: str  # 16 hex digits of the sha256 over dtype, shape and bytes of all arrays
    valid: np.ndarray | None = None  # [V, *shape]; None: no validation rows
    valid_labels: np.ndarray | None = None  # [V] int32


def make(
    name: str,
    train: np.ndarray,
    test: np.ndarray,
    train_labels: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
    valid: np.ndarray | None = None,
    valid_labels: np.ndarray | None = None,
) -> Dataset:
    """Returns the Dataset of checked arrays (`checks.as_images`, `checks.as_labels`).

    Raises:
      ConfigError: the splits differ in the shape of one example, or in their dtype.
    """
    for split, array in (("test", test), ("valid", valid)):
        if array is not None and (train.shape[1:], train.dtype) != (array.shape[1:], array.dtype):
            raise ConfigError(
                f"dataset={name!r}: train holds {train.dtype}{list(train.shape[1:])} and {split} "
                f"{array.dtype}{list(array.shape[1:])}. Allowed: examples of one shape and type."
            )
    optional = lambda array: None if array is None else _frozen(array)
    told: list[np.ndarray | None] = [train, test, train_labels, test_labels]
    if valid is not None:  # without, the fingerprint is that of train and test alone
        told += [valid, valid_labels]
    return Dataset(
        name=name,
        train=_frozen(train),
        test=_frozen(test),
        train_labels=optional(train_labels),
        test_labels=optional(test_labels),
        fingerprint=fingerprint(told),
        valid=optional(valid),
        valid_labels=optional(valid_labels),
    )


def fingerprint(arrays: Iterable[Any]) -> str:
    """Returns 16 hex digits that change when any dtype, shape or byte of the arrays does."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none;")
            continue
        if isinstance(array, SparseRows):
            digest.update(f"sparse{array.shape};{fingerprint([array.index, array.value])}".encode())
            continue
        digest.update(f"{array.dtype.str}{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()[:16]


def hold_out(
    name: str,
    images: Any,
    labels: np.ndarray | None,
    test_fraction: float,
    valid: np.ndarray | None = None,
    valid_labels: np.ndarray | None = None,
) -> Dataset:
    """Splits [N, *shape] by a permutation of fixed seed: ceil(N * test_fraction) test examples.

    The training examples stay permuted, so that the first n of them are a random sample too.
    `valid` is a validation split that is there already.

    Raises:
      ConfigError: the fraction is not strictly between 0 and 1, or leaves a split without examples.
    """
    check_test_fraction(test_fraction)
    held_out = _share(len(images), test_fraction)
    if not 0 < held_out < len(images):
        raise ConfigError(
            f"test_fraction={test_fraction!r} of the {len(images)} examples of {name!r} leaves "
            "no training or no test example. Allowed: at least one of each."
        )
    # RandomState, not Generator: its stream is frozen for good, so the split outlives NumPy 3.
    order = np.random.RandomState(_SPLIT_SEED).permutation(len(images))
    test, train = order[:held_out], order[held_out:]
    pick = (lambda rows: None) if labels is None else (lambda rows: labels[rows])
    return make(name, images[train], images[test], pick(train), pick(test), valid, valid_labels)


def hold_valid(dataset: Dataset, valid_fraction: float) -> Dataset:
    """Moves ceil(N * valid_fraction) of the N training rows to the validation split.

    They are drawn by a permutation of fixed seed, so that they are a random sample of a file that
    is sorted by class too. The other training rows keep their order. 0 returns the data set as it
    is; a validation split of its own stays as it is, whatever the fraction.

    Raises:
      ConfigError: the fraction is not in [0, 1), or leaves a split without rows.
    """
    check_valid_fraction(valid_fraction)
    if dataset.valid is not None or valid_fraction == 0:
        return dataset
    count = len(dataset.train)
    held_out = _share(count, valid_fraction)
    if not 0 < held_out < count:
        raise ConfigError(
            f"valid_fraction={valid_fraction!r} of the {count} training examples of "
            f"{dataset.name!r} leaves no training or no validation example. "
            "Allowed: at least one of each, or 0 for no validation."
        )
    order = np.random.RandomState(_VALID_SEED).permutation(count)
    valid, train = np.sort(order[:held_out]), np.sort(order[held_out:])
    labels = dataset.train_labels
    pick = (lambda rows: None) if labels is None else (lambda rows: labels[rows])
    return make(
        dataset.name,
        dataset.train[train],
        dataset.test,
        pick(train),
        dataset.test_labels,
        dataset.train[valid],
        pick(valid),
    )


def _share(count: int, fraction: float) -> int:
    # The epsilon keeps 0.07 * 100 = 7.000000000000001 from becoming 8.
    return math.ceil(count * fraction - 1e-9)


def check_test_fraction(test_fraction: float) -> None:
    """Raises ConfigError unless `test_fraction` is a number strictly between 0 and 1."""
    if not isinstance(test_fraction, numbers.Real) or not 0 < test_fraction < 1:
        raise ConfigError(
            f"test_fraction={test_fraction!r} is out of range. Allowed: above 0 and below 1."
        )


def check_valid_fraction(valid_fraction: float) -> None:
    """Raises ConfigError unless `valid_fraction` is a number, 0 or above and below 1."""
    number = isinstance(valid_fraction, numbers.Real) and not isinstance(valid_fraction, bool)
    if not number or not 0 <= valid_fraction < 1:
        raise ConfigError(
            f"valid_fraction={valid_fraction!r} is out of range. "
            "Allowed: 0 (no validation), or above 0 and below 1."
        )


def take(dataset: Dataset, train_size: int | None, test_size: int | None) -> Dataset:
    """Returns the first `train_size` and `test_size` examples (None: all), fingerprinted anew.

    The validation rows stay all as they are: sweeps over `train_size` are judged by the same ones.

    Raises:
      ConfigError: a size is no whole number, below 1, or above what there is.
    """
    train_size = _checked_size("train_size", train_size, dataset.train)
    test_size = _checked_size("test_size", test_size, dataset.test)
    if (train_size, test_size) == (len(dataset.train), len(dataset.test)):
        return dataset
    train_labels, test_labels = (
        None if labels is None else labels[:size]
        for labels, size in ((dataset.train_labels, train_size), (dataset.test_labels, test_size))
    )
    train, test = dataset.train[:train_size], dataset.test[:test_size]
    return make(
        dataset.name, train, test, train_labels, test_labels, dataset.valid, dataset.valid_labels
    )


def _checked_size(field: str, size: int | None, images: np.ndarray) -> int:
    if size is None:
        return len(images)
    whole = isinstance(size, numbers.Integral) and not isinstance(size, bool)
    if not whole or not 1 <= size <= len(images):
        raise ConfigError(f"{field}={size!r} is out of range. Allowed: 1 to {len(images)}.")
    return int(size)


def _frozen(array: Any) -> Any:
    """A read-only view: the data of a sweep is shared, and its fingerprint must stay true."""
    if isinstance(array, SparseRows):
        return dataclasses.replace(array, index=_frozen(array.index), value=_frozen(array.value))
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
