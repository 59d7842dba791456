"""Rate against distortion over beta, L0 against error over sparsity, and size against error.

Command: python -m experiments.sweep --config=configs/pareto.py[:SCALE] --workdir=runs/pareto
With --config.pareto="('parameters','mse_per_image')" or "('active_units','mse_per_image')" the same
rows, which are not trained again, show the other trades.

Time on two busy cores, of compiling, training and evaluating: smoke 73 s, small 93 s. At small,
betas of 0.1 to 2 lie on the front of
rate and distortion, from 5.8 to 1.1 nats of KL and from 20.6 to 23.8 of reconstruction; at 4 and 8
the code is empty (below 0.001 nats). TopK's squared error falls from 1.47 at 2 active units to 0.42
at 16; the undercomplete one's from 2.16 at 2 latents to 0.36 at 16.
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_collections import ConfigDict

from aejax.sweep import base, grid, product

# steps, seeds
SCALES = {"smoke": (30, 2), "small": (2000, 5), "paper": (20_000, 10)}
BETAS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
ACTIVE = (2, 4, 8, 16)
LATENTS = (2, 4, 8, 16)
FEW = 3  # values of each at smoke


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base of the sweep: scikit-learn's digits, Bernoulli pixels."""
    steps, _ = SCALES.get(scale, (1, 1))
    return base(
        scale,
        name="pareto",
        steps=steps,
        eval_every=max(1, steps // 5),
        schedule="cosine",
        pareto=("kl_nats", "rec_nats"),
        **{"args.likelihood": "bernoulli", "hp.lr": 3e-3},
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields a VAE over beta, TopK over the active units, and code sizes, times seeds."""
    _, seeds = SCALES[scale]
    most = FEW if scale == "smoke" else None
    trades = (
        grid(model="vae", **{"args.latent": 2, "hp.w_kl_nats": list(BETAS[:most])}),
        grid(model="topk", **{"args.latent": 64, "hp.k": list(ACTIVE[:most])}),
        grid(model="undercomplete", **{"args.latent": list(LATENTS[:most])}),
    )
    for trade in trades:
        yield from product(trade, grid(seed=range(seeds)))
