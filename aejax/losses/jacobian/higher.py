"""The second-order contractive penalty: how far the Jacobian moves when the input does."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError, check_at_least, lookup
from aejax.losses.jacobian.chain import Slopes, contract, gram, layer_norm, quadratic, slopes
from aejax.losses.jacobian.cost import chain_widths, change_costs, curved, one_bend, plan
from aejax.losses.jacobian.norm import cheapest, jacobians
from aejax.types import AnyArray, Array, Dense

Distance = Callable[[Array], Array]  # x' [B, *shape] -> ||J(x) - J(x')||_F^2 [B]


def higher_order(
    f: Callable[[Array], Array],
    x: AnyArray,
    *,
    key: AnyArray,
    sigma: AnyArray | float,
    n_samples: int = 1,
    method: str = "auto",
    layers: tuple[Dense, ...] | None = None,
) -> Array:
    """E_eps ||J_f(x) - J_f(x + eps)||_F^2 per example. Rifai et al. 2011 (ECML), CAE+H.

    eps ~ N(0, sigma^2 I): the expectation is a mean over `n_samples` draws, each computed exactly;
    for small sigma it is sigma^2 times the squared norm of the Hessian.

    Args:
      f: [B, *shape] -> [B, L], acting example by example.
      x: [B, *shape].
      key: a random key.
      sigma: standard deviation of the displacement, a traced scalar.
      n_samples: draws per example.
      method: chain (needs layers), jacfwd, jacrev, or auto: the cheapest that applies.
      layers: the chain of affine layers that f is equal to, or None.

    Returns:
      [B], in squared units of f per squared unit of x.

    Raises:
      ConfigError: an unknown method, `chain` without layers, or n_samples below 1.
    """
    check_higher_order(method, n_samples, bool(layers))
    if method == "auto":
        method = cheapest_change(f, x, layers)
    with jax.default_matmul_precision("float32"):
        distance = HIGHER_ORDER[method](f, x, layers)
        noise = sigma * jax.random.normal(key, (n_samples, *x.shape), x.dtype)
        return jnp.mean(jax.vmap(lambda eps: distance(x + eps))(noise), axis=0)


def cheapest_change(
    f: Callable[[Array], Array], x: AnyArray, layers: tuple[Dense, ...] | None = None
) -> str:
    """The exact method that `auto` takes: the smallest entry of `change_costs`."""
    if not layers:
        return cheapest(f, x)
    table = change_costs(layers, x[0].size, chain_widths(layers)[-1], batch=x.shape[0])
    return min(table, key=table.__getitem__)


def check_higher_order(method: str, n_samples: int, has_layers: bool) -> None:
    """Raises ConfigError for an unknown method, `chain` without layers, or n_samples below 1."""
    lookup("method", method, {"auto": None, **HIGHER_ORDER})
    check_at_least("n_samples", n_samples, 1)
    if method == "chain" and not has_layers:
        raise ConfigError(
            "method='chain' needs the chain of affine layers, and layers=None. "
            "Allowed: auto, jacfwd, jacrev."
        )


def _by_autodiff(method: str):
    def distance_from(f: Callable[[Array], Array], x: AnyArray, layers: None) -> Distance:
        here = jacobians(f, x, method)
        return lambda y: jnp.sum(jnp.square(here - jacobians(f, y, method)), axis=(1, 2))

    return distance_from


def _by_chain(
    f: Callable[[Array], Array] | None, x: AnyArray, layers: tuple[Dense, ...]
) -> Distance:
    """Differences of slopes or small matrices, never of norms, which would cancel."""
    if one_bend(layers):
        return _one_bend(x, layers)
    return (_one_layer if len(layers) == 1 else _many_layers)(x, layers)


def _flat(x: AnyArray) -> Array:
    return x.reshape(x.shape[0], -1)


def _apart(here: Slopes, there: Slopes) -> Slopes:
    pairs = zip(here, there, strict=True)
    return tuple(None if a is None or b is None else a - b for a, b in pairs)


def _one_layer(x: AnyArray, layers: tuple[Dense, ...]) -> Distance:
    """J - J' = diag(d - d') W^T: Rifai's closed form with the difference of the slopes for d."""
    here = slopes(layers, _flat(x))

    def distance(y: AnyArray) -> Array:
        (slope,) = _apart(here, slopes(layers, _flat(y)))
        if slope is None:
            return jnp.zeros(x.shape[:1], x.dtype)
        return layer_norm(layers[0], slope, x.shape[0])

    return distance


def _one_bend(x: AnyArray, layers: tuple[Dense, ...]) -> Distance:
    """Where one inner layer alone is curved, J is linear in its slopes: so is the difference."""
    here = slopes(layers, _flat(x))
    route = plan(chain_widths(layers), curved(layers), x.shape[0])
    return lambda y: contract(layers, _apart(here, slopes(layers, _flat(y))), route, x.shape[0])


def _many_layers(x: AnyArray, layers: tuple[Dense, ...]) -> Distance:
    """J - J' = (A - A') W_1^T, with A the Jacobian of the output in the first pre-activation."""
    first = layers[0].kernel
    wide = first.shape[0] > first.shape[1]
    shared = gram(first) if wide else first.T

    def after_first(y: AnyArray) -> Array:  # A, [B, L, H_1]
        found = slopes(layers, _flat(y))
        rows = layers[-1].kernel.T[None]
        rows = rows if found[-1] is None else rows * found[-1][:, :, None]
        for slope, layer in zip(found[-2:0:-1], layers[-2:0:-1], strict=True):
            rows = rows if slope is None else rows * slope[:, None, :]
            rows = rows @ layer.kernel.T
        return rows if found[0] is None else rows * found[0][:, None, :]

    here = after_first(x)

    def distance(y: AnyArray) -> Array:
        apart = jnp.broadcast_to(here - after_first(y), (x.shape[0], *here.shape[1:]))
        if wide:
            return jnp.sum(quadratic(apart, jnp.ones_like(apart[:, 0]), shared), axis=1)
        return jnp.sum(jnp.square(apart @ shared), axis=(1, 2))

    return distance


HIGHER_ORDER: dict[str, Callable[..., Distance]] = {
    "jacfwd": _by_autodiff("jacfwd"),
    "jacrev": _by_autodiff("jacrev"),
    "chain": _by_chain,
}
