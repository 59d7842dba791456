"""How well a dictionary was found whose directions are known."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np

from aejax import data
from aejax.data.synthetic import planted_directions

HOW = {"steps": 600, "batch_size": 128, "schedule": "cosine"}


@functools.cache
def planted():
    return data.load("planted_features")


def scores(model, variables) -> dict[str, float]:
    """Returns what the 2,000 test examples say of a model, each encoded by itself.

    cosine: of each planted direction with the nearest of the decoder's, on average; norm_ratio: of
    the lengths of reconstructions and examples; scale: that at which reconstructions would be
    nearest to the examples, 1 where nothing shrinks; active: units an example.
    """
    x = np.asarray(planted().test, np.float64)
    z = model.encode(variables, jnp.asarray(planted().test)).z
    out = np.asarray(model.decode(variables, z), np.float64)
    (layer,) = model.info.nets.decoder_layers(variables["params"])
    directions = np.asarray(layer.kernel, np.float64)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return {
        "cosine": (planted_directions() @ directions.T).max(1).mean(),
        "mse": np.square(x - out).sum(1).mean(),
        "norm_ratio": np.linalg.norm(out, axis=1).mean() / np.linalg.norm(x, axis=1).mean(),
        # Rajamanoharan et al. 2024a: the scale at which x_hat / scale is nearest to x.
        "scale": np.square(out).sum() / (out * x).sum(),
        "active": np.count_nonzero(z, axis=1).mean(),
    }
