"""Trains a model on an array, keeps it, loads it, and goes on.

python examples/own_array.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import aejax


def main(steps: int = 2000) -> None:
    """Runs the example; `steps` are few in the tests."""
    digits = aejax.data.load("digits", valid_fraction=0.1)
    model = aejax.models.vae(features=digits.train.shape[1:], latent=8)
    fitted = aejax.fit(model, digits.train, steps=steps, valid=digits.valid, patience=5)
    print(fitted)

    codes = aejax.encode(fitted, digits.test)  # bytes, as they went into fit
    scores = aejax.score(fitted, digits.test)
    print("codes", codes.shape, "squared error per image", scores["mse_per_image"].mean().round(3))

    # The digits that the model finds hardest, and ten new ones.
    hardest = np.argsort(-scores["mse_per_image"])[:10]
    print("hardest", hardest, "samples", aejax.sample(fitted, 10, seed=1).shape)

    with tempfile.TemporaryDirectory() as folder:
        aejax.save(Path(folder) / "vae", fitted)
        again = aejax.load(Path(folder) / "vae")
    assert (aejax.encode(again, digits.test) == codes).all()
    more = aejax.fit(again, digits.train, steps=steps)
    print(f"after {more.step} steps:", aejax.score(more, digits.test)["mse_per_image"].mean())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
