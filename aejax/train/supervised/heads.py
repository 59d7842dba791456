"""A supervised head on any autoencoder: freeze-and-probe, and fine-tuning of the whole stack.

Bengio et al. 2007; Vincent et al. 2010, section 3.5. Early stopping is on the validation error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.data.checks import as_labels
from aejax.data.rows import rows_for
from aejax.errors import ConfigError, check_at_least, check_within
from aejax.nets import mlp
from aejax.train import population
from aejax.train.compile import in_float32
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams, values_of
from aejax.train.run import train
from aejax.train.stopping import EarlyStopping
from aejax.train.supervised.classifier import (
    HEAD,
    Logits,
    classifier,
    make_logits,
    measure,
    rows_of,
)
from aejax.types import Array, Autoencoder, Variables


class Supervised(NamedTuple):
    """A trained head: `logits(variables, x)`; the label is the greatest.

    `variables` are the autoencoder's with `params["head"]`, of the best validation point; they are
    stacked, and numbers are arrays [P], where a population was asked for. `history` holds "step"
    [V] and, at these steps, the validation set's `error` (a fraction) and `label_nats`, NaN after
    the run has stopped.
    """

    variables: Variables
    logits: Logits
    error: Any  # on the validation set, a fraction
    best_step: Any
    history: dict[str, np.ndarray]


def _split(
    model: Autoencoder, x: Any, labels: Any, valid: tuple[Any, Any] | None, fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns training and validation rows; without `valid`, a share is set aside."""
    table = rows_for(model, x)
    rows = rows_of(table, as_labels(labels, len(table), "labels"))
    if valid is not None:
        held_out = rows_for(model, valid[0], "valid")
        return rows, rows_of(held_out, as_labels(valid[1], len(held_out), "valid labels"))
    check_within("valid_fraction", fraction, 0.0, 1.0)
    count = round(fraction * len(rows))
    if not 1 <= count < len(rows):
        raise ConfigError(
            f"valid_fraction={fraction!r} of {len(rows)} examples leaves no row on one side. "
            "Allowed: one at least for training and one for validation."
        )
    order = np.random.RandomState(0).permutation(len(rows))
    return rows[order[count:]], rows[order[:count]]


def _values(
    model: Autoencoder, recipe: Recipe, hp: Mapping[str, Any], members: int
) -> dict[str, Array]:
    """Returns each hyper-parameter [P]; one value stands for all members."""
    columns = {name: values_of(given) for name, given in hp.items()}
    for name, column in columns.items():
        if len(column) not in (1, members):
            raise ConfigError(
                f"hp.{name} has {len(column)} values. Allowed: 1 or {members}, one a member."
            )
    points = [{n: column[i % len(column)] for n, column in columns.items()} for i in range(members)]
    rows = [resolve_hparams(model, recipe, point) for point in points]
    return {name: jnp.asarray([row[name] for row in rows], jnp.float32) for name in rows[0]}


def _train(
    model: Autoencoder,
    variables: Variables,
    x: Any,
    labels: Any,
    *,
    trainable: tuple[str, ...],
    name: str,
    classes: int | None,
    widths: tuple[int, ...],
    valid: tuple[Any, Any] | None,
    valid_fraction: float,
    recipe: Recipe,
    every: int,
    patience: int,
    seed: int | Sequence[int],
    hp: Mapping[str, Any],
) -> Supervised:
    rows, held_out = _split(model, x, labels, valid, valid_fraction)
    most = int(max(rows[:, -1].max(), held_out[:, -1].max())) + 1
    classes = most if classes is None else classes
    if min(rows[:, -1].min(), held_out[:, -1].min()) < 0 or most > classes:
        raise ConfigError(
            f"labels are from {int(min(rows[:, -1].min(), held_out[:, -1].min()))} to {most - 1}. "
            f"Allowed: 0 to {classes - 1} (classes={classes})."
        )
    for field, value in (("steps", recipe.steps), ("batch_size", recipe.batch_size)):
        check_at_least(field, value, 1)
    check_at_least("every", every, 1)
    single = isinstance(seed, int | np.integer)
    seeds = [int(seed)] if single else [int(s) for s in seed]
    if single:
        variables = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], variables)
    head = mlp(widths, (classes,), activation="relu")
    record = classifier(model, head, trainable, name)
    job = Job(
        model=record,
        recipe=recipe,
        hp=_values(record, recipe, hp, len(seeds)),
        seeds=jnp.asarray(seeds, jnp.int32),
        every=min(every, recipe.steps),
    )
    trained = train(
        job,
        rows,
        valid=held_out,
        initial=variables,
        measure=measure(model, head),
        stopping=EarlyStopping("error", patience),
    )
    best, steps = trained.best, trained.best_step
    assert best is not None
    assert steps is not None
    points = [list(trained.valid_step).index(step) for step in steps]
    error = trained.valid["error"][np.arange(len(seeds)), points]
    history = {"step": trained.valid_step, **trained.valid}
    if single:
        best, steps, error = population.member(best, 0), int(steps[0]), float(error[0])
        history |= {key: values[0] for key, values in trained.valid.items()}
    return Supervised(best, make_logits(model, head), error, steps, history)


@in_float32
def probe(
    model: Autoencoder,
    variables: Variables,
    x: Any,
    labels: Any,
    *,
    valid: tuple[Any, Any] | None = None,
    valid_fraction: float = 0.2,
    classes: int | None = None,
    widths: tuple[int, ...] = (),
    steps: int = 1000,
    batch_size: int = 128,
    every: int = 50,
    patience: int = 5,
    seed: int | Sequence[int] = 0,
    hp: Mapping[str, Any] | None = None,
    optimizer: str = "adam",
    schedule: str = "constant",
) -> Supervised:
    """Trains a classifier on a frozen code: all but the head stays equal bit for bit.

    Equation: min_w E[-log softmax(w . f(x) + b)[label]], f fixed.

    Args:
      model: the autoencoder.
      variables: trained, of one member; or of a population, stacked, where `seed` is a sequence.
      x: examples, as in `fit`.
      labels: whole numbers from 0, [N].
      valid: examples and labels for early stopping; None: `valid_fraction` of x, a fixed choice.
      valid_fraction: share of x to set aside.
      classes: number of labels; None: the greatest and one.
      widths: hidden widths of the head; () is logistic regression.
      steps: at most so many.
      batch_size: examples a step.
      every: steps between validation points.
      patience: stop after so many points without a smaller error; 0: never.
      seed: of the head's weights and the order of the data; a sequence of P for a population.
      hp: the optimiser's hyper-parameters, each a number or P of them.
      optimizer: a name of OPTIMIZERS.
      schedule: a name of SCHEDULES.

    Returns:
      The head at its best validation point, the first where several are equal.

    Raises:
      ConfigError: wrong names, shapes, labels or ranges, or variables of another model.
    """
    return _train(
        model, variables, x, labels, trainable=(HEAD,), name="probe", classes=classes,
        widths=widths, valid=valid, valid_fraction=valid_fraction,
        recipe=Recipe(steps, batch_size, optimizer, schedule), every=every, patience=patience,
        seed=seed, hp=hp or {},
    )  # fmt: skip


@in_float32
def fine_tune(
    model: Autoencoder,
    variables: Variables,
    x: Any,
    labels: Any,
    *,
    valid: tuple[Any, Any] | None = None,
    valid_fraction: float = 0.2,
    classes: int | None = None,
    widths: tuple[int, ...] = (),
    steps: int = 1000,
    batch_size: int = 128,
    every: int = 50,
    patience: int = 5,
    seed: int | Sequence[int] = 0,
    hp: Mapping[str, Any] | None = None,
    optimizer: str = "adam",
    schedule: str = "constant",
) -> Supervised:
    """Trains a classifier and the encoder below it, from where the encoder stands.

    Equation: min_{w, f} E[-log softmax(w . f(x) + b)[label]]; nothing else of the model moves.
    Bengio et al. 2007; Vincent et al. 2010, section 3.5. To begin with the weights of a probe, give
    its variables.

    Args, returns and errors: as in `probe`.
    """
    below = tuple(part for part in ("encoder", "latent") if part in variables["params"])
    return _train(
        model, variables, x, labels, trainable=(*below, HEAD), name="fine_tune", classes=classes,
        widths=widths, valid=valid, valid_fraction=valid_fraction,
        recipe=Recipe(steps, batch_size, optimizer, schedule), every=every, patience=patience,
        seed=seed, hp=hp or {},
    )  # fmt: skip
