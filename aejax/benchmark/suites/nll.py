"""log p(x) of a VAE by importance sampling, on the same weights."""

from __future__ import annotations

import math
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax import models
from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, Round, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import as_inputs, images, make_job, save
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.trainer import EXAMPLES, FLOPS
from aejax.data import load
from aejax.data.paths import data_dir
from aejax.evaluate.importance import log_likelihood
from aejax.train import population
from aejax.train.compile import compile
from aejax.train.run import train
from aejax.train.traces.cost import product_flops
from aejax.types import Autoencoder, PyTree, Variables

FEATURES, HIDDEN, LATENT = 784, 512, 20
IMAGES, SAMPLES = 1000, 1000
TRAINING = {"steps": 2000, "batch": 128, "lr": 1e-3}
ROUNDS = 3  # the peer takes a quarter of a minute a round


class NllEstimate:
    """log p(x), averaged over the images; a new key every round."""

    name = "aejax"

    def __init__(self, model: Autoencoder, variables: Variables, x: np.ndarray):
        self.args, self.key = (variables, jnp.asarray(x)), 0
        self.errors: list[float] = []
        fn = lambda variables, x, key: log_likelihood(model, variables, x, key, SAMPLES)
        self.flops = product_flops(fn, *self.args, jax.random.key(0))
        self.program = compile(fn, *self.args, jax.random.key(0))

    def round(self) -> Round:
        """Estimates once; the value is the mean negative log-likelihood in nats."""
        self.key += 1
        begun = time.perf_counter()
        done = jax.block_until_ready(self.program.call(*self.args, jax.random.key(self.key)))
        seconds = time.perf_counter() - begun
        self.errors.append(float(jnp.sqrt(jnp.sum(done.standard_error**2)) / len(done.log_p)))
        return Round(seconds, -float(done.log_p.mean()))

    def close(self) -> dict[str, Any]:
        """Returns what compiling took, the program's bytes, the last standard error in nats."""
        return {
            "compile_seconds": self.program.seconds,
            "peak_bytes": self.program.peak_bytes,
            "standard_error_nats": self.errors[-1],
            FLOPS: self.flops,
            EXAMPLES: IMAGES,
        }


def weights(params: PyTree) -> dict[str, np.ndarray]:
    """Returns the kernels and biases by pythae's layers: enc0, mean, logvar, dec0, out."""
    hidden, head = params["encoder"]["dense_0"], params["encoder"]["dense_1"]
    layers = {
        "enc0": (hidden["kernel"], hidden["bias"]),
        "mean": (head["kernel"][:, :LATENT], head["bias"][:LATENT]),
        "logvar": (head["kernel"][:, LATENT:], head["bias"][LATENT:]),
        "dec0": (params["decoder"]["dense_0"]["kernel"], params["decoder"]["dense_0"]["bias"]),
        "out": (params["decoder"]["dense_1"]["kernel"], params["decoder"]["dense_1"]["bias"]),
    }
    return {
        f"{name}_{letter}": np.asarray(value)
        for name, layer in layers.items()
        for letter, value in zip("wb", layer, strict=True)
    }


def binary(context: Bench) -> tuple[np.ndarray, np.ndarray, str]:
    """Returns training and test rows [N, 784], 0 or 255, and what they are.

    Binary: both sides take such pixels' Bernoulli likelihood without a constant. MNIST's where it
    is prepared or its raw files are given, made ones elsewhere: a benchmark downloads nothing.
    """
    if context.manual_dir or (data_dir(context.data_dir) / "mnist").is_dir():
        found = load("mnist", data_dir=context.data_dir, manual_dir=context.manual_dir)
        rows, held, what = found.train, found.test, "MNIST test images"
    else:
        made = images(12_800 + IMAGES, (FEATURES,))
        rows, held, what = made[IMAGES:], made[:IMAGES], "made images"
    flat = lambda x: np.uint8(255) * (x.reshape(len(x), -1) > 127)
    return flat(rows), flat(held[:IMAGES]), what


def run(context: Bench) -> list[Case]:
    """Runs the suite: a VAE is trained first, so that its posteriors are of some use."""
    model = models.vae(FEATURES, latent=LATENT, widths=(HIDDEN,))
    rows, held, what = binary(context)
    job = make_job(model, rounds=0, **TRAINING)
    trained = population.member(train(job, rows).state.variables, 0)
    x = as_inputs(held)
    data = save(context.folder / "nll.npz", x=x, **weights(trained["params"]))
    given = {"data": data, "samples": SAMPLES, "chunk": 500}
    ours = NllEstimate(model, trained, x)
    contestants: list[Contestant] = [
        ours,
        *context.peer("pythae's get_nll", "pythae_nll.py", **given),
        machine.Ceiling(),
    ]
    lanes = race(contestants, 1.0, min(context.rounds, ROUNDS))
    *lanes, ceiling = lanes
    # Both estimates have the standard error of ours: same weights, same posterior, as many samples.
    error = math.sqrt(2) * ours.errors[-1]
    apart = {lane.name: float(abs(lane.values[-1] - lanes[0].values[-1]) / error) for lane in lanes}
    case = f"NLL of {IMAGES} {what}, {SAMPLES} samples, {FEATURES}-{HIDDEN}-{LATENT}"
    cases = compare("nll", case, "estimates/s", lanes, {"standard_errors_apart": apart})
    return [*cases, *shares_of_ceiling("nll", case, lanes[0], ceiling, 1)]
