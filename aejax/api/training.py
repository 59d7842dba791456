"""`fit` and `fit_population`: models trained on arrays of the user's own."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.api.fitted import Fitted
from aejax.api.population import FittedPopulation
from aejax.api.progress import Reporter
from aejax.conditions import Conditioned
from aejax.data.rows import rows_for
from aejax.data.scaling import Scale
from aejax.errors import ConfigError, check_integer, plain
from aejax.evaluate.members import evaluator
from aejax.train import population
from aejax.train.compile import in_float32
from aejax.train.order import check_batch
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams, values_of
from aejax.train.run import Trained, train
from aejax.train.step import terms_of
from aejax.train.stopping import EarlyStopping
from aejax.types import Autoencoder

Callback = Callable[[int, dict[str, np.ndarray]], None]


def split(rows: Any, valid: Any, model: Autoencoder) -> tuple[Any, Any]:
    """Returns training and validation rows; a fraction is held out by a permutation of its own."""
    if valid is None:
        return rows, None
    if isinstance(rows, Conditioned) and isinstance(valid, tuple) and len(valid) == 2:
        return rows, rows_for(model, valid[0], "valid", condition=valid[1], told_by="valid[1]")
    if isinstance(rows, Conditioned) and not isinstance(plain(valid), float):
        raise ConfigError(
            "valid has no condition beside its rows. Allowed: valid=(rows, condition), or a "
            "fraction between 0 and 1."
        )
    if np.ndim(valid) or not isinstance(plain(valid), float):
        return rows, rows_for(model, valid, "valid")
    valid = plain(valid)
    count = round(len(rows) * valid)
    if not (0 < valid < 1 and 0 < count < len(rows)):
        raise ConfigError(
            f"valid={valid!r} of {len(rows)} rows leaves none. Allowed: rows, or a fraction "
            "between 0 and 1."
        )
    order = np.random.default_rng(0).permutation(len(rows))  # the same rows for every seed
    held = np.sort(order[:count])
    return rows[np.setdiff1d(order, held)], rows[held]


def chunk_of(steps: int, reported: bool) -> int:
    """Returns the steps between two reports: a divisor of `steps`, so that one program serves."""
    if not reported:
        return steps
    return max(d for d in range(1, max(2, steps // 10) + 1) if steps % d == 0)


def _train(
    model: Autoencoder,
    rows: Any,
    held: Any,
    recipe: Recipe,
    members: Sequence[Mapping[str, float]],
    seeds: Sequence[int],
    options: Mapping[str, Any],
    start: Any = None,
) -> Trained:
    """Trains members, each with its values and its seed, as one population."""
    patience, metric, progress = options["patience"], options["metric"], options["progress"]
    every, callbacks = options["eval_every"], options["callbacks"]
    if patience is not None and held is None:
        raise ConfigError("patience needs validation rows. Allowed: with valid=rows or a fraction.")
    stopping = None
    if patience is not None:
        stopping = EarlyStopping(metric, check_integer("patience", patience, 0))
    done = 0 if start is None else int(np.asarray(start.step).reshape(-1)[0])
    reporter = Reporter(progress, callbacks, recipe.steps, done)
    if every is None:
        every = chunk_of(recipe.steps - done, reporter.wanted or held is not None)
    job = Job(
        model=model,
        recipe=recipe,
        hp={n: np.array([hp[n] for hp in members], np.float32) for n in members[0]},
        seeds=np.array(seeds, np.int32),
        every=min(check_integer("eval_every", every, 1), recipe.steps),
        executor="loop" if len(members) == 1 else "auto",
        stream=options["stream"],
    )
    with reporter:
        return train(
            job,
            rows,
            valid=held,
            measure=None if held is None else evaluator,
            stopping=stopping,
            on_chunk=reporter.advance if reporter.wanted else None,
            **({} if start is None else {"start": start}),
        )


def recipe_of(
    model: Autoencoder,
    steps: int,
    batch_size: int,
    optimizer: str,
    schedule: str,
    clip: bool,
    precision: str,
    rows: Any,
) -> Recipe:
    """Returns the recipe, with what can be checked of it before anything is computed."""
    steps, batch = check_integer("steps", steps, 1), check_integer("batch_size", batch_size, 1)
    check_batch(model, len(rows), batch)
    return Recipe(steps, batch, optimizer, schedule, clip, precision)


@in_float32
def fit(
    model: Autoencoder | Fitted,
    x: Any,
    *,
    condition: Any = None,
    steps: int = 2000,
    batch_size: int = 128,
    seed: int = 0,
    hp: Mapping[str, float] | None = None,
    optimizer: str = "adam",
    schedule: str = "constant",
    clip: bool = False,
    precision: str = "float32",
    valid: Any = None,
    eval_every: int | None = None,
    patience: int | None = None,
    metric: str = "mse_per_image",
    stream: str = "auto",
    progress: bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> Fitted:
    """Trains one autoencoder on an array, or goes on training.

    Args:
      model: from `aejax.models`; or a Fitted, which is trained for `steps` more, bit for bit as if
        it had never stopped (its own recipe, seed and hyper-parameters hold).
      x: [N, *shape], [N, D], or [N, H, W] for images of one channel; uint8 is scaled to [0, 1],
        floats are taken as they are. A scipy sparse matrix [N, D] is made dense a batch at a time.
      condition: of each row, where the model was built with `condition=`: labels [N], or vectors
        [N, D].
      steps: training steps.
      batch_size: examples a step.
      seed: of the weights, the order of the data and all noise.
      hp: hyper-parameters that differ from `model.hparams` and the optimiser's defaults.
      optimizer: a name of OPTIMIZERS.
      schedule: a name of SCHEDULES.
      clip: clip gradients to the norm hp["clip_norm"], those of each parameter group by itself
        where a model has groups.
      precision: of the operands of products, a name of PRECISIONS; sums are float32.
      valid: validation rows as x, or the fraction of x to hold out; rows with a condition are a
        pair (rows, condition).
      eval_every: steps between validation points; None: about a tenth of `steps`.
      patience: early stopping: end after so many points without improvement of `metric` (0: never
        end early) and keep the variables of the best point; None: keep the last variables.
      metric: what early stopping reads; lower is better.
      stream: whether rows stay on the host, in memory or in a memory-mapped file, and are read as
        steps need them: on, off, or auto, where they would take more than half of the free memory.
        The numbers are the same.
      progress: show a progress bar; None: in a terminal.
      callbacks: each called as `callback(step, means)` after every chunk of steps.

    Returns:
      A Fitted. Training that diverged stops at its last good variables and warns.

    Raises:
      ConfigError: a ValueError of one line: a wrong name, shape, value or range.
    """
    start, before = None, None
    if isinstance(model, Fitted):
        before, of = model, model.model
        rows = rows_for(of, x, condition=condition)
        before.scale.check(rows)
        rows, held = split(rows, valid, of)
        start, values, seed = _start(before), before.hp, before.seed
        total = before.recipe.steps + check_integer("steps", steps, 1)
        recipe = before.recipe._replace(steps=total)
    else:
        of, seed = model, check_integer("seed", seed, 0)
        rows, held = split(rows_for(of, x, condition=condition), valid, of)
        recipe = recipe_of(of, steps, batch_size, optimizer, schedule, clip, precision, rows)
        values = resolve_hparams(of, recipe, hp or {}, {"num_data": len(rows)})
    options = {
        "patience": patience,
        "metric": metric,
        "stream": stream,
        "progress": progress,
        "eval_every": eval_every,
        "callbacks": callbacks,
    }
    trained = _train(of, rows, held, recipe, [values], [seed], options, start)
    found = members_of(of, trained, recipe, [values], [seed], Scale.of(rows))[0]
    if found.diverged:
        warnings.warn(
            f"training diverged at step {found.diverged[0]} in {found.diverged[1]!r}; the "
            "variables are those of the step before. "
            + (found.scale.hint() or "A lower lr, or clip=True, may help."),
            stacklevel=2,
        )
    return _joined(before, found) if before is not None else found


def _start(before: Fitted) -> Any:
    if before.state is None:
        raise ConfigError(
            "this model was kept without its optimiser's state, so training cannot go on from it. "
            "Allowed: a model from fit, or one saved with state=True."
        )
    if before.diverged:
        raise ConfigError("this model's training diverged. Allowed: one that ended well.")
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], before.state)


def _joined(before: Fitted, after: Fitted) -> Fitted:
    """Returns `after` with the curves of both calls."""

    def joined(old: dict[str, np.ndarray], new: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        empty = lambda like: np.full(len(next(iter(like.values()))), np.nan, np.float32)
        if not old or not new:
            return old or new
        names = [*old, *[n for n in new if n not in old]]
        return {n: np.concatenate([old.get(n, empty(old)), new.get(n, empty(new))]) for n in names}

    return after.replace(
        history=joined(before.history, after.history), valid=joined(before.valid, after.valid)
    )


def members_of(
    model: Autoencoder,
    trained: Trained,
    recipe: Recipe,
    values: Sequence[Mapping[str, float]],
    seeds: Sequence[int],
    scale: Scale,
) -> list[Fitted]:
    """Returns each member of a trained population as a Fitted."""
    variables = trained.state.variables if trained.best is None else trained.best
    health = jax.device_get(trained.state.health)
    here = jax.local_devices()[0]  # a population may be spread over several
    found = []
    for i, (hp, seed) in enumerate(zip(values, seeds, strict=True)):
        step = int(health.step[i])
        lost = (step, terms_of(model)[int(health.term[i])]) if step >= 0 else None
        points = {n: c[i] for n, c in trained.valid.items()}
        found.append(
            Fitted(
                model=model,
                variables=jax.device_put(population.member(variables, i), here),
                recipe=recipe,
                seed=int(seed),
                hp=dict(hp),
                history={"step": trained.curve_step} | {n: c[i] for n, c in trained.curves.items()},
                valid={"step": trained.valid_step} | points if points else {},
                diverged=lost,
                best_step=None if trained.best_step is None else int(trained.best_step[i]),
                scale=scale,
                state=jax.device_put(population.member(trained.state, i), here),
            )
        )
    return found


@in_float32
def fit_population(
    model: Autoencoder,
    x: Any,
    *,
    condition: Any = None,
    seeds: Sequence[int] = (0,),
    hp: Mapping[str, Sequence[float]] | None = None,
    steps: int = 2000,
    batch_size: int = 128,
    optimizer: str = "adam",
    schedule: str = "constant",
    clip: bool = False,
    precision: str = "float32",
    valid: Any = None,
    eval_every: int | None = None,
    patience: int | None = None,
    metric: str = "mse_per_image",
    stream: str = "auto",
    progress: bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> FittedPopulation:
    """Trains all combinations of hyper-parameters and seeds in one compiled program.

    Args:
      seeds: one member each.
      hp: hyper-parameter -> its values, or one value for all members.
      Others, raises: as in `fit`.

    Returns:
      A FittedPopulation: members in the order of the product, seeds fastest.
    """
    rows, held = split(rows_for(model, x, condition=condition), valid, model)
    recipe = recipe_of(model, steps, batch_size, optimizer, schedule, clip, precision, rows)
    seeds = [check_integer("seed", seed, 0) for seed in seeds]
    axes = {name: values_of(given) for name, given in dict(hp or {}).items()}
    if not seeds or not all(axes.values()):
        raise ConfigError("fit_population got no seed or no value. Allowed: one or more of each.")
    points = [dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values())]
    facts = {"num_data": len(rows)}
    values = [resolve_hparams(model, recipe, point, facts) for point in points for _ in seeds]
    options = {
        "patience": patience,
        "metric": metric,
        "stream": stream,
        "progress": progress,
        "eval_every": eval_every,
        "callbacks": callbacks,
    }
    each = seeds * len(points)
    trained = _train(model, rows, held, recipe, values, each, options)
    return FittedPopulation(members_of(model, trained, recipe, values, each, Scale.of(rows)))
