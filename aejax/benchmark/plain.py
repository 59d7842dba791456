"""JAX as a careful user writes it by hand, without this library: peers in the same process."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from aejax.benchmark.contest import Round
from aejax.train.compile import compile

Weights = dict[str, Any]


def loss_of(weights: Weights, x: Any) -> Any:
    """Bernoulli cross-entropy in nats per image of an MLP autoencoder w0, b0, w1, ..."""
    count, y = len(weights) // 2, x
    for i in range(count):
        y = y @ weights[f"w{i}"] + weights[f"b{i}"][None, :]
        if i not in (count // 2 - 1, count - 1):
            y = jnp.maximum(y, 0.0)
    return jnp.sum(jnp.maximum(y, 0) - y * x + jnp.log1p(jnp.exp(-jnp.abs(y)))) / len(x)


class Plain:
    """A hand-written loop over an MLP.

    Args:
      name: for the table.
      style: a name of STYLES.
      weights: w0, b0, w1, ...
      x: float32 [N, D], as the hand-written loop keeps its data.
      batch, steps, lr: of a round.
    """

    def __init__(
        self,
        name: str,
        style: str,
        weights: Weights,
        x: np.ndarray,
        *,
        batch: int,
        steps: int,
        lr: float,
    ):
        self.name, self.x, self.batch, self.steps = name, x, batch, steps
        self.tx = optax.adam(lr)
        self.weights = jax.tree.map(jnp.asarray, weights)
        self.state = self.tx.init(self.weights)
        self.rows = np.random.default_rng(0)
        self.compile_seconds = 0.0
        self._round = STYLES[style](self)

    def step(self, weights: Weights, state: Any, x: Any) -> tuple[Any, Any, Any]:
        """One step of Adam, as in Optax's first example."""
        loss, grads = jax.value_and_grad(loss_of)(weights, x)
        updates, state = self.tx.update(grads, state, weights)
        return optax.apply_updates(weights, updates), state, loss

    def compiled(self, fn: Any, *args: Any) -> Any:
        """Compiles ahead of time, so that no round pays for it."""
        program = compile(fn, *args, donate=(0, 1))
        self.compile_seconds += program.seconds
        return program.call

    def batches(self) -> np.ndarray:
        """Returns the rows [steps, batch] of a round."""
        orders = [
            self.rows.permutation(len(self.x))
            for _ in range(-(-self.steps * self.batch // len(self.x)))
        ]
        return np.concatenate(orders)[: self.steps * self.batch].reshape(self.steps, self.batch)

    def round(self) -> Round:
        """Trains `steps` steps."""
        begun = time.perf_counter()
        loss = float(self._round())
        return Round(time.perf_counter() - begun, loss)

    def close(self) -> dict[str, Any]:
        """Returns the seconds that compiling took."""
        return {"compile_seconds": self.compile_seconds}


def _step_by_step(plain: Plain, step: Any) -> Any:
    def run() -> Any:
        losses = []
        for rows in plain.batches():
            plain.weights, plain.state, loss = step(plain.weights, plain.state, plain.x[rows])
            losses.append(loss)
        return jnp.mean(jnp.stack(losses))

    return run


def eager(plain: Plain) -> Any:
    """Without jit, as in Flax's VAE example: every operation is sent on its own."""
    return _step_by_step(plain, plain.step)


def jitted(plain: Plain) -> Any:
    """One compiled step, called from Python with rows of a NumPy array."""
    x = jax.ShapeDtypeStruct((plain.batch, plain.x.shape[1]), jnp.float32)
    return _step_by_step(plain, plain.compiled(plain.step, plain.weights, plain.state, x))


def scanned(plain: Plain) -> Any:
    """A whole round in one `lax.scan`, the data on the device."""
    table = jnp.asarray(plain.x)

    def epoch(weights: Weights, state: Any, table: Any, rows: Any) -> Any:
        def body(carry: Any, rows: Any) -> Any:
            weights, state, loss = plain.step(carry[0], carry[1], table[rows])
            return (weights, state), loss

        (weights, state), losses = jax.lax.scan(body, (weights, state), rows)
        return weights, state, jnp.mean(losses)

    rows = jax.ShapeDtypeStruct((plain.steps, plain.batch), jnp.int32)
    program = plain.compiled(epoch, plain.weights, plain.state, table, rows)

    def run() -> Any:
        rows = jnp.asarray(plain.batches(), jnp.int32)
        plain.weights, plain.state, loss = program(plain.weights, plain.state, table, rows)
        return loss

    return run


STYLES = {"eager": eager, "jitted": jitted, "scanned": scanned}
