"""FLOPs of products, against counts by hand."""

import jax
import jax.numpy as jnp
import pytest

from aejax.train.traces.cost import product_flops

A, B = jax.ShapeDtypeStruct((3, 5), "float32"), jax.ShapeDtypeStruct((5, 7), "float32")


def matmul(a, b):
    return a @ b


def test_a_product_counts_two_for_each_multiply_and_add():
    assert product_flops(matmul, A, B) == 2 * 3 * 5 * 7


def test_the_gradient_of_both_operands_takes_two_more():
    both = jax.grad(lambda a, b: jnp.sum(jnp.sin(a @ b)), argnums=(0, 1))
    assert product_flops(both, A, B) == 3 * 2 * 3 * 5 * 7


def test_a_scan_counts_each_turn_and_a_branch_the_dearest():
    def turns(a, b):
        return jax.lax.scan(lambda c, _: (c, a @ b), 0.0, None, length=11)[1]

    def branch(a, b):
        return jax.lax.cond(a[0, 0] > 0, lambda: a @ b, lambda: 2 * (a @ b) @ (b.T @ b))

    assert product_flops(turns, A, B) == 11 * 2 * 3 * 5 * 7
    assert product_flops(branch, A, B) == 2 * (3 * 5 * 7 + 7 * 5 * 7 + 3 * 7 * 7)


def test_vmap_and_jit_count_what_they_hold():
    many = jax.vmap(jax.jit(matmul))
    a, b = jax.ShapeDtypeStruct((4, 3, 5), "float32"), jax.ShapeDtypeStruct((4, 5, 7), "float32")
    assert product_flops(many, a, b) == 4 * 2 * 3 * 5 * 7


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_counts_its_taps_and_the_channels_of_its_group(groups):
    def conv(x, kernel):
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (1, 1),
            "VALID",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    x = jax.ShapeDtypeStruct((2, 8, 8, 4), "float32")
    kernel = jax.ShapeDtypeStruct((3, 3, 4 // groups, 6), "float32")
    assert product_flops(conv, x, kernel) == 2 * (2 * 6 * 6 * 6) * (3 * 3 * 4 // groups)
