"""MADE: a masked network whose i-th outputs see the inputs before i and nothing else.

Plain arrays, no module: many of them are stacked and scanned over by the flows.
"""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np

from aejax.errors import lookup
from aejax.keys import stream
from aejax.nets.activations import ACTIVATIONS, INITIALISERS, check_widths
from aejax.types import Array, Net, PyTree


def made_masks(size: int, widths: tuple[int, ...], outputs: int) -> list[np.ndarray]:
    """Masks of the kernels, [in, out] each. Germain et al. 2015, eq. 12 and 13.

    Input i has degree i = 1..L; a hidden unit of degree m = 0..L-1 sees what is of degree m or
    less; output i sees hidden units of degree below i. Degree 0 sees the context alone.
    """
    degrees = [np.arange(1, size + 1), *(np.arange(width) % size for width in widths)]
    masks = [
        (above[None, :] >= below[:, None]).astype(np.float32)
        for below, above in itertools.pairwise(degrees)
    ]
    last = (np.arange(1, size + 1)[None, :] > degrees[-1][:, None]).astype(np.float32)
    return [*masks, np.tile(last, (1, outputs))]


def made(
    size: int,
    widths: tuple[int, ...],
    *,
    outputs: int = 2,
    context: int = 0,
    activation: str = "elu",
) -> Net:
    """An autoregressive network [B, L] (and a context [B, C]) -> [B, outputs, L].

    Germain et al. 2015, in natural order, with the conditioning of Kingma 2016: the context enters
    the first layer of every unit. The last kernel starts small, so that all outputs start near 0.

    Args:
      size: L.
      widths: hidden widths; () leaves one masked affine layer.
      outputs: numbers emitted for each input.
      context: C; 0 for none.
      activation: of the hidden layers.

    Returns:
      Net whose `init(key, x)` reads no shape from x, and `apply(params, x, h)`, h [B, C].

    Raises:
      ConfigError: a width below 1, or an unknown activation.
    """
    widths, act = check_widths("flow_widths", widths), lookup("activation", activation, ACTIVATIONS)
    masks = made_masks(size, widths, outputs)
    last = len(masks) - 1

    def init(key: Array, x: Array) -> PyTree:
        params = {}
        for i, mask in enumerate(masks):
            kernel = INITIALISERS["lecun_normal" if i < last else "normal_0.01"]
            params[f"dense_{i}"] = {
                "kernel": kernel(stream(key, f"dense_{i}"), mask.shape, jnp.float32),
                "bias": jnp.zeros(mask.shape[1], jnp.float32),
            }
        if context:
            kernel = INITIALISERS["lecun_normal"]
            first = (context, masks[0].shape[1])
            params["context"] = {"kernel": kernel(stream(key, "context"), first, jnp.float32)}
        return params

    def apply(params: PyTree, x: Array, h: Array | None = None) -> Array:
        y = x
        for i, mask in enumerate(masks):
            layer = params[f"dense_{i}"]
            y = y @ (layer["kernel"] * mask) + layer["bias"][None, :]
            if context and i == 0:
                assert h is not None
                y = y + h @ params["context"]["kernel"]
            y = y if i == last else act(y)
        return y.reshape(*x.shape[:-1], outputs, size)

    return Net(init=init, apply=apply)
