"""An orthogonal initialiser of products alone.

The usual one takes a QR factorisation. Where members are drawn together it is a batched one, which
on a CPU waits, in a thread of the pool, for work that it has put into the same pool: two of them at
once on two cores wait for ever (jaxlib 0.10.2, seen in a recurrent network's parameters).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from aejax.types import AnyArray, Array

# Of a thousand square Gaussian matrices of a thousand rows one has a singular value below 5e-7 of
# its largest (Edelman 1988); 1.5^40 brings that to 1, and later steps square what is missing.
STEPS = 50


def orthogonal(key: AnyArray, shape: Sequence[int], dtype=jnp.float32) -> Array:
    """A uniformly distributed matrix of orthonormal rows or columns, whichever are fewer.

    The orthogonal factor of a Gaussian matrix's polar decomposition, X (X^T X)^(-1/2), is as
    uniform as that of its QR decomposition. Newton and Schulz's iteration finds it:
    X <- (3 X - X X^T X) / 2 (Higham 2008, Functions of Matrices, eq. 8.20).

    Args:
      key: a random key.
      shape: [..., D, W]; leading axes are rows, too, as in other initialisers.
      dtype: of the result.
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    x = jax.random.normal(key, (rows, columns), jnp.float32)
    # The largest singular value is near this, and may be up to sqrt(3) times as large.
    x = x / (math.sqrt(rows) + math.sqrt(columns))
    x = x if rows <= columns else x.T

    def step(_: int, x: Array) -> Array:
        with jax.default_matmul_precision("float32"):
            return 1.5 * x - 0.5 * (x @ x.T) @ x

    x = jax.lax.fori_loop(0, STEPS, step, x)
    return (x if rows <= columns else x.T).reshape(shape).astype(dtype)
