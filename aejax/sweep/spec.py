"""Identity: what is static about a group, what is one member, and names that depend on values
alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from aejax.train.recipe import Recipe
from aejax.types import Autoencoder


def digest(value: Any, length: int = 10) -> str:
    """Returns hex digits of the SHA-256 of a value's JSON; independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


class Spec(NamedTuple):
    """Everything static: members of one Spec share one compiled program. Hashable."""

    model: str
    args: tuple[tuple[str, Any], ...]
    dataset: str
    data: str  # the data's fingerprint
    valid_fraction: float
    shape: tuple[int, ...]
    recipe: Recipe
    every: int

    def to_dict(self) -> dict[str, Any]:
        """Returns the spec as a row of results holds it."""
        return {
            "model": self.model,
            "args": {k: list(v) if isinstance(v, tuple) else v for k, v in self.args},
            "dataset": self.dataset,
            "data": self.data,
            "valid_fraction": self.valid_fraction,
            "shape": list(self.shape),
            **self.recipe._asdict(),
            "eval_every": self.every,
        }


class Member(NamedTuple):
    """One run: the traced hyper-parameters and the seed."""

    id: str
    hp: dict[str, float]
    seed: int


class Group(NamedTuple):
    """Members of one spec, in the plan's order; they train together."""

    id: str
    spec: Spec
    model: Autoencoder
    members: tuple[Member, ...]


def member_of(spec: Spec, hp: Mapping[str, float], seed: int) -> Member:
    """Returns the member; its id is a function of spec, hyper-parameters and seed."""
    hp = dict(sorted(hp.items()))
    return Member(digest([spec.to_dict(), hp, seed]), hp, seed)
