"""Each public function of arrays: the float64 oracle's value, or a ValueError of one line.

`AEJAX_EXAMPLES=20000 pytest tests/properties` tries more; the suite tries a few, always the same.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np

import aejax
from aejax.evaluate import baselines
from aejax.sklearn import AutoencoderTransformer
from tests.properties.arrays import Given, rows

FEATURES, LATENT = 6, 2
RNG = np.random.default_rng(0)


@functools.cache
def linear(low: float) -> aejax.Fitted:
    """An affine code and decoder, whose oracle is two products; trained on rows from `low`."""
    model = aejax.models.undercomplete(FEATURES, latent=LATENT, widths=(), likelihood="gaussian")
    x = RNG.random((16, FEATURES)).astype(np.float32) + np.float32(low)
    return aejax.fit(model, x, steps=3, batch_size=8, progress=False)


def weights(fitted: aejax.Fitted) -> tuple[np.ndarray, ...]:
    params = fitted.variables["params"]
    layers = (params["encoder"]["dense_0"], params["decoder"]["dense_0"])
    return tuple(np.asarray(w, np.float64) for p in layers for w in (p["kernel"], p["bias"]))


def refused(call: Any, lines: int = 1) -> str | None:
    """Returns the message of a ValueError of one line, or None where the call had a value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except ValueError as error:
        told = str(error)
    else:
        return None
    assert told
    assert len(told.split("\n")) <= lines
    return told


SHAPES = st.sampled_from([(FEATURES,)] * 6 + [(5,), (2, 3), (1,), (), (FEATURES, 1), (1, 2, 3)])


def expected(given: Given, fitted: aejax.Fitted) -> np.ndarray | None:
    """Returns the rows that a function is to see; None where it is to refuse them."""
    x = given.values
    if x is None or x.shape[1:] != (FEATURES,):
        return None
    if given.bytes and (fitted.scale.low < 0 or fitted.scale.high > 1):
        return None  # bytes are of [0, 1], and this model's rows are not
    return x


def close(got: np.ndarray, exact: np.ndarray, size: np.ndarray) -> None:
    """Compares with an error that float32 explains: `size` is the sum of the products' sizes."""
    assert got.shape == exact.shape
    assert (np.abs(got - exact) <= 2e-6 * size + 1e-6).all()


@hypothesis.given(given=rows(SHAPES), low=st.sampled_from([0.0, 5.0]))
def test_encode_reconstruct_and_score(given, low):
    fitted = linear(low)
    x = expected(given, fitted)
    if x is None:
        for function in (aejax.encode, aejax.reconstruct, aejax.score):
            assert refused(lambda f=function: f(fitted, given.array)), function
        return
    w, b, v, c = weights(fitted)
    x = x.astype(np.float32).astype(np.float64)
    hypothesis.assume(np.abs(x).max() < 1e15)  # squared errors beyond are infinite in float32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z = aejax.encode(fitted, given.array)
        again = aejax.reconstruct(fitted, given.array)
        error = aejax.score(fitted, given.array)["mse_per_image"]
    size = np.abs(x) @ np.abs(w) + np.abs(b)
    close(z, x @ w + b, size)
    wide = size @ np.abs(v) + np.abs(c)
    scale = 255 if given.bytes else 1
    close(again / scale, (x @ w + b) @ v + c, wide)
    exact = np.square((x @ w + b) @ v + c - x).sum(1)
    assert (np.abs(error - exact) <= 1e-5 * np.square(wide + np.abs(x)).sum(1) + 1e-6).all()


@hypothesis.given(given=rows(st.sampled_from([(LATENT,)] * 4 + [(1,), (3,), (), (LATENT, 1)])))
def test_decode(given):
    fitted = linear(0.0)
    good = given.values is not None and given.values.shape[1:] == (LATENT,)
    good = good and not given.sparse
    if not good:
        assert refused(lambda: aejax.decode(fitted, given.array))
        return
    _, _, v, c = weights(fitted)
    # Codes have no scale: bytes are the numbers that they are.
    z = np.asarray(given.values) * (255 if np.asarray(given.array).dtype == np.uint8 else 1)
    z = z.astype(np.float32).astype(np.float64)
    close(aejax.decode(fitted, given.array), z @ v + c, np.abs(z) @ np.abs(v) + np.abs(c))


@hypothesis.given(given=rows(SHAPES))
def test_fit_takes_what_the_others_take(given):
    """Of one step: what is refused is refused before anything is trained."""
    model = linear(0.0).model
    fit = lambda: aejax.fit(model, given.array, steps=1, batch_size=1, progress=False)
    x = given.values
    good = x is not None and x.shape[1:] == (FEATURES,)
    assert (refused(fit) is None) == good


@hypothesis.given(given=rows(st.just((4,))), rank=st.integers(1, 5))
def test_baselines(given, rank):
    """Of the rows that they are fitted to: there the error is one, whatever eigenvalues tie."""
    x = given.values
    if x is None or len(x) < 2:
        return
    x = x.astype(np.float32)
    found = baselines(x, x, rank)
    a = x.astype(np.float64)
    squares = np.square(np.linalg.svd(a - a.mean(0), compute_uv=False)) / len(a)
    np.testing.assert_allclose(found["mse_mean_image"], squares.sum(), rtol=1e-9, atol=1e-30)
    assert abs(found["mse_pca"] - squares[rank:].sum()) <= 1e-9 * squares.sum()


@hypothesis.given(given=rows(st.sampled_from([(4,), (4,), (3,), ()])))
def test_estimator(given):
    """scikit-learn's own checks come first, and its messages have several lines."""
    transformer = _transformer()
    if hasattr(given.array, "toarray"):
        return  # a TypeError, which scikit-learn's own tests ask for
    told = refused(lambda: transformer.transform(given.array), lines=99)
    x = given.values
    if x is None or x.shape[1:] != (4,) or told:
        return
    w, b, _, _ = weights(transformer.fitted_)
    x = (x * (255 if np.asarray(given.array).dtype == np.uint8 else 1)).astype(np.float32)
    x = x.astype(np.float64)
    close(transformer.transform(given.array), x @ w + b, np.abs(x) @ np.abs(w) + np.abs(b))


@functools.cache
def _transformer() -> AutoencoderTransformer:
    found = AutoencoderTransformer(latent=2, args={"widths": ()}, steps=1, random_state=0)
    return found.fit(RNG.random((8, 4)))
