"""The table of metrics that every row carries, and the function that computes them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.conditions import beside, values_of
from aejax.data.batches import PerExample, mean_over, parts_over, rows_over
from aejax.data.rows import check_table
from aejax.evaluate.activity import activity, firing_counts
from aejax.evaluate.codebook import code_counts, codebook_use
from aejax.evaluate.posterior import code_moments, units_in_use
from aejax.evaluate.reconstruction import squared_error, token_accuracy
from aejax.keys import stream
from aejax.types import Array, Autoencoder, Hparams, PyTree, Variables, stages_of


class Metric(NamedTuple):
    """`values(model, variables, x [B, *shape], terms) -> [B]`.

    `terms` are the loss's, per example.
    """

    values: Callable[[Autoencoder, Variables, Array, dict[str, Array]], Array]
    applies: Callable[[Autoencoder], bool]


def sum_of(terms: Mapping[str, Array], names: Sequence[str]) -> Array:
    """Returns the sum of the named terms [B]; there is one at least."""
    return functools.reduce(jnp.add, [terms[name] for name in names])


METRICS: dict[str, Metric] = {
    "mse_per_image": Metric(
        lambda model, variables, x, terms: squared_error(model, variables, x),
        lambda model: True,
    ),
    "token_accuracy": Metric(
        lambda model, variables, x, terms: token_accuracy(model, variables, x),
        lambda model: model.info.likelihood.integers,
    ),
    # The evidence lower bound on log p(x), in nats; higher is better.
    "elbo_nats": Metric(
        lambda model, variables, x, terms: -sum_of(terms, model.info.bound),
        lambda model: bool(model.info.bound),
    ),
}


class SetMetric(NamedTuple):
    """A metric of a whole set, which is no mean over examples.

    `part(model, variables, x [B, *shape])` is what a batch contributes; `values(merged) ->
    {name: scalar}`, of the parts [batches, ...] as `merge` leaves them: their sum by default.
    """

    part: Callable[[Autoencoder, Variables, Array], PyTree]
    values: Callable[[PyTree], dict[str, Array]]
    applies: Callable[[Autoencoder], bool]
    merge: Callable[[PyTree], PyTree] = lambda parts: jax.tree.map(lambda a: a.sum(0), parts)


SET_METRICS: dict[str, SetMetric] = {
    "activity": SetMetric(
        firing_counts,
        activity,
        lambda model: model.info.space is not None and model.info.space.sparse,
    ),
    "codebook": SetMetric(
        code_counts,
        codebook_use,
        lambda model: model.info.space is not None and model.info.space.codes > 0,
    ),
    # Burda et al. 2015: of models with a posterior, however its divergence is computed.
    "posterior": SetMetric(
        code_moments,
        units_in_use,
        lambda model: model.info.space is not None and model.info.space.log_posterior is not None,
        merge=lambda parts: parts,
    ),
}


def _values(model: Autoencoder, variables: Variables, hp: Hparams) -> PerExample:
    """Returns (x [B, *shape], key) -> each loss term's and each metric's values [B]."""
    loss = stages_of(model)[-1].loss

    def values_of(x: Array, key: Array) -> dict[str, Array]:
        scalar, aux = loss(variables, hp, x, stream(key, "evaluate"), jnp.int32(2**30))
        values = {
            name: metric.values(model, variables, x, aux.terms)
            for name, metric in METRICS.items()
            if metric.applies(model)
        }
        return {**aux.terms, **values, "loss": jnp.full(x.shape[0], scalar)}

    return values_of


def per_example(
    model: Autoencoder,
    variables: Variables,
    hp: Hparams,
    key: Array,
    table: Array,
    batch_size: int = 500,
) -> dict[str, Array]:
    """Returns each row's loss terms and metrics [N]; their means are those of `evaluate`.

    Args: as in `evaluate`.

    Returns:
      name -> [N], in the table's order; std / sqrt(N) is the standard error of the mean over rows.
    """
    check_table(model, table)
    return rows_over(_values(model, variables, hp), table, key, batch_size)


def evaluate(
    model: Autoencoder,
    variables: Variables,
    hp: Hparams,
    key: Array,
    table: Array,
    batch_size: int = 500,
) -> dict[str, Array]:
    """Returns each loss term's and each metric's mean over a table, and the metrics of all of it.

    Args:
      model: the autoencoder.
      variables: of one member; vmap over members.
      hp: traced scalars.
      key: noise of the stochastic terms (corruption, posterior samples).
      table: [N, *shape], uint8 or float.
      batch_size: rows at a time; terms that couple a batch's examples depend on it, others do not.
        A single row that is left over goes with the batch before.

    Returns:
      name -> scalar; "loss" is the last stage's training loss on these rows. A term that needs
      pairs of rows (a discrepancy) is NaN, and the loss with it, where a batch is one row.

    Raises:
      ConfigError: rows of another shape, or outside the support of the model's likelihood.
    """
    check_table(model, table)
    found = mean_over(_values(model, variables, hp), table, key, batch_size)
    for metric in SET_METRICS.values():
        if metric.applies(model):
            part = lambda x, key, metric=metric: metric.part(model, variables, x)
            found |= metric.values(metric.merge(parts_over(part, table, key, batch_size)))
    return found


def show(
    model: Autoencoder, variables: Variables, hp: Hparams, key: Array, x: Array, samples: int
) -> dict[str, Array]:
    """Returns what the figures draw of one member.

    Args:
      model: the autoencoder.
      variables: of one member; vmap over members.
      hp: traced scalars (the corruption's level).
      key: noise of the corruption and of the samples.
      x: images to reconstruct, float [n, *shape].
      samples: how many samples of the prior; of the classes in turn, or of the conditions of x,
        where the model is told one.

    Returns:
      reconstructions [n, *shape]; noisy [n, *shape] where the model corrupts its input (the
      reconstructions are of these then, and pass through what is visible where the model hides a
      part and predicts that alone); samples [S, *shape] where it has a prior; filters
      [F <= 64, *shape] where its first layer is dense.
    """
    rows = values_of(x)
    noisy, corrupted = model.info.corruption.apply(stream(key, "corruption"), rows, hp)
    seen = x if corrupted is None else beside(noisy, x)
    # A model that skips what is hidden has to be told, as in training.
    told = {"hidden": corrupted} if model.info.nets.encode_visible else {}
    code = model.encode(variables, seen, **told).z
    mean = model.info.likelihood.mean
    drawn = mean(model.decode(variables, code))
    if corrupted is not None and model.info.corruption.hides:
        # Scored where it was hidden and nowhere else: elsewhere the image is its own best guess.
        drawn = jnp.where(corrupted, drawn, rows)
    arrays = {"reconstructions": drawn}
    if corrupted is not None:
        arrays["noisy"] = noisy
    if model.sample:
        condition = model.info.nets.condition
        of = {"condition": condition.some(samples, x)} if condition else {}
        arrays["samples"] = model.sample(variables, stream(key, "samples"), samples, **of)
    layers = model.info.nets.encoder_layers
    if layers:
        kernel = layers(variables["params"])[0].kernel
        arrays["filters"] = kernel.T[:64].reshape(-1, *model.info.shape)
    return arrays


def codes(model: Autoencoder, variables: Variables, x: Array) -> Array:
    """Returns the deterministic codes [M, L] of x [M, *shape]."""
    return jax.lax.stop_gradient(model.encode(variables, x).mean)
