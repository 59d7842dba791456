"""Sequences drawn from a trained model, token after token."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from aejax import keys
from aejax.api.batched import over_rows
from aejax.api.fitted import Fitted
from aejax.errors import ConfigError, check_integer
from aejax.types import Array, Autoencoder, Variables


def _drawn(model: Autoencoder, variables: Variables, rows: Any, key: Array) -> Array:
    nets = model.info.nets
    assert nets.drawn is not None
    return model.info.likelihood.mean(nets.drawn(variables["params"], rows, key))


def draw_tokens(fitted: Fitted, n: int, *, codes: Any = None, seed: int = 0) -> np.ndarray:
    """Returns n sequences x ~ p(x | z), each token drawn given those before it: ids [n, T].

    `aejax.sample` and `aejax.decode` give the likeliest token at each step instead.

    Args:
      fitted: a trained sequence model of tokens whose decoder reads what came before.
      n: how many.
      codes: z, [n, L]; None: drawn from the prior.
      seed: of codes and tokens.

    Raises:
      ConfigError: another model, or n below 1.
    """
    n, seed = check_integer("n", n, 1), check_integer("seed", seed, 0)
    if fitted.model.info.nets.drawn is None:
        raise ConfigError(
            f"model {fitted.model.info.name!r} draws no tokens one after another. Allowed: "
            "sequence models of tokens whose decoder reads them, such as sentence_vae."
        )
    if codes is None:
        space = fitted.model.info.space
        assert space is not None
        assert space.prior is not None
        codes = space.prior(fitted.variables, keys.stream(jax.random.key(seed), "codes"), n)
    return over_rows(_drawn, fitted.model, fitted.variables, np.asarray(codes, np.float32), seed)
