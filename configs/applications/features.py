"""Features: what an autoencoder has learnt without labels, for a classifier that has few.

Command: python -m experiments.reproduce features [--scale=SCALE] [--manual_dir=DIR]
Your own: python -m experiments.reproduce features --dataset=table.csv (or .npz, a folder of images
in classes): rows with labels of two classes or more, ten or more training rows of each.

Protocol, the same for all methods: features are fitted to all training rows, without their labels;
a linear classifier (multinomial logistic regression) sees the codes of 10, 100 or 1,000 labelled
training rows a class, which a seed draws, and its weights and batches are the seed's as well. The
supervised network has the same labelled rows and nothing else. For each number of labels a method
has the setting, of its features and of its classifier together, with the lowest error on
validation rows (seed 0's labels). The kind of autoencoder is chosen by validation rows too, before
it is compared. Bytes are scaled to [0, 1], other columns are standardised by the training rows.
Validation rows are more than the labelled ones where labels are few, for everyone.

What `small` came to (12 of 12 claims pass): the best autoencoder's error is 17.3, 6.1 and 3.0 % for
10, 100 and 1,000 labels a class, the supervised network's 23.4, 9.5 and 3.5 %, that of raw pixels
24.6, 12.0 and 8.7 %. Which kind it is matters more than that it is one: winner-take-all and
k-sparse codes of 1,000 units are first, undercomplete and variational codes hardly better than
pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

import aejax
from aejax.baselines import CLASSIFIERS, FEATURES, Encode, best, named, settings
from aejax.errors import ConfigError
from aejax.reproduce import (
    Application,
    Claim,
    Context,
    Measured,
    Task,
    candidates,
    increasing_in_mean,
    pick,
    scaler,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base

LABELS = (10, 100, 1000)  # labelled rows a class


class Kind(NamedTuple):
    """A model with its fixed arguments, and the settings among which validation rows choose."""

    args: Mapping[str, Any]  # "likelihood" is added for bytes
    grid: Mapping[str, Sequence[Any]]  # of more arguments
    hp: Mapping[str, Sequence[float]]  # of hyper-parameters


WIDE = {"latent": 512, "widths": ()}
PIXELS = {"likelihood": "bernoulli"}  # of bytes; other rows are Gaussian
KINDS = {
    "undercomplete": Kind({"widths": (256,)}, {"latent": (32, 128)}, {}),
    "denoising": Kind({**WIDE, "code_activation": "relu"}, {}, {"corruption": (0.25, 0.5)}),
    "contractive": Kind({**WIDE, "code_activation": "sigmoid"}, {}, {"w_jacobian_sq": (0.1, 1.0)}),
    "sparse_kl": Kind(WIDE, {}, {"w_kl_rho_nats": (0.1, 1.0)}),
    "k_sparse": Kind({"latent": 1000}, {}, {"k": (25, 70)}),
    "winner_take_all": Kind({"latent": 1000}, {}, {"lifetime": (0.05, 0.2)}),
    "vae": Kind({"widths": (256,)}, {"latent": (32, 128)}, {}),
}
SQUARED = ("k_sparse", "winner_take_all")  # their papers' error is the squared one, for pixels too
METHODS = (*KINDS, *FEATURES, "supervised")


class Scale(NamedTuple):
    """What a scale says."""

    datasets: tuple[str, ...]
    steps: int
    seeds: int
    train: int  # most training rows
    valid: int  # most validation rows
    test: int  # most test rows


SCALES = {
    "smoke": Scale(("digits",), 20, 2, 1000, 200, 200),
    "small": Scale(("mnist",), 1500, 3, 20_000, 2000, 10_000),
}

APPLICATION = Application(
    title="Features: a classifier of few labels on codes that were learnt without labels",
    costs={"smoke": "30 s on one core", "small": "639 s on two cores, other work beside it"},
    datasets={name: scale.datasets for name, scale in SCALES.items()},
    figures=("features_labels",),
    shown=("valid_error", "error"),
    chosen={"setting": "validation", "kind": "validation", "labels": "swept"},
)


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks."""
    return base(
        scale, scales=APPLICATION.scales, name="features", model="denoising",
        valid_fraction=0.0,  # `split` holds them out
    )  # fmt: skip


class Split(NamedTuple):
    """Rows [N, D] float32 on one scale with labels [N], and whether they were bytes."""

    train: np.ndarray
    train_labels: np.ndarray
    valid: np.ndarray
    valid_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    bytes: bool


def split(context: Context, name: str) -> Split:
    """Returns the rows, the same for every seed.

    Raises:
      ConfigError: no labels, one class alone, or fewer than ten training rows of a class.
    """
    plan = SCALES[context.scale]
    data = context.dataset(name, gaps=True, train_size=None, test_size=None)
    labels, test_labels = data.train_labels, data.test_labels
    if labels is None or test_labels is None or len(np.unique(labels)) < 2:
        raise ConfigError(
            f"dataset={name!r} has no labels of two classes. Allowed: labels of two classes or "
            "more, such as a column 'label': whole numbers, or names."
        )
    order = np.random.RandomState(0).permutation(len(data.train))
    held = order[: min(plan.valid, len(order) // 5)]
    kept = order[len(held) :][: plan.train]
    few = min((labels[kept] == c).sum() for c in np.unique(labels))
    if few < LABELS[0]:
        raise ConfigError(
            f"dataset={name!r} has {few} training rows of a class. Allowed: {LABELS[0]} or more."
        )
    scaled = scaler(data.train[kept])
    test = slice(plan.test)
    return Split(
        scaled(data.train[kept]), labels[kept], scaled(data.train[held]), labels[held],
        scaled(data.test[test]), test_labels[test], data.train.dtype == np.uint8,
    )  # fmt: skip


def labelled(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Returns the indices of `count` rows of each class, drawn by the seed."""
    order = np.random.RandomState(seed).permutation(len(labels))
    return np.concatenate([order[labels[order] == c][:count] for c in np.unique(labels)])


def _trained(name: str, plan: Scale, rows: Split) -> dict[tuple[str, int], Encode]:
    """Returns (setting, seed) -> the encoder of a trained autoencoder."""
    kind, shape = KINDS[name], rows.train.shape[1:]
    said = PIXELS if rows.bytes and name not in SQUARED else {"likelihood": "gaussian"}
    found = candidates(
        lambda setting: aejax.models.build(name, shape, {**kind.args, **setting, **said}),
        rows.train, range(plan.seeds), grid=kind.grid, hp=kind.hp, steps=plan.steps,
    )  # fmt: skip
    encoder = lambda member: lambda x: aejax.encode(member, x).reshape(len(x), -1)
    return {which: encoder(member) for which, member in found.items()}


def _fixed(name: str, plan: Scale, rows: Split) -> dict[tuple[str, int], Encode]:
    """Returns the same of features without an autoencoder."""
    method = FEATURES[name]
    return {
        (named(setting), seed): method.fit(rows.train, seed, **setting)
        for setting in settings(method.grid)
        for seed in range(plan.seeds)
    }


def classify(context: Context, point: Point) -> list[Measured]:
    """For each number of labels: the setting of lowest validation error, on the test rows."""
    name, method = str(point["dataset"]), str(point["method"])
    plan, rows = SCALES[context.scale], split(context, name)
    learnt = "raw" if method == "supervised" else method
    encoders = (_trained if learnt in KINDS else _fixed)(learnt, plan, rows)
    machine = CLASSIFIERS["net" if method == "supervised" else "linear"]
    few = min((rows.train_labels == c).sum() for c in np.unique(rows.train_labels))

    def errors(
        setting: str, seed: int, count: int, tried: Sequence[Mapping[str, Any]], test: bool
    ) -> list[float]:
        """The share of wrong labels with each of the classifier's settings."""
        encode, drawn = encoders[setting, seed], labelled(rows.train_labels, count, seed)
        x, y = (rows.test, rows.test_labels) if test else (rows.valid, rows.valid_labels)
        codes, asked = encode(rows.train[drawn]), encode(x)
        fits = (machine.fit(codes, rows.train_labels[drawn], seed, **each) for each in tried)
        return [float(np.mean(fit(asked) != y)) for fit in fits]

    measured = []
    for count in (n for n in LABELS if n <= few):
        options = settings(machine.grid)
        tried = {
            (setting, i): found
            for setting, seed in encoders
            if seed == 0
            for i, found in enumerate(errors(setting, 0, count, options, False))
        }
        said = {f"{setting}; {named(options[i])}": (setting, i) for setting, i in tried}
        chosen = best({name: [-tried[key]] for name, key in said.items()})
        setting, i = said[chosen]
        measured += [
            Measured(
                {
                    "valid_error": tried[setting, i],
                    "error": errors(setting, seed, count, [options[i]], True)[0],
                },
                {"labels": count, "seed": seed, "setting": chosen},
            )
            for seed in range(plan.seeds)
        ]
    return measured


def choose(context: Context, point: Point) -> list[Measured]:
    """For each number of labels: the kind of autoencoder of lowest validation error."""
    rows = context.select(task="features", dataset=point["dataset"])
    tried: dict[int, dict[str, float]] = {}
    for row in rows:
        if row["point"]["method"] in KINDS:
            found = tried.setdefault(row["point"]["labels"], {})
            found[row["point"]["method"]] = row["metrics"]["valid_error"]
    measured = []
    for count, found in tried.items():
        kind = best({name: [-value] for name, value in found.items()})
        for row in context.select(task="features", dataset=point["dataset"], method=kind):
            if row["point"]["labels"] == count:
                where = {"labels": count, "seed": row["seed"], "kind": kind}
                measured.append(Measured(dict(row["metrics"]), where))
    return measured


def tasks(scale: str, dataset: str) -> Iterator[Task]:
    """Yields every method, then the choice of a kind of autoencoder."""
    for method in METHODS:
        yield Task({"task": "features", "dataset": dataset, "method": method}, classify)
    yield Task({"task": "choose", "dataset": dataset, "method": "autoencoder"}, choose)


def _error(dataset: str, task: str, method: str, count: int) -> Any:
    return pick(
        "error",
        {"task": task, "dataset": dataset, "method": method, "labels": count},
        label=f"{dataset}, {count} labels a class: error of {method}",
    )


# baseline -> what there is to say of it, and where.
SOURCES = {
    "raw": ("the same classifier without features", "Coates, Lee & Ng 2011"),
    "pca": ("the linear autoencoder", "Baldi & Hornik 1989"),
    "random_features": ("features without learning", "Rahimi & Recht 2007"),
    "supervised": ("what labels alone can do", "Erhan et al. 2010, figure 1"),
}


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    return tuple(
        Claim(
            f"{dataset}, {count} labels a class: the autoencoder's error is below that of {method}",
            (
                _error(dataset, "choose", "autoencoder", count),
                _error(dataset, "features", method, count),
            ),
            increasing_in_mean(),
            said,
            source,
            "B",
            ("small",),
            needs="mnist" if dataset == "mnist" else "",
        )
        for dataset in SCALES["small"].datasets
        for count in LABELS
        for method, (said, source) in SOURCES.items()
    )
