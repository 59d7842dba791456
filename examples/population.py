"""Seeds and hyper-parameters in one compiled program, and the best member.

python examples/population.py
"""

from __future__ import annotations

import sys

import numpy as np

import aejax
from aejax.train.population import use_cores


def main(steps: int = 1000) -> None:
    """Runs the example; `steps` are few in the tests."""
    digits = aejax.data.load("digits", valid_fraction=0.1)
    model = aejax.models.sparse_l1(features=(8, 8, 1), latent=32)
    many = aejax.fit_population(
        model,
        digits.train,
        seeds=range(3),
        hp={"w_l1": [0.003, 0.03, 0.3], "lr": [1e-3, 3e-3]},
        steps=steps,
        valid=digits.valid,
    )
    print(many)
    for weight in (0.003, 0.03, 0.3):
        same = [m for m in many if np.isclose(m.hp["w_l1"], weight)]
        error = [m.valid["mse_per_image"][-1] for m in same]
        print(f"w_l1={weight}: valid error {np.mean(error):.3f} ± {np.std(error, ddof=1):.3f}")
    best = many.best("valid_mse_per_image")
    test = aejax.score(best, digits.test)["mse_per_image"].mean()
    weight, lr = best.hp["w_l1"], best.hp["lr"]
    print(f"best: w_l1={weight:g} lr={lr:g} seed={best.seed}, test error {test:.3f}")


if __name__ == "__main__":
    use_cores()  # a device a core, before anything computes
    main(*map(int, sys.argv[1:]))
