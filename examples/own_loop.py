"""The record's pure functions under your own jit, grad, vmap and jacfwd.

python examples/own_loop.py

`model.loss(variables, hp, x, key, step)` takes {"params", "extra"}; differentiate by params alone
and hand `aux.extra` on. The model is hashable, so that it can be a static argument.
"""

from __future__ import annotations

import sys
from functools import partial

import jax
import jax.numpy as jnp
import optax

import aejax


@partial(jax.jit, static_argnames=("model", "tx"))
def step(model, tx, variables, opt_state, hp, x, key, i):
    """One step of a user's own optimiser."""

    def loss(params):
        return model.loss({"params": params, "extra": variables["extra"]}, hp, x, key, i)

    (value, aux), grads = jax.value_and_grad(loss, has_aux=True)(variables["params"])
    updates, opt_state = tx.update(grads, opt_state, variables["params"])
    params = optax.apply_updates(variables["params"], updates)
    return {"params": params, "extra": aux.extra}, opt_state, value


def main(steps: int = 500) -> None:
    """Runs the example; `steps` are few in the tests."""
    x = aejax.to_float(jnp.asarray(aejax.data.load("digits").train))
    model = aejax.models.contractive(features=(8, 8, 1), latent=16)
    hp = {name: jnp.float32(value) for name, value in model.hparams.items()}
    tx, key = optax.adam(1e-3), jax.random.key(0)
    variables = model.init(key, x[:64])
    opt_state = tx.init(variables["params"])
    for i in range(steps):
        rows = jax.random.randint(jax.random.fold_in(key, i), (64,), 0, len(x))
        noise = jax.random.fold_in(key, steps + i)
        variables, opt_state, value = step(
            model, tx, variables, opt_state, hp, x[rows], noise, jnp.int32(i)
        )
    print("loss", float(value))

    # Seeds at once, and the encoder's Jacobian of one image.
    many = jax.vmap(lambda k: model.init(k, x[:64]))(jax.random.split(key, 3))
    codes = jax.vmap(lambda v: model.encode(v, x[:5]).mean)(many)
    jacobian = jax.jacfwd(lambda one: model.encode(variables, one[None]).mean[0])(x[0])
    print("three seeds", codes.shape, "Jacobian", jacobian.shape)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
