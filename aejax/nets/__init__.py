"""Networks behind `(init, apply)`. The only folder that imports flax (a test holds it to that).

Linen and not NNX: its modules are frozen dataclasses whose `apply` is pure, which is what a
population needs (`jax.vmap` of `init` over keys, of `apply` over parameters).
"""

from aejax.nets.activations import ACTIVATIONS, INITIALISERS
from aejax.nets.choice import NETS, chosen
from aejax.nets.dense import mirrored, mlp, pair
from aejax.nets.dictionaries import dictionary

__all__ = ["ACTIVATIONS", "INITIALISERS", "NETS", "chosen", "dictionary", "mirrored", "mlp", "pair"]
