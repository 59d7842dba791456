"""torch.func: the gradient of an encoder's exact penalty E ||J||_F^2, by jacfwd or jacrev.

Settings: data (.npz with x and w0, b0, ...), activation of the code ("sigmoid" or "identity"),
mode ("jacfwd" or "jacrev"), steps (a round), threads. The value is the penalty.
"""

from __future__ import annotations

import torch
from protocol import arrays, device, serve, settings
from torch.func import grad_and_value, jacfwd, jacrev, vmap

MODES = {"jacfwd": jacfwd, "jacrev": jacrev}
ACTIVATIONS = {"sigmoid": torch.sigmoid, "identity": lambda y: y}


def main() -> None:
    """Takes value and gradient `steps` times whenever it is asked to."""
    given = settings()
    where = device()
    data = arrays(given["data"])
    x = torch.as_tensor(data.pop("x")).to(where)
    params = {k: torch.as_tensor(v).to(where) for k, v in data.items()}
    last = len(params) // 2 - 1
    act = ACTIVATIONS[given["activation"]]

    def encode(params: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        y = x
        for i in range(last + 1):
            y = y @ params[f"w{i}"] + params[f"b{i}"]
            y = torch.sigmoid(y) if i < last else act(y)
        return y

    jacobian = MODES[given["mode"]](encode, argnums=1)

    def penalty(params: dict[str, torch.Tensor]) -> torch.Tensor:
        return vmap(jacobian, in_dims=(None, 0))(params, x).square().sum((1, 2)).mean()

    both = grad_and_value(penalty)

    def one_round() -> float:
        value = torch.zeros(())
        for _ in range(given["steps"]):
            _, value = both(params)
        return float(value)

    serve(one_round)


if __name__ == "__main__":
    main()
