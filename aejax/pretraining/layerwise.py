"""Greedy layer-wise training: each layer is an autoencoder of what the layers below make of x.

Layer i of K reads the encoder's i-th layer and the decoder's mirror of it, the (K - 1 - i)-th. The
layers below stand still and see clean data; the corruption is applied to what they hand up.
Bengio et al. 2007; Vincent et al. 2008, 2010.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp

from aejax.keys import stream
from aejax.likelihoods.pixels import bernoulli, gaussian
from aejax.losses.emphasis import emphasised
from aejax.nets.activations import ACTIVATIONS
from aejax.objectives import weighted_sum
from aejax.types import (
    Array,
    Autoencoder,
    Aux,
    Dense,
    Hparams,
    Likelihood,
    Loss,
    Nets,
    PyTree,
    Stage,
    Variables,
)

# How a hidden layer is reconstructed, by its activation: cross-entropy on the decoder's logits
# where it is a probability, else half the squared error of the decoder's activation.
HIDDEN = {"sigmoid": (bernoulli, "identity")}


def _apply(layer: Dense, x: Array) -> Array:
    return ACTIVATIONS[layer.activation](x @ layer.kernel + layer.bias[None, :])


def _layers(nets: Nets, params: PyTree) -> tuple[tuple[Dense, ...], tuple[Dense, ...]]:
    """Returns the encoder's layers and the decoder's, which dense networks have."""
    assert nets.encoder_layers is not None
    assert nets.decoder_layers is not None
    return nets.encoder_layers(params), nets.decoder_layers(params)


def below(nets: Nets, params: PyTree, x: Array, depth: int) -> Array:
    """Returns what layer `depth` is trained on: x [B, *shape] for 0, else a code of x, [B, D]."""
    h = x
    for layer in _layers(nets, params)[0][:depth]:
        h = _apply(layer, h.reshape(h.shape[0], -1))
    return h


def layer_loss(model: Autoencoder, depth: int) -> Loss:
    """The loss of layer `depth` alone; its terms are the model's own, of that layer's data.

    Args:
      model: its nets are chains of Dense layers, and its terms rec_nats and, where it has a
        corruption that tells where it struck, emphasised_nats.
      depth: 0 is the layer next to the data.
    """
    nets, corruption = model.info.nets, model.info.corruption

    def loss(variables: Variables, hp: Hparams, x: Array, key: Array, step: Array):
        params = variables["params"]
        h = below(nets, params, x, depth)
        seen, corrupted = corruption.apply(stream(key, "corruption"), h, hp)
        encoder, decoder = _layers(nets, params)
        code = _apply(encoder[depth], seen.reshape(x.shape[0], -1))
        back = decoder[len(decoder) - 1 - depth]
        likelihood, activation = _target(model, encoder, depth)
        out = _apply(back._replace(activation=activation or back.activation), code)
        out = out.reshape(*h.shape[:-1], -1)
        values = {"rec_nats": likelihood.nll(out, h)}
        if "emphasised_nats" in model.info.terms:
            values["emphasised_nats"] = emphasised(likelihood, out, h, corrupted, hp)
        return jnp.mean(weighted_sum(values, hp)), Aux(values, variables["extra"])

    return loss


def _target(
    model: Autoencoder, encoder: tuple[Dense, ...], depth: int
) -> tuple[Likelihood, str | None]:
    """The likelihood of a layer's data, and the decoder's activation if it is not its own."""
    if depth == 0:
        return model.info.likelihood, None
    make, activation = HIDDEN.get(encoder[depth - 1].activation, (gaussian, None))
    return make(), activation


def stages(layers: int, pretraining: float) -> Callable[[Autoencoder], tuple[Stage, ...]]:
    """One stage a layer, from the data upwards, then one for the whole.

    Args:
      layers: K.
      pretraining: the layers' part of all steps, in equal shares.
    """

    def make(model: Autoencoder) -> tuple[Stage, ...]:
        greedy = [
            Stage(
                name=f"layer_{i}",
                loss=layer_loss(model, i),
                share=pretraining / layers,
                trainable=(f"encoder/dense_{i}", f"decoder/dense_{layers - 1 - i}"),
            )
            for i in range(layers)
        ]
        return (*greedy, Stage("fine_tune", model.loss, share=1.0 - pretraining))

    return make
