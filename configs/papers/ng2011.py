"""Ng, CS294A lecture notes 2011: a sparse autoencoder of patches finds oriented edges.

Command: python -m experiments.reproduce ng2011 [--scale=SCALE]

The exercise's constants: 10,000 whitened patches of 8 x 8 in [0.1, 0.9], 25 hidden units, rho 0.01,
lambda 1e-4, beta 3, L-BFGS for 400 iterations. What differs: the patches are of scikit-learn's two
photographs and not of ten. The control is the same network without the sparsity term;
on one claim, that all quarters of orientation occur, it does as well. How patches are whitened and
scaled is from memory of the exercise.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from aejax import models
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
CHECKED, EPSILON = 60, 1e-4  # parameters whose slope is checked, and the exercise's difference

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


def gradient(context: Context, point: Point) -> Measured:
    """The gradient of the whole loss against central differences, in double precision."""
    model = models.build("sparse_kl", (SIDE, SIDE, 1), {
        "latent": UNITS, "out_activation": "sigmoid", "decay": True,
    })  # fmt: skip
    rows = context.dataset().train[:200]
    with jax.enable_x64(True):
        x = jnp.asarray(rows, jnp.float64)
        start = model.init(jax.random.key(int(point["seed"])), x)
        start = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), start)
        flat, unravel = jax.flatten_util.ravel_pytree(start["params"])
        hp = {"rho": RHO, "w_l2": LAMBDA, "w_kl_rho_nats": BETA, "w_rec_nats": 1.0}
        hp = {name: jnp.float64(value) for name, value in hp.items()}

        def loss(vector):
            variables = {"params": unravel(vector), "extra": start["extra"]}
            return model.loss(variables, hp, x, jax.random.key(0), jnp.int32(0))[0]

        chosen = np.random.RandomState(0).permutation(flat.size)[:CHECKED]
        steps = EPSILON * jnp.eye(flat.size, dtype=jnp.float64)[chosen]
        ours = np.asarray(jax.grad(loss)(flat))[chosen]
        theirs = np.asarray([(loss(flat + e) - loss(flat - e)) / (2 * EPSILON) for e in steps])
    apart = np.linalg.norm(ours - theirs) / np.linalg.norm(ours + theirs)
    return Measured({"gradient_error": apart})


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields the measures of both variants, and the gradient check."""
    for beta in (BETA, 0.0):
        yield Task({"task": "measure", "beta": beta}, measure)
    yield Task({"task": "gradient", "seed": 0}, gradient)


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    of = lambda metric, beta=BETA: pick(metric, {"task": "measure", "beta": beta})
    notes = "CS294A notes, exercise"
    return (
        Claim(
            "the gradient agrees with central differences (relative error, double precision)",
            pick("gradient_error", {"task": "gradient"}), at_most(1e-9), 1e-9, notes, "R",
            ("smoke", "small", "paper"),
        ),
        Claim(
            "mean activation over all units is rho",
            of("mean_activation"), within(0.007, 0.013, each=True), RHO, notes, "R",
        ),
        Claim(
            "no unit is far above it: largest mean activation of a unit",
            of("largest_activation"), at_most(0.013, each=True), RHO, notes, "R",
        ),
        Claim(
            "no unit is dead: least mean activation of a unit",
            of("least_activation"), at_least(0.007, each=True), RHO, notes, "R",
        ),
        Claim(
            "of 25 units, how many are more oriented than 95 % of white noise filters",
            of("oriented_units"), at_least(20, each=True), "edges at different positions and "
            "orientations", "CS294A notes, section 4, figure", "S",
            note="The threshold of 20 is ours; the notes show a picture.",
        ),
        Claim(
            "the edges have all orientations: quarters of the half circle that occur",
            of("quadrants_of_angle"), at_least(4, each=True), "different orientations",
            "CS294A notes, section 4, figure", "S",
        ),
        Claim(
            "control: without the penalty units are less oriented (mean selectivity)",
            (of("mean_selectivity", 0.0), of("mean_selectivity")), increasing(),
            "sparsity makes the edges", "CS294A notes, section 4", "S",
        ),
    )  # fmt: skip
