"""Recurrent cells in stacks, and the scan over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp

from aejax.nets.orthogonal import orthogonal
from aejax.types import Array


class Gru(nn.Module):
    """A gated recurrent unit, Cho et al. 2014, the reset gate after the product (Linen's GRUCell).

    All gates' kernels are one matrix: Linen's own cell has six, which compile four times as long.
    """

    width: int

    @nn.compact
    def __call__(self, h: Array, x: Array) -> tuple[Array, Array]:
        of_x = jnp.split(nn.Dense(3 * self.width, name="input")(x), 3, axis=-1)
        recurrent = nn.Dense(3 * self.width, kernel_init=orthogonal, name="state")
        of_h = jnp.split(recurrent(h), 3, axis=-1)
        reset, keep = nn.sigmoid(of_x[0] + of_h[0]), nn.sigmoid(of_x[1] + of_h[1])
        h = (1.0 - keep) * jnp.tanh(of_x[2] + reset * of_h[2]) + keep * h
        return h, h


class Lstm(nn.Module):
    """A long short-term memory cell, Hochreiter & Schmidhuber 1997 with a forget gate, likewise."""

    width: int

    @nn.compact
    def __call__(self, state: tuple[Array, Array], x: Array) -> tuple[tuple[Array, Array], Array]:
        c, h = state
        recurrent = nn.Dense(4 * self.width, kernel_init=orthogonal, name="state")
        gates = nn.Dense(4 * self.width, use_bias=False, name="input")(x) + recurrent(h)
        i, f, g, o = jnp.split(gates, 4, axis=-1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (c, h), h


class Cell(NamedTuple):
    """A cell, `cell(state, x) -> (state, y)`, and how many vectors make up its state."""

    module: Callable[..., nn.Module]
    carry: Callable[[Array], Any]  # [B, parts * width] -> the cell's state
    parts: int


CELLS: dict[str, Cell] = {
    "gru": Cell(Gru, lambda flat: flat, 1),
    "lstm": Cell(Lstm, lambda flat: tuple(jnp.split(flat, 2, axis=-1)), 2),
}


class Cells(nn.Module):
    """One time step of a stack of cells."""

    cell: str
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, states: tuple[Any, ...], x: Array) -> tuple[tuple[Any, ...], Array]:
        after = []
        for i, (width, state) in enumerate(zip(self.widths, states, strict=True)):
            state, x = CELLS[self.cell].module(width, name=f"{self.cell}_{i}")(state, x)
            after.append(state)
        return tuple(after), x


def state_size(cell: str, widths: tuple[int, ...]) -> int:
    """Returns how many numbers the states of a stack hold."""
    return CELLS[cell].parts * sum(widths)


def initial_states(cell: str, widths: tuple[int, ...], flat: Array) -> tuple[Any, ...]:
    """Returns the cells' states of one vector [B, state_size]."""
    states, at = [], 0
    for width in widths:
        size = CELLS[cell].parts * width
        states.append(CELLS[cell].carry(flat[:, at : at + size]))
        at += size
    return tuple(states)


def over_time(body: Any, length: int) -> Any:
    """Returns the module `(carry, xs [B, T, ...]) -> (carry, ys [B, T, ...])` of one step's module.

    Its parameters are the same at all steps.
    """
    return nn.scan(
        body,
        variable_broadcast="params",
        split_rngs={"params": False},
        in_axes=1,
        out_axes=1,
        length=length,
    )
