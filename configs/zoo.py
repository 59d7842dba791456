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


class Row(NamedTuple):
    """How a model is run here: its data, its builder's arguments, its hyper-parameters."""

    dataset: str = "digits"
    args: dict[str, Any] = {}
    hp: dict[str, float] = {}


DENSE = {"latent": 8, "widths": (32,)}
FILMS = Row("bouncing", {**DENSE, "likelihood": "bernoulli"})

# A model that is not listed runs on digits with its builder's defaults.
ROWS: dict[str, Row] = {
    "undercomplete": Row(args=DENSE),
    "sparse_l1": Row(args=DENSE),
    "sparse_kl": Row(args=DENSE),
    "denoising": Row(args=DENSE),
    "contractive": Row(args=DENSE),
    "convolutional": Row(args={"latent": 8, "widths": (8, 16), "norm_groups": 4}),
    "convolutional_pooled": Row(args={"widths": (8, 8)}),
    "context_encoder": Row(args={"latent": 16, "widths": (8, 16)}),
    "context_encoder_adversarial": Row(
        args={"latent": 16, "widths": (8, 16), "discriminator_widths": (8, 8)}
    ),
    "masked_autoencoder": Row(args={"latent": 16, "depth": 1, "heads": 2, "decoder_width": 16}),
    "linear": Row(args={"latent": 8}),
    "linear_l2": Row(args={"latent": 8}),
    "linear_tied": Row(args={"latent": 8}),
    "deep_rbm": Row(args=DENSE),
    "vae": Row(args=DENSE),
    "adversarial_autoencoder": Row(args={**DENSE, "discriminator_widths": (32,)}, hp={"b1": 0.5}),
    "beta_tc_vae": Row(args=DENSE),
    "beta_vae": Row(args=DENSE),
    "capacity_vae": Row(args=DENSE, hp={"capacity": 8.0, "capacity_steps": 500.0}),
    "dip_vae": Row(args=DENSE),
    "factor_vae": Row(args={**DENSE, "discriminator_widths": (32,)}),
    "free_bits_vae": Row(args=DENSE),
    "info_vae": Row(args=DENSE),
    "iwae": Row(args=DENSE),
    "iwae_deep": Row(args={"latent": 4, "lower": 8, "widths": (32,), "upper_widths": (16,)}),
    "iwae_dreg": Row(args=DENSE),
    "wae_mmd": Row(args=DENSE),
    "wake_sleep": Row(args=DENSE),
    "warmup_vae": Row(args=DENSE, hp={"warmup_steps": 500.0}),
    "fsq": Row(args={"groups": 4, "levels": (8, 5, 5), "widths": (32,)}),
    "gumbel_vae": Row(args={"groups": 8, "codes": 8, "widths": (32,)}),
    "iaf_vae": Row(args={**DENSE, "flow_widths": (16,), "context": 8}),
    "maf_prior_vae": Row(args={**DENSE, "flow_widths": (16,)}),
    "mixture_vae": Row(args=DENSE),
    "planar_vae": Row(args=DENSE),
    "skew_vae": Row(args=DENSE),
    "student_vae": Row(args=DENSE),
    "vq_vae": Row(args={"groups": 8, "dim": 2, "codes": 32, "widths": (32,)}),
    "vamp_vae": Row(args={**DENSE, "components": 20}),
    "k_sparse": Row(args={"latent": 64, "k": 5}, hp={"k_steps": 500.0}),
    "winner_take_all": Row(args={"latent": 64}, hp={"lifetime": 0.1}),
    "topk": Row("planted_features", args={"latent": 192, "k": 4}),
    "batch_topk": Row("planted_features", args={"latent": 192, "k": 3}),
    "dictionary_l1": Row("planted_features", args={"latent": 192}),
    "gated": Row("planted_features", args={"latent": 192}),
    "jump_relu": Row("planted_features", args={"latent": 192}),
    "contractive_deep": Row(args={"latent": 8, "widths": (32, 16)}),
    "contractive_higher": Row(args=DENSE),
    "regularized_decoder": Row(args=DENSE),
    "stacked": Row(args=DENSE),
    "stacked_denoising": Row(args=DENSE),
    "sentence_vae": Row("toy_sequences", {**DENSE, "cell": "gru"}, {"anneal_midpoint": 0.0}),
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
        row = ROWS.get(model, Row())
        for seed in range(SCALES[scale][1]):
            yield {
                "model": model,
                "dataset": row.dataset,
                **{f"args.{name}": value for name, value in row.args.items()},
                **{f"hp.{name}": value for name, value in row.hp.items()},
                "seed": seed,
            }
