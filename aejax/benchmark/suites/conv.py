"""Convolutional autoencoders, alone and in a population."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import as_inputs, images, initial, make_job, save, squared_error
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.trainer import Trainer
from aejax.compose import compose
from aejax.latents.deterministic import structured
from aejax.likelihoods.pixels import gaussian
from aejax.nets.convolutional import convolutional, stack
from aejax.train import population
from aejax.types import Autoencoder, PyTree

SHAPE, CHANNELS = (32, 32, 1), (32, 64, 128)
ROWS, BATCH, LR, STEPS = 2_560, 128, 1e-3, 30
MEMBERS = 4


def network() -> Autoencoder:
    """Returns 1-32-64-128 by 4x4 kernels of stride 2, and back; the code is the last maps."""
    spec = stack(SHAPE, CHANNELS, kernel=4, stride=2)
    side = SHAPE[0] // 2 ** len(CHANNELS)
    return compose(
        name="convolutional",
        paper="Masci 2011",
        equation="min E||x - g(f(x))||^2 / 2",
        shape=SHAPE,
        nets=convolutional(spec, latent=0, outputs=0, out_channels=SHAPE[2]),
        space=structured(side * side * CHANNELS[-1], lambda h: h.reshape(h.shape[0], -1)),
        likelihood=gaussian(),
    )


def kernels(params: PyTree) -> dict[str, np.ndarray]:
    """Returns w0, b0, w1, ... from the input to the output, kernels in HWIO."""
    # The decoder's layers bear the names of those that they mirror.
    down = [f"conv_{i}" for i in range(len(CHANNELS))]
    layers = [params["encoder"][name] for name in down]
    layers += [params["decoder"][name] for name in reversed(down)]
    names = {"w": "kernel", "b": "bias"}
    return {
        f"{letter}{i}": np.asarray(layer[name])
        for i, layer in enumerate(layers)
        for letter, name in names.items()
    }


def against_peers(context: Bench, members: int) -> list[Case]:
    """A population of `members` against PyTorch, which trains them one after another."""
    model = network()
    table = images(ROWS, SHAPE)
    first = population.member(initial(model, 1), 0)
    data = save(context.folder / "conv.npz", x=as_inputs(table), **kernels(first))
    job = make_job(model, steps=STEPS, rounds=context.rounds, batch=BATCH, members=members, lr=LR)
    given: dict[str, Any] = {"data": data, "net": "conv", "loss": "mse", "batch": BATCH}
    given |= {"lr": LR, "steps": STEPS, "members": members}
    contestants: list[Contestant] = [
        Trainer("aejax", job, table),
        *context.torch("PyTorch", "train.py", **given),
        machine.Ceiling(),
    ]
    work = members * STEPS
    *lanes, ceiling = race(contestants, work, context.rounds)
    lanes[0] = lanes[0]._replace(values=squared_error(lanes[0].values, prod(SHAPE)))
    many = "" if members == 1 else f", {members} members"
    case = f"conv 1-32-64-128, 4x4, stride 2, 32x32, batch {BATCH}{many}"
    cases = compare("conv", case, "model-steps/s", lanes)
    return [*cases, *shares_of_ceiling("conv", case, lanes[0], ceiling, work)]


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    return [*against_peers(context, 1), *against_peers(context, MEMBERS)]
