"""The future predictor: the code of the past becomes what follows."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import Features
from aejax.models.sequence.sequence_parts import frames, restricted
from aejax.nets.recurrent import Span, recurrent
from aejax.types import Autoencoder


@builder
def seq2seq_future(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (64,),
    likelihood: str = "gaussian",
    cell: str = "lstm",
    past: int = 0,
    conditional: bool = False,
) -> Autoencoder:
    """A future predictor: the code of the past is decoded into what follows. Srivastava 2015, 2.3.

    Equation: min E[-sum_{t > P} log p(x_t | z)], z = f(x_1 .. x_P). The encoder never sees the
    future and the loss never the past, which is blank in reconstructions and counts in no error.

    Args:
      features: (T, D) for T frames of D numbers.
      past: P, the frames that the encoder reads; 0 for the first half.
      Others and errors: as in `seq2seq`.
    """
    shape, p_x, past = frames(features, likelihood, past)
    space = deterministic(latent)
    return compose(
        name="seq2seq_future",
        paper="Srivastava 2015",
        equation="min E[-sum_{t>P} log p(x_t | z)], z = f(x_1..x_P)",
        shape=shape,
        nets=recurrent(
            shape,
            p_x,
            cell=cell,
            widths=widths,
            latent=space.size,
            outputs=space.outputs,
            spans={"future": Span(past, shape[0])},
            reads=past,
            conditional=conditional,
        ),
        space=space,
        likelihood=restricted(p_x, shape, past),
    )
