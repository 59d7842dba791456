"""Convolutions against lax's own, in value, gradients and both modes; group norm against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from aejax.errors import ConfigError
from aejax.nets import conv as ours
from aejax.nets.activations import INITIALISERS
from aejax.nets.group_norm import group_norm

NUMBERS = ("NHWC", "HWIO", "NHWC")
# image, kernel, stride, padding, dilation: odd sizes, kernels wider than high, strides over the
# kernel, pads that crop, dilation by axis.
CASES = [
    ((7, 9), (3, 3), (1, 1), "SAME", (1, 1)),
    ((7, 9), (4, 4), (2, 2), "SAME", (1, 1)),
    ((8, 5), (2, 5), (2, 2), "VALID", (1, 1)),
    ((8, 5), (3, 3), (1, 1), "SAME", (2, 2)),
    ((9, 11), (3, 2), (3, 2), "SAME", (1, 3)),
    ((6, 6), (1, 1), (3, 3), "VALID", (1, 1)),
    ((6, 7), (4, 3), (2, 1), ((1, 2), (0, 3)), (1, 1)),
    ((6, 7), (3, 3), (1, 2), ((2, -1), (-1, 0)), (2, 1)),
]


def random(seed: int, shape: tuple[int, ...]) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def operands(case):
    (h, w), (kh, kw), *_ = case
    return random(0, (2, h, w, 3)), random(1, (kh, kw, 3, 4)) / (3 * kh * kw) ** 0.5


def assert_same_value_and_gradients(f, g, x, kernel):
    def both(x, kernel):
        def scalar(fn):
            return lambda x, kernel: jnp.sum(jnp.sin(fn(x, kernel)))

        return [(fn(x, kernel), jax.grad(scalar(fn), (0, 1))(x, kernel)) for fn in (f, g)]

    one, two = jax.jit(both)(x, kernel)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def in_layout(name, convolution, x, *args):
    layout = ours.LAYOUTS[name]
    return layout.leave(convolution(layout.enter(x), *args, layout=layout))


@pytest.mark.parametrize("layout", sorted(ours.LAYOUTS))
@pytest.mark.parametrize("case", CASES, ids=str)
def test_conv_equals_lax(case, layout):
    _, _, stride, padding, dilation = case
    assert_same_value_and_gradients(
        lambda x, k: in_layout(layout, ours.conv, x, k, stride, padding, dilation),
        lambda x, k: lax.conv_general_dilated(
            x, k, stride, padding, rhs_dilation=dilation, dimension_numbers=NUMBERS
        ),
        *operands(case),
    )


@pytest.mark.parametrize("layout", sorted(ours.LAYOUTS))
@pytest.mark.parametrize("case", CASES, ids=str)
def test_conv_transpose_equals_lax(case, layout):
    _, _, stride, padding, dilation = case
    assert_same_value_and_gradients(
        lambda x, k: in_layout(layout, ours.conv_transpose, x, k, stride, padding, dilation),
        lambda x, k: lax.conv_transpose(
            x, k, stride, padding, rhs_dilation=dilation, dimension_numbers=NUMBERS
        ),
        *operands(case),
    )


def test_a_kernel_that_fits_nowhere_gives_no_pixels_as_in_lax():
    x, kernel = random(0, (1, 3, 5, 2)), random(1, (4, 4, 2, 3))
    want = lax.conv_general_dilated(x, kernel, (2, 2), "VALID", dimension_numbers=NUMBERS)
    assert ours.conv(x, kernel, 2, "VALID").shape == want.shape == (1, 0, 1, 3)


@pytest.mark.parametrize("sizes", [(7, 9), (28, 20)])
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(4, 2, 1), (3, 3, 1), (3, 2, 2)])
def test_mirrored_transpose_is_the_adjoint_of_the_convolution(sizes, kernel, stride, dilation):
    """<conv(x), y> = <x, conv_transpose(y)>, and the size comes back, odd or even."""
    x, weights = random(0, (2, *sizes, 3)), random(1, (kernel, kernel, 3, 5))
    forth = ours.conv(x, weights, stride, "SAME", dilation)
    assert forth.shape[1:3] == tuple(ours.conv_size(n, kernel, stride, dilation) for n in sizes)
    y = random(2, forth.shape)
    pads = ours.mirror_padding(sizes, kernel, stride, dilation=dilation)
    back = ours.conv_transpose(y, ours.flipped(weights), stride, pads, dilation)
    assert back.shape == x.shape
    np.testing.assert_allclose(jnp.vdot(forth, y), jnp.vdot(x, back), rtol=1e-4)


def test_forward_and_reverse_mode_agree():
    """Jacobian penalties need both, and a custom gradient rule would have one only."""
    kernels = [random(1, (3, 3, 2, 4)) / 4, random(2, (4, 4, 4, 2)) / 6]

    def f(x):
        h = jnp.tanh(ours.conv(x[None], kernels[0], 2))
        return ours.conv_transpose(h, kernels[1], 2)[0].reshape(-1)

    x = random(0, (5, 6, 2))
    forward, reverse = jax.jit(lambda x: (jax.jacfwd(f)(x), jax.jacrev(f)(x)))(x)
    assert forward.shape == (6 * 6 * 2, 5, 6, 2)
    np.testing.assert_allclose(forward, reverse, atol=1e-6)


def test_second_derivatives_equal_laxs():
    """Forward over reverse, by the kernel and the image at once: curvature penalties need it."""
    x, kernel = random(0, (1, 3, 4, 1)), random(1, (2, 2, 1, 2))

    def hessian(convolution):
        def f(both):
            h = convolution(both[:12].reshape(x.shape), both[12:].reshape(kernel.shape))
            return jnp.sum(jnp.sin(h))

        return jax.hessian(f)(jnp.concatenate([x.reshape(-1), kernel.reshape(-1)]))

    def lax_conv(x, k):
        return lax.conv_general_dilated(x, k, (2, 2), "SAME", dimension_numbers=NUMBERS)

    got, want = jax.jit(lambda: (hessian(lambda x, k: ours.conv(x, k, 2)), hessian(lax_conv)))()
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_a_population_of_kernels_equals_its_members():
    x, kernels = random(0, (2, 6, 5, 2)), random(1, (3, 3, 3, 2, 4))
    together = jax.vmap(lambda k: ours.conv(x, k, 2))(kernels)
    for kernel, each in zip(kernels, together, strict=True):
        np.testing.assert_allclose(each, ours.conv(x, kernel, 2), atol=1e-5)


def test_an_unknown_padding_is_named():
    with pytest.raises(ConfigError, match=r"padding='SAM' is unknown.*SAME"):
        ours.conv(jnp.ones((1, 4, 4, 1)), jnp.ones((2, 2, 1, 1)), 1, "SAM")
    with pytest.raises(ConfigError, match="padding='full' is unknown"):
        ours.conv_transpose(jnp.ones((1, 4, 4, 1)), jnp.ones((2, 2, 1, 1)), 1, "full")


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_equals_numpys_formula(groups):
    x, scale, bias = random(0, (3, 4, 5, 6)) * 3 + 2, random(1, (6,)), random(2, (6,))
    want = np.zeros(x.shape)
    width = 6 // groups
    for b in range(3):
        for g in range(groups):
            at = slice(g * width, (g + 1) * width)
            part = np.asarray(x[b, :, :, at], np.float64)
            want[b, :, :, at] = (part - part.mean()) / np.sqrt(part.var() + 1e-5)
    want = want * np.asarray(scale) + np.asarray(bias)
    np.testing.assert_allclose(group_norm(x, scale, bias, groups), want, atol=2e-5)
    last = ours.LAYOUTS["batch_last"]
    got = last.leave(group_norm(last.enter(x), scale, bias, groups, layout=last))
    np.testing.assert_allclose(got, want, atol=2e-5)


def test_group_norm_of_a_constant_image_is_finite_with_its_gradient():
    one = jnp.ones((4,))
    grad = jax.grad(lambda x: jnp.sum(group_norm(x, one, one, 2) ** 2))(jnp.ones((1, 3, 3, 4)))
    assert np.isfinite(grad).all()


@pytest.mark.parametrize("init", sorted(INITIALISERS))
def test_kernels_drawn_as_matrices_have_the_initialisers_spread(init):
    """24,576 draws: a standard deviation of .5 % of the spread; four of them allowed."""
    shape = (4, 4, 24, 64)
    kernel = ours.draw_kernel(init, jax.random.key(0), shape)
    want = INITIALISERS[init](jax.random.key(1), (4 * 4 * 24, 64) if "orth" in init else shape)
    assert kernel.shape == shape
    np.testing.assert_allclose(float(kernel.std()), float(want.std()), rtol=0.03)
