"""What the builders share: reading `features`, and the default dense networks of a model."""

from __future__ import annotations

from math import prod

from aejax.errors import ConfigError, lookup
from aejax.likelihoods import LIKELIHOODS
from aejax.nets import mirrored
from aejax.types import LatentSpace, Likelihood, Nets

Features = int | tuple[int, ...]


def example_shape(features: Features) -> tuple[int, ...]:
    """Returns the shape of one example: `784` means (784,), `(28, 28, 1)` stays.

    Raises:
      ConfigError: a size that is no integer of 1 or more.
    """
    shape = (features,) if isinstance(features, int) else tuple(features)
    if not shape or any(isinstance(n, bool) or int(n) != n or n < 1 for n in shape):
        raise ConfigError(f"features={features!r} is no shape. Allowed: integers of 1 or more.")
    return tuple(int(n) for n in shape)


def make_likelihood(name: str) -> Likelihood:
    """Returns the likelihood of that name with its defaults."""
    return lookup("likelihood", name, LIKELIHOODS)()


def dense_nets(
    shape: tuple[int, ...],
    space: LatentSpace,
    likelihood: Likelihood,
    *,
    widths: tuple[int, ...],
    activation: str,
    code_activation: str = "identity",
    tied: bool = False,
    init: str = "glorot_uniform",
    decoder_widths: tuple[int, ...] | None = None,
) -> Nets:
    """An MLP encoder and its mirror image, sized for a latent space and a likelihood."""
    out_shape = (*shape[:-1], shape[-1] * likelihood.outputs)
    if tied and prod(out_shape) != prod(shape):
        raise ConfigError(
            f"tied=True does not go with likelihood={likelihood.name!r}, whose decoder emits "
            f"{likelihood.outputs} numbers a feature. Allowed: bernoulli, gaussian, laplace."
        )
    return mirrored(
        shape,
        out_shape,
        widths=widths,
        latent=space.size,
        outputs=space.outputs,
        activation=activation,
        code_activation=code_activation,
        init=init,
        decoder_widths=decoder_widths,
        tied=tied,
    )
