"""The squared Frobenius norm of a Jacobian per example, by five methods behind one name.

| method | exact | needs | cost of one example beside one forward pass |
|---|---|---|---|
| `jacfwd` | yes | any f with a forward mode | D tangents through f: for tall Jacobians, decoders |
| `jacrev` | yes | any f | L cotangents through f: for wide Jacobians, encoders |
| `gram` | yes | two or more affine layers | no D in it, and no L where the output is linear |
| `closed_form` | yes | one affine layer | H |
| `hutchinson` | unbiased | a key | one tangent or cotangent a probe |

`auto` takes the cheapest exact one by `jacobian_cost.costs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError, check_at_least, lookup
from aejax.losses.jacobian.chain import chain_norm, layer_norm, slopes
from aejax.losses.jacobian.cost import EXACT, chain_widths, costs
from aejax.types import AnyArray, Array, Dense


class Problem(NamedTuple):
    """What the methods are asked: the norm of f's Jacobian at each example of x."""

    f: Callable[[Array], Array]  # [B, *shape] -> [B, L], example by example
    x: Array  # [B, *shape]
    layers: tuple[Dense, ...] | None = None  # the chain that f equals
    key: Array | None = None
    probes: int = 1


def jacobians(f: Callable[[Array], Array], x: AnyArray, method: str = "jacrev") -> Array:
    """The Jacobian of every example, [B, L, D]: for tests, spectra and small problems.

    One example at a time, under vmap: the Jacobian of the batched function would be [B, L, B, D].

    Args:
      f: [B, *shape] -> [B, L], example by example.
      x: [B, *shape].
      method: jacfwd (memory D times f's) or jacrev (L times).

    Raises:
      ConfigError: another method.
    """
    transform = lookup("method", method, {"jacfwd": jax.jacfwd, "jacrev": jax.jacrev})

    def single(v: AnyArray) -> Array:
        return f(v[None]).reshape(-1)

    return jax.vmap(lambda v: transform(single)(v).reshape(-1, v.size))(x)


def _by_autodiff(method: str) -> Callable[[Problem], Array]:
    return lambda p: jnp.sum(jnp.square(jacobians(p.f, p.x, method)), axis=(1, 2))


def _gram(p: Problem) -> Array:
    assert p.layers is not None
    return chain_norm(p.layers, _flat(p.x))


def _closed_form(p: Problem) -> Array:
    assert p.layers is not None
    (slope,) = slopes(p.layers, _flat(p.x))
    return layer_norm(p.layers[0], slope, p.x.shape[0])


def _hutchinson(p: Problem) -> Array:
    assert p.key is not None
    return hutchinson(p.f, p.x, p.key, probes=p.probes)


METHODS: dict[str, Callable[[Problem], Array]] = {
    "jacfwd": _by_autodiff("jacfwd"),
    "jacrev": _by_autodiff("jacrev"),
    "gram": _gram,
    "closed_form": _closed_form,
    "hutchinson": _hutchinson,
}

# What `gram` and `closed_form` ask of the chain: fewest and most layers, and in words.
_CHAINS = {"gram": (2, float("inf"), "two or more"), "closed_form": (1, 1, "exactly one")}


def check_method(
    method: str, *, probes: int, has_layers: bool, has_key: bool, depth: int | None = None
) -> None:
    """Raises ConfigError for a method that is unknown or lacks what it needs.

    Args:
      method: `auto` or a name of METHODS.
      probes: number of random directions.
      has_layers: whether f is known as a chain of layers.
      has_key: whether there is a random key.
      depth: number of layers, None where it is not known yet.
    """
    lookup("method", method, {"auto": None, **METHODS})
    check_at_least("probes", probes, 1)
    others = "Allowed: auto, jacfwd, jacrev, hutchinson."
    if method in _CHAINS:
        low, high, words = _CHAINS[method]
        if not has_layers:
            raise ConfigError(
                f"method={method!r} needs the chain of affine layers, and layers=None. {others}"
            )
        if depth is not None and not low <= depth <= high:
            other = next(name for name in _CHAINS if name != method)
            raise ConfigError(
                f"method={method!r} needs {words} affine layers, not {depth}. "
                f"Did you mean {other!r}? {others}"
            )
    if method == "hutchinson" and not has_key:
        raise ConfigError(
            "method='hutchinson' needs a random key, and key=None. Allowed: a jax key."
        )


def squared_frobenius(
    f: Callable[[Array], Array],
    x: AnyArray,
    *,
    method: str = "auto",
    layers: tuple[Dense, ...] | None = None,
    key: AnyArray | None = None,
    probes: int = 1,
) -> Array:
    """||J_f(x)||_F^2 per example: the contractive penalty. Rifai et al. 2011 (ICML), eq. 1.

    Products are in float32 whatever the ambient precision (TF32, bfloat16).

    Args:
      f: [B, *shape] -> [B, L], acting example by example (no batch statistics).
      x: [B, *shape].
      method: `auto` (the cheapest exact one), or a name of METHODS.
      layers: the chain of affine layers that f is equal to; None for anything else. It is not
        checked against f.
      key: a random key, for `hutchinson`.
      probes: number of `hutchinson`'s random directions.

    Returns:
      [B], in squared units of f per squared unit of x.

    Raises:
      ConfigError: an unknown method, one that lacks its layers or key, probes below 1, or layers
        whose sizes are not those of x.
    """
    check_method(
        method,
        probes=probes,
        has_layers=bool(layers),
        has_key=key is not None,
        depth=len(layers) if layers else None,
    )
    in_size = x[0].size
    if layers and chain_widths(layers)[0] != in_size:
        raise ConfigError(
            f"layers[0].kernel has shape {layers[0].kernel.shape}, but an example of x has "
            f"{in_size} numbers. Allowed: [{in_size}, H]."
        )
    if method == "auto":
        method = cheapest(f, x, layers)
    with jax.default_matmul_precision("float32"):
        return METHODS[method](Problem(f, x, layers, key, probes))


def cheapest(
    f: Callable[[Array], Array], x: AnyArray, layers: tuple[Dense, ...] | None = None
) -> str:
    """The exact method that `auto` takes for these shapes: the smallest entry of `costs`."""
    out_size = chain_widths(layers)[-1] if layers else jax.eval_shape(f, x).size // x.shape[0]
    table = costs(layers, x[0].size, out_size, batch=x.shape[0])
    return min((name for name in EXACT if name in table), key=table.__getitem__)


def hutchinson(
    f: Callable[[Array], Array],
    x: AnyArray,
    key: AnyArray,
    *,
    probes: int = 1,
    direction: str = "auto",
    noise: str = "rademacher",
) -> Array:
    """An unbiased estimate of ||J_f(x)||_F^2 per example. Hutchinson 1990, for tr(J^T J).

    Equation: the mean over probes v of ||J v||^2 (`jvp`, v of x's size) or ||J^T v||^2 (`vjp`, v of
    f(x)'s size), E[v v^T] = I. With Gaussian v the variance of one probe is 2 ||J^T J||_F^2, the
    same both ways; with Rademacher v it is that less 2 sum_i (J^T J)_ii^2 (or (J J^T)_ii).

    Args:
      f: [B, *shape] -> [B, L], acting example by example.
      x: [B, *shape].
      key: a random key; every example and probe has its own direction.
      probes: number of directions; the variance falls as 1 / probes.
      direction: jvp, vjp, or auto: the one whose probe enters at the larger end. There it meets
        the largest kernel first, as a constant, which the gradient need not pass.
      noise: rademacher or gaussian.

    Returns:
      [B], none negative.

    Raises:
      ConfigError: an unknown direction or noise, or probes below 1.
    """
    check_at_least("probes", probes, 1)
    draw = lookup(
        "noise", noise, {"rademacher": jax.random.rademacher, "gaussian": jax.random.normal}
    )
    lookup("direction", direction, {"auto": None, **_DIRECTIONS})
    if direction == "auto":
        direction = "jvp" if x.size >= jax.eval_shape(f, x).size else "vjp"
    with jax.default_matmul_precision("float32"):
        push, like = _DIRECTIONS[direction](f, x)
        pushed = jax.vmap(push)(draw(key, (probes, *like.shape), like.dtype))
    return jnp.mean(jnp.sum(jnp.square(pushed.reshape(probes, x.shape[0], -1)), axis=2), axis=0)


def _forward(f: Callable[[Array], Array], x: AnyArray) -> tuple[Callable[[Array], Array], Array]:
    return jax.linearize(f, x)[1], x


def _reverse(f: Callable[[Array], Array], x: AnyArray) -> tuple[Callable[[Array], Array], Array]:
    y, pull = jax.vjp(f, x)
    return lambda v: pull(v)[0], y


_DIRECTIONS = {"jvp": _forward, "vjp": _reverse}


def _flat(x: AnyArray) -> Array:
    return x.reshape(x.shape[0], -1)
