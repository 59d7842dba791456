"""pythae's `get_nll` on given weights: an MLP VAE with one hidden layer of the default width.

Settings: data (.npz with x, and kernels enc0, mean, logvar, dec0, out with their biases), samples,
chunk, threads. The value is the negative log-likelihood in nats per image.
"""

from __future__ import annotations

import torch
from protocol import arrays, serve, settings
from pythae.models import VAE, VAEConfig

# Where each kernel goes in pythae's default networks.
PLACES = {
    "enc0": "encoder.layers.0.0",
    "mean": "encoder.embedding",
    "logvar": "encoder.log_var",
    "dec0": "decoder.layers.0.0",
    "out": "decoder.layers.1.0",
}


def main() -> None:
    """Estimates whenever it is asked to."""
    given = settings()
    data = arrays(given["data"])
    x = torch.as_tensor(data["x"])
    model = VAE(
        VAEConfig(
            input_dim=(x.shape[1],),
            latent_dim=data["mean_w"].shape[1],
            reconstruction_loss="bce",
        )
    )
    state = {}
    for name, place in PLACES.items():
        state[f"{place}.weight"] = torch.as_tensor(data[f"{name}_w"].T)
        state[f"{place}.bias"] = torch.as_tensor(data[f"{name}_b"])
    model.load_state_dict(state)
    model.eval()

    def one_round() -> float:
        with torch.no_grad():
            return -float(model.get_nll(x, n_samples=given["samples"], batch_size=given["chunk"]))

    serve(one_round)


if __name__ == "__main__":
    main()
