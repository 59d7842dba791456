"""Elementwise activations and weight initialisers by name."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError, check_size
from aejax.nets.orthogonal import orthogonal
from aejax.types import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda a: a,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda a: jax.nn.leaky_relu(a, 0.2),
    "softplus": jax.nn.softplus,
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "swish": jax.nn.swish,
}

# float32 by name: their default follows jax_enable_x64, and draws other numbers with it.
_initialisers = jax.nn.initializers
INITIALISERS: dict[str, Callable] = {
    "glorot_uniform": _initialisers.glorot_uniform(dtype=jnp.float32),
    "glorot_normal": _initialisers.glorot_normal(dtype=jnp.float32),
    "lecun_normal": _initialisers.lecun_normal(dtype=jnp.float32),
    "he_normal": _initialisers.he_normal(dtype=jnp.float32),
    "orthogonal": orthogonal,
    "normal_0.1": _initialisers.normal(0.1, jnp.float32),  # Hinton & Salakhutdinov's published code
    "normal_0.01": _initialisers.normal(0.01, jnp.float32),  # Kingma & Welling; Makhzani & Frey
}


def check_widths(field: str, widths: tuple[int, ...]) -> tuple[int, ...]:
    """Returns `widths` as a tuple of ints; raises ConfigError unless each is a positive integer."""
    values = tuple(widths)
    for value in values:
        try:
            check_size(field, value)
        except ConfigError as error:
            told = f"{field}={values!r} has {value!r}. Allowed: integers of 1 or more."
            raise ConfigError(told) from error
    return tuple(check_size(field, value) for value in values)
