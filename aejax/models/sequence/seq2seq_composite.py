"""The composite model: the past again, and the future, from one code."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import Features
from aejax.models.sequence.sequence_parts import frames, future_term
from aejax.nets.recurrent import Span, recurrent
from aejax.types import Autoencoder


@builder
def seq2seq_composite(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (64,),
    likelihood: str = "gaussian",
    cell: str = "lstm",
    past: int = 0,
    conditional: bool = False,
) -> Autoencoder:
    """One code, two decoders: the past in reverse, and the future. Srivastava 2015, section 2.4.

    Equation: min E[-sum_{t <= P} log p(x_t | z) - sum_{t > P} log p(x_t | z)], z = f(x_1 .. x_P).
    `w_future_nats` adds weight to the future.

    Args and errors: as in `seq2seq_future`.
    """
    shape, p_x, past = frames(features, likelihood, past)
    space = deterministic(latent)
    return compose(
        name="seq2seq_composite",
        paper="Srivastava 2015",
        equation="min E[-sum_{t<=P} log p(x_t | z) - sum_{t>P} log p(x_t | z)], z = f(x_1..x_P)",
        shape=shape,
        nets=recurrent(
            shape,
            p_x,
            cell=cell,
            widths=widths,
            latent=space.size,
            outputs=space.outputs,
            spans={"past": Span(0, past, reverse=True), "future": Span(past, shape[0])},
            reads=past,
            conditional=conditional,
        ),
        space=space,
        likelihood=p_x,
        terms={"future_nats": (future_term(p_x, past), 0.0)},
    )
