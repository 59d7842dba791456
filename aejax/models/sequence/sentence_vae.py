"""The sentence VAE: a Gaussian code between a recurrent encoder and a recurrent language model."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.annealed import ANNEALED, annealed_term
from aejax.models.builder import builder
from aejax.models.parts import Features
from aejax.models.sequence.sequence_parts import sequence
from aejax.nets.recurrent import WORD_DROPOUT, Span, recurrent
from aejax.objectives import surrogate
from aejax.types import Autoencoder


@builder
def sentence_vae(
    features: Features,
    latent: int = 16,
    widths: tuple[int, ...] = (64,),
    cell: str = "lstm",
    vocabulary: int = 12,
    embedding: int = 16,
) -> Autoencoder:
    """A VAE of sentences, with word dropout and KL annealing. Bowman et al. 2016.

    Equation: max E_q[sum_t log p(x_t | z, drop(x_<t))] - c(step) beta KL(q(z|x) || N(0, I)), where
    c(step) = sigmoid(anneal_rate (step - anneal_midpoint)) and `drop` leaves out each word with
    probability `word_dropout`, so that the decoder cannot do without the code. At 1 the decoder is
    the paper's inputless one. `rec_nats` and the bound are of the decoder with dropped words, in
    evaluation too; a word dropout of 0 there is the plain language model.

    Args:
      features: T, the greatest length of a sentence with its end.
      latent: size of the code.
      widths: of the stacked cells, in both networks.
      cell: gru or lstm.
      vocabulary: ids, with padding (0) and end (1).
      embedding: size of a word's vector.

    Raises:
      ConfigError: images or frames, unknown names, sizes below 1, a vocabulary below 3.
    """
    shape, p_x = sequence(features, "categorical", vocabulary)
    space, kl = gaussian(latent), gaussian_kl_term()
    return compose(
        name="sentence_vae",
        paper="Bowman 2016",
        equation="max E_q[sum_t log p(x_t | z, drop(x_<t))] - c(step) beta KL(q(z|x) || N(0, I))",
        shape=shape,
        nets=recurrent(
            shape,
            p_x,
            cell=cell,
            widths=widths,
            latent=space.size,
            outputs=space.outputs,
            spans={"all": Span(0, shape[0])},
            conditional=True,
            embedding=embedding,
            word_dropout=True,
        ),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (kl, 1.0, "beta")},
        objective=surrogate({"kl_nats": annealed_term(kl)}),
        hparams=(WORD_DROPOUT, *ANNEALED),
        bound=("rec_nats", "kl_nats"),
    )
