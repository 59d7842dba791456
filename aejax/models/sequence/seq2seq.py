"""Sequence to sequence: recurrent networks that give back what they have read."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import Features
from aejax.models.sequence.sequence_parts import sequence
from aejax.nets.recurrent import Span, recurrent
from aejax.types import Autoencoder


@builder
def seq2seq(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (64,),
    likelihood: str = "gaussian",
    cell: str = "lstm",
    vocabulary: int = 0,
    embedding: int = 16,
    conditional: bool = False,
    reverse: bool = True,
) -> Autoencoder:
    """A recurrent encoder and decoder with a code between. Sutskever 2014; Srivastava 2015.

    Equation: min E[-sum_t log p(x_t | z, x_<t)], z = f(x_1 .. x_T); x_<t stands for the steps that
    come before t in the order of emission, and is read by conditional decoders only.

    Args:
      features: (T, D) for T frames of D numbers; T for up to T tokens.
      latent: size of the code, an affine map of the encoder's last states. (The papers hand over
        the states themselves; the code's size is then the cells'.)
      widths: of the stacked cells, in both networks.
      likelihood: a name of LIKELIHOODS for frames, categorical for tokens.
      cell: gru or lstm.
      vocabulary: ids of tokens, with padding (0) and end (1); 0 for frames.
      embedding: size of a token's vector.
      conditional: the decoder reads the step before, the target's in training.
      reverse: the decoder emits the last step first (Srivastava 2015, section 2.2; Sutskever 2014,
        section 3.3, turns the source); `decode` turns the result round again.

    Raises:
      ConfigError: images, unknown names, sizes below 1, a vocabulary that does not fit.
    """
    shape, p_x = sequence(features, likelihood, vocabulary)
    space = deterministic(latent)
    return compose(
        name="seq2seq",
        paper="Sutskever 2014; Srivastava 2015",
        equation="min E[-sum_t log p(x_t | z, x_<t)], z = f(x_1..x_T)",
        shape=shape,
        nets=recurrent(
            shape,
            p_x,
            cell=cell,
            widths=widths,
            latent=space.size,
            outputs=space.outputs,
            spans={"all": Span(0, shape[0], reverse)},
            conditional=conditional,
            embedding=embedding,
        ),
        space=space,
        likelihood=p_x,
    )
