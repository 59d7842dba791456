"""One suite a file: `run(context) -> [Case]`, and the table SUITES."""

from __future__ import annotations

from collections.abc import Callable

import jax

from aejax.benchmark.contest import Case
from aejax.benchmark.context import Bench
from aejax.benchmark.suites import (
    applications,
    conv,
    gpu,
    jacobian,
    mlp,
    nll,
    population,
    startup,
    stream,
)
from aejax.errors import lookup

SUITES: dict[str, Callable[[Bench], list[Case]]] = {
    "mlp": mlp.run,
    "conv": conv.run,
    "jacobian": jacobian.run,
    "population": population.run,
    "nll": nll.run,
    "startup": startup.run,
    "stream": stream.run,
    "applications": applications.run,
    "gpu": gpu.run,
}


def named(suite: str) -> list[str]:
    """Returns the suites of a name; `all` leaves out that of the other kind of device.

    Raises:
      ConfigError: an unknown name.
    """
    lookup("suite", suite, {**SUITES, "all": None})
    on_gpu = jax.default_backend() == "gpu"
    return [n for n in SUITES if on_gpu or n != "gpu"] if suite == "all" else [suite]
