"""Six kinds of autoencoder, two values of a hyper-parameter, five seeds: 60 members.

Command: python -m experiments.sweep --config=configs/quickstart.py[:SCALE]
--workdir=runs/quickstart
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_collections import ConfigDict

from aejax.sweep import base, grid, product

# steps, seeds
SCALES = {"smoke": (40, 2), "small": (1500, 5), "paper": (20_000, 10)}

# The hyper-parameter that is swept for each model, and its two values.
SWEPT = {
    "undercomplete": ("hp.lr", (1e-3, 3e-3)),
    "sparse_l1": ("hp.w_l1", (0.01, 0.1)),
    "sparse_kl": ("hp.rho", (0.05, 0.2)),
    "denoising": ("hp.corruption", (0.1, 0.3)),
    "contractive": ("hp.w_jacobian_sq", (0.001, 0.01)),
    "vae": ("hp.w_kl_nats", (0.5, 1.0)),
}


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base of the sweep: scikit-learn's digits, a code of 16, all likelihoods alike."""
    steps, _ = SCALES.get(scale, (1, 1))
    return base(
        scale,
        name="quickstart",
        steps=steps,
        eval_every=max(1, steps // 5),
        schedule="cosine",
        **{"args.latent": 16, "args.likelihood": "bernoulli", "hp.lr": 3e-3},
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields 6 models x 2 values x seeds."""
    _, seeds = SCALES[scale]
    for model, (name, values) in SWEPT.items():
        yield from product(grid(model=model, **{name: list(values)}), grid(seed=range(seeds)))
