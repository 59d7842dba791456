"""How the gallery of the documentation trains each model: data, sizes, steps, and why.

Command: python -m experiments.gallery [--manual_dir=DIR] [--models=a,b]

Images are 20,000 of MNIST's (`--dataset=digits`: scikit-learn's, which need no download). What
is not in `ROWS` is trained by the builder's defaults (`row_of`).
"""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from aejax.models import MODELS


class Row(NamedTuple):
    """How a model is trained for its picture, and what a reader should see in it."""

    sees: str
    args: dict[str, Any] = {}
    hp: dict[str, float] = {}
    steps: int = 6000
    data: str = "images"  # or gaps (images of which half is missing), films, sentences
    optimizer: str = "adam"
    schedule: str = "cosine"
    clip: bool = False


ADAM = {"lr": 1e-3}
FAST = {"lr": 2e-3}
DEEP = {"widths": (512, 256)}
PLANE = {**DEEP, "latent": 2}  # so that the code can be drawn as it is
ROOM = {**DEEP, "latent": 16}
FEW = {**DEEP, "latent": 10}
FILM = {"cell": "gru", "likelihood": "bernoulli", "latent": 128, "widths": (256,)}
ATOMS = {"latent": 256}

ROWS: dict[str, Row] = {
    "undercomplete": Row(
        "Sixteen numbers an image: sharper than PCA with as many.",
        {**ROOM, "likelihood": "bernoulli"},
        ADAM,
    ),
    "linear": Row(
        "The reconstructions are PCA's; the decoder's columns span the same subspace and are no "
        "principal directions.",
        {"latent": 10},
        FAST,
    ),
    "linear_l2": Row(
        "With L2 on both sides the decoder's singular vectors are the principal directions, "
        "one by one.",
        {"latent": 10},
        {"lr": 5e-3, "w_l2": 1.0},
        10_000,
    ),
    "linear_tied": Row(
        "Tied columns are orthonormal, and still a rotation of the principal directions.",
        {"latent": 10},
        FAST,
    ),
    "deep_rbm": Row(
        "Boltzmann machines layer by layer, unrolled and fine-tuned, to 30 numbers.",
        {"latent": 30, "widths": (512, 256, 128), "pretraining": 0.4},
        {"lr": 1e-3},
        8000,
    ),
    "stacked": Row(
        "Layers trained one by one, then together.",
        {"latent": 30, "widths": (512, 256)},
        FAST,
        6000,
    ),
    "stacked_denoising": Row(
        "Each layer learned to repair its input: pixels are masked in training.",
        {"latent": 128, "widths": (400, 256)},
        {**FAST, "corruption": 0.25},
        8000,
    ),
    "sparse_l1": Row(
        "Units that are mostly silent: each is a stroke, and few explain an image.",
        {**ATOMS, "widths": (), "tied": True},
        {**ADAM, "w_l1": 0.3},
    ),
    "sparse_kl": Row(
        "Sigmoid units whose mean activation is held at a tenth: pen strokes.",
        {"latent": 196, "out_activation": "sigmoid", "decay": True},
        {**FAST, "w_kl_rho_nats": 3.0, "rho": 0.1, "w_l2": 0.003},
        6000,
    ),
    "k_sparse": Row(
        "Exactly k units speak for an image; k = 25 of 400.",
        {"latent": 400, "k": 25},
        {**ADAM, "k_steps": 3000.0},
    ),
    "winner_take_all": Row(
        "Each unit wins on 5 % of a batch, so that none dies.",
        ATOMS,
        {**ADAM, "lifetime": 0.05},
    ),
    "topk": Row("A dictionary of 400 directions, 16 at a time.", {"latent": 400, "k": 16}, ADAM),
    "batch_topk": Row(
        "As topk, with the budget shared over the batch: hard images get more.",
        {"latent": 400, "k": 16},
        ADAM,
    ),
    "jump_relu": Row(
        "A threshold of its own for each direction, learned against the number of active ones.",
        {"latent": 400},
        {**ADAM, "w_l0": 0.05},
    ),
    "gated": Row(
        "Gates decide which directions are active, and magnitudes do not shrink.",
        {"latent": 400},
        {**ADAM, "w_gate_l1": 1.0},
    ),
    "dictionary_l1": Row(
        "The plain L1 dictionary; magnitudes shrink, and images with them.",
        {"latent": 400},
        {**ADAM, "w_l1": 0.3},
    ),
    "denoising": Row(
        "Half of the pixels are masked, and come back.",
        {"latent": 128, "widths": (512,), "likelihood": "bernoulli"},
        {**ADAM, "corruption": 0.5},
    ),
    "contractive": Row(
        "Where the code moves most around an image; penalised, it moves little anywhere else.",
        {
            "latent": 200,
            "widths": (),
            "tied": True,
            "code_activation": "sigmoid",
            "likelihood": "bernoulli",
        },
        {**ADAM, "w_jacobian_sq": 0.5},
    ),
    "contractive_deep": Row(
        "The penalty is of the whole encoder's Jacobian; at this weight reconstructions blur.",
        {"latent": 64, "widths": (256, 128), "likelihood": "bernoulli"},
        {**ADAM, "w_jacobian_sq": 0.5},
    ),
    "contractive_higher": Row(
        "The Jacobian is to be small and to stay alike nearby.",
        {"latent": 200, "likelihood": "bernoulli", "tied": True},
        {**ADAM, "w_jacobian_sq": 0.5, "w_jacobian_change_sq": 5.0},
        4000,
    ),
    "regularized_decoder": Row(
        "A deterministic autoencoder with a smooth decoder: a Gaussian fitted to its codes draws "
        "new digits.",
        {**ROOM, "likelihood": "bernoulli"},
        ADAM,
    ),
    "convolutional": Row(
        "Convolutions to 32 numbers; between two images the code is a mixture of both.",
        {"latent": 32, "widths": (16, 32), "likelihood": "bernoulli"},
        {"lr": 2e-3},
        2500,
    ),
    "convolutional_pooled": Row(
        "Max-pooling with switches: kernels of edges and blobs, and no code of few numbers. The "
        "repair is rough: the switches pass the holes on.",
        {"widths": (16,), "kernel_size": 7, "corruption": "masking"},
        {"lr": 2e-3, "corruption": 0.3},
        2000,
    ),
    "vae": Row("Digits drawn from the prior.", ROOM, ADAM, 8000),
    "beta_vae": Row(
        "A heavier divergence leaves few latents in use, each with one meaning.",
        FEW,
        {**ADAM, "w_kl_nats": 4.0},
    ),
    "capacity_vae": Row(
        "The divergence is held at a capacity that grows to 20 nats.",
        FEW,
        {**ADAM, "capacity": 20.0, "capacity_steps": 4000.0},
    ),
    "free_bits_vae": Row(
        "Each latent may carry some nats for free, so that none falls silent.",
        FEW,
        {**ADAM, "free_nats": 0.5},
    ),
    "warmup_vae": Row("The divergence comes in slowly.", ROOM, {**ADAM, "warmup_steps": 2000.0}),
    "iwae": Row("A tighter bound by five weighted samples.", {**ROOM, "samples": 5}, ADAM, 5000),
    "iwae_deep": Row(
        "Two stochastic layers under the importance-weighted bound.",
        {"latent": 16, "lower": 32, "samples": 5},
        ADAM,
        4000,
    ),
    "wake_sleep": Row(
        "The old control: the encoder learns from dreams alone. Samples are fainter than a vae's.",
        {**ROOM},
        ADAM,
        8000,
    ),
    "iwae_dreg": Row(
        "The same bound with a gradient of less variance.", {**ROOM, "samples": 5}, ADAM, 5000
    ),
    "miwae": Row(
        "Trained on digits of which half the pixels are missing; the same is filled in here.",
        {"latent": 16, "widths": (256,), "samples": 5},
        FAST,
        3000,
        data="gaps",
    ),
    "mixture_vae": Row(
        "A learned mixture for a prior: its draws lie where the codes do.",
        {**PLANE, "components": 10},
        ADAM,
    ),
    "vamp_vae": Row(
        "The prior is a mixture of the posteriors of learned inputs.",
        {**PLANE, "components": 40},
        ADAM,
    ),
    "student_vae": Row(
        "A prior with heavy tails; at nu = 5 the codes hardly use them.",
        {**PLANE},
        {**ADAM, "dof": 5.0},
    ),
    "skew_vae": Row(
        "Posterior and prior may lean to a side; here they stay nearly symmetric.", PLANE, ADAM
    ),
    "planar_vae": Row(
        "Planar flows bend the posterior away from a Gaussian.", {**PLANE, "flows": 8}, ADAM
    ),
    "iaf_vae": Row(
        "Inverse autoregressive flows; with two numbers a code posteriors stay near a Gaussian: "
        "this picture shows little of what they could do.",
        {**PLANE, "flow_widths": (64,)},
        ADAM,
    ),
    "maf_prior_vae": Row(
        "An autoregressive flow for a prior: its draws lie where the codes do.",
        {**PLANE, "flows": 4},
        ADAM,
    ),
    "wae_mmd": Row(
        "Codes are brought to a Gaussian as a whole by a kernel.",
        {**PLANE, "likelihood": "bernoulli"},
        {**ADAM, "w_mmd_sq": 100.0},
    ),
    "info_vae": Row(
        "A light divergence an image, a heavy one for all codes together.", PLANE, ADAM
    ),
    "adversarial_autoencoder": Row(
        "A discriminator brings the codes to a Gaussian, not all the way in 8,000 steps.",
        {**PLANE, "likelihood": "bernoulli"},
        {"lr": 3e-4, "b1": 0.5},
        8000,
    ),
    "factor_vae": Row(
        "A discriminator estimates the latents' dependence, which is held down.", FEW, ADAM
    ),
    "beta_tc_vae": Row(
        "The latents' total correlation is held down, and the rest is left alone.", FEW, ADAM
    ),
    "dip_vae": Row("The covariance of the codes is drawn to the identity.", FEW, ADAM),
    "vq_vae": Row(
        "Sixteen vectors of a codebook of 64 stand for an image. Samples are bad, as they must be: "
        "the paper fits a prior to the codes afterwards.",
        {**DEEP, "groups": 16, "dim": 4, "codes": 64, "ema": True},
        ADAM,
    ),
    "fsq": Row(
        "Without a codebook: each number is rounded to few levels. Samples need a prior over the "
        "codes, learned afterwards: uniform codes are none.",
        {"widths": (256,), "groups": 8, "levels": (8, 5, 5, 5)},
        {"lr": 5e-4},
        4000,
    ),
    "compressive": Row(
        "Rounded numbers, each with a learned probability: as many bits as a range coder writes. "
        "Samples are drawn from these probabilities, number by number.",
        {"latent": 32, "widths": (256,)},
        {"lr": 1e-3, "w_rec_nats": 10.0},
        4000,
    ),
    "gumbel_vae": Row(
        "Sixteen choices of ten, drawn through a softmax.",
        {**DEEP, "groups": 16, "codes": 10},
        {**ADAM, "temperature_rate": 3e-4},
        8000,
    ),
    "context_encoder": Row(
        "The middle is hidden, and painted from what is around it.",
        {"latent": 128, "widths": (32, 64), "likelihood": "bernoulli"},
        ADAM,
        2500,
    ),
    "context_encoder_adversarial": Row(
        "The same against a discriminator that sees the hole.",
        {
            "latent": 128,
            "widths": (32, 64),
            "discriminator_widths": (16, 32),
            "likelihood": "bernoulli",
        },
        {"lr": 1e-3, "b1": 0.5},
        2500,
    ),
    "autorec": Row(
        "Pixels as ratings: half of them are given, and all are predicted.",
        {"latent": 256},
        {**FAST, "w_l2": 1e-5},
        3000,
        data="gaps",
    ),
    "mult_dae": Row(
        "Pixels as a user's items: told every other one of them, it scores those that are missing.",
        {"latent": 64},
        ADAM,
        2000,
    ),
    "mult_vae": Row(
        "The same with a Gaussian code: what is likely beside what was told.",
        {"latent": 64, "widths": (256,)},
        ADAM,
        2000,
    ),
    "prodlda": Row(
        "Pixels as words: twenty topics, whose logits add up to what is likely in an image.",
        {"latent": 20},
        {"lr": 2e-3, "b1": 0.99},
        2000,
    ),
    "masked_autoencoder": Row(
        "A transformer sees two patches in five and paints the others.",
        {
            "latent": 64,
            "patch": 4,
            "mask_ratio": 0.6,
            "depth": 2,
            "decoder_width": 64,
            "likelihood": "bernoulli",
        },
        {"lr": 2e-3},
        5000,
    ),
    "seq2seq": Row(
        "A film goes in frame by frame, and comes out of one code.",
        FILM,
        {"lr": 2e-3},
        5000,
        "films",
        clip=True,
    ),
    "seq2seq_future": Row(
        "Five frames are seen, the next five are told.",
        FILM,
        {"lr": 2e-3},
        5000,
        "films",
        clip=True,
    ),
    "seq2seq_composite": Row(
        "One code tells the five frames that were, and the five to come.",
        FILM,
        {"lr": 2e-3},
        5000,
        "films",
        clip=True,
    ),
    "sentence_vae": Row(
        "Sentences count round a circle of ten words; between two of them the code is mixed.",
        {"latent": 8, "widths": (96,), "cell": "gru"},
        {"lr": 3e-3, "anneal_midpoint": 1500.0},
        5000,
        "sentences",
    ),
}


def row_of(name: str) -> Row:
    """Returns a model's row; without one, its builder's defaults and its docstring's first line."""
    about = (inspect.getdoc(MODELS[name]) or name).splitlines()[0]
    return ROWS.get(name) or Row(about)
