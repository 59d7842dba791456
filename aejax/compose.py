"""One autoencoder from parts.

Networks, a corruption, a latent space, a likelihood, terms, an objective.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax.numpy as jnp

from aejax.conditions import Conditioned, beside, values_of
from aejax.corruptions import noise as corruptions
from aejax.errors import ConfigError
from aejax.hparams import HParam, by_name
from aejax.keys import stream
from aejax.objectives import Objective, additive
from aejax.types import (
    Array,
    Autoencoder,
    Aux,
    Corruption,
    Forward,
    Hparams,
    Info,
    Latent,
    LatentSpace,
    Likelihood,
    Nets,
    Stage,
    Term,
    Variables,
)


def check_batch(info: Info, x: Array) -> None:
    """Raises ConfigError unless x is [B, *info.shape] of floats; costs nothing under jit.

    Bytes would be read as 0..255 and a missing axis would broadcast: both give wrong numbers. With
    a condition, x is `Conditioned`, and without one it is not.
    """
    told = info.nets.condition
    if isinstance(x, Conditioned) != (told is not None):
        wanted = f"Conditioned(x, condition), {told}" if told else "an array, without a condition"
        raise ConfigError(f"model {info.name!r} got x as {type(x).__name__}. Allowed: {wanted}.")
    if told and isinstance(x, Conditioned):
        told.check(x.condition, x.shape[0], info.name)
    if x.dtype in (jnp.uint8, jnp.bool_):
        raise ConfigError(
            f"model {info.name!r} got x of dtype {x.dtype}. Allowed: floats; aejax.encode, "
            "aejax.reconstruct and aejax.score scale bytes, and aejax.to_float does so for a batch."
        )
    if x.shape[1:] != info.shape:
        raise ConfigError(
            f"model {info.name!r} got x of shape {x.shape}. "
            f"Allowed: [B, {', '.join(map(str, info.shape))}]."
        )


def conditional(space: LatentSpace) -> LatentSpace:
    """Returns a latent space between networks that are told a condition: it passes them on.

    Its codes `z` are `Conditioned`, since the decoder reads both; the prior is of codes alone.
    """

    def apply(variables: Variables, h: Any, key: Array | None) -> Latent:
        latent = space.apply(variables, values_of(h), key)
        return latent._replace(z=beside(latent.z, h))

    return space._replace(apply=apply)


def plain_latent(latent: Latent) -> Latent:
    """Returns a latent whose code is the array alone, as terms and densities read it."""
    return latent._replace(z=values_of(latent.z))


Weighted = tuple[Term, float] | tuple[Term, float, str]  # a term, its weight, the weight's symbol


def reconstruction(likelihood: Likelihood) -> Term:
    """The term `rec_nats`: -log p(x | out) per example, of the clean x."""
    return lambda forward, hp: likelihood.nll(forward.out, forward.x)


def weight_of(term: str, given: Weighted) -> HParam:
    """The weight of a term: negative ones are refused, since most losses have no minimum then."""
    default, symbol = given[1], given[2] if len(given) == 3 else ""
    return HParam(f"w_{term}", default, symbol=symbol, meaning=f"weight of {term} in the loss")


def compose(
    *,
    name: str,
    paper: str,
    equation: str,
    shape: tuple[int, ...],
    nets: Nets,
    space: LatentSpace,
    likelihood: Likelihood,
    terms: Mapping[str, Weighted] | None = None,
    corruption: Corruption | None = None,
    objective: Objective = additive,
    hparams: Iterable[HParam] = (),
    bound: tuple[str, ...] = (),
    modules: Callable[[Array, Array], dict[str, Any]] | None = None,
    groups: Mapping[str, str] | None = None,
    stages: Callable[[Autoencoder], tuple[Stage, ...]] | None = None,
    least_rows: int = 1,
) -> Autoencoder:
    """Builds an autoencoder whose loss is `objective` of `rec_nats` and the given terms.

    Args:
      name: the model's name in MODELS.
      paper: author and year of the source.
      equation: the objective in one line, in the paper's symbols.
      shape: shape of one example.
      nets: encoder and decoder; with a condition, the model is conditional, and the terms see
        arrays as without one: `forward.encode` and `forward.decode` are told it.
      space: the latent space.
      likelihood: p(x | decoder's output).
      terms: name (with its unit) -> (term, default weight) or (term, default weight, the paper's
        symbol of it); the weight is 0 or more and swept as `w_<name>`.
      corruption: what happens to the encoder's input in training; none by default.
      objective: terms to scalar.
      hparams: what else the terms read.
      bound: names of terms whose sum bounds -log p(x) from above; () where there is no such bound.
      modules: `(key, x) -> params` of further networks that terms use, e.g. a discriminator.
      groups: parameter group -> path prefix; each gets a learning rate `lr_<group>`.
      stages: stages of training, made from the finished model; () means one stage, `loss`.
      least_rows: of a training batch: 2 where a term is of pairs of examples.

    Returns:
      The record. `encode` without a key is the deterministic evaluation; `loss` reads
      `variables["extra"]` and returns its successor in `Aux.extra`.
    """
    noise = corruption or corruptions.none()
    space = conditional(space) if nets.condition else space
    weighted: dict[str, Weighted] = {
        "rec_nats": (reconstruction(likelihood), 1.0),
        **(terms or {}),
    }
    fns = {term: fn for term, (fn, *_) in weighted.items()}

    info = Info(
        name=name,
        paper=paper,
        equation=equation,
        shape=tuple(shape),
        latent=space.size,
        likelihood=likelihood,
        nets=nets,
        corruption=noise,
        terms=tuple(fns),
        bound=bound,
        space=space,
        least_rows=least_rows,
    )

    def init(key: Array, x: Array) -> Variables:
        x = values_of(x)
        params = dict(nets.init(stream(key, "nets"), x))
        inner = space.init(stream(key, "latent")) if space.init else {"params": {}, "extra": {}}
        if inner["params"]:
            params["latent"] = inner["params"]
        if modules:
            params |= modules(stream(key, "modules"), x)
        return {"params": params, "extra": inner["extra"]}

    def encode(
        variables: Variables, x: Array, key: Array | None = None, hidden: Array | None = None
    ) -> Latent:
        check_batch(info, x)
        if hidden is None or nets.encode_visible is None:
            h = nets.encode(variables["params"], x)
        else:
            h = nets.encode_visible(variables["params"], x, hidden)
        return space.apply(variables, h, key)

    def decode(variables: Variables, z: Any) -> Array:
        if nets.decode_normed:
            return nets.decode_normed(variables, z)
        return nets.decode(variables["params"], z)

    def loss(variables: Variables, hp: Hparams, x: Array, key: Array, step: Array):
        if space.prepare:
            variables = {**variables, "extra": space.prepare(variables["extra"], hp, step)}

        def run(key: Array) -> Forward:
            clean = values_of(x)
            x_in, corrupted = noise.apply(stream(key, "corruption"), clean, hp)
            seen = beside(x_in, x)
            latent = plain_latent(encode(variables, seen, stream(key, "latent"), corrupted))

            def decoded(z: Any) -> Array:
                """As in this pass: a decoder that reads its target reads it again."""
                if nets.teacher_forced:
                    own = stream(key, "teach")
                    return nets.teacher_forced(variables["params"], z, clean, own, hp)
                return decode(variables, beside(z, x))

            return Forward(
                x=clean,
                x_in=x_in,
                corrupted=corrupted,
                latent=latent,
                out=decoded(latent.z),
                variables=variables,
                encode=lambda rows: encode(variables, beside(rows, x)).mean,
                decode=decoded,
                key=stream(key, "terms"),
                step=step,
            )

        scalar, values, forward = objective(run, fns, hp, key)
        extra = variables["extra"]
        return scalar, Aux(values, space.update(extra, forward) if space.update else extra)

    def sample(variables: Variables, key: Array, n: int, condition: Array | None = None) -> Array:
        assert space.prior is not None
        z = space.prior(variables, key, n)
        told = nets.condition
        if (condition is None) != (told is None):
            raise ConfigError(
                f"sample of model {name!r} got condition={condition!r:.40}. Allowed: {told}."
            )
        if told and condition is not None:
            told.check(condition, n, name)
            z = Conditioned(z, condition)
        return likelihood.mean(decode(variables, z))

    model = Autoencoder(
        init=init,
        encode=encode,
        decode=decode,
        loss=loss,
        sample=sample if space.prior else None,
        declared=tuple(
            by_name(
                [
                    *(weight_of(term, given) for term, given in weighted.items()),
                    *noise.hparams,
                    *space.hparams,
                    *hparams,
                ]
            ).values()
        ),
        info=info,
        groups=groups or {},
    )
    return model.replace(stages=stages(model)) if stages else model
