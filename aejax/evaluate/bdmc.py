"""Bidirectional Monte Carlo: log p(x) of simulated examples from below and from above."""

from __future__ import annotations

from typing import NamedTuple

from aejax import keys
from aejax.conditions import check_unconditional
from aejax.errors import ConfigError
from aejax.evaluate.annealed import PATH, AisEstimate, Path, ais, reverse_ais, tune
from aejax.types import Array, Autoencoder, Variables


def simulate(model: Autoencoder, variables: Variables, key: Array, n: int) -> tuple[Array, Array]:
    """Returns n draws (x [n, *shape], z [n, L]) of p(z) p(x | z): z is an exact draw of p(z | x).

    Raises:
      ConfigError: a model without a prior, or with a condition.
    """
    space = model.info.space
    if space is None or space.prior is None:
        raise ConfigError(
            f"simulate: model {model.info.name!r} has no prior. Allowed: models such as 'vae'."
        )
    check_unconditional(model.info.nets.condition, "simulate")
    z = space.prior(variables, keys.stream(key, "z"), n)
    x = model.info.likelihood.sample(keys.stream(key, "x"), model.decode(variables, z))
    return x, z


class Bdmc(NamedTuple):
    """Both bounds on the same simulated examples; log p(x) is between them in the mean."""

    lower: AisEstimate
    upper: AisEstimate

    @property
    def gap(self) -> Array:
        """upper - lower per example [B], in nats; its mean bounds what AIS lacks on such data."""
        return self.upper.log_p - self.lower.log_p


def bdmc(model: Autoencoder, variables: Variables, key: Array, n: int, path: Path = PATH) -> Bdmc:
    """Bidirectional Monte Carlo on n simulated examples. Grosse et al. 2015; Wu et al. 2017.

    Args:
      model, variables, path: as in `ais`.
      key: of the simulated data and of all chains.
      n: examples.
    """
    x, z = simulate(model, variables, keys.stream(key, "simulate"), n)
    steps = tune(model, variables, x, keys.stream(key, "tune"), path)
    lower = ais(model, variables, x, keys.stream(key, "forward"), steps, path)
    upper = reverse_ais(model, variables, x, z, keys.stream(key, "reverse"), steps, path)
    return Bdmc(lower, upper)
