"""Products with rounded operands: every product, forward and backward, and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import fit, models
from aejax.data import load
from aejax.errors import ConfigError
from aejax.train.traces.precision import in_precision

RNG = np.random.default_rng(0)
W = jnp.asarray(RNG.normal(size=(6, 6)) / 3, jnp.float32)
X = jnp.asarray(RNG.normal(size=(5, 6)), jnp.float32)
rounded = lambda v: v.astype(jnp.bfloat16).astype(jnp.float32)


def test_operands_are_rounded_and_sums_are_not():
    """In float32, a product of two bfloat16 numbers is exact: rounding by hand does the same."""
    product = in_precision(lambda x, w: x @ w, "bfloat16")
    np.testing.assert_allclose(product(X, W), rounded(X) @ rounded(W), rtol=1e-6)
    assert not np.allclose(product(X, W), X @ W, rtol=1e-6)
    assert product(X, W).dtype == jnp.float32


def test_the_gradient_s_products_are_rounded_too():
    loss = lambda w: jnp.sum(jnp.sin(X @ w))
    slope = jnp.cos(rounded(X) @ rounded(W))
    expected = rounded(X).T @ rounded(slope)
    np.testing.assert_allclose(in_precision(jax.grad(loss), "bfloat16")(W), expected, rtol=1e-5)


INSIDE = {
    "scan": lambda w: jax.lax.scan(lambda c, _: (c @ w, None), X, None, length=3)[0],
    "cond": lambda w: jax.lax.cond(w[0, 0] > -9, lambda: X @ w, lambda: X),
    "while": lambda w: jax.lax.fori_loop(0, w[0, 0].astype(int) + 2, lambda _, c: c @ w, X),
    "jit": lambda w: jax.jit(jnp.matmul)(X, w),
    "checkpoint": lambda w: jax.checkpoint(jnp.matmul)(X, w),
    "custom_jvp": lambda w: jax.nn.relu(X @ w) + jax.nn.logsumexp(X @ w),
    "vmap": lambda w: jax.vmap(lambda x: x @ w)(X),
    "convolution": lambda w: jax.lax.conv(X[None, None], w[None, None], (1, 1), "SAME"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSIDE)
def test_products_inside_of_other_programs(name):
    trace = str(jax.make_jaxpr(in_precision(INSIDE[name], "bfloat16"))(W))
    assert "bf16" in trace
    np.testing.assert_allclose(
        in_precision(INSIDE[name], "bfloat16")(W), INSIDE[name](W), rtol=0.1, atol=0.05
    )
    members = jnp.stack([W, 2 * W])
    many = jax.jit(jax.vmap(in_precision(INSIDE[name], "bfloat16")))(members)
    np.testing.assert_allclose(many[0], in_precision(INSIDE[name], "bfloat16")(W), rtol=1e-4)


def test_float32_is_the_function_itself():
    assert in_precision(jnp.sin, "float32") is jnp.sin


def test_an_unknown_precision_is_named():
    with pytest.raises(ConfigError, match=r"precision='float16'.*bfloat16"):
        fit(models.undercomplete(6), np.zeros((32, 6)), steps=1, batch_size=8, precision="float16")


def test_training_reaches_nearly_the_same_loss():
    """The effect on the loss, shown: well below what another seed makes of it."""
    data = load("digits").train.reshape(-1, 64)
    reached = {
        (precision, seed): float(
            fit(
                models.undercomplete(64, latent=8, widths=(64,)),
                data,
                steps=600,
                seed=seed,
                precision=precision,
            ).history["loss"][-1]
        )
        for precision in ("float32", "bfloat16")
        for seed in (0, 1)
    }
    print(reached)
    effect = abs(reached["bfloat16", 0] - reached["float32", 0])
    assert 0 < effect < 0.02 * reached["float32", 0]
