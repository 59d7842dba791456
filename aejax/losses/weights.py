"""Penalties on weights: a property of the parameters, the same for every example."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.types import Array, Forward, Hparams, PyTree, Term


def half_squared_norm(params: PyTree) -> Array:
    """1/2 sum ||W||_F^2 over the leaves named `kernel`; biases are left alone."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    kernels = [leaf for path, leaf in leaves if path[-1] == jax.tree_util.DictKey("kernel")]
    return 0.5 * sum((jnp.sum(jnp.square(kernel)) for kernel in kernels), jnp.float32(0))


def l2_term(*groups: str) -> Term:
    """The term `l2`: `half_squared_norm` of these top-level groups of parameters, [B]."""

    def term(forward: Forward, hp: Hparams) -> Array:
        norm = half_squared_norm([forward.variables["params"][group] for group in groups])
        return jnp.broadcast_to(norm, forward.x.shape[:1])

    return term


def parameter_prior_term() -> Term:
    """The term `prior_nats`: -log N(theta; 0, I) / N up to its constant, the same for all [B].

    Kingma & Welling 2013, appendix F: maximum a posteriori, so that the sum over the N =
    hp["num_data"] examples has the prior once. Biases are parameters too.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        leaves = jax.tree.leaves(forward.variables["params"])
        total = 0.5 * sum((jnp.sum(jnp.square(leaf)) for leaf in leaves), jnp.float32(0))
        return jnp.broadcast_to(total / jnp.maximum(hp["num_data"], 1.0), forward.x.shape[:1])

    return term
