"""Ng, CS294A lecture notes 2011: a sparse autoencoder of patches finds oriented edges.

Command: python -m experiments.reproduce ng2011 [--scale=SCALE]

The exercise's constants: 10,000 whitened patches of 8 x 8 in [0.1, 0.9], 25 hidden units, rho 0.01,
lambda 1e-4, beta 3, L-BFGS for 400 iterations. What differs: the patches are of scikit-learn's two
photographs and not of ten. The control is the same network without the sparsity term. That all
quarters of orientation occur was a claim once: the control does as well, so it says nothing. The
exercise's gradient check is a test (tests/models/test_sparse.py). How patches are whitened and
scaled is from memory of the exercise.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from aejax.evaluate.filters import orientation
from aejax.reproduce import (
    Claim,
    Context,
    Measured,
    Paper,
    Task,
    at_least,
    at_most,
    increasing,
    pick,
    within,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base, grid

UNITS, SIDE, RHO, LAMBDA, BETA = 25, 8, 0.01, 1e-4, 3.0
SCALES = {"smoke": (5, 1), "small": (400, 3), "paper": (400, 10)}  # iterations, seeds

PAPER = Paper(
    title="Ng 2011 (CS294A): sparse autoencoders of natural patches",
    costs={
        "smoke": "20 s on one core",
        "small": "about 2 min on one core",
        "paper": "about 6 min on one core: small with ten seeds (not run)",
    },
    figures=("filters",),
)


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the exercise: full batches, its constants."""
    steps, _ = SCALES.get(scale, (1, 1))
    return base(
        scale,
        name="ng2011",
        dataset="natural_patches",
        valid_fraction=0.0,
        model="sparse_kl",
        steps=steps,
        eval_every=steps,
        batch_size=10_000,
        optimizer="lbfgs",
        **{
            "args.latent": UNITS,
            "args.out_activation": "sigmoid",
            "args.decay": True,
            "hp.rho": RHO,
            "hp.w_l2": LAMBDA,
        },
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields the exercise and its control without sparsity, for each seed."""
    yield from grid(**{"hp.w_kl_rho_nats": [BETA, 0.0]}, seed=range(SCALES[scale][1]))


def measure(context: Context, point: Point) -> list[Measured]:
    """Mean activations, and how many units' best inputs are more oriented than white noise's.

    The input of norm 1 that excites a unit most is its weights over their norm (notes, section 4).
    """
    noise = np.random.RandomState(0).standard_normal((4000, SIDE, SIDE)).astype(np.float32)
    by_chance = float(np.quantile(np.asarray(orientation(jnp.asarray(noise))[0]), 0.95))
    found = context.population(**{"hp.w_kl_rho_nats": point["beta"]})
    layers = found.model.info.nets.encoder_layers
    assert layers is not None
    x = jnp.asarray(context.dataset().train)
    measured = []
    for i, seed in enumerate(found.seeds):
        variables = jax.tree.map(lambda leaf, i=i: jnp.asarray(leaf[i]), found.variables)
        kernel = layers(variables["params"])[0].kernel.T  # [L, D]
        best = kernel / jnp.linalg.norm(kernel, axis=1, keepdims=True)
        selectivity, angle = orientation(best.reshape(UNITS, SIDE, SIDE))
        activation = np.asarray(found.model.encode(variables, x).mean).mean(0)
        measured.append(
            Measured(
                {
                    "oriented_units": float((np.asarray(selectivity) > by_chance).sum()),
                    "mean_selectivity": float(selectivity.mean()),
                    "selectivity_by_chance": by_chance,
                    "largest_activation": float(activation.max()),
                    "least_activation": float(activation.min()),
                    "mean_activation": float(activation.mean()),
                    "quadrants_of_angle": float(
                        len(set((np.asarray(angle) * 4 / np.pi).astype(int) % 4))
                    ),
                },
                {"seed": seed},
            )
        )
    return measured


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields the measures of both variants."""
    for beta in (BETA, 0.0):
        yield Task({"task": "measure", "beta": beta}, measure)


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    of = lambda metric, beta=BETA: pick(metric, {"task": "measure", "beta": beta})
    notes = "CS294A notes, exercise"
    return (
        Claim(
            "mean activation over all units is rho",
            of("mean_activation"), within(0.007, 0.013, each=True), RHO, notes, "R",
            control=of("mean_activation", 0.0),
        ),
        Claim(
            "no unit is far above it: largest mean activation of a unit",
            of("largest_activation"), at_most(0.013, each=True), RHO, notes, "R",
            control=of("largest_activation", 0.0),
        ),
        Claim(
            "no unit is far below it, or dead: least mean activation of a unit",
            of("least_activation"), within(0.007, 0.013, each=True), RHO, notes, "R",
            control=of("least_activation", 0.0),
            note="Two-sided: without the penalty no unit is dead either.",
        ),
        Claim(
            "of 25 units, how many are more oriented than 95 % of white noise filters",
            of("oriented_units"), at_least(20, each=True), "edges at different positions and "
            "orientations", "CS294A notes, section 4, figure", "S",
            note="The threshold of 20 is ours; the notes show a picture.",
            control=of("oriented_units", 0.0),
        ),
        Claim(
            "control: without the penalty units are less oriented (mean selectivity)",
            (of("mean_selectivity", 0.0), of("mean_selectivity")), increasing(),
            "sparsity makes the edges", "CS294A notes, section 4", "S",
        ),
    )  # fmt: skip
