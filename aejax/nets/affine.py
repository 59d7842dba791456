"""An affine layer whose bias costs little to train on a CPU."""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp

from aejax.backend.bias import add_bias
from aejax.types import Array


class Affine(nn.Module):
    """x [B, D] to x W + b [B, width]; parameters and their draws are those of Linen's Dense."""

    width: int
    kernel_init: nn.initializers.Initializer

    @nn.compact
    def __call__(self, x: Array) -> Array:
        kernel = self.param("kernel", self.kernel_init, (x.shape[-1], self.width))
        zeros = nn.initializers.zeros_init()
        return add_bias(x @ kernel, self.param("bias", zeros, (self.width,), jnp.float32))
