"""The models: one builder a file, and the table that finds them by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from aejax.errors import ConfigError, check_names, lookup
from aejax.models.contractive import contractive
from aejax.models.denoising import denoising
from aejax.models.linear import linear, linear_l2, linear_tied
from aejax.models.sparse import sparse_kl, sparse_l1
from aejax.models.undercomplete import undercomplete
from aejax.models.vae import vae
from aejax.types import Autoencoder

MODELS: dict[str, Callable[..., Autoencoder]] = {
    "contractive": contractive,
    "denoising": denoising,
    "linear": linear,
    "linear_l2": linear_l2,
    "linear_tied": linear_tied,
    "sparse_kl": sparse_kl,
    "sparse_l1": sparse_l1,
    "undercomplete": undercomplete,
    "vae": vae,
}


def arguments(name: str) -> dict[str, Any]:
    """Returns the names and defaults of a builder's arguments, `features` excepted."""
    parameters = inspect.signature(lookup("model", name, MODELS)).parameters
    return {key: p.default for key, p in parameters.items() if key != "features"}


def build(name: str, features: int | tuple[int, ...], args: Mapping[str, Any]) -> Autoencoder:
    """Builds a model by name.

    Raises:
      ConfigError: an unknown model or argument, or a value that the builder refuses.
    """
    builder = lookup("model", name, MODELS)
    check_names(f"argument of model {name!r}:", args, arguments(name))
    try:
        return builder(features, **args)
    except TypeError as error:  # a value of the wrong type, e.g. widths=3
        raise ConfigError(f"model {name!r} with {dict(args)!r}: {error}") from error


__all__ = ["MODELS", "arguments", "build", *MODELS]
