"""Vincent et al. 2010: stacked denoising autoencoders, on the sets of Larochelle et al. 2007.

Command: python -m experiments.reproduce vincent2010 [--scale=SCALE]

Three hidden layers of sigmoid units, pre-trained as denoising autoencoders (SDAE-3), as plain ones
(SAE-3: no noise), as RBMs (RBM-3, the paper's DBN-3) or not at all (MLP-3), then trained on labels
with early stopping on 2,000 validation digits. basic, rot and bg-rand are made anew from MNIST.

The paper chooses widths, rates and epochs of every set from a grid by validation; here each scale
is one point: `paper` 1000 units and plain SGD, `small` 200 units, a tenth of the epochs and Adam.

Four of nine small claims failed, all that noise lowers the error of the stack: with it and without
it the errors are the same within a standard error on all three sets (4.7 and 4.8, 18.5 and 18.1,
24.7 and 24.6 %), while pre-training of either kind is well below none. RBM-3 is below both on all
three (4.4, 16.6 and 21.2 %), where the paper has it so on bg-rand alone: the claim that passes
there is no exception here. The reason given before the next run: with a tenth of the epochs and 200
units the code is undercomplete and far from fitting, and there is nothing yet that noise could keep
from overfitting. `medium` has the 1000 units, 15 epochs a layer for 5, 30 on labels for 20, and a
third of the rate, all at once, so that it cannot say which of them matters: on mnist_rot the noisy
stack is then below the clean one in each of three seeds (12.2 against 12.6 %) and the claim passes;
on mnist_basic the two still cannot be told apart (4.14 +- .14 and 4.20 +- .10 %; the paper's gap is
0.6 after a grid of epochs and rates). mnist_bg_rand was not run at `medium`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from aejax import models
from aejax.data.scaling import to_float
from aejax.data.variations import VALID
from aejax.evaluate.filters import locality
from aejax.evaluate.probes import error_rate
from aejax.reproduce import (
    Claim,
    Context,
    Measured,
    Paper,
    Task,
    at_most,
    combine,
    increasing,
    increasing_in_mean,
    pick,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base
from aejax.train.phases import pretrain
from aejax.train.recipe import Recipe
from aejax.train.supervised import fine_tune


class Schedule(NamedTuple):
    """What a scale says."""

    units: int
    epochs: int  # of each layer
    label_epochs: int
    optimizer: str
    lr: float
    batch: int
    tested: int | None
    seeds: int


SCALES = {
    "smoke": Schedule(20, 1, 1, "adam", 1e-3, 500, 500, 1),
    "small": Schedule(200, 5, 20, "adam", 1e-3, 100, None, 3),
    # Two sets, with noise and without: is the small scale's tie one of its schedule?
    "medium": Schedule(1000, 15, 30, "adam", 3e-4, 100, None, 3),
    "paper": Schedule(1000, 50, 300, "sgd", 0.1, 20, None, 3),
}
# Table 3's noise for each set; on `mnist_rot` all of the grid of figure 11.
NOISE = {"mnist_basic": (0.10,), "mnist_rot": (0.10, 0.25, 0.40), "mnist_bg_rand": (0.40,)}
MEDIUM = ("mnist_basic", "mnist_rot")
CHOSEN = {"mnist_basic": 0.10, "mnist_rot": 0.25, "mnist_bg_rand": 0.40}
FILTERS = (0.0, 0.10, 0.25, 0.50)
WINDOW = 14

PAPER = Paper(
    title="Vincent et al. 2010: stacked denoising autoencoders",
    costs={
        "smoke": "2 min on one core, estimated",
        "small": "450 s on two cores, other work beside it",
        "medium": "1245 s on two cores, halted and other work beside it",
        "paper": "days on a CPU, hours on a GPU, estimated (not run)",
    },
    figures=("vincent_filters", "vincent_errors"),
)


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks, phase by phase."""
    return base(
        scale,
        scales=PAPER.scales,
        name="vincent2010",
        dataset="mnist_basic",
        valid_fraction=0.0,
        model="stacked_denoising",
    )


def _model(kind: str, units: int, layers: int = 3):
    name = "deep_rbm" if kind == "rbm" else "stacked_denoising"
    args = {"latent": units, "widths": (units,) * (layers - 1)}
    args |= {"code_units": "bernoulli"} if kind == "rbm" else {}
    args |= {"pretraining": 0.0} if kind == "mlp" else {}
    return models.build(name, (28, 28, 1), args)


def _pretrained(model, table: np.ndarray, plan: Schedule, noise: float | None, seeds: range):
    """Variables of all seeds after the layers' turns; RBMs (noise None) by their optimiser."""
    per_epoch = len(table) // plan.batch
    steps = (len(model.stages) - 1) * plan.epochs * per_epoch
    hp = {"momentum_switch": 0.1} if noise is None else {"corruption": noise, "lr": plan.lr}
    return pretrain(model, table, Recipe(steps, plan.batch, plan.optimizer), seeds=seeds, hp=hp)


def _rows(context: Context, point: Point):
    data = context.dataset(
        str(point["dataset"]), train_size=None, test_size=SCALES[context.scale].tested
    )
    assert data.train_labels is not None
    assert data.test_labels is not None
    return data, data.train[:-VALID], data.train_labels[:-VALID]


def stack(context: Context, point: Point) -> list[Measured]:
    """Pre-trains and trains on labels; the test error, for each seed."""
    plan, kind = SCALES[context.scale], str(point["kind"])
    data, x, labels = _rows(context, point)
    seeds = range(plan.seeds)
    model = _model(kind, plan.units)
    if kind == "mlp":
        keys = jax.vmap(jax.random.key)(jnp.arange(plan.seeds))
        variables = jax.vmap(lambda key: model.init(key, jnp.zeros((1, 28, 28, 1))))(keys)
    else:
        variables = _pretrained(model, x, plan, point["noise"], seeds)
    per_epoch = len(x) // plan.batch
    assert data.train_labels is not None
    assert data.test_labels is not None
    found = fine_tune(
        model, variables, x, labels, valid=(data.train[-VALID:], data.train_labels[-VALID:]),
        steps=plan.label_epochs * per_epoch, batch_size=plan.batch, every=per_epoch, patience=5,
        seed=list(seeds), classes=10, optimizer=plan.optimizer, hp={"lr": plan.lr},
    )  # fmt: skip
    measured = []
    for i, seed in enumerate(seeds):
        mine = jax.tree.map(lambda leaf, i=i: leaf[i], found.variables)
        wrong = [
            np.asarray(found.logits(mine, to_float(jnp.asarray(part))).argmax(1)) != truth
            for part, truth in zip(
                np.array_split(data.test, 10), np.array_split(data.test_labels, 10), strict=True
            )
        ]
        rate = error_rate(np.concatenate(wrong))
        measured.append(
            Measured(
                {
                    "error": rate.error,
                    "half_width": rate.half_width,
                    "valid_error": float(found.error[i]),
                    "steps": float(found.best_step[i]),
                },
                {"seed": seed},
            )
        )
    return measured


def filters(context: Context, point: Point) -> list[Measured]:
    """The first layer alone, by its noise: how many filters have half their energy in a window."""
    plan = SCALES[context.scale]
    _, x, _ = _rows(context, point)
    model = _model("sdae", plan.units, layers=1)
    found = _pretrained(model, x, plan, float(point["noise"]), range(plan.seeds))
    kernels = np.asarray(found["params"]["encoder"]["dense_0"]["kernel"])  # [P, D, L]
    pictures = kernels.transpose(0, 2, 1).reshape(len(kernels), -1, 28, 28)
    return [
        Measured(
            {
                "local_fraction": float((locality(jnp.asarray(p), WINDOW) > 0.5).mean()),
                "mean_locality": float(locality(jnp.asarray(p), WINDOW).mean()),
            },
            {"seed": seed},
            {"filters": p[:64]},
        )
        for seed, p in enumerate(pictures)
    ]


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields four kinds on three sets, the noise levels, and the filters."""
    if scale == "medium":
        for dataset in MEDIUM:
            for noise in (0.0, CHOSEN[dataset]):
                yield Task(_point(dataset, "sdae", noise), stack)
        return
    for noise in FILTERS:
        yield Task({"task": "filters", "dataset": "mnist_basic", "noise": noise}, filters)
    for dataset, levels in NOISE.items():
        for noise in (0.0, *levels):
            yield Task(_point(dataset, "sdae", noise), stack)
        yield Task(_point(dataset, "rbm", None), stack)
        yield Task(_point(dataset, "mlp", None), stack)


def _point(dataset: str, kind: str, noise: float | None) -> dict[str, object]:
    return {"task": "stack", "dataset": dataset, "kind": kind, "noise": noise}


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    both, table3 = ("small", "paper"), "Table 3"
    error = lambda dataset, kind, noise=None, metric="error": pick(
        metric, {"task": "stack", "dataset": dataset, "kind": kind, "noise": noise}
    )
    sdae = lambda dataset: error(dataset, "sdae", CHOSEN[dataset])
    sae = lambda dataset: error(dataset, "sdae", 0.0)
    upper = lambda dataset: combine(
        "SDAE-3 and its 95 % half width", lambda a, b: a + b, sdae(dataset),
        error(dataset, "sdae", CHOSEN[dataset], "half_width"),
    )  # fmt: skip
    worst = combine(
        "SDAE-3 at the worst of three noise levels", max,
        *[error("mnist_rot", "sdae", noise) for noise in NOISE["mnist_rot"]],
    )  # fmt: skip
    local = lambda noise: pick("local_fraction", {"task": "filters", "noise": noise})
    printed = {"mnist_basic": "2.84 against 3.46 %", "mnist_rot": "9.53 against 10.30 %"}
    levels = {"mnist_basic": 0.032, "mnist_rot": 0.105}
    found: list[Claim] = []
    for dataset, numbers in printed.items():
        found += [
            Claim(
                f"{dataset}: noise lowers the error of the stack (SDAE-3 < SAE-3)",
                (sdae(dataset), sae(dataset)), increasing_in_mean(), numbers, table3, "S",
                ("small", "medium", "paper"),
            ),
            Claim(
                f"{dataset}: and by more than the 95 % half width",
                (upper(dataset), sae(dataset)), increasing(), numbers, table3, "S", ("paper",),
            ),
            Claim(
                f"{dataset}: level of SDAE-3", sdae(dataset), at_most(levels[dataset]),
                numbers.split()[0] + " %", table3, "S", ("paper",),
            ),
        ]  # fmt: skip
    found += [
        Claim(
            f"{dataset}: pre-training lowers the error (SDAE-3 < MLP-3)",
            (sdae(dataset), error(dataset, "mlp")), increasing_in_mean(),
            "denoising below none at every depth", "Figure 10, on another set", "S", both,
        )
        for dataset in CHOSEN
    ]  # fmt: skip
    found += [
        Claim(
            "mnist_bg_rand: noise lowers the error (SDAE-3 < SAE-3)",
            (sdae("mnist_bg_rand"), sae("mnist_bg_rand")), increasing_in_mean(),
            "10.30 against 11.28 %", table3, "S", both,
        ),
        Claim(
            "mnist_bg_rand: RBMs are better there (RBM-3 < SDAE-3), the paper's own exception",
            (error("mnist_bg_rand", "rbm"), sdae("mnist_bg_rand")), increasing_in_mean(),
            "6.73 against 10.30 %", table3, "S", both,
        ),
        Claim(
            "mnist_rot: every noise level from 0.10 to 0.40 is below none",
            (worst, sae("mnist_rot")), increasing_in_mean(z=0.0),
            "flat and better in [.10, .40]", "Figure 11, on another set", "S", both,
        ),
        Claim(
            "first-layer filters become local with noise: share with half their energy in a "
            "14 x 14 window, none against 0.25",
            (local(0.0), local(0.25)), increasing(), "larger, stroke-like detectors", "Figure 8",
            "S", both,
        ),
    ]  # fmt: skip
    return tuple(found)
