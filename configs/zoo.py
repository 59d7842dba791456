"""Every model of the table, once, on digits or on a toy set that fits it.

Command: python -m experiments.sweep --config=configs/zoo.py[:SCALE] --workdir=runs/zoo

`ROWS` says what a model needs that is not the default; the contract suite reads it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from aejax.models import MODELS
from aejax.sweep import base

SCALES = {"smoke": (400, 1), "small": (2000, 1), "paper": (20_000, 5)}  # steps, seeds


class Setup(NamedTuple):
    """How a model is run here: its data, its builder's arguments, its hyper-parameters."""

    dataset: str = "digits"
    args: dict[str, Any] = {}
    hp: dict[str, float] = {}


DENSE = {"latent": 8, "widths": (32,)}
FILMS = Setup("bouncing", {**DENSE, "likelihood": "bernoulli"})

# A model that is not listed runs on digits with its builder's defaults.
ROWS: dict[str, Setup] = {
    "undercomplete": Setup(args=DENSE),
    "sparse_l1": Setup(args=DENSE),
    "sparse_kl": Setup(args=DENSE),
    "denoising": Setup(args=DENSE),
    "contractive": Setup(args=DENSE),
    "convolutional": Setup(args={"latent": 8, "widths": (8, 16), "norm_groups": 4}),
    "convolutional_pooled": Setup(args={"widths": (8, 8)}),
    "context_encoder": Setup(args={"latent": 16, "widths": (8, 16)}),
    "context_encoder_adversarial": Setup(
        args={"latent": 16, "widths": (8, 16), "discriminator_widths": (8, 8)}
    ),
    "masked_autoencoder": Setup(args={"latent": 16, "depth": 1, "heads": 2, "decoder_width": 16}),
    "linear": Setup(args={"latent": 8}),
    "linear_l2": Setup(args={"latent": 8}),
    "linear_tied": Setup(args={"latent": 8}),
    "deep_rbm": Setup(args=DENSE),
    "vae": Setup(args=DENSE),
    "adversarial_autoencoder": Setup(args={**DENSE, "discriminator_widths": (32,)}, hp={"b1": 0.5}),
    "beta_tc_vae": Setup(args=DENSE),
    "beta_vae": Setup(args=DENSE),
    "capacity_vae": Setup(args=DENSE, hp={"capacity": 8.0, "capacity_steps": 500.0}),
    "dip_vae": Setup(args=DENSE),
    "factor_vae": Setup(args={**DENSE, "discriminator_widths": (32,)}),
    "free_bits_vae": Setup(args=DENSE),
    "info_vae": Setup(args=DENSE),
    "iwae": Setup(args=DENSE),
    "iwae_deep": Setup(args={"latent": 4, "lower": 8, "widths": (32,), "upper_widths": (16,)}),
    "iwae_dreg": Setup(args=DENSE),
    "miwae": Setup(args=DENSE),
    "wae_mmd": Setup(args=DENSE),
    "wake_sleep": Setup(args=DENSE),
    "warmup_vae": Setup(args=DENSE, hp={"warmup_steps": 500.0}),
    "compressive": Setup(args=DENSE),
    "fsq": Setup(args={"groups": 4, "levels": (8, 5, 5), "widths": (32,)}),
    "gumbel_vae": Setup(args={"groups": 8, "codes": 8, "widths": (32,)}),
    "iaf_vae": Setup(args={**DENSE, "flow_widths": (16,), "context": 8}),
    "maf_prior_vae": Setup(args={**DENSE, "flow_widths": (16,)}),
    "mixture_vae": Setup(args=DENSE),
    "planar_vae": Setup(args=DENSE),
    "skew_vae": Setup(args=DENSE),
    "student_vae": Setup(args=DENSE),
    "vq_vae": Setup(args={"groups": 8, "dim": 2, "codes": 32, "widths": (32,)}),
    "vamp_vae": Setup(args={**DENSE, "components": 20}),
    "k_sparse": Setup(args={"latent": 64, "k": 5}, hp={"k_steps": 500.0}),
    "winner_take_all": Setup(args={"latent": 64}, hp={"lifetime": 0.1}),
    "topk": Setup("planted_features", args={"latent": 192, "k": 4}),
    "batch_topk": Setup("planted_features", args={"latent": 192, "k": 3}),
    "dictionary_l1": Setup("planted_features", args={"latent": 192}),
    "gated": Setup("planted_features", args={"latent": 192}),
    "jump_relu": Setup("planted_features", args={"latent": 192}),
    "contractive_deep": Setup(args={"latent": 8, "widths": (32, 16)}),
    "contractive_higher": Setup(args=DENSE),
    "regularized_decoder": Setup(args=DENSE),
    "stacked": Setup(args=DENSE),
    "stacked_denoising": Setup(args=DENSE),
    "autorec": Setup(args={"latent": 8}),
    "mult_dae": Setup(args={"latent": 8}),
    "mult_vae": Setup(args=DENSE),
    "prodlda": Setup(args=DENSE, hp={"b1": 0.9}),
    "sentence_vae": Setup("toy_sequences", {**DENSE, "cell": "gru"}, {"anneal_midpoint": 0.0}),
    "seq2seq": FILMS,
    "seq2seq_composite": FILMS,
    "seq2seq_future": FILMS,
}


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base of the sweep."""
    steps, _ = SCALES.get(scale, (1, 1))
    return base(scale, name="zoo", steps=steps, eval_every=steps, batch_size=64, **{"hp.lr": 3e-3})


def sweep(scale: str = "small") -> Iterator[dict[str, Any]]:
    """Yields every model of MODELS, for each seed."""
    for model in sorted(MODELS):
        row = ROWS.get(model, Setup())
        for seed in range(SCALES[scale][1]):
            yield {
                "model": model,
                "dataset": row.dataset,
                **{f"args.{name}": value for name, value in row.args.items()},
                **{f"hp.{name}": value for name, value in row.hp.items()},
                "seed": seed,
            }
