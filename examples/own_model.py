"""A model of one's own from the parts, saved and loaded by its builder.

python examples/own_model.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import jax.numpy as jnp

import aejax
from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.models.parts import dense_nets, example_shape, make_likelihood


def hoyer_term(forward, hp):
    """Hoyer's sparsity of the code, ||h||_1 / ||h||_2, per example [B]."""
    h = forward.latent.mean
    return jnp.abs(h).sum(-1) / jnp.sqrt(jnp.square(h).sum(-1) + 1e-6)


@aejax.builder
def hoyer(features, latent=16, widths=(64,)):
    """A sparse autoencoder with Hoyer's measure as its penalty, swept as `w_hoyer`."""
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood("bernoulli")
    return compose(
        name="hoyer",
        paper="Hoyer 2004",
        equation="min E[-log p(x | g(h)) + lambda ||h||_1 / ||h||_2]",
        shape=shape,
        nets=dense_nets(shape, space, p_x, widths=widths, activation="relu"),
        space=space,
        likelihood=p_x,
        terms={"hoyer": (hoyer_term, 0.1, "lambda")},
    )


def main(steps: int = 1000) -> None:
    """Runs the example; `steps` are few in the tests."""
    digits = aejax.data.load("digits")
    fitted = aejax.fit(hoyer((8, 8, 1)), digits.train, steps=steps, hp={"w_hoyer": 1.0})
    print(fitted)
    print("terms", {name: float(v.mean()) for name, v in aejax.score(fitted, digits.test).items()})
    with tempfile.TemporaryDirectory() as folder:
        aejax.save(Path(folder) / "m", fitted)
        again = aejax.load(Path(folder) / "m", builder=hoyer)
    assert (aejax.encode(again, digits.test) == aejax.encode(fitted, digits.test)).all()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
