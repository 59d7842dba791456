"""torch.func: an ensemble of MLP autoencoders, vmapped, with a stacked Adam.

Settings: data (.npz with x and w0 [P, in, out], b0 [P, out], ...), batch, steps (a round), lr,
loss, threads, mode ("eager" or "compiled").
"""

from __future__ import annotations

import torch
from protocol import arrays, device, serve, settings
from torch.func import grad_and_value, vmap
from train import LOSSES


def main() -> None:
    """Trains for a round whenever it is asked to."""
    given = settings()
    where = device()
    torch.backends.cuda.matmul.allow_tf32 = given.get("allow_tf32", False)
    data = arrays(given["data"])
    x = torch.as_tensor(data.pop("x")).to(where)
    params = {k: torch.as_tensor(v).to(where).requires_grad_() for k, v in data.items()}
    count, members = len(params) // 2, len(params["w0"])
    loss_of, batch = LOSSES[given["loss"]], given["batch"]
    optimizer = torch.optim.Adam(params.values(), lr=given["lr"], fused=True)

    def loss(params: dict[str, torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
        y = inputs
        for i in range(count):
            y = y @ params[f"w{i}"] + params[f"b{i}"]
            if i not in (count // 2 - 1, count - 1):
                y = torch.relu(y)
        return loss_of(y, inputs)

    gradients = vmap(grad_and_value(loss))
    if given["mode"] == "compiled":
        gradients = torch.compile(gradients)

    def one_round() -> float:
        total = torch.zeros((), device=where)
        for _ in range(given["steps"]):
            rows = torch.randint(len(x), (members, batch), device=where)
            grads, losses = gradients({k: v.detach() for k, v in params.items()}, x[rows])
            for name, value in params.items():
                value.grad = grads[name]
            optimizer.step()
            total += losses.mean()
        return float(total) / given["steps"]

    serve(one_round)


if __name__ == "__main__":
    main()
