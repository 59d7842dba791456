"""What a trained model does to the user's arrays: encode, decode, reconstruct, sample and more.

Arrays come in as they go into `fit` and are checked and scaled by the same code
(`data.rows.rows_for`). Images come back as float32 in the layout of what was given, on its scale:
0..255 for bytes. What is made from codes alone comes on the scale of the training rows.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.api.batched import over_rows
from aejax.api.fitted import Fitted
from aejax.conditions import Conditioned, shapes_for, values_of, with_condition
from aejax.data.checks import check_finite
from aejax.data.entry import as_array
from aejax.data.rows import rows_for
from aejax.data.scaling import to_float
from aejax.errors import ConfigError, check_at_least, check_integer
from aejax.train.compile import in_float32
from aejax.types import Array, Autoencoder, PyTree, Variables


def rows_of(
    fitted: Fitted,
    x: Any,
    field: str = "x",
    slack: float = 1.0,
    *,
    condition: Any = None,
    told_by: str = "condition",
) -> Any:
    """Returns the user's rows as the model takes them, on the scale that it was trained on.

    They may be outside the likelihood's support by its width (noisy images); see `check_support`.

    Raises:
      ConfigError: as in `fit`, or another scale than that of the training rows.
    """
    rows = rows_for(fitted.model, x, field, slack=slack, condition=condition, told_by=told_by)
    fitted.scale.check(rows, field)
    return rows


def _code(model: Autoencoder, variables: Variables, x: Array, key: Array) -> Array:
    return model.encode(variables, to_float(x)).mean


def _latent(model: Autoencoder, variables: Variables, x: Array, key: Array) -> PyTree:
    return model.encode(variables, to_float(x)).z


def _mean(model: Autoencoder, variables: Variables, z: PyTree, key: Array) -> Array:
    return model.info.likelihood.mean(model.decode(variables, z))


def _again(model: Autoencoder, variables: Variables, x: Array, key: Array) -> Array:
    return _mean(model, variables, _latent(model, variables, x, key), key)


def _draw(model: Autoencoder, variables: Variables, keys: Any, key: Array) -> Array:
    draw = model.sample
    assert draw is not None

    def one(k: Any) -> Array:
        told = {"condition": k.condition[None]} if isinstance(k, Conditioned) else {}
        return draw(variables, jax.random.wrap_key_data(values_of(k)), 1, **told)[0]

    return jax.vmap(one)(keys)


def _images(fitted: Fitted, means: np.ndarray, as_bytes: bool) -> np.ndarray:
    return means * np.float32(255) if as_bytes else means


def _like(given: Any, rows: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Returns means [N, *shape] on the scale and in the layout of the user's array."""
    # Bytes with gaps (a masked array) are rows of floats already.
    as_bytes = np.uint8 in (rows.dtype, getattr(given, "dtype", None))
    scaled = means * np.float32(255) if as_bytes else means
    return scaled.reshape(np.shape(given)) if scaled.size == np.size(given) else scaled


def encode(fitted: Fitted, x: Any, *, condition: Any = None) -> np.ndarray:
    """Returns the deterministic codes [N, L] of the user's rows.

    Args:
      fitted: from `fit`, `load` or a sweep.
      x: [N, *shape], [N, D], or [N, H, W] for images of one channel; any length.
      condition: of each row, where the model was built with one: labels [N] or vectors [N, D], or
        one for all rows.

    Raises:
      ConfigError: as in `fit`.
    """
    rows = rows_of(fitted, x, condition=condition)
    return over_rows(_code, fitted.model, fitted.variables, rows)


def reconstruct(fitted: Fitted, x: Any, *, condition: Any = None) -> np.ndarray:
    """Returns the likelihood's mean given each row's code, in the layout and on the scale of x.

    Args, raises: as in `encode`.
    """
    rows = rows_of(fitted, x, condition=condition)
    return _like(x, rows, over_rows(_again, fitted.model, fitted.variables, rows))


def decode(fitted: Fitted, codes: Any, *, condition: Any = None) -> np.ndarray:
    """Returns the likelihood's mean given codes [N, L]: [N, *shape], on the training rows' scale.

    Args:
      fitted: from `fit`, `load` or a sweep.
      codes: [N, L].
      condition: as in `encode`, of each code.

    Raises:
      ConfigError: codes of another shape, not finite, or a model whose decoder reads more than
        the code (pooling switches, sequences' states).
    """
    z = _told(fitted, _codes(fitted, codes), condition)
    means = over_rows(_mean, fitted.model, fitted.variables, z)
    return _images(fitted, means, fitted.scale.bytes)


def _told(fitted: Fitted, values: np.ndarray, condition: Any) -> Any:
    """Returns codes, or keys, with the user's conditions beside them where the model has one."""
    info = fitted.model.info
    return with_condition(info.nets.condition, values, condition, info.name)


def _codes(fitted: Fitted, codes: Any) -> np.ndarray:
    info = fitted.model.info
    check_plain(fitted, "decode")
    with np.errstate(over="ignore"):
        z = as_array(codes, "codes").astype(np.float32)
    if z.ndim != 2 or z.shape[1] != info.latent or not len(z):
        raise ConfigError(
            f"codes have shape {z.shape}. Allowed: [N, {info.latent}], N of 1 or more."
        )
    if not np.isfinite(z).all():
        raise ConfigError("codes hold a NaN or an infinity. Allowed: finite numbers.")
    return z


@in_float32
def check_plain(fitted: Fitted, verb: str) -> None:
    """Raises ConfigError where the decoder reads more than an array [B, L]."""
    info = fitted.model.info
    x = shapes_for(info.nets.condition, 1, info.shape)
    latent = jax.eval_shape(fitted.model.encode, fitted.variables, x)
    shape = getattr(latent.z, "shape", None)  # of a condition beside it, those of the code
    if shape != latent.mean.shape:
        raise ConfigError(
            f"{verb}: the decoder of model {info.name!r} reads more than a code [N, "
            f"{info.latent}]. Allowed for this model: reconstruct, interpolate."
        )


@in_float32
def sample(fitted: Fitted, n: int, *, condition: Any = None, seed: int = 0) -> np.ndarray:
    """Returns n examples of the model: means given codes drawn from its prior, [n, *shape].

    Args:
      fitted: from `fit`, `load` or a sweep.
      n: how many.
      condition: what each is to be of, where the model was built with one: n labels or vectors, or
        one for all.
      seed: of the codes, which do not depend on the condition.

    Raises:
      ConfigError: a model without a prior, n below 1, or a condition as in `encode`.
    """
    model, n = fitted.model, check_integer("n", n, 1)
    seed = check_integer("seed", seed, 0)
    if model.sample is None:
        raise ConfigError(
            f"model {model.info.name!r} has no prior to sample from. "
            "Allowed: variational and matched models, such as vae, wae_mmd, vq_vae."
        )
    # A key a sample: the first of many are those of few.
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), jnp.arange(n))
    given = _told(fitted, np.asarray(jax.random.key_data(keys)), condition)
    drawn = over_rows(_draw, model, fitted.variables, given)
    return _images(fitted, drawn, fitted.scale.bytes)


def interpolate(
    fitted: Fitted,
    a: Any,
    b: Any,
    *,
    steps: int = 8,
    condition: Any = None,
    condition_b: Any = None,
) -> np.ndarray:
    """Returns what lies between rows of a and b, on a straight line between their codes.

    Args:
      fitted: the trained model.
      a, b: rows of equal shapes, [N, ...] as in `encode`.
      steps: pictures a pair, both ends (reconstructions of a and b) included.
      condition: of each row of a, as in `encode`.
      condition_b: of each row of b; None: as those of a. Labels change halfway, vectors evenly.

    Returns:
      [N, steps, *shape of a row of a], on the scale of a.

    Raises:
      ConfigError: unequal shapes or scales, fewer than two steps, or as in `encode`.
    """
    if np.shape(a) != np.shape(b):
        raise ConfigError(
            f"interpolate: a has shape {np.shape(a)}, b {np.shape(b)}. Allowed: equal shapes."
        )
    steps = check_integer("steps", steps, 2)
    other = condition if condition_b is None else condition_b
    first = rows_of(fitted, a, "a", condition=condition)
    second = rows_of(fitted, b, "b", condition=other, told_by="condition_b")
    if first.dtype != second.dtype:
        raise ConfigError(
            f"interpolate: a is {first.dtype}, b {second.dtype}. Allowed: one scale for both."
        )
    ends = [over_rows(_latent, fitted.model, fitted.variables, rows) for rows in (first, second)]
    t = np.linspace(0, 1, steps, dtype=np.float32)

    def between(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        if not np.issubdtype(u.dtype, np.floating):  # places and switches: those of the nearer end
            near = (t < 0.5).reshape(1, steps, *[1] * (u.ndim - 1))
            return np.where(near, u[:, None], v[:, None]).reshape(-1, *u.shape[1:])
        w = t.reshape(1, steps, *[1] * (u.ndim - 1))
        return ((1 - w) * u[:, None] + w * v[:, None]).reshape(-1, *u.shape[1:])

    means = over_rows(_mean, fitted.model, fitted.variables, jax.tree.map(between, *ends))
    means = _images(fitted, means, first.dtype == np.uint8)
    shape = np.shape(a)[1:] if means[0].size == np.size(a) // len(first) else means.shape[1:]
    return means.reshape(len(first), steps, *shape)


def traverse(
    fitted: Fitted,
    x: Any,
    *,
    latents: Any = None,
    values: Any = None,
    span: float = 3.0,
    steps: int = 9,
    condition: Any = None,
) -> np.ndarray:
    """Returns each row decoded with one latent at a time set to a range of values.

    Args:
      fitted: the trained model.
      x: rows [N, ...] as in `encode`: the codes around which one latent moves.
      latents: indices of the latents that move; None: all.
      values: what a latent is set to; None: `steps` values within `span` standard deviations of
        the mean of that latent over the codes of x, which then has at least two rows.
      span, steps: see `values`.
      condition: as in `encode`; it stays as it is.

    Returns:
      [N, latents, steps, *shape], on the scale of x.

    Raises:
      ConfigError: an index that there is not, one row without `values`, or as in `decode`.
    """
    check_plain(fitted, "traverse")
    rows = rows_of(fitted, x, condition=condition)
    codes = over_rows(_code, fitted.model, fitted.variables, rows)
    size = codes.shape[1]
    moving = np.arange(size) if latents is None else np.atleast_1d(np.asarray(latents))
    for i in moving:
        if check_integer("latents", i, 0) >= size:
            raise ConfigError(f"latents={i} is out of range. Allowed: 0 to {size - 1}.")
    if values is None:
        check_at_least("span", span, 0)
        steps = check_integer("steps", steps, 2)
        if len(codes) < 2:
            raise ConfigError("traverse: x has one row. Allowed: two or more, or values=[...].")
        line = np.linspace(-span, span, steps, dtype=np.float32)
        grid = codes.mean(0)[moving, None] + codes.std(0, ddof=1)[moving, None] * line
    else:
        row = as_array(values, "values").astype(np.float32).reshape(-1)
        check_finite(row, "values")
        grid = np.broadcast_to(row, (len(moving), len(row)))
    count, steps = len(moving), grid.shape[1]
    moved = np.broadcast_to(codes[:, None, None], (len(codes), count, steps, size)).copy()
    moved[:, np.arange(count), :, moving] = grid[:, None, :]
    given = moved.reshape(-1, size)
    if isinstance(rows, Conditioned):
        given = Conditioned(given, np.repeat(rows.condition, count * steps, axis=0))
    means = over_rows(_mean, fitted.model, fitted.variables, given)
    means = _images(fitted, means, rows.dtype == np.uint8)
    return means.reshape(len(codes), count, steps, *means.shape[1:])
