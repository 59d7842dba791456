"""Dense autoencoders, one at a time."""

from __future__ import annotations

from typing import Any

from aejax import models
from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.plain import Plain
from aejax.benchmark.problems import (
    as_inputs,
    dense_weights,
    images,
    initial,
    make_job,
    save,
)
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.trainer import Trainer
from aejax.train import population
from aejax.types import Autoencoder

ROWS, BATCH, LR = 12_800, 128, 1e-3
DEEP = {"widths": (512, 256), "latent": 32, "likelihood": "bernoulli"}


def deep(context: Bench) -> list[Case]:
    """784-512-256-32-256-512-784 against PyTorch and against plain JAX."""
    model, steps = models.undercomplete(784, **DEEP), 300
    table = images(ROWS, (784,))
    x, weights = as_inputs(table), dense_weights(model, population.member(initial(model, 1), 0))
    data = save(context.folder / "deep.npz", x=x, **weights)
    job = make_job(model, steps=steps, rounds=context.rounds, batch=BATCH, lr=LR)
    given = {"data": data, "net": "mlp", "loss": "bce", "batch": BATCH, "steps": steps, "lr": LR}
    plain: dict[str, Any] = {"weights": weights, "x": x, "batch": BATCH, "lr": LR}
    contestants: list[Contestant] = [
        Trainer("aejax", job, table),
        *context.torch("PyTorch", "train.py", **given),
        Plain("plain JAX, jitted step", "jitted", steps=steps, **plain),
        Plain("plain JAX, scanned", "scanned", steps=steps, **plain),
        machine.Ceiling(),
    ]
    case = f"MLP 784-512-256-32-256-512-784, batch {BATCH}"
    *lanes, ceiling = race(contestants, steps, context.rounds)
    cases = compare("mlp", case, "steps/s", lanes)
    cases += shares_of_ceiling("mlp", case, lanes[0], ceiling, steps)
    return cases + _without_jit(model, table, plain, case, context)


def _without_jit(
    model: Autoencoder, table: Any, plain: dict[str, Any], case: str, context: Bench
) -> list[Case]:
    """The way of Flax's VAE example takes long: a tenth of the steps is enough of it."""
    steps = 20
    job = make_job(model, steps=steps, rounds=context.rounds, batch=BATCH, lr=LR)
    contestants = [
        Trainer("aejax", job, table),
        Plain("plain JAX, no jit", "eager", steps=steps, **plain),
    ]
    return compare("mlp", case, "steps/s", race(contestants, steps, context.rounds))


def pythae_default(context: Bench) -> list[Case]:
    """pythae's default VAE, 784-512-32-512-784 with Bernoulli pixels, by pythae's own trainer."""
    model, steps = models.vae(784, latent=32, widths=(512,)), 100
    table = images(steps * BATCH, (784,))
    data = save(context.folder / "pythae.npz", x=as_inputs(table))
    job = make_job(model, steps=steps, rounds=context.rounds, batch=BATCH, lr=LR)
    given = {"data": data, "model": "vae", "latent": 32, "batch": BATCH, "steps": steps, "lr": LR}
    contestants: list[Contestant] = [
        Trainer("aejax", job, table),
        *context.peer("pythae's trainer", "pythae_train.py", **given),
        machine.Ceiling(),
    ]
    *lanes, ceiling = race(contestants, steps, context.rounds)
    case = f"VAE 784-512-32-512-784, batch {BATCH}"
    shares = shares_of_ceiling("mlp", case, lanes[0], ceiling, steps)
    return [*compare("mlp", case, "steps/s", lanes), *shares]


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    return [*deep(context), *pythae_default(context)]
