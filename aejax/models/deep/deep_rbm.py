"""The deep autoencoder that began the field's second life: a stack of RBMs, unrolled.

Long because: each unit type of the paper is an argument with its checks.
"""

from __future__ import annotations

from math import prod

from aejax.compose import compose
from aejax.errors import ConfigError, check_at_least, lookup
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.rbm import stack as rbm_stack
from aejax.rbm.units import UNITS, Units, softmax
from aejax.types import Autoencoder

LAYERS = {name: make for name, make in UNITS.items() if make().activation}  # elementwise means
DATA = {"bernoulli": "bernoulli", "gaussian": "gaussian", "multinomial": "softmax"}


@builder
def deep_rbm(
    features: Features,
    latent: int = 30,
    widths: tuple[int, ...] = (1000, 500, 250),
    likelihood: str = "bernoulli",
    hidden_units: str = "bernoulli",
    code_units: str = "gaussian",
    cd_steps: int = 1,
    chains: int = 0,
    draws: int = 1,
    pretraining: float = 0.5,
    init: str = "normal_0.1",
) -> Autoencoder:
    """A deep autoencoder whose layers are first trained as RBMs. Hinton & Salakhutdinov 2006.

    Equation: dW ~ <v h>_data - <v h>_CD-k - w W by layer; unrolled, min E[-log p(x | g(f(x)))].
    Fine-tuning takes the run's optimiser: `cg_batches` is the paper's; `lbfgs`, `adam` do as well.

    Args:
      features, latent, widths, init: as in `undercomplete`; the defaults are the paper's for MNIST.
      likelihood: what the data are, and so the lowest units: bernoulli, gaussian, or multinomial
        (softmax units: documents as proportions of words).
      hidden_units, code_units: bernoulli, gaussian or rectified (Nair & Hinton 2010).
      cd_steps: k of CD-k.
      chains: number of persistent chains (Tieleman 2008); 0 starts every chain at the data.
      draws: words a document, by which the weights from the data upwards are scaled.
      pretraining: the machines' part of all steps; 0 is the control that starts at random.

    Raises:
      ConfigError: unknown names, sizes below 1, pretraining outside [0, 1), draws without softmax.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    hidden = lookup("hidden_units", hidden_units, LAYERS)()
    code = lookup("code_units", code_units, LAYERS)()
    check_at_least("cd_steps", cd_steps, 1)
    check_at_least("chains", chains, 0)
    if not 0 <= pretraining < 1:
        raise ConfigError(f"pretraining={pretraining!r} is out of range. Allowed: 0 to below 1.")
    kinds = (data_units(likelihood, draws), *(hidden for _ in widths), code)
    sizes = (prod(shape), *widths, space.size)
    begin = lambda key: {"params": {}, "extra": rbm_stack.new_chains(kinds, sizes, chains, key)}
    train = rbm_stack.stages(kinds, share=pretraining, cd_steps=cd_steps, persistent=chains > 0)
    return compose(
        name="deep_rbm",
        paper="Hinton & Salakhutdinov 2006",
        equation="dW ~ <v h>_data - <v h>_CD-k - w W by layer; then min E[-log p(x | g(f(x)))]",
        shape=shape,
        nets=dense_nets(shape, space, p_x, widths=widths, activation=hidden.activation,
                        code_activation=code.activation, init=init),
        space=space._replace(init=begin),
        likelihood=p_x,
        hparams=rbm_stack.hparams(kinds) if pretraining else (),
        stages=train if pretraining else None,
    )  # fmt: skip


def data_units(likelihood: str, draws: int) -> Units:
    """Returns the units that data of this likelihood are states of."""
    name = lookup("likelihood", likelihood, DATA)
    if name == "softmax":
        return softmax(draws)
    if draws != 1:
        raise ConfigError(
            f"draws={draws!r} needs softmax units. Allowed: 1, or likelihood='multinomial'."
        )
    return UNITS[name]()
