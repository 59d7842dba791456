"""PyOD's AutoEncoder on given weights: its `decision_function` of all rows a round.

Settings: data (.npz with x [N, D] and w0, b0, ...), batch, threads. The value is the mean score,
the distance of a row from its reconstruction. No batch norm, dropout or scaling.
"""

from __future__ import annotations

import torch
from protocol import arrays, serve, settings
from pyod.models.auto_encoder import AutoEncoder
from torch import nn


def main() -> None:
    """Scores whenever it is asked to."""
    given = settings()
    weights = arrays(given["data"])
    x = weights.pop("x")
    count = len(weights) // 2
    detector = AutoEncoder(
        hidden_neuron_list=[weights[f"w{i}"].shape[1] for i in range(count // 2)],
        batch_norm=False,
        dropout_rate=0.0,
        preprocessing=False,
        batch_size=given["batch"],
        verbose=0,
    )
    # `fit` would train; what it builds before that is all that scoring needs.
    detector.feature_size = x.shape[1]
    detector.build_model()
    detector.model.to(detector.device)
    layers = [each for each in detector.model.modules() if isinstance(each, nn.Linear)]
    with torch.no_grad():
        for i, layer in enumerate(layers):
            layer.weight.copy_(torch.as_tensor(weights[f"w{i}"].T))
            layer.bias.copy_(torch.as_tensor(weights[f"b{i}"]))
    serve(lambda: float(detector.decision_function(x).mean()))


if __name__ == "__main__":
    main()
