"""Hinton & Salakhutdinov 2006: deep autoencoders, pre-trained as stacks of RBMs.

Command: python -m experiments.reproduce hinton2006 [--scale=SCALE]

`paper` is the published schedule: 50 epochs a machine in batches of 100, then 200 epochs of three
conjugate-gradient line searches on each batch of 1000. `small` is a shortened one: 5,000 images,
batches of 500, 10 epochs a machine, 120 batches of fine-tuning, and on MNIST narrower networks; its
claims are orderings and the plateau, and its errors are not to be read beside the paper's.

Departures at every scale: the curves are regenerated (`aejax/data/curves.py`); batches are drawn
anew every epoch (the published code keeps them); a machine's data are recomputed with the final
weights of those below (the published code keeps what the last epoch saw on its way).

What `small` came to (5,000 images): conjugate gradients without pre-training stay at the mean
image, on the curves (17.2, the plateau of the supplement) and on MNIST too (53.0, an open question
before); with it they reach 7.1 and 12.2. This is the second recipe, with the criteria of the first,
which had 40 batches of fine-tuning and 1000 steps for the control and passed 8 of 10: the Glorot +
Adam control was at 16.4 on the curves then and leaves the plateau after its 6000 steps (13.1). On
MNIST, where nothing is claimed of it, that control ends at 24 to 32, above PCA's 14.0.

Of the classifiers the pre-trained one errs on 6.7 % of the test digits and Glorot's on 21.3 %.
Until an audit that control had the machines' start, N(0, 0.1^2), under Glorot's name, and erred on
11.4 %: the claim holds against either, and the better start for ten epochs at this rate is not
Glorot's.

Not claimed at small, because it is the other way round: the paper has the autoencoder below
logistic PCA. Here logistic PCA is at 3.6 on MNIST, its codes fitted to each test image until they
no longer move, and at 7.2 on the curves with 6 components and 0.56 with 18 (paper: 8.01, 7.64 and
2.45): the paper does not say how far its own was fitted, and the claim of 8.0 at `paper` may well
fail for being too good.

`medium` is the published network on all of MNIST, one seed, five epochs a machine and 400 batches
of fine-tuning for 50 and 12,000: 6.1 an image, where PCA has 13.9, the same gradients without pre-
training 35.2, and the paper 3.00. The claim of the 2-D codes fails at both scales: they tell digits
better than two components by 0.04 at small (0.472 against 0.429; three seeds, one of them below)
and by 0.07 at medium (0.499 against 0.426), with errors of 40 and 37 an image. It moves the right
way with the schedule, slowly; 784-500-500-2000-10 was run at neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from aejax import models
from aejax.evaluate import baselines, squared_error
from aejax.evaluate.logistic_pca import logistic_pca_error
from aejax.evaluate.probes import Coded, nearest_neighbours
from aejax.evaluate.reconstruction import as_float
from aejax.reproduce import (
    Claim,
    Context,
    Measured,
    Paper,
    Task,
    above,
    anchor,
    at_least,
    at_most,
    combine,
    difference,
    increasing,
    increasing_in_mean,
    level,
    pick,
    ratio,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base
from aejax.train.phases import pretrain, tune
from aejax.train.recipe import Recipe
from aejax.train.supervised import fine_tune
from aejax.types import Autoencoder


class Schedule(NamedTuple):
    """What a scale says."""

    images: int | None  # of training, None: all
    batch: int  # of fine-tuning
    pretraining_epochs: int
    batches: int  # of fine-tuning, three line searches each
    adam_steps: int
    label_epochs: int
    curves: tuple[int, ...]
    mnist: tuple[int, ...]
    classes: tuple[int, ...]
    iterations: int  # of logistic PCA
    seeds: int


CURVES, MNIST, CLASSES = (400, 200, 100, 50, 25), (1000, 500, 250), (500, 500, 2000)
SCALES = {
    "smoke": Schedule(500, 250, 1, 2, 5, 1, (30, 20), (30, 20), (20, 20, 30), 5, 1),
    "small": Schedule(
        5000, 500, 10, 120, 6000, 10, CURVES, (400, 200, 100), (250, 250, 500), 200, 3
    ),
    # The published networks on all of MNIST, with and without pre-training, and the 2-D codes.
    "medium": Schedule(None, 1000, 5, 400, 0, 0, CURVES, MNIST, CLASSES, 0, 1),
    "paper": Schedule(None, 1000, 50, 12_000, 60_000, 100, CURVES, MNIST, CLASSES, 500, 3),
}
STACK_BATCH = 100

PAPER = Paper(
    title="Hinton & Salakhutdinov 2006: reducing the dimensionality of data with neural networks",
    costs={
        "smoke": "2 min on one core",
        "small": "595 s on two cores, 1,920 s beside two other jobs",
        "medium": "579 s on two cores, halted and other work beside it",
        "paper": "days on a CPU, about 1 h on a GPU, estimated (not run)",
    },
    figures=("hinton_codes",),
)


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks, phase by phase."""
    return base(
        scale,
        scales=PAPER.scales,
        name="hinton2006",
        dataset="mnist",
        valid_fraction=0.0,
        model="deep_rbm",
    )


def _model(widths: tuple[int, ...], latent: int, kind: str, code: str = "gaussian") -> Autoencoder:
    """The paper's network: a linear code, logistic units everywhere else."""
    args: dict[str, Any] = {"latent": latent, "widths": widths, "code_units": code}
    args |= {} if kind == "pretrained" else {"pretraining": 0.0}
    args |= {"init": "glorot_uniform"} if kind.startswith("glorot") else {}
    return models.build("deep_rbm", (28, 28, 1), args)


def _stacked(model: Autoencoder, table: np.ndarray, plan: Schedule, seeds: range):
    machines = len(model.stages) - 1
    steps = machines * plan.pretraining_epochs * (len(table) // STACK_BATCH)
    # Momentum rises after five epochs, of 50 or of fewer.
    switch = {"momentum_switch": min(0.5, 5 / plan.pretraining_epochs)}
    return pretrain(model, table, Recipe(steps, STACK_BATCH), seeds=seeds, hp=switch)


def _members(variables: Any) -> Iterator[Any]:
    count = jax.tree.leaves(variables)[0].shape[0]
    for i in range(count):
        yield jax.tree.map(lambda leaf, i=i: leaf[i], variables)


def deep(context: Context, point: Point) -> list[Measured]:
    """One autoencoder for each seed: stack of machines or not, then fine-tuning."""
    plan = SCALES[context.scale]
    data = context.dataset(str(point["dataset"]), train_size=plan.images, test_size=None)
    table, seeds = data.train, range(plan.seeds)
    widths = plan.curves if point["dataset"] == "curves" else plan.mnist
    kind = str(point["kind"])
    model = _model(widths, int(point["latent"]), kind)
    initial = _stacked(model, table, plan, seeds) if kind == "pretrained" else None
    recipe = (
        Recipe(plan.adam_steps, STACK_BATCH, "adam")
        if kind == "glorot_adam"
        else Recipe(plan.batches, plan.batch, "cg_batches")
    )
    trained = tune(model, table, recipe, seeds=seeds, initial=initial)
    x = jnp.asarray(as_float(data.test)).reshape(-1, 28, 28, 1)
    seen = jnp.asarray(as_float(table[:5000])).reshape(-1, 28, 28, 1)
    measured = []
    for seed, variables in zip(seeds, _members(trained.state.variables), strict=True):
        metrics = {"mse_per_image": float(squared_error(model, variables, x).mean())}
        arrays = {}
        if point["latent"] == 2:
            labels = data.test_labels
            assert labels is not None
            assert data.train_labels is not None
            codes = [np.asarray(model.encode(variables, part).mean) for part in (seen, x)]
            coded = Coded(codes[0], data.train_labels[:5000], codes[1], labels)
            metrics["accuracy"] = 1 - nearest_neighbours(coded).error
            arrays = {"codes": codes[1][:5000], "digits": labels[:5000]}
        measured.append(Measured(metrics, {"seed": seed}, arrays))
    return measured


def linear(context: Context, point: Point) -> Measured:
    """PCA and logistic PCA on what the networks see; `images` None: on all."""
    images = point["images"]
    data = context.dataset(str(point["dataset"]), train_size=images, test_size=None)
    size = int(point["latent"])
    metrics = dict(baselines(data.train, data.test, size))
    if point["logistic"]:
        iterations = SCALES[context.scale].iterations
        metrics["mse_logistic_pca"] = logistic_pca_error(data.train, data.test, size, iterations)
    return Measured(metrics)


def components(context: Context, point: Point) -> Measured:
    """The first two principal components as a code: how well neighbours tell the digit."""
    plan = SCALES[context.scale]
    data = context.dataset("mnist", train_size=plan.images, test_size=None)
    x, y = as_float(data.train), as_float(data.test)
    values = np.linalg.eigh(np.cov(x.T))[1][:, :-3:-1]
    assert data.train_labels is not None
    assert data.test_labels is not None
    codes = [(part - x.mean(0)) @ values for part in (x, y)]
    coded = Coded(codes[0][:5000], data.train_labels[:5000], codes[1], data.test_labels)
    return Measured(
        {"accuracy": 1 - nearest_neighbours(coded).error},
        arrays={
            "codes": codes[1][:5000].astype(np.float32),
            "digits": data.test_labels[:5000],
        },
    )


def classes(context: Context, point: Point) -> list[Measured]:
    """784-500-500-2000-10: labels on a stack of machines, or on random weights."""
    plan = SCALES[context.scale]
    data = context.dataset("mnist", train_size=plan.images, test_size=None)
    *widths, top = plan.classes
    kind, seeds, table = str(point["kind"]), range(plan.seeds), data.train
    model = _model(tuple(widths), top, kind, code="bernoulli")
    if kind == "pretrained":
        variables = _stacked(model, table, plan, seeds)
    else:
        key = jax.vmap(jax.random.key)(jnp.arange(plan.seeds))
        variables = jax.vmap(lambda k: model.init(k, jnp.zeros((1, 28, 28, 1))))(key)
    per_epoch = len(table) * 4 // 5 // STACK_BATCH
    found = fine_tune(
        model, variables, table, data.train_labels, steps=plan.label_epochs * per_epoch,
        batch_size=STACK_BATCH, every=per_epoch, patience=0, seed=list(seeds), classes=10,
        optimizer="momentum", hp={"lr": 0.05},
    )  # fmt: skip
    x = jnp.asarray(as_float(data.test)).reshape(-1, 28, 28, 1)
    return [
        Measured(
            {"error": float((found.logits(v, x).argmax(1) != data.test_labels).mean())},
            {"seed": seed},
        )
        for seed, v in zip(seeds, _members(found.variables), strict=True)
    ]


KINDS = ("pretrained", "random", "glorot_adam")


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields the baselines, the networks and their controls, the codes, and the classifiers."""
    if scale == "medium":
        yield Task(_linear("mnist", 30, None, False), linear)
        for kind in ("pretrained", "random"):
            yield _deep("mnist", 30, kind)
        yield from _two_dimensions()
        return
    images = SCALES[scale].images
    if scale != "smoke" and images is not None:
        yield Task(_linear("mnist", 30, None, False), linear)
    yield Task(_linear("mnist", 30, images, True), linear)
    for size in (6, 18):
        yield Task(_linear("curves", size, images, True), linear)
    for dataset, latent in (("curves", 6), ("mnist", 30)):
        for kind in KINDS:
            yield _deep(dataset, latent, kind)
    yield from _two_dimensions()
    for kind in ("pretrained", "glorot"):
        yield Task({"task": "classes", "kind": kind}, classes)


def _deep(dataset: str, latent: int, kind: str) -> Task:
    return Task({"task": "deep", "dataset": dataset, "latent": latent, "kind": kind}, deep)


def _two_dimensions() -> Iterator[Task]:
    """Two components, and the codes of two numbers."""
    yield Task({"task": "components"}, components)
    yield _deep("mnist", 2, "pretrained")


def _linear(dataset: str, latent: int, images: int | None, logistic: bool) -> dict[str, Any]:
    return {
        "task": "linear", "dataset": dataset, "latent": latent,
        "images": images, "logistic": logistic,
    }  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    figure2, supplement = "Figure 2, caption", "supplement, Figure S1"
    net = lambda dataset, latent, kind, metric="mse_per_image": pick(
        metric, {"task": "deep", "dataset": dataset, "latent": latent, "kind": kind}
    )

    def pca(metric, dataset, latent, logistic=True):
        where = {"task": "linear", "dataset": dataset, "latent": latent, "logistic": logistic}
        return pick(metric, where)

    curves, mnist = net("curves", 6, "pretrained"), net("mnist", 30, "pretrained")
    gap = difference(
        net("mnist", 2, "pretrained", "accuracy"), pick("accuracy", {"task": "components"}),
        "accuracy of 2-D codes less that of two components",
    )  # fmt: skip
    wrong = lambda kind: pick("error", {"task": "classes", "kind": kind})
    small, paper = ("small",), ("paper",)
    return (
        Claim(
            "PCA with 30 components on all of MNIST: squared error per test image",
            pca("mse_pca", "mnist", 30, False), anchor(13.87, 0.05), 13.87, figure2, "P",
            ("small", "medium"), control=pca("mse_mean_image", "mnist", 30, False),
        ),
        Claim(
            "PCA with 30 components on MNIST: squared error per test image",
            pca("mse_pca", "mnist", 30), anchor(13.87, 0.05), 13.87, figure2, "P", paper,
        ),
        Claim(
            "logistic PCA with 30 components on MNIST",
            pca("mse_logistic_pca", "mnist", 30), level(8.0, 0.4), 8.01, figure2, "P", paper,
        ),
        Claim(
            "logistic PCA is below PCA on the same digits: ratio of errors",
            ratio(pca("mse_logistic_pca", "mnist", 30), pca("mse_pca", "mnist", 30), "logistic"),
            at_most(0.8), "8.01 / 13.87 = 0.58", figure2, "P", ("small", "paper"),
            note="On fewer images than the paper's, hence a wide margin.",
        ),
        Claim(
            "logistic PCA is below PCA on curves, 18 components: ratio of errors",
            ratio(pca("mse_logistic_pca", "curves", 18), pca("mse_pca", "curves", 18), "logistic"),
            at_most(0.8), "2.45 / 5.90 = 0.42", figure2, "P", ("small", "paper"),
            note="The curves are regenerated.",
        ),
        Claim(
            "the 30-D autoencoder with pre-training", mnist, at_most(3.3), 3.00, figure2, "P",
            paper,
        ),
        Claim(
            "curves: the 6-D autoencoder is below logistic PCA of 18, that below PCA of 18",
            (curves, pca("mse_logistic_pca", "curves", 18), pca("mse_pca", "curves", 18)),
            increasing_in_mean(), "1.44 < 2.45 < 5.90", figure2, "P", paper,
        ),
        Claim(
            "curves: the pre-trained 6-D autoencoder is below PCA of 6 (difference)",
            difference(pca("mse_pca", "curves", 6), curves, "PCA-6 less AE-6"),
            above(0.0, each=True), "1.44 against 7.64 of logistic PCA", figure2, "P", small,
            note="The paper prints no PCA of 6; at small the schedule is a hundredth of its own.",
        ),
        Claim(
            "MNIST: the pre-trained 30-D autoencoder is below PCA of 30 on the same digits",
            difference(pca("mse_pca", "mnist", 30), mnist, "PCA-30 less AE-30"),
            above(0.0, each=True), "3.00 against 13.87", figure2, "P", small,
        ),
        Claim(
            "MNIST, published networks: the pre-trained 30-D error is below half of that of PCA",
            difference(
                pca("mse_pca", "mnist", 30, False), combine("twice AE-30", lambda a: 2 * a, mnist),
                "PCA-30 less twice AE-30",
            ),
            above(0.0, each=True), "3.00 against 13.87", figure2, "P", ("medium",),
        ),
        Claim(
            "MNIST, published networks: pre-training halves the error, at least",
            difference(
                net("mnist", 30, "random"), combine("twice AE-30", lambda a: 2 * a, mnist),
                "without it, less twice with it",
            ),
            above(0.0, each=True), "not printed for MNIST", "supplement, on curves", "S",
            ("medium",), note="One seed.",
        ),
        Claim(
            "curves: without pre-training the same conjugate gradients stay on the plateau",
            net("curves", 6, "random"), at_least(14.0, each=True), "16 to 18", supplement, "S",
            ("small", "paper"), control=curves,
        ),
        Claim(
            "curves: pre-training lowers the error",
            (curves, net("curves", 6, "random")), increasing(), "pre-trained far below",
            supplement, "S", ("small", "paper"),
        ),
        Claim(
            "curves: today's control, Glorot weights and Adam without pre-training, leaves the "
            "plateau too",
            net("curves", 6, "glorot_adam"), at_most(14.0, each=True),
            "not in the paper; Martens 2010", "later work: Martens 2010, Sutskever et al. 2013",
            "M", ("small", "paper"), control=net("curves", 6, "random"),
        ),
        Claim(
            "2-D codes tell digits better than two components: k-NN accuracy gap, at least 0.25",
            gap, at_least(0.25), "separate clusters against overlap", "Figure 3", "P", paper,
        ),
        Claim(
            "2-D codes tell digits better than two components: k-NN accuracy gap, at least 0.15",
            gap, at_least(0.15), "separate clusters against overlap", "Figure 3", "P",
            ("small", "medium"),
            note="A shortened schedule; the paper's has 0.25.",
        ),
        Claim(
            "classification: error with pre-training", wrong("pretrained"), level(0.012, 0.0025),
            0.012, "text, note on classification", "P", paper,
        ),
        Claim(
            "classification: pre-training lowers the error",
            (wrong("pretrained"), wrong("glorot")), increasing_in_mean(), "1.2 % against 1.6 %",
            "text, note on classification", "P", ("small", "paper"),
        ),
    )  # fmt: skip
