"""Population programs compiled for machines that are not here: TPU topologies and CUDA."""

from aejax.benchmark.targets.machines import CUDA, TARGETS, Target, named
from aejax.benchmark.targets.programs import BATCH, MEMBERS, ROWS, Subject, measured
from aejax.benchmark.targets.record import markdown, read, versions, write
from aejax.benchmark.targets.watched import answers

__all__ = [
    "BATCH",
    "CUDA",
    "MEMBERS",
    "ROWS",
    "TARGETS",
    "Subject",
    "Target",
    "answers",
    "markdown",
    "measured",
    "named",
    "read",
    "versions",
    "write",
]
