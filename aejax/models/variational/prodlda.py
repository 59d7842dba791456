"""ProdLDA: topics of documents, as a variational autoencoder."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.logistic_normal import logistic_normal, logistic_normal_kl_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape, make_likelihood
from aejax.nets.topics import topic_nets
from aejax.types import Autoencoder


@builder
def prodlda(
    features: Features,
    latent: int = 20,
    widths: tuple[int, ...] = (100, 100),
    activation: str = "softplus",
    init: str = "glorot_uniform",
) -> Autoencoder:
    """A logistic normal for a Dirichlet, and a product of experts. Srivastava & Sutton 2017.

    Equation: max E_q[sum_w x_w log softmax(BN(softmax(z) beta))_w] - KL(q(z | x) || N(mu, Sigma)),
    with the normal of the Laplace approximation to Dirichlet(alpha).

    A row is a document, a feature a word, x its counts. The code is z; `jax.nn.softmax` of it are
    the proportions of topics, and the words of a topic are the largest of a row of
    `params["decoder"]["beta"]`. Batch norms of encoder and decoder and an Adam of high momentum
    (`hp={"b1": 0.99, "lr": 2e-3}`, batches of 200) keep the topics apart. The dropout of the
    published code is left out, and the encoder reads log(1 + x).

    Args:
      features: words.
      latent: topics, two or more.
      widths: hidden widths of the encoder.
      activation: of its hidden layers.
      init: a name of INITIALISERS.

    Raises:
      ConfigError: unknown names, sizes below 1, a single topic.

    `alpha`, `w_kl_nats` and `moments_decay` are swept without recompiling. A bound of the words in
    their order, without the number of orders.
    """
    shape = example_shape(features)
    space, p_x = logistic_normal(latent), make_likelihood("multinomial_counts")
    return compose(
        name="prodlda",
        paper="Srivastava & Sutton 2017",
        equation="max E_q[sum_w x_w log softmax(BN(softmax(z) beta))_w] - KL(q || N(mu, Sigma))",
        shape=shape,
        nets=topic_nets(
            shape,
            widths=widths,
            latent=space.size,
            outputs=space.outputs,
            activation=activation,
            init=init,
        ),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (logistic_normal_kl_term(), 1.0)},
        bound=("rec_nats", "kl_nats"),
        least_rows=2,
    )
