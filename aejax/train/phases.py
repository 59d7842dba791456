"""Pre-training and fine-tuning as runs of their own, each with its batch size and optimiser.

Inside one run all stages share a batch; Hinton & Salakhutdinov 2006 pre-train on 100 images a step
and fine-tune on 1000, and Vincent et al. 2010 fine-tune with labels, by another loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError
from aejax.hparams import HParam
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.run import Trained, train
from aejax.types import Autoencoder, Variables


def _run(
    model: Autoencoder,
    table: np.ndarray,
    recipe: Recipe,
    seeds: Sequence[int],
    hp: Mapping[str, float],
    initial: Variables | None = None,
) -> Trained:
    values = resolve_hparams(model, recipe, hp, {"num_data": len(table)})
    job = Job(
        model=model,
        recipe=recipe,
        hp={name: jnp.full(len(seeds), value, jnp.float32) for name, value in values.items()},
        seeds=jnp.asarray(seeds, jnp.int32),
        every=recipe.steps,
    )
    return train(job, table, initial=initial)


def pretrain(
    model: Autoencoder,
    table: np.ndarray,
    recipe: Recipe,
    *,
    seeds: Sequence[int],
    hp: Mapping[str, float] | None = None,
) -> Variables:
    """Runs all stages of a model but the last, which share `recipe.steps` as they do in a run.

    Args:
      model: with stages, the last of which is the fine-tuning.
      table: training rows [N, *shape].
      recipe: of the pre-training.
      seeds: of the members.
      hp: what differs from the defaults.

    Returns:
      Variables, stacked [P, ...].

    Raises:
      ConfigError: the model has no stages, or as in `fit`.
    """
    if len(model.stages) < 2:
        raise ConfigError(
            f"model {model.info.name!r} has no pre-training. Allowed: pretraining above 0."
        )
    # Stages that are trained with rates of their own do not read the last one's.
    parts = model.replace(stages=model.stages[:-1])
    return _run(parts, table, recipe, seeds, hp or {}).state.variables


def tune(
    model: Autoencoder,
    table: np.ndarray,
    recipe: Recipe,
    *,
    seeds: Sequence[int],
    hp: Mapping[str, float] | None = None,
    initial: Variables | None = None,
) -> Trained:
    """Runs the last stage of a model, or its only one, from `initial` or from random weights.

    Args, errors: as in `pretrain`; `initial` is what that returned.
    """
    last = model.replace(stages=model.stages[-1:], declared=_last_hparams(model))
    return _run(last, table, recipe, seeds, hp or {}, initial)


def _last_hparams(model: Autoencoder) -> tuple[HParam, ...]:
    """The model's hyper-parameters, less the learning rates of the stages that do not run."""
    early = {stage.lr for stage in model.stages[:-1]} - {"lr"}
    return tuple(record for record in model.declared if record.name not in early)
