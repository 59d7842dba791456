"""`@builder`: a model knows what built it, so that it can be saved and built again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec

from aejax.types import Autoencoder, Made

P = ParamSpec("P")


def builder(function: Callable[P, Autoencoder]) -> Callable[P, Autoencoder]:
    """Returns `function`, whose models record its name and arguments in `info.made`.

    For the package's builders and for the user's own: what `aejax.save` writes and `aejax.load`
    calls again. Where one builder calls another, the outer one is recorded.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> Autoencoder:
        model = function(*args, **kwargs)
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        made = Made(function.__name__, dict(given.arguments))
        return model.replace(info=model.info._replace(made=made))

    return recorded
