"""Cornac's VAECF (Mult-VAE) by its own loop `learn`: an epoch of all users a round.

Settings: data (.npz with row, column, and kernels enc, mean, logvar, dec, out with their
biases), batch, lr, threads. The value is the mean loss of the epoch's batches.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from cornac.data import Dataset
from cornac.models.vaecf.vaecf import VAE, learn
from protocol import arrays, serve, settings

# Where each kernel goes in Cornac's networks.
PLACES = {
    "enc": "encoder.fc0",
    "mean": "enc_mu",
    "logvar": "enc_logvar",
    "dec": "decoder.fc0",
    "out": "decoder.fc1",
}


def main() -> None:
    """Trains for an epoch whenever it is asked to."""
    given = settings()
    data = arrays(given["data"])
    items, width = data["enc_w"].shape
    vae = VAE(data["mean_w"].shape[1], [items, width], "tanh", "mult")
    state = {}
    for name, place in PLACES.items():
        state[f"{place}.weight"] = torch.as_tensor(data[f"{name}_w"].T.copy())
        state[f"{place}.bias"] = torch.as_tensor(data[f"{name}_b"])
    vae.load_state_dict(state)
    users = Dataset.build(
        [(u, i, 1.0) for u, i in np.stack([data["row"], data["column"]], 1).tolist()],
        global_uid_map={u: u for u in range(int(data["row"].max()) + 1)},
        global_iid_map={i: i for i in range(items)},
    )
    seen: list[float] = []
    plain = vae.loss

    def loss(*values: Any) -> torch.Tensor:
        """Cornac's, whose value is kept: `learn` returns none."""
        found = plain(*values)
        seen.append(found.item())
        return found

    vae.loss = loss

    def one_round() -> float:
        seen.clear()
        learn(vae, users, 1, given["batch"], given["lr"], 1.0, False)
        return sum(seen) / len(seen)

    serve(one_round)


if __name__ == "__main__":
    main()
