"""Networks behind `(init, apply)`. The only folder that imports flax (a test holds it to that).

Linen and not NNX: its modules are frozen dataclasses whose `apply` is pure, which is what a
population needs (`jax.vmap` of `init` over keys, of `apply` over parameters).
"""

from aejax.nets.activations import ACTIVATIONS, INITIALISERS
from aejax.nets.dictionary import dictionary
from aejax.nets.mlp import mirrored, mlp, pair

__all__ = ["ACTIVATIONS", "INITIALISERS", "dictionary", "mirrored", "mlp", "pair"]
