"""pythae's own trainer, an epoch of `steps` batches a round, on the same data.

Settings: data (.npz with x, `steps` times `batch` rows or more, and initial weights), batch,
steps, lr, threads, model ("vae": pythae's default networks, Bernoulli; "ae": an MLP of the given
weights, squared error), latent, members (trained one after another).
"""

from __future__ import annotations

import logging
import tempfile
from typing import Any

import numpy as np
import torch
from protocol import arrays, serve, settings
from pythae.data.datasets import BaseDataset
from pythae.models import AE, VAE, AEConfig, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn
from train import mlp

logging.disable(logging.CRITICAL)


class Encoder(BaseEncoder):
    """The first half of an MLP."""

    def __init__(self, net: nn.Module, latent: int):
        BaseEncoder.__init__(self)
        self.net, self.latent_dim = net, latent

    def forward(self, x: torch.Tensor) -> ModelOutput:
        return ModelOutput(embedding=self.net(x))


class Decoder(BaseDecoder):
    """The second half of an MLP."""

    def __init__(self, net: nn.Module):
        BaseDecoder.__init__(self)
        self.net = net

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.net(z))


def make_ae(given: dict[str, Any], weights: dict[str, np.ndarray], features: int) -> nn.Module:
    """An autoencoder of the given weights, without activation at the code and the output."""
    count = len(weights) // 2
    half = count // 2
    first = {k: v for k, v in weights.items() if int(k[1:]) < half}
    # `mlp` leaves the middle and the last layer linear: a half is built as a whole and cut.
    layers = list(mlp(weights))
    cut = (
        next(
            i
            for i, layer in enumerate(layers)
            if isinstance(layer, nn.Linear) and layer.out_features == given["latent"]
        )
        + 1
    )
    assert len(first) == 2 * half
    return AE(
        AEConfig(input_dim=(features,), latent_dim=given["latent"]),
        encoder=Encoder(nn.Sequential(*layers[:cut]), given["latent"]),
        decoder=Decoder(nn.Sequential(*layers[cut:])),
    )


def make_vae(given: dict[str, Any], weights: dict[str, np.ndarray], features: int) -> nn.Module:
    """pythae's default networks: features-512-latent-512-features."""
    return VAE(
        VAEConfig(input_dim=(features,), latent_dim=given["latent"], reconstruction_loss="bce")
    )


MODELS = {"ae": make_ae, "vae": make_vae}


def main() -> None:
    """Trains an epoch whenever it is asked to."""
    given = settings()
    weights = arrays(given["data"])
    x = torch.as_tensor(weights.pop("x"))
    x = x.reshape(len(x), -1)[: given["steps"] * given["batch"]]
    folder = tempfile.mkdtemp()
    trainers = []
    for _ in range(given.get("members", 1)):
        trainer = BaseTrainer(
            MODELS[given["model"]](given, weights, x.shape[1]),
            BaseDataset(x, torch.ones(len(x))),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                learning_rate=given["lr"],
                per_device_train_batch_size=given["batch"],
                no_cuda=False,
            ),
        )
        trainer.prepare_training()
        # Its bars are drawn to a terminal; nobody looks at these.
        trainer.callback_handler.callbacks = trainer.callback_handler.callbacks[:1]
        trainers.append(trainer)
    epoch = 0

    def one_round() -> float:
        nonlocal epoch
        epoch += 1
        return float(np.mean([float(trainer.train_step(epoch)) for trainer in trainers]))

    serve(one_round)


if __name__ == "__main__":
    main()
