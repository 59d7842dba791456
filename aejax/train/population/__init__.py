"""A population: members stacked on a leading axis, and what runs one function for all of them."""

from aejax.backend.cores import available_cores, use_cores
from aejax.train.population.choice import Cost, available_bytes, check_budget, choose, pick
from aejax.train.population.devices import SPLITS, described, parts, place, split, split_in, ways_of
from aejax.train.population.executors import EXECUTORS, execute
from aejax.train.population.stacked import (
    MemberFn,
    gathered,
    member,
    size,
    stack,
    stacked_shapes,
)

__all__ = [
    "EXECUTORS",
    "SPLITS",
    "Cost",
    "MemberFn",
    "available_bytes",
    "available_cores",
    "check_budget",
    "choose",
    "described",
    "execute",
    "gathered",
    "member",
    "parts",
    "pick",
    "place",
    "size",
    "split",
    "split_in",
    "stack",
    "stacked_shapes",
    "use_cores",
    "ways_of",
]
