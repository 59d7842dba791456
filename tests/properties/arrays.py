"""Arrays as users have them: any dtype, layout, order, offset and scale, lists, frames, views."""

from __future__ import annotations

from typing import Any, NamedTuple

import hypothesis.strategies as st
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pandas as pd
import scipy.sparse

NUMBERS = (
    "float16", "float32", "float64", ">f4", ">f8", "longdouble", "uint8", "int8", "int16", "int32",
    "int64", "uint16", "uint32", "uint64", ">i4", "bool", "bfloat16", "float8_e4m3fn",
    "float8_e5m2", "float8_e4m3b11fnuz", "int4",
)  # fmt: skip
OTHERS = ("complex64", "object", "str", "datetime64[D]", "sparse", "masked", "ragged", "none")
LAYOUTS = (
    "C", "F", "reversed", "strided", "list", "tuple", "frame", "jax", "no mask", "read-only",
    "transposed twice", "offset buffer",
)  # fmt: skip


class Given(NamedTuple):
    """What a user passes, and its values in float64; None where it is no finite numbers."""

    array: Any
    values: np.ndarray | None
    bytes: bool = False  # uint8 and bool, which are scaled to [0, 1]
    sparse: bool = False  # a matrix of scipy: rows may be one, codes may not


def kind(name: str) -> Any:
    return getattr(ml_dtypes, name) if hasattr(ml_dtypes, name) else np.dtype(name)


def laid_out(x: np.ndarray, layout: str) -> Any:
    """Returns the same values, held in another way."""
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "reversed":
        return x[::-1].copy()[::-1]
    if layout == "strided":
        wide = np.zeros((2 * len(x), *x.shape[1:]), x.dtype)
        wide[::2] = x
        return wide[::2]
    if layout == "list":
        return x.tolist() if x.dtype.kind in "fiub" and x.dtype.isnative else [*x]
    if layout == "tuple":
        return tuple(x)
    if layout == "frame" and x.ndim == 2 and x.dtype.kind in "fiub" and x.dtype.isnative:
        return x if x.dtype.itemsize > 8 or x.dtype == np.float16 else pd.DataFrame(x)
    if layout == "jax" and x.dtype.isnative and x.dtype.itemsize <= 4:
        return jnp.asarray(x)
    if layout == "no mask":
        return np.ma.masked_array(x, np.zeros(x.shape, bool))
    if layout == "read-only":
        x = x.copy()
        x.flags.writeable = False
    if layout == "transposed twice":
        return x.T.copy().T
    if layout == "offset buffer":
        buffer = np.zeros(x.nbytes + 3, np.uint8)
        odd = buffer[3:].view() if x.nbytes else buffer[:0]
        odd = np.frombuffer(odd, x.dtype, count=x.size).reshape(x.shape) if x.size else x
        if x.size:
            odd = odd.copy() if not odd.flags.writeable else odd
            odd[...] = x
        return odd
    return x


def seen(x: np.ndarray, layout: str) -> tuple[np.ndarray, bool]:
    """Returns the float64 values of an array, and whether they are bytes."""
    # A list of Python's numbers has lost its uint8: they are integers in their own range.
    as_bytes = (x.dtype == np.uint8 and layout != "list") or x.dtype == bool
    wide = x.astype(np.float64) if x.dtype.kind != "V" else x.astype(np.float32).astype(np.float64)
    return (wide / 255 if x.dtype == np.uint8 and as_bytes else wide), bool(as_bytes)


@st.composite
def rows(draw: Any, shapes: Any, most: int = 9) -> Given:
    """Draws rows [N, *shape] of what users have, most of it numbers."""
    n = draw(st.integers(0, most))
    shape = draw(shapes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10.0 ** draw(st.integers(-6, 6))
    offset = draw(st.sampled_from([0.0, 0.0, 1.0, -3.0, 1e3, -1e5]))
    x = rng.normal(size=(n, *shape)) * scale + offset
    name = draw(st.sampled_from(NUMBERS + OTHERS))
    layout = draw(st.sampled_from(LAYOUTS))
    if name == "sparse" and x.size:
        flat = np.where(rng.random((n, x[0].size)) < 0.5, 0, x.reshape(n, -1))
        return Given(scipy.sparse.csr_array(flat), flat, sparse=True)
    if name in OTHERS:
        return Given(_strange(x, name), None)
    with np.errstate(all="ignore"):
        x = x.astype(kind(name))
    floating = "f" in name.removesuffix("fn")[:6] or name == "longdouble"
    if x.size and floating and draw(st.integers(0, 9)) == 0:
        bad = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
        with np.errstate(all="ignore"):
            x.reshape(-1)[draw(st.integers(0, x.size - 1))] = bad
    values, as_bytes = seen(x, layout)
    with np.errstate(over="ignore"):
        fits = np.isfinite(values).all() and np.isfinite(values.astype(np.float32)).all()
    return Given(laid_out(x, layout), values if fits and n else None, as_bytes)


def _strange(x: np.ndarray, name: str) -> Any:
    if name == "sparse":
        return scipy.sparse.csr_matrix((len(x), 0))
    if name == "masked":
        mask = np.zeros(x.shape, bool)
        mask.reshape(-1)[:1] = True
        return np.ma.masked_array(x, mask)
    if name == "ragged":
        return [[1.0], [1.0, 2.0]]
    if name == "none":
        return None
    if name == "str":
        return x.astype("U8")
    if name == "datetime64[D]":
        return np.zeros(x.shape, name)
    return x.astype(name)
