"""One objective, other networks: VAEs with dense layers and with convolutions, and told the digit.

Command: python -m experiments.sweep --config=configs/nets.py[:SCALE] --manual_dir=DIR
--workdir=runs/nets

`smoke` runs on scikit-learn's digits, `small` on MNIST for three epochs (three quarters of an hour
on two cores that others used too), `paper` for a hundred, with `resnet`. All have the same code,
steps and learning rate.
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_collections import ConfigDict

from aejax.sweep import base, grid

# data, steps, seeds, networks
SCALES = {
    "smoke": ("digits", 40, 1, ["dense", "conv"]),
    "small": ("mnist", 1260, 3, ["dense", "conv"]),
    "paper": ("mnist", 42_000, 5, ["dense", "conv", "resnet"]),
}


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base of the sweep: a code of 16, Bernoulli pixels."""
    dataset, steps, _, _ = SCALES.get(scale, ("digits", 1, 1, []))
    return base(
        scale,
        name="nets",
        dataset=dataset,
        model="vae",
        steps=steps,
        eval_every=max(1, steps // 3),
        **{"args.latent": 16},
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields networks x seeds, and the convolutions once more, told the digit."""
    _, _, seeds, nets = SCALES[scale]
    yield from grid(**{"args.net": nets, "seed": range(seeds)})
    yield from grid(**{"args.net": "conv", "args.condition": 10, "seed": 0})
