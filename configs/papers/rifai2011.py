"""Rifai et al. 2011 (ICML): contractive autoencoders on MNIST, table 1 and figures 1 and 2.

Command: python -m experiments.reproduce rifai2011 [--scale=SCALE] [--data_dir=DIR]

One sigmoid layer with tied weights and cross-entropy, as in the paper. `small` has 500 units where
the paper has 1000, 4000 steps of Adam on 10,000 images, and one value of each hyper-parameter where
the paper chooses among several after fine-tuning: its claims are orderings. The RBM is trained for
as many steps by contrastive divergence. Of the ECML paper's CAE+H no number is known: its row is
judged by what its penalty is for. Table 1's norms are of a unit that the paper does not give, so
that only their order and ratios are claimed.

This is the second recipe of `small`; the criteria are those of the first, in which the penalty had
weight 0.1 and training 1000 steps. There 3 of 8 claims passed: the penalty was 7 of 73 nats an
image, and the norm came down to 8.4 from the plain autoencoder's 9.5, no further than masking noise
brought it (8.3). The paper does not print its weight. With weight 1 and 4000 steps, chosen before
the run and run once, all eight passed, and again when the RBM was added, of whose three claims two
pass.

The one that fails: the RBM's norm is 15.0, above the plain autoencoder's 14.5, and not between the
CAE's (4.8) and that of weight decay (13.6). Four times the steps do not change it (one seed, 16,000
steps: 15.1, with 55 % of the units saturated for 49; the paper has 79 %), so that the schedule
alone is not why; the paper chose its RBM among many, ours has the defaults of `deep_rbm`.

Two orders of table 1 that are not claimed are the other way round here: masking noise brings the
norm further down than weight decay does (12.1 and 13.6; paper 7.9e-4 and 5.0e-4), and after fine-
tuning it errs less than Gaussian noise (5.0 and 5.5 %).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from aejax import keys, models
from aejax.evaluate.contraction import (
    contraction_curve,
    directions_kept,
    jacobian_norms,
    saturation,
    singular_values,
)
from aejax.evaluate.reconstruction import as_float
from aejax.reproduce import (
    Claim,
    Context,
    Measured,
    Paper,
    Task,
    at_least,
    at_most,
    increasing,
    increasing_in_mean,
    pick,
    ratio,
)
from aejax.reproduce.tasks import Point, Population
from aejax.sweep import base, grid, product
from aejax.train import compile as compiler
from aejax.train.phases import pretrain
from aejax.train.recipe import Recipe
from aejax.train.supervised import fine_tune
from aejax.types import Array, Autoencoder, Variables

# per scale: data set, training images, steps, seeds, units, test images for Jacobians, for spectra
SCALES = {
    "smoke": ("digits", 1200, 60, 2, 40, 50, 4),
    "small": ("mnist", 10_000, 4000, 3, 500, 500, 20),
    "paper": ("mnist", 50_000, 100_000, 3, 1000, 10_000, 1000),
}
RADII = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0)
BATCH = 100

PAPER = Paper(
    title="Rifai et al. 2011: contractive autoencoders",
    costs={
        "smoke": "30 s on one core",
        "small": "864 s on two cores, two other trainings beside it; 187 s without RBM and CAE+H",
        "paper": "100,000 steps a member: hours on a GPU (not run)",
    },
    figures=("rifai_contraction",),
)

LAYER = {"args.widths": (), "args.code_activation": "sigmoid", "args.likelihood": "bernoulli"}
# The plain autoencoder is the contractive one without its penalty: one group, the same weights.
KINDS: dict[str, dict[str, Any]] = {
    "AE": {"model": "contractive", "hp.w_jacobian_sq": 0.0, "hp.weight_decay": 0.0},
    "AE+wd": {"model": "contractive", "hp.w_jacobian_sq": 0.0, "hp.weight_decay": 0.1},
    "CAE": {"model": "contractive", "hp.w_jacobian_sq": 1.0, "hp.weight_decay": 0.0},
    "DAE-b": {"model": "denoising", "args.corruption": "masking", "hp.corruption": 0.3},
    "DAE-g": {"model": "denoising", "args.corruption": "gaussian", "hp.corruption": 0.3},
    # The ECML paper's, with the weight and the radius that the model has by default.
    "CAE+H": {"model": "contractive_higher", "hp.w_jacobian_sq": 1.0, "hp.weight_decay": 0.0},
}
RBM = "RBM"  # by contrastive divergence, and no point of the sweep
NEARBY = 0.1, 4  # deviation of the noise under which the Jacobian's change is taken, draws


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base: one tied sigmoid layer, Adam (the paper: gradient descent)."""
    name, size, steps, _, units, *_ = SCALES[scale]
    return base(
        scale,
        name="rifai2011",
        dataset=name,
        valid_fraction=0.0,
        train_size=size,
        steps=steps,
        eval_every=steps,
        batch_size=BATCH,
        optimizer="adamw",
        **{"args.latent": units, "args.tied": True, "hp.weight_decay": 0.0, **LAYER},
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields each kind with its seeds."""
    for fields in KINDS.values():
        yield from product([fields], grid(seed=range(SCALES[scale][3])))


@functools.cache  # two tasks read them
def _machines(context: Context) -> Population:
    """RBMs of as many units, trained for as many steps on the same images."""
    _, size, steps, seeds, units, *_ = SCALES[context.scale]
    data = context.dataset(context.config.dataset)
    model = models.build(
        "deep_rbm", data.train.shape[1:], {"latent": units, "widths": (), "code_units": "bernoulli"}
    )
    table = data.train[:size]
    variables = pretrain(model, table, Recipe(steps, BATCH), seeds=range(seeds))
    return Population(model, variables, [{"seed": seed} for seed in range(seeds)])


def _trained(context: Context, kind: str) -> Population:
    return _machines(context) if kind == RBM else context.population(**KINDS[kind])


def change(model: Autoencoder, variables: Variables, x: Array, key: Array) -> Array:
    """E_eps ||J(x + eps) - J(x)||_F^2 by image, [B]: what CAE+H is to keep small, by `jacrev`."""
    deviation, draws = NEARBY
    jacobian = jax.vmap(jax.jacrev(lambda v: model.encode(variables, v[None]).mean[0]))
    noise = deviation * jax.random.normal(key, (draws, *x.shape))
    here = jacobian(x)
    moved = jax.lax.map(lambda e: jnp.square(jacobian(x + e) - here), noise)
    return moved.reshape(draws, x.shape[0], -1).sum(-1).mean(0)


def geometry(context: Context, point: Point) -> list[Measured]:
    """Norms, saturation, contraction curves and spectra on test images, before fine-tuning."""
    *_, rows, few = SCALES[context.scale]
    found = _trained(context, str(point["kind"]))
    test = context.dataset(context.config.dataset).test
    x = jnp.asarray(as_float(test[:rows])).reshape(-1, *found.model.info.shape)
    radii, key = jnp.asarray(RADII), jax.random.key(0)

    def measure(variables, x):
        return {
            "norm": jacobian_norms(found.model, variables, x)["jacobian_norm"],
            "saturated": saturation(found.model.encode(variables, x).mean),
            "curve": contraction_curve(found.model, variables, x, radii, key).mean(1),
            "spectrum": singular_values(found.model, variables, x[:few]),
            "change": change(found.model, variables, x[:few], keys.stream(key, "nearby")),
        }

    measured, program = [], None
    for i, seed in enumerate(found.seeds):
        variables = jax.tree.map(lambda leaf, i=i: jnp.asarray(leaf[i]), found.variables)
        if program is None:
            program = compiler.compile(measure, variables, x).call
        out = jax.tree.map(np.asarray, program(variables, x))
        numbers = {
            "jacobian_norm": out["norm"].mean(),
            "jacobian_change_sq": out["change"].mean(),
            "saturated_percent": 100 * out["saturated"].mean(),
            "directions_kept": np.mean(directions_kept(jnp.asarray(out["spectrum"]))),
            **{f"contraction_at_{r:g}": c for r, c in zip(RADII, out["curve"], strict=True)},
        }
        arrays = {
            "radii": np.asarray(RADII),
            "curve": out["curve"],
            "spectrum": out["spectrum"].mean(0),
        }
        measured.append(Measured(numbers, {"seed": seed}, arrays))
    return measured


def tuned(context: Context, point: Point) -> list[Measured]:
    """Encoder and softmax trained on the labels of the same images, early stopping on a sixth."""
    size = SCALES[context.scale][1]
    found = _trained(context, str(point["kind"]))
    data = context.dataset(context.config.dataset)
    assert data.train_labels is not None
    shape, cut = found.model.info.shape, size - size // 6
    images = lambda part: as_float(part).reshape(-1, *shape)
    epoch = -(-cut // BATCH)
    trained = fine_tune(
        found.model,
        found.variables,
        images(data.train[:cut]),
        data.train_labels[:cut],
        valid=(images(data.train[cut:size]), data.train_labels[cut:size]),
        classes=10,
        steps=15 * epoch,
        batch_size=BATCH,
        every=epoch,
        patience=5,
        seed=found.seeds,
        hp={"lr": 1e-3},
    )
    x, measured, score = jnp.asarray(images(data.test)), [], None
    for i, seed in enumerate(found.seeds):
        mine = jax.tree.map(lambda leaf, i=i: jnp.asarray(leaf[i]), trained.variables)
        if score is None:
            score = compiler.compile(trained.logits, mine, x).call
        wrong = np.asarray(score(mine, x)).argmax(1) != data.test_labels
        measured.append(Measured({"test_percent": 100 * wrong.mean()}, {"seed": seed}))
    return measured


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields the geometry of each kind, and its error after fine-tuning."""
    for kind in (*KINDS, RBM):
        yield Task({"task": "geometry", "kind": kind}, geometry)
    for kind in (*KINDS, RBM):
        yield Task({"task": "tuned", "kind": kind}, tuned)


def claims() -> tuple[Claim, ...]:
    """Returns table 1 and the two figures as orderings; the paper's levels at paper."""
    of = lambda metric, kind: pick(
        metric, {"task": "geometry", "kind": kind}, label=f"{metric}, {kind}"
    )
    error = lambda kind: pick("test_percent", {"task": "tuned", "kind": kind}, label=kind)
    table, paper = "Table 1, MNIST", ("paper",)
    return (
        Claim(
            "the Jacobian's norm falls from AE to AE with weight decay to CAE",
            tuple(of("jacobian_norm", kind) for kind in ("CAE", "AE+wd", "AE")), increasing(),
            "0.73e-4 < 5.00e-4 < 17.5e-4", table, "S",
        ),
        Claim(
            "the CAE's norm is below that of the masking DAE",
            (of("jacobian_norm", "CAE"), of("jacobian_norm", "DAE-b")), increasing(),
            "0.73e-4 < 7.87e-4", table, "S",
        ),
        Claim(
            "the RBM's norm is between the CAE's and that of the AE with weight decay",
            tuple(of("jacobian_norm", kind) for kind in ("CAE", RBM, "AE+wd")), increasing(),
            "0.73e-4 < 2.50e-4 < 5.00e-4", table, "S",
        ),
        Claim(
            "the RBM's units are saturated more often than the Gaussian DAE's (percent)",
            (of("saturated_percent", "DAE-g"), of("saturated_percent", RBM)), increasing(),
            "17.77 < 78.59", table, "S",
        ),
        Claim(
            "the AE's norm is at least three times the CAE's (ratio)",
            ratio(of("jacobian_norm", "AE"), of("jacobian_norm", "CAE"), "AE / CAE"),
            at_least(3.0, each=True), "17.5e-4 / 0.73e-4 = 24", table, "S", ("small",),
            note="4000 steps; 24 is of a unit that the paper does not give.",
        ),
        Claim(
            "the AE's norm is at least eight times the CAE's (ratio)",
            ratio(of("jacobian_norm", "AE"), of("jacobian_norm", "CAE"), "AE / CAE"),
            at_least(8.0, each=True), "17.5e-4 / 0.73e-4 = 24", table, "S", paper,
        ),
        Claim(
            "the CAE's units are saturated more often than the Gaussian DAE's (percent)",
            (of("saturated_percent", "DAE-g"), of("saturated_percent", "CAE")), increasing(),
            "17.77 < 86.36", table, "S",
        ),
        Claim(
            "most of the CAE's units are saturated (percent)", of("saturated_percent", "CAE"),
            at_least(75.0), 86.36, table, "S", paper,
        ),
        Claim(
            "few of the Gaussian DAE's units are saturated (percent)",
            of("saturated_percent", "DAE-g"), at_most(40.0), 17.77, table, "S", paper,
        ),
        Claim(
            "fewer singular values are above a tenth of the largest for the CAE than for the AE",
            (of("directions_kept", "CAE"), of("directions_kept", "AE")), increasing(),
            "a sharper drop", "Figure 2 (there CIFAR-bw)", "S",
        ),
        Claim(
            "near the data the CAE contracts more than the masking DAE, which does than the AE",
            tuple(of("contraction_at_0.1", kind) for kind in ("CAE", "DAE-b", "AE")), increasing(),
            "CAE lowest", "Figure 1, MNIST", "M",
        ),
        Claim(
            "away from the data the CAE contracts less: radius 0.1 against 8",
            (of("contraction_at_0.1", "CAE"), of("contraction_at_8", "CAE")), increasing(),
            "the curve rises", "Figure 1, MNIST", "M",
        ),
        Claim(
            "after fine-tuning the CAE's test error is below the AE's (percent)",
            (error("CAE"), error("AE")), increasing_in_mean(), "1.14 < 1.78", table, "S",
        ),
        Claim(
            "after fine-tuning the CAE's test error is below the RBM's (percent)",
            (error("CAE"), error(RBM)), increasing_in_mean(), "1.14 < 1.30", table, "S",
        ),
        Claim(
            "the CAE's test error, percent", error("CAE"), at_most(1.35), 1.14, table, "S", paper,
        ),
    )  # fmt: skip
