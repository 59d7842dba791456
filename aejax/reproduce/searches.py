"""Contests of searches for hyper-parameters: what papers about them share, on two autoencoders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from aejax import models
from aejax.api.scoring import score
from aejax.reproduce.claim import Claim
from aejax.reproduce.criteria import increasing_paired
from aejax.reproduce.select import pick
from aejax.reproduce.tasks import Context, Measured, Point, Task
from aejax.results.rows import HIGHER_IS_BETTER

# model -> its arguments, and the metric of validation and test rows
MODELS: dict[str, tuple[dict[str, Any], str]] = {
    "undercomplete": ({"latent": 8, "widths": (64,)}, "mse_per_image"),
    "vae": ({"latent": 8, "widths": (64,)}, "elbo_nats"),
}

# (method, model, training rows, named options) -> what `fit_search` or `fit_study` returns
Search = Callable[..., Any]


def contest(
    context: Context, point: Point, search: Search, seeds: int, steps: int
) -> list[Measured]:
    """Returns the test metric of what each seed's search has chosen by validation rows.

    Args:
      context: of the task.
      point: with `model`, a name of MODELS, and `method`.
      search: given the method, and options that `fit_search` and `fit_study` share.
      seeds: searches, each with points, weights and batches of its own.
      steps: of a point that trains to the end.
    """
    args, metric = MODELS[str(point["model"])]
    data = context.dataset()
    model = models.build(str(point["model"]), data.train.shape[1:], args)
    measured = []
    for seed in range(seeds):
        found = search(
            str(point["method"]), model, data.train, valid=data.valid, metric=metric, seed=seed,
            batch_size=64, steps=steps,
        )  # fmt: skip
        first, test = found.trials[0], score(found.best, data.test)
        measured.append(
            Measured(
                {
                    f"valid_{metric}": first[metric],
                    f"test_{metric}": float(np.mean(test[metric])),
                    "member_steps": found.member_steps,
                    "points": len(found.trials),
                },
                {"seed": seed, **first["hp"]},
            )
        )
    return measured


def contests(
    methods: Iterable[str], run: Callable[[Context, Point], list[Measured]]
) -> Iterator[Task]:
    """Yields every method on every model as a task `search`, which `search_scores` draws."""
    for model in MODELS:
        for method in methods:
            yield Task({"task": "search", "model": model, "method": method}, run)


def better(
    method: str, name: str, others: Iterable[str], paper: str, source: str
) -> Iterator[Claim]:
    """Yields a claim for every model and other method: this one finds better points.

    Args:
      method: what is to be better.
      name: of it in words.
      others: than which.
      paper: what it says.
      source: and where.
    """
    for model, (_, metric) in MODELS.items():
        for other in others:
            pair = [
                pick(
                    f"test_{metric}",
                    {"task": "search", "model": model, "method": each},
                    label=f"{model}: test_{metric} of what {each} chose",
                )
                for each in (method, other)
            ]
            yield Claim(
                f"{model}: {name} finds better points than {other} search for the same "
                "member-steps",
                # The one whose metric is to be lower first.
                tuple(pair[::-1] if metric.endswith(HIGHER_IS_BETTER) else pair),
                increasing_paired(seeds=20),
                paper,
                source,
                "M",
            )
