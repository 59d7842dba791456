"""One suite a file: `run(context) -> [Case]`, and the table SUITES."""

from __future__ import annotations

from collections.abc import Callable

from aejax.benchmark.contest import Case
from aejax.benchmark.context import Context
from aejax.benchmark.suites import jacobian, mlp, population

SUITES: dict[str, Callable[[Context], list[Case]]] = {
    "mlp": mlp.run,
    "jacobian": jacobian.run,
    "population": population.run,
}
