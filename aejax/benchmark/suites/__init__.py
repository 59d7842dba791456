"""One suite a file: `run(context) -> [Case]`, and the table SUITES."""

from __future__ import annotations

from collections.abc import Callable

from aejax.benchmark.contest import Case
from aejax.benchmark.context import Context
from aejax.benchmark.suites import conv, jacobian, mlp, nll, population, startup

SUITES: dict[str, Callable[[Context], list[Case]]] = {
    "mlp": mlp.run,
    "conv": conv.run,
    "jacobian": jacobian.run,
    "population": population.run,
    "nll": nll.run,
    "startup": startup.run,
}
