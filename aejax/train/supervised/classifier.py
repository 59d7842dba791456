"""A classifier on the code of any autoencoder, as one more record of pure functions.

Its rows are those of the autoencoder with the label behind, as one more number, so that the same
table, step and population train it.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from aejax import keys
from aejax.conditions import check_unconditional
from aejax.data import batches
from aejax.data.scaling import to_float
from aejax.train import population
from aejax.types import Array, Autoencoder, Aux, Hparams, Net, PyTree, Stage, Variables

HEAD = "head"  # where its parameters stand, beside "encoder" and "decoder"
Logits = Callable[[Variables, Array], Array]


def rows_of(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns float rows [N, D + 1]: an example, scaled as on the device, and its label."""
    flat = np.asarray(to_float(jnp.asarray(x))).reshape(len(x), -1)
    return np.concatenate([flat, labels[:, None].astype(np.float32)], axis=1)


def images_of(model: Autoencoder, rows: Array) -> Array:
    """Returns the examples of rows [B, D + 1]."""
    return rows[:, :-1].reshape(rows.shape[0], *model.info.shape)


def labels_of(rows: Array) -> Array:
    """Returns the labels of rows [B, D + 1], int32 [B]."""
    return jnp.round(rows[:, -1]).astype(jnp.int32)


def label_nats(logits: Array, labels: Array) -> Array:
    """Returns -log softmax(logits)[label], in nats per example [B]."""
    log_p = jax.nn.log_softmax(logits, axis=-1)
    return -jnp.take_along_axis(log_p, labels[:, None], axis=1)[:, 0]


def make_logits(model: Autoencoder, head: Net) -> Logits:
    """Returns `logits(variables, x [B, *shape]) -> [B, classes]`, of the deterministic code."""

    def logits(variables: Variables, x: Array) -> Array:
        return head.apply(variables["params"][HEAD], model.encode(variables, x).mean)

    return logits


def classifier(model: Autoencoder, head: Net, trainable: tuple[str, ...], name: str) -> Autoencoder:
    """Returns the record of a classifier on a model's code; its examples are rows [D + 1].

    Args:
      model: the autoencoder.
      head: [B, latent] -> [B, classes].
      trainable: path prefixes of what is trained.
      name: of the one stage.

    Raises:
      ConfigError: a model with a condition.
    """
    check_unconditional(model.info.nets.condition, "a classifier on a code")
    logits, shape = make_logits(model, head), model.info.shape

    def init(key: Array, rows: Array) -> Variables:
        variables = model.init(key, images_of(model, rows))
        code = jnp.zeros((1, model.info.latent), jnp.float32)
        params = {**variables["params"], HEAD: head.init(keys.stream(key, HEAD), code)}
        return {"params": params, "extra": variables["extra"]}

    def loss(variables: Variables, hp: Hparams, rows: Array, key: Array, step: Array):
        nats = label_nats(logits(variables, images_of(model, rows)), labels_of(rows))
        return jnp.mean(nats), Aux({"label_nats": nats}, variables["extra"])

    info = model.info._replace(
        name=f"{model.info.name}/{name}",
        equation="min E[-log p(label | f(x))]",
        shape=(int(np.prod(shape)) + 1,),
        terms=("label_nats",),
        bound=(),
    )
    return model.replace(
        init=init,
        loss=loss,
        sample=None,
        declared=(),
        info=info,
        stages=(Stage(name, loss, trainable=trainable),),
        groups={},
    )


def measure(model: Autoencoder, head: Net) -> Callable[[Autoencoder], population.MemberFn]:
    """What validation measures: the fraction of wrong labels, and the nats."""
    logits = make_logits(model, head)

    def member(m: PyTree, table: Array) -> dict[str, Array]:
        def per_example(rows: Array, key: Array) -> dict[str, Array]:
            found, labels = logits(m["state"].variables, images_of(model, rows)), labels_of(rows)
            wrong = jnp.argmax(found, axis=1) != labels
            return {"error": wrong.astype(jnp.float32), "label_nats": label_nats(found, labels)}

        return batches.mean_over(per_example, table, m["state"].key, 500)

    return lambda _: member
