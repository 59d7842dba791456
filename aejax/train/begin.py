"""What a run begins with: drawn variables, given ones, or the state of an earlier run."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from aejax.conditions import values_of
from aejax.data.scaling import mean_row
from aejax.errors import ConfigError, check_names
from aejax.train import optimizers
from aejax.train.plan import Job
from aejax.types import Autoencoder, PyTree, TrainState, Variables, stages_of


def shapes_of(tree: PyTree) -> PyTree:
    """Returns the shapes of a tree."""
    return jax.eval_shape(lambda t: t, tree)


def _copied(tree: PyTree) -> PyTree:
    """A copy: guarded chunks give their members' memory to the result."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf).copy(), tree)


def steps_taken(job: Job, start: TrainState | None, planned: int | None) -> int:
    """Returns the step at which a run begins.

    Args:
      job: its `recipe.steps` is the total, the steps that `start` has taken included.
      start: the state of an earlier run, or None.
      planned: as in `train`.

    Raises:
      ConfigError: no one step, nothing left to do, or a total that changes the steps that were
        taken already.
    """
    if start is None:
        return 0
    taken, total = np.asarray(start.step).tolist(), job.recipe.steps
    if len(taken) != len(job.seeds) or len(set(taken)) != 1:
        raise ConfigError(
            f"start holds {len(taken)} members at steps {sorted(set(taken))}, the job "
            f"{len(job.seeds)}. Allowed: the members of the job, all at one step."
        )
    begin = taken[0]
    if not 0 < begin < total:
        raise ConfigError(
            f"steps={total} is the total, and start has taken {begin}. "
            f"Allowed: a start after the first step, and steps={begin + 1} or more."
        )
    planned = begin if planned is None else planned
    reason = _reads_total(job)
    if planned != total and reason:
        raise ConfigError(
            f"start is of a run of {planned} steps, and {reason}: a run of steps={total} would "
            f"have begun otherwise. Allowed: planned={total}, if that is what start was trained "
            "for; or one stage, a constant schedule and an optimiser that does not read steps."
        )
    return begin


def _reads_total(job: Job) -> str | None:
    """Returns why a run's first steps depend on its total number of steps, or None."""
    recipe, (stage, *others) = job.recipe, stages_of(job.model)
    if others:
        return f"model={job.model.info.name!r} shares them among {len(others) + 1} stages"
    name = stage.optimizer or recipe.optimizer
    entry = optimizers.OPTIMIZERS[name]
    if entry.reads_steps:
        return f"optimizer={name!r} goes by the share of them that is done"
    if recipe.schedule != "constant" and not entry.line_search:
        return f"schedule={recipe.schedule!r} goes by the share of them that is done"
    return None


def continued(start: TrainState, like: TrainState) -> TrainState:
    """Returns a copy of a state to go on from.

    Args:
      start: stacked [P, ...].
      like: the shapes that the run begins with.

    Raises:
      ConfigError: they differ.
    """
    kinds = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)
    if kinds(shapes_of(start)) != kinds(like):
        raise ConfigError(
            "start is of another model, optimiser or number of members than this job. "
            "Allowed: Trained.state of the same model and recipe."
        )
    return _copied(start)


def drawn(
    model: Autoencoder, state: TrainState, rows: PyTree, initial: Variables | None
) -> TrainState:
    """Returns the state to begin with, given the drawn one.

    Args:
      model: the autoencoder; where it has `prime`, it is given the mean of the rows.
      state: as the seeds draw it, stacked [P, ...].
      rows: training rows.
      initial: replaces what it holds of the drawn variables.

    Raises:
      ConfigError: `initial` has a group of parameters that the model lacks, or other shapes.
    """
    variables = state.variables
    if model.init_from_mean is not None:
        centre = mean_row(values_of(rows))
        variables = jax.vmap(model.init_from_mean, (0, None))(variables, centre)
    if initial is None:
        return state._replace(variables=variables)
    check_names("initial: parameters", initial["params"], variables["params"])
    parts = {"params": variables["params"] | dict(initial["params"]), "extra": initial["extra"]}
    if shapes_of(parts) != shapes_of(variables):
        raise ConfigError(
            "initial variables are of other shapes than this model's, or have no leading member "
            "axis. Allowed: variables that this model was trained to, stacked over the members."
        )
    return state._replace(variables=_copied(parts))
