"""A penalty, its value and gradient, as a contestant."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from aejax.benchmark.contest import Lane, Round
from aejax.benchmark.trainer import EXAMPLES, FLOPS
from aejax.train.compile import compile
from aejax.train.traces.cost import product_flops


class Penalty:
    """Value and gradient of the penalty, `calls` times a round."""

    def __init__(self, name: str, fn: Any, params: Any, x: Any, calls: int):
        self.name, self.calls, self.args = name, calls, (params, x)
        program = compile(jax.value_and_grad(fn), params, x)
        self.call, self.compile_seconds = program.call, program.seconds
        self.peak_bytes = program.peak_bytes
        self.flops = product_flops(jax.value_and_grad(fn), params, x)

    def round(self) -> Round:
        """Takes value and gradient `calls` times."""
        begun, value = time.perf_counter(), jnp.nan
        for _ in range(self.calls):
            value, gradient = self.call(*self.args)
            jax.block_until_ready(gradient)
        return Round(time.perf_counter() - begun, float(value))

    def close(self) -> dict[str, Any]:
        """Returns the seconds of compiling and the program's bytes."""
        return {
            "compile_seconds": self.compile_seconds,
            "peak_bytes": self.peak_bytes,
            FLOPS: self.flops,
            EXAMPLES: len(self.args[1]),
        }


def per_call(lanes: Sequence[Lane], calls: Sequence[int]) -> list[Lane]:
    """Returns lanes of a race of one round's work with rates in calls: slow methods do fewer."""
    return [
        lane._replace(rates=lane.rates * count) for lane, count in zip(lanes, calls, strict=True)
    ]
