"""An affine layer whose bias costs little to train on a CPU."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from aejax.types import AnyArray, Array

# XLA sums a batch's gradients into that of a bias slowly on a CPU inside a training step: 4 % of
# that of seven layers, which a product with ones saves (benchmarks/NOTES.md).
SUMS_BY_PRODUCT = {"cpu"}
# Alone the two forms take as long as each other at any size (8 to 512 rows); the gain is that of
# the whole step of a large batch. Small ones keep the sum, which a population rounds as its members
# do one by one: line searches amplify the last bit.
FEWEST_ROWS = 64


@jax.custom_jvp
def _add_bias(x: AnyArray, bias: AnyArray) -> Array:
    return x + bias[None, :]


def _add_bias_jvp(primals, tangents):
    (x, bias), (d_x, d_bias) = primals, tangents
    zero = jax.custom_derivatives.SymbolicZero
    out = _add_bias(x, bias)
    if isinstance(d_bias, zero):
        return out, (jnp.zeros_like(out) if isinstance(d_x, zero) else d_x)
    spread = jnp.ones((x.shape[0], 1), x.dtype) @ d_bias[None, :]
    return out, (spread if isinstance(d_x, zero) else d_x + spread)


_add_bias.defjvp(_add_bias_jvp, symbolic_zeros=True)


def add_bias(x: AnyArray, bias: AnyArray) -> Array:
    """x [B, N] + bias [N], with the gradient that is fast on JAX's default backend."""
    large = x.shape[0] >= FEWEST_ROWS
    if large and jax.default_backend() in SUMS_BY_PRODUCT:
        return _add_bias(x, bias)
    return x + bias[None, :]


class Affine(nn.Module):
    """x [B, D] to x W + b [B, width]; parameters and their draws are those of Linen's Dense."""

    width: int
    kernel_init: nn.initializers.Initializer

    @nn.compact
    def __call__(self, x: Array) -> Array:
        kernel = self.param("kernel", self.kernel_init, (x.shape[-1], self.width))
        zeros = nn.initializers.zeros_init()
        return add_bias(x @ kernel, self.param("bias", zeros, (self.width,), jnp.float32))
