"""How an encoder contracts: Jacobian norms, singular values, and distances before and after."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax import keys
from aejax.conditions import check_unconditional
from aejax.losses.jacobian.chain import slopes
from aejax.losses.jacobian.norm import jacobians, squared_frobenius
from aejax.types import Array, Autoencoder, Dense, Variables

Encode = Callable[[Array], Array]  # x [B, *shape] -> code [B, L], example by example


def encoder_of(model: Autoencoder, variables: Variables) -> tuple[Encode, tuple[Dense, ...] | None]:
    """Returns the deterministic encoder, and the chain of affine layers that it is, if it is one.

    The chain is offered only where the code is what the chain computes: a latent space that splits
    or selects is another function.

    Raises:
      ConfigError: a model with a condition.
    """
    check_unconditional(model.info.nets.condition, "the contraction of an encoder")
    encode = lambda x: model.encode(variables, x).mean
    layers_of, space = model.info.nets.encoder_layers, model.info.space
    if layers_of is None or space is None or space.sparse or space.codes:
        return encode, None
    if space.outputs != space.size:
        return encode, None
    return encode, layers_of(variables["params"])


def jacobian_norms(model: Autoencoder, variables: Variables, x: Array) -> dict[str, Array]:
    """The encoder's Jacobian at each example, as one number in two units.

    Rifai et al. 2011 (ICML), table 1, prints norms of 1e-4 for 1000 sigmoid units: no Frobenius
    norm of such a matrix is so small, and the paper does not say by what it divides. Compare
    ratios between models, which no constant changes; a ratio of mean squared entries is the square
    of one of norms.

    Args:
      model: any model with a deterministic code.
      variables: of one member; vmap over members.
      x: [B, *shape].

    Returns:
      {"jacobian_norm": ||J||_F [B], "jacobian_sq_per_entry": ||J||_F^2 / (L D) [B]}.
    """
    encode, layers = encoder_of(model, variables)
    squared = squared_frobenius(encode, x, layers=layers)
    entries = jax.eval_shape(encode, x).shape[1] * x[0].size
    return {"jacobian_norm": jnp.sqrt(squared), "jacobian_sq_per_entry": squared / entries}


def _jacobian(encode: Encode, layers: tuple[Dense, ...] | None, x: Array) -> Array:
    """One example's Jacobian [L, D], float32; x [*shape]."""
    if layers is None:
        return jacobians(encode, x[None])[0]
    product = None
    for layer, slope in zip(layers, slopes(layers, x.reshape(1, -1)), strict=True):
        step = layer.kernel.T if slope is None else slope[0][:, None] * layer.kernel.T
        product = step if product is None else step @ product
    assert product is not None
    return product


def singular_values(model: Autoencoder, variables: Variables, x: Array) -> Array:
    """Singular values of the encoder's Jacobian at each example, greatest first.

    Their mean over examples is Rifai et al. 2011 (ICML), figure 2. One example at a time: the
    memory of one Jacobian, and a decomposition each (about 0.3 s for 1000 x 784 on a CPU core).

    Args:
      model, variables, x: as in `jacobian_norms`.

    Returns:
      [B, min(L, D)].
    """
    encode, layers = encoder_of(model, variables)
    with jax.default_matmul_precision("float32"):
        return jax.lax.map(
            lambda v: jnp.linalg.svd(_jacobian(encode, layers, v), compute_uv=False), x
        )


def directions_kept(values: Array, share: float = 0.1) -> Array:
    """How many singular values [B, K] are above `share` of the example's greatest: [B], int32."""
    return jnp.sum(values > share * values[:, :1], axis=1)


def contraction_curve(
    model: Autoencoder,
    variables: Variables,
    x: Array,
    radii: Array,
    key: Array,
    directions: int = 1,
) -> Array:
    """||f(x + r v) - f(x)|| / r for random unit vectors v. Rifai et al. 2011 (ICML), figure 1.

    At r -> 0 its root mean square is ||J_f(x)||_F / sqrt(D). The points at distance r are those of
    the whole sphere, inside the data's range or not.

    Args:
      model, variables, x: as in `jacobian_norms`.
      radii: [R], positive.
      key: of the directions; the same ones at every radius, so that a curve is smooth.
      directions: random directions an example.

    Returns:
      [R, B], the mean over directions.
    """
    encode, _ = encoder_of(model, variables)
    code, rows = encode(x), x.reshape(x.shape[0], -1)

    def one(i: Array) -> Array:
        v = jax.random.normal(keys.at(key, "contraction", i), rows.shape)
        v = v / jnp.linalg.norm(v, axis=1, keepdims=True)

        def at(radius: Array) -> Array:
            moved = encode((rows + radius * v).reshape(x.shape))
            return jnp.linalg.norm(moved - code, axis=1) / radius

        return jax.lax.map(at, radii)

    with jax.default_matmul_precision("float32"):
        return jax.lax.map(one, jnp.arange(directions)).mean(0)


def saturation(code: Array, low: float = 0.05, high: float = 0.95) -> Array:
    """The fraction of an example's units below `low` or above `high`: [B, L] -> [B].

    Rifai et al. 2011 (ICML), table 1, column SAT, of units in [0, 1]; the paper averages over
    examples and says of the thresholds that a unit is saturated below .05 or above .95.
    """
    return jnp.mean(((code < low) | (code > high)).astype(jnp.float32), axis=1)
