"""What the builders of sequence models share: which shapes are sequences, and their likelihood.

Long because: parts of several builders, not one.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError
from aejax.likelihoods.tokens import categorical
from aejax.models.parts import Features, example_shape, make_likelihood
from aejax.types import Array, Forward, Hparams, Likelihood, Term

ALLOWED = (
    "Allowed: (T, D) for T frames of D numbers, or T with likelihood='categorical' for T tokens"
)


def sequence(
    features: Features, likelihood: str, vocabulary: int
) -> tuple[tuple[int, ...], Likelihood]:
    """Returns the shape of one example, (T,) or (T, D), and the likelihood of its steps.

    Args:
      features: T for tokens, (T, D) for frames.
      likelihood: categorical for tokens, another name of LIKELIHOODS for frames.
      vocabulary: ids of tokens with padding (0) and end (1); 0 for frames.

    Raises:
      ConfigError: images or flat vectors, or a likelihood that does not fit tokens or frames.
    """
    shape = example_shape(features)
    if len(shape) > 2:
        raise ConfigError(
            f"features={shape} are images, and this is a sequence model. {ALLOWED}; an image is "
            "read row by row as (height, width), a file's [N, T, D] as 'films' of an .npz."
        )
    tokens = likelihood == "categorical"
    if tokens and len(shape) != 1:
        raise ConfigError(f"likelihood='categorical' does not go with features={shape}. {ALLOWED}.")
    if not tokens and len(shape) != 2:
        raise ConfigError(
            f"features={shape} are no frames, and likelihood={likelihood!r} is not for tokens. "
            f"{ALLOWED}."
        )
    if not tokens and vocabulary:
        raise ConfigError(
            f"vocabulary={vocabulary!r} does not go with likelihood={likelihood!r}. "
            "Allowed: 0, or likelihood='categorical'."
        )
    return shape, categorical(vocabulary) if tokens else make_likelihood(likelihood)


def frames(
    features: Features, likelihood: str, past: int
) -> tuple[tuple[int, ...], Likelihood, int]:
    """Returns shape, likelihood and how many frames are past; 0 asks for the first half.

    Raises:
      ConfigError: no frames, or a past that leaves no future.
    """
    shape, p_x = sequence(features, likelihood, 0)
    if len(shape) != 2:
        raise ConfigError(f"features={shape} are tokens. Allowed: (T, D), T frames of D numbers.")
    length = past or shape[0] // 2
    if not 1 <= length < shape[0]:
        raise ConfigError(
            f"past={past!r} is out of range for {shape[0]} frames. Allowed: 1 to {shape[0] - 1}, "
            "or 0 for the first half."
        )
    return shape, p_x, length


def restricted(likelihood: Likelihood, shape: tuple[int, ...], start: int) -> Likelihood:
    """The likelihood of the steps from `start` on; those before are given, and blank."""
    scored = np.broadcast_to(np.arange(shape[0])[:, None] >= start, shape)

    def blank(x: Array) -> Array:
        return jnp.where(scored[None], x, 0.0)

    return likelihood._replace(
        nll=lambda out, x: likelihood.nll(out[:, start:], x[:, start:]),
        mean=lambda out: blank(likelihood.mean(out)),
        sample=lambda key, out: blank(likelihood.sample(key, out)),
        scored_mask=scored,
    )


def future_term(likelihood: Likelihood, start: int) -> Term:
    """The term `future_nats`, [B]: -log p of the steps from `start` on."""

    def term(forward: Forward, hp: Hparams) -> Array:
        return likelihood.nll(forward.out[:, start:], forward.x[:, start:])

    return term
