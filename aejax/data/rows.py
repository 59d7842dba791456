"""The one way in for the user's own arrays: rows as a model takes them, checked and not scaled.

Bytes stay bytes and are scaled on the device (`scaling.to_float`); everything that takes an array
of the user's comes through `rows_for`, so that an array means the same everywhere.
"""

from __future__ import annotations

from math import prod
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from aejax.conditions import values_of, with_condition
from aejax.data.checks import as_images, check_finite
from aejax.data.entry import as_array
from aejax.data.scaling import bounds_of
from aejax.data.sparse import SparseRows, is_sparse, pack
from aejax.errors import ConfigError
from aejax.types import Autoencoder


def _layouts(shape: tuple[int, ...]) -> str:
    """Returns the allowed layouts in words."""
    exact = f"[N, {', '.join(map(str, shape))}]"
    flat = [] if len(shape) == 1 else [f"[N, {prod(shape)}]"]
    plane = [f"[N, {shape[0]}, {shape[1]}]"] if len(shape) == 3 and shape[2] == 1 else []
    return " or ".join([exact, *plane, *flat])


def rows_for(
    model: Autoencoder,
    x: Any,
    field: str = "x",
    *,
    slack: float = 0.0,
    condition: Any = None,
    told_by: str = "condition",
) -> Any:
    """Returns the user's rows as the model takes them: [N, *model.info.shape], uint8 or float32.

    Allowed are the model's own shape, [N, D] with D its number of features, and [N, H, W] for
    images of one channel. Another shape of the same size would be a reshape of scrambled pixels
    (channels first, say), and is refused.

    Args:
      model: whose rows they are.
      x: what `as_images` takes: NumPy or JAX arrays, lists, data frames of numbers; or a scipy
        sparse matrix, for a model of vectors: `SparseRows`, dense a batch at a time.
      field: how an error names the array.
      slack: as in `check_support`.
      condition: of each row, or one of all, where the model takes one; the rows are then returned
        as `Conditioned`.
      told_by: how an error names the condition.

    Raises:
      ConfigError: no numbers, empty, NaN (says where) unless the model's likelihood knows of gaps,
        another shape, or outside the support of that likelihood; and as `with_condition`.
    """
    rows = _sparse(model, x, field) if is_sparse(x) else _dense(model, x, field)
    check_support(model, rows, field, slack)
    return with_condition(model.info.nets.condition, rows, condition, model.info.name, told_by)


def _dense(model: Autoencoder, x: Any, field: str) -> np.ndarray:
    """Returns the user's array as rows [N, *shape]."""
    shape, gaps = model.info.shape, model.info.likelihood.gaps
    x = as_array(x, field, gaps)
    given = x.shape[1:]
    rows = as_images(x, field, films=len(shape) == 2 and len(given) == 2, gaps=gaps)
    flat = rows.shape[1:] == (prod(shape),)
    if rows.shape[1:] != shape and not flat:
        raise ConfigError(
            f"{field} has examples of shape {given}, the model takes {shape}. "
            f"Allowed: {_layouts(shape)}.{_hint(given, shape)}"
        )
    return rows.reshape(len(rows), *shape)


def _sparse(model: Autoencoder, x: Any, field: str) -> SparseRows:
    """Returns the user's sparse matrix as rows [N, D], for a model of vectors of numbers."""
    shape = model.info.shape
    if len(shape) != 1 or model.info.likelihood.integers:
        what = "ids" if model.info.likelihood.integers else f"examples of shape {shape}"
        raise ConfigError(
            f"{field} is a sparse matrix, and model {model.info.name!r} takes {what}. Allowed: "
            f"dense rows, {field}.toarray(), or a model of vectors, features=D."
        )
    rows = pack(x, field, gaps=model.info.likelihood.sparse_gaps)
    if rows.shape[1:] != shape:
        raise ConfigError(
            f"{field} has examples of shape {rows.shape[1:]}, the model takes {shape}. "
            f"Allowed: {_layouts(shape)}."
        )
    return rows


def _hint(given: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Returns what to do about an array of the right size in the wrong layout."""
    if prod(given) != prod(shape):
        return ""
    if len(shape) == 3 and (given[-2:], given[0]) == (shape[:2], shape[2]):
        return " Channels come last: x.transpose(0, 2, 3, 1)."
    if len(shape) == 1:
        return f" Pass x.reshape(len(x), {prod(shape)}), or build the model with features={given}."
    return ""


def check_table(model: Autoencoder, table: Any) -> None:
    """Raises ConfigError unless rows are as the model's likelihood takes them: shape and support.

    For functions of (model, variables, table) that may be traced: of a traced table the shape alone
    is known, and whoever compiled it has checked its values.
    """
    if table.shape[1:] != model.info.shape:
        raise ConfigError(
            f"model {model.info.name!r} got rows of shape {table.shape}. "
            f"Allowed: {_layouts(model.info.shape).split(' or ')[0]}."
        )
    rows = values_of(table)
    if not isinstance(rows, Tracer | SparseRows):  # the latter are checked where they are packed
        values = np.asarray(rows)  # what a traced function holds fast is known too, to NumPy alone
        check_finite(values, "x", model.info.likelihood.gaps)
        check_support(model, values, "x")


def check_support(model: Autoencoder, x: Any, field: str = "x", slack: float = 0.0) -> None:
    """Raises ConfigError where the values are outside the support of the model's likelihood.

    Args:
      model: whose likelihood it is.
      x: rows.
      field: how an error names them.
      slack: how far outside they may be, in widths of the support. What is encoded and no target
        of a likelihood may be so: a noisy image for a denoising model.
    """
    low, high = model.info.likelihood.support
    if model.info.likelihood.integers and (x.dtype == jnp.uint8 or not (x == np.round(x)).all()):
        raise ConfigError(
            f"{field} holds {x.dtype} values that are no ids (uint8 is scaled to [0, 1] on the "
            f"device), but likelihood={model.info.likelihood.name!r} takes tokens. "
            f"Allowed: whole numbers from {low:g} to {high:g} as int32 or float32."
        )
    if x.dtype == jnp.uint8:
        return  # scaled to [0, 1] on the device
    least, most = bounds_of(x)
    beyond = slack * (high - low) if slack and not model.info.likelihood.integers else 0.0
    if least >= low - beyond and most <= high + beyond:
        return
    scale = "Divide by 255, or pass uint8." if least >= 0 and 1 < most <= 255 else "Rescale it."
    raise ConfigError(
        f"{field} has values from {least:.6g} to {most:.6g}, outside the support "
        f"[{low:g}, {high:g}] of likelihood={model.info.likelihood.name!r}. {scale} "
        "Allowed for any real values: likelihood='gaussian', 'gaussian_learned' or 'laplace'."
    )
