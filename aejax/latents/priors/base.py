"""What a prior is, and how it joins a latent space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aejax.hparams import HParam
from aejax.keys import stream
from aejax.types import Array, Hparams, LatentSpace, PyTree, Variables


class Prior(NamedTuple):
    """A distribution of codes z [B, L].

    `log_density(variables, z) -> [B]` in nats; `sample(variables, key, n) -> [n, L]`.
    `init(key) -> params` are its parameters, which it finds again by `own(variables)`; `extra`,
    `prepare` and `hparams` are as in `LatentSpace`, for hyper-parameters that evaluation
    and sampling need too.
    """

    log_density: Callable[[Variables, Array], Array]
    sample: Callable[[Variables, Array, int], Array]
    init: Callable[[Array], PyTree] | None = None
    extra: Mapping[str, Any] = {}
    prepare: Callable[[PyTree, Hparams, Array], PyTree] | None = None
    hparams: tuple[HParam, ...] = ()


def own(variables: Variables) -> PyTree:
    """Returns the prior's parameters."""
    return variables["params"].get("latent", {}).get("prior", {})


def with_prior(space: LatentSpace, prior: Prior) -> LatentSpace:
    """Returns `space` with another prior; posterior, size and what it has of its own stay."""

    def init(key: Array) -> Variables:
        inner = space.init(key) if space.init else {"params": {}, "extra": {}}
        params = prior.init(stream(key, "prior")) if prior.init else {}
        joined = inner["params"] | ({"prior": params} if params else {})
        return {"params": joined, "extra": {**inner["extra"], **prior.extra}}

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        for one in (space.prepare, prior.prepare):
            extra = one(extra, hp, step) if one else extra
        return extra

    return space._replace(
        prior=prior.sample,
        init=init,
        prepare=prepare,
        hparams=(*space.hparams, *prior.hparams),
        log_prior=prior.log_density,
    )
