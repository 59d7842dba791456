"""PyTorch training an autoencoder: eager with fused Adam, compiled, or as CUDA graphs.

The data lie on the device as float32; batches are gathered from a fresh permutation every epoch.
Settings: data (.npz with x and the initial weights), batch, steps (a round), lr, mode, threads,
net ("mlp": kernels w0, b0, ...; "conv": kernels in HWIO), loss ("bce" or "mse"), allow_tf32,
members (trained one after another in every round; default 1).
"""

from __future__ import annotations

from typing import Any

import torch
from protocol import arrays, device, serve, settings
from torch import nn
from torch.nn import functional


def mlp(weights: dict[str, Any]) -> nn.Module:
    """Dense layers with ReLU between; the code and the output are linear."""
    count = sum(name.startswith("w") for name in weights)
    layers: list[nn.Module] = []
    for i in range(count):
        kernel = torch.as_tensor(weights[f"w{i}"])
        layer = nn.Linear(*kernel.shape)
        with torch.no_grad():
            layer.weight.copy_(kernel.T)
            layer.bias.copy_(torch.as_tensor(weights[f"b{i}"]))
        layers.append(layer)
        if i not in (count // 2 - 1, count - 1):
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def conv(weights: dict[str, Any]) -> nn.Module:
    """4x4 convolutions of stride 2 down, transposed ones up, ReLU after all but the last.

    PyTorch flips the kernel of a transposed convolution, JAX does not.
    """
    count = sum(name.startswith("w") for name in weights)
    layers: list[nn.Module] = []
    for i in range(count):
        kernel = torch.as_tensor(weights[f"w{i}"])  # HWIO
        taps, _, inputs, outputs = kernel.shape
        down = i < count // 2
        if down:
            layer = nn.Conv2d(inputs, outputs, taps, stride=2, padding=1)
            values = kernel.permute(3, 2, 0, 1)
        else:
            layer = nn.ConvTranspose2d(inputs, outputs, taps, stride=2, padding=1)
            values = kernel.flip(0, 1).permute(2, 3, 0, 1)
        with torch.no_grad():
            layer.weight.copy_(values)
            layer.bias.copy_(torch.as_tensor(weights[f"b{i}"]))
        layers.append(layer)
        if i < count - 1:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


NETS = {"mlp": mlp, "conv": conv}


def bce(out: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Bernoulli cross-entropy in nats per image."""
    return functional.binary_cross_entropy_with_logits(out, x, reduction="sum") / len(x)


def mse(out: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Squared error per image."""
    return functional.mse_loss(out, x, reduction="sum") / len(x)


LOSSES = {"bce": bce, "mse": mse}


def main() -> None:
    """Trains for a round whenever it is asked to."""
    given = settings()
    where = device()
    torch.backends.cuda.matmul.allow_tf32 = given.get("allow_tf32", False)
    torch.backends.cudnn.allow_tf32 = given.get("allow_tf32", False)
    torch.backends.cudnn.benchmark = True
    data = arrays(given["data"])
    x = torch.as_tensor(data.pop("x")).to(where)
    if given["net"] == "conv":
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    trained = [Member(given, data, x) for _ in range(given.get("members", 1))]
    serve(lambda: sum(member.round(given["steps"]) for member in trained) / len(trained))


class Member:
    """A network, its optimiser and its place in the data."""

    def __init__(self, given: dict[str, Any], data: dict[str, Any], x: torch.Tensor):
        self.x, self.batch = x, given["batch"]
        self.net = NETS[given["net"]](data).to(x.device)
        graphs = given["mode"] == "graphs"
        self.optimizer = torch.optim.Adam(
            self.net.parameters(), lr=given["lr"], fused=True, capturable=graphs
        )
        self.keep_gradients = graphs
        loss_of = LOSSES[given["loss"]]
        self.forward = lambda inputs: loss_of(self.net(inputs), inputs)
        if given["mode"] == "compiled":
            # On a GPU autotuning takes minutes for products this small, and CUDA graphs gain more.
            mode = "default" if x.is_cuda else "max-autotune-no-cudagraphs"
            self.forward = torch.compile(self.forward, mode=mode)
        self.step = captured(self._step, self.batch, x.device) if graphs else self._step
        self.order, self.at = torch.randperm(len(x), device=x.device), 0

    def _step(self, rows: torch.Tensor) -> torch.Tensor:
        loss = self.forward(self.x[rows])
        self.optimizer.zero_grad(set_to_none=not self.keep_gradients)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def round(self, steps: int) -> float:
        """Trains `steps` steps; returns the mean loss."""
        total = torch.zeros((), device=self.x.device)
        for _ in range(steps):
            if self.at + self.batch > len(self.x):
                self.order, self.at = torch.randperm(len(self.x), device=self.x.device), 0
            total += self.step(self.order[self.at : self.at + self.batch])
            self.at += self.batch
        return float(total) / steps


def captured(step: Any, batch: int, where: torch.device) -> Any:
    """Returns the step as a CUDA graph that reads its rows from one place."""
    rows = torch.arange(batch, device=where)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(rows)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step(rows)

    def replay(new_rows: torch.Tensor) -> torch.Tensor:
        rows.copy_(new_rows)
        graph.replay()
        return loss

    return replay


if __name__ == "__main__":
    main()
