"""Vector quantisation: each group of numbers becomes the nearest vector of a codebook."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.errors import check_size
from aejax.hparams import FRACTION, HParam
from aejax.keys import stream
from aejax.latents.quantised.straight import straight_through, uniform_index
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, PyTree, Variables

EXACT = jax.lax.Precision.HIGHEST  # codes must come out of the codebook as they stand in it


MOVING = (
    HParam("codebook_decay", 0.99, FRACTION, "gamma", "decay of the moving codebook"),
    HParam("restart_below", 0.0, meaning="a code with less mass starts again; 0: never"),
)


class Quantised(NamedTuple):
    """A batch before and after quantisation, each [B, G, d]; `after` moves with the codebook."""

    before: Array
    after: Array


def nearest(before: Array, codebook: Array) -> Array:
    """Returns which code is nearest: [B, G, d], [K, d] -> int32 [B, G]; the first of equals."""
    dots = jnp.einsum("bgd,kd->bgk", before, codebook, precision=EXACT)
    lengths = jnp.sum(jnp.square(codebook), axis=-1)
    return jnp.argmin(lengths[None, None, :] - 2.0 * dots, axis=-1).astype(jnp.int32)


def look_up(index: Array, codebook: Array) -> Array:
    """Returns codebook[index], [B, G, d].

    By a product with ones and zeros: its gradient is one too, and adds up in one order everywhere.
    """
    chosen = jax.nn.one_hot(index, codebook.shape[0], dtype=codebook.dtype)
    return jnp.einsum("bgk,kd->bgd", chosen, codebook, precision=EXACT)


def ema_codebook(extra: PyTree, before: Array, index: Array, key: Array) -> PyTree:
    """The codebook as a moving average of what was assigned to each code. van den Oord 2017, A.1.

    Equation: N_k <- g N_k + (1 - g) n_k, m_k <- g m_k + (1 - g) sum of z_e assigned to k,
    e_k = m_k / N_k, with g = extra["codebook_decay"] and n_k the number assigned.

    A code whose N_k falls below extra["restart_below"] starts again at a random z_e of the batch
    (Dhariwal 2020, section 3.1); 0 never does that.

    Args:
      extra: `codebook` [K, d], `mass` N [K], `total` m [K, d] and the two scalars.
      before: z_e [N, d].
      index: [N].
      key: of the draws for codes that start again.

    Returns:
      The new extra.
    """
    codes, decay = extra["codebook"].shape[0], extra["codebook_decay"]
    chosen = jax.nn.one_hot(index, codes, dtype=before.dtype)
    mass = decay * extra["mass"] + (1.0 - decay) * jnp.sum(chosen, axis=0)
    sums = jnp.einsum("nk,nd->kd", chosen, before, precision=EXACT)
    total = decay * extra["total"] + (1.0 - decay) * sums
    drawn = before[jax.random.randint(key, (codes,), 0, before.shape[0])]
    dead = mass < extra["restart_below"]
    mass = jnp.where(dead, 1.0, mass)
    total = jnp.where(dead[:, None], drawn, total)
    # A code that nothing is assigned to stays where it is, also when float32 forgets its mass.
    known = (mass > 1e-20)[:, None]
    codebook = jnp.where(known, total / jnp.maximum(mass, 1e-20)[:, None], extra["codebook"])
    return {**extra, "codebook": codebook, "mass": mass, "total": total}


def vector_quantised(groups: int, dim: int, codes: int, ema: bool = False) -> LatentSpace:
    """z = e_k, k = argmin_j |z_e - e_j|, for each of G groups of d numbers. van den Oord 2017, 1-3.

    One codebook serves all groups. `Latent.aux` is `Quantised`, for the codebook's and the
    encoder's own terms.

    Args:
      groups: G.
      dim: d.
      codes: K.
      ema: the codebook is a moving average in extra["codebook"], with hp["codebook_decay"] and
        hp["restart_below"]; else it is params["latent"]["codebook"], which a term must move.

    Raises:
      ConfigError: sizes below 1.
    """
    groups, dim = check_size("groups", groups), check_size("dim", dim)
    codes = check_size("codes", codes)

    def codebook(variables: Variables) -> Array:
        return variables["extra"]["codebook"] if ema else variables["params"]["latent"]["codebook"]

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        before = h.reshape(h.shape[0], groups, dim)
        index = nearest(before, codebook(variables))
        after = look_up(index, codebook(variables))
        z = straight_through(after, before).reshape(h.shape)
        return Latent(z=z, mean=z, index=index, aux=Quantised(before, after))

    def prior(variables: Variables, key: Array, n: int) -> Array:
        index = uniform_index(key, n, groups, codes)
        return look_up(index, codebook(variables)).reshape(n, groups * dim)

    def init(key: Array) -> Variables:
        start = jax.random.normal(key, (codes, dim), jnp.float32)
        if not ema:
            return {"params": {"codebook": start}, "extra": {}}
        extra = {
            "codebook": start,
            "mass": jnp.ones(codes, jnp.float32),
            "total": start,
            "codebook_decay": jnp.float32(0.99),
            "restart_below": jnp.float32(0.0),
        }
        return {"params": {}, "extra": extra}

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        return {**extra, **{name: hp[name] for name in ("codebook_decay", "restart_below")}}

    def update(extra: PyTree, forward: Forward) -> PyTree:
        before = jax.lax.stop_gradient(forward.latent.aux.before).reshape(-1, dim)
        index = forward.latent.index
        assert index is not None
        return ema_codebook(extra, before, index.reshape(-1), stream(forward.key, "restart"))

    return LatentSpace(
        size=groups * dim,
        outputs=groups * dim,
        apply=apply,
        prior=prior,
        init=init,
        prepare=prepare if ema else None,
        update=update if ema else None,
        hparams=MOVING if ema else (),
        codes=codes,
    )
