"""What applications spend their time on, against the library that people use for it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.sparse import csr_array

import aejax
from aejax import models
from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, Round, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import dense_weights, initial, make_job, save
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.trainer import Trainer
from aejax.data.sparse import pack
from aejax.train import population
from aejax.types import PyTree

# Anomaly detection: a wide table, and PyOD's default widths, whose code has the ReLU too.
COLUMNS, HIDDEN, CODE, SCORED = 100, 64, 32, 100_000
BATCHES = {"default batch of 32": 32, "batch 1,024": 1024}  # of PyOD
# Recommendation: the items and the widths of Liang et al. 2018 on ML-20M, about its items a user.
ITEMS, LIKED, USERS = 20_000, 64, 5_000
WIDTH, LATENT, BATCH, LR = 600, 200, 100, 1e-3


class Scorer:
    """Distances of rows from their reconstructions, as the application takes them."""

    name = "aejax"

    def __init__(self, fitted: aejax.Fitted, x: np.ndarray):
        self.fitted, self.x = fitted, x

    def round(self) -> Round:
        """Scores all rows; the value is the mean distance."""
        begun = time.perf_counter()
        again = np.asarray(aejax.reconstruct(self.fitted, self.x))
        far = np.sqrt(np.square(self.x - again).sum(1))
        return Round(time.perf_counter() - begun, float(far.mean()))

    def close(self) -> dict[str, Any]:
        """Has nothing to say: what is timed is a call of the public function."""
        return {}


def table(rows: int, seed: int = 0) -> np.ndarray:
    """Returns float32 rows [rows, 100] of eight causes and noise."""
    draw = np.random.default_rng(seed)
    mixed = draw.normal(size=(rows, 8)) @ draw.normal(size=(8, COLUMNS)) / np.sqrt(8)
    return (mixed + 0.3 * draw.normal(size=mixed.shape)).astype(np.float32)


def detector(x: np.ndarray) -> aejax.Fitted:
    """Returns the autoencoder that both sides score by, hardly trained: its speed is the same."""
    model = models.undercomplete(
        COLUMNS, latent=CODE, widths=(HIDDEN,), likelihood="gaussian", code_activation="relu"
    )
    return aejax.fit(model, x[:1024], steps=20, batch_size=128, progress=False)


def scoring(context: Bench) -> list[Case]:
    """Rows a second that an anomaly detector scores, against PyOD's AutoEncoder."""
    x = table(SCORED)
    fitted = detector(x)
    weights = dense_weights(fitted.model, fitted.variables["params"])
    data = save(context.folder / "pyod.npz", x=x, **weights)
    contestants: list[Contestant] = [Scorer(fitted, x)]
    for words, batch in BATCHES.items():
        contestants += context.peer(f"PyOD, {words}", "pyod_score.py", data=data, batch=batch)
    case = f"scores of {SCORED:,} rows, {COLUMNS}-{HIDDEN}-{CODE}-{HIDDEN}-{COLUMNS}"
    return compare("applications", case, "rows/s", race(contestants, SCORED, context.rounds))


def likes(users: int, items: int = ITEMS, liked: int = LIKED, seed: int = 0) -> csr_array:
    """Returns ones [users, items], `liked` of them a user, drawn from one of twenty tastes."""
    draw = np.random.default_rng(seed)
    part = max(liked, items // 20)
    starts = draw.integers(0, items - part + 1, users)
    chosen = [start + draw.choice(part, liked, replace=False) for start in starts]
    rows = np.repeat(np.arange(users), liked)
    return csr_array((np.ones(users * liked, np.float32), (rows, np.concatenate(chosen))),
                     shape=(users, items))  # fmt: skip


def cornac_weights(params: PyTree, liked: int = LIKED, latent: int = LATENT) -> dict[str, Any]:
    """Returns kernels and biases by Cornac's layers: enc, mean, logvar, dec, out.

    Ours reads rows at unit length and Cornac's reads ones. As all users like as many items, the two
    are the same function where its first kernel is divided by the root of that number.
    """
    encoder, decoder = params["encoder"], params["decoder"]
    (kernel, bias), (head, shift), (dec, dec_bias), (out, out_bias) = (
        (np.asarray(net[f"dense_{i}"]["kernel"]), np.asarray(net[f"dense_{i}"]["bias"]))
        for net in (encoder, decoder)
        for i in (0, 1)
    )
    return {
        "enc_w": kernel / np.sqrt(np.float32(liked)), "enc_b": bias,
        "mean_w": head[:, :latent], "mean_b": shift[:latent],
        "logvar_w": head[:, latent:], "logvar_b": shift[latent:],
        "dec_w": dec, "dec_b": dec_bias, "out_w": out, "out_b": out_bias,
    }  # fmt: skip


def recommender(items: int = ITEMS, width: int = WIDTH, latent: int = LATENT) -> aejax.Autoencoder:
    """Returns Mult-VAE as on ML-20M."""
    return models.mult_vae(items, latent=latent, widths=(width,))


def training(context: Bench) -> list[Case]:
    """Steps a second of Mult-VAE, against Cornac's trainer: an epoch a round, by its own loop.

    Without dropout and annealing, which Cornac's has not. It begins its moments anew each round.
    """
    model, steps = recommender(), USERS // BATCH
    rows = likes(USERS)
    made = make_job(model, steps=steps, rounds=context.rounds, batch=BATCH, lr=LR)
    plain = {"corruption": 0.0, "w_kl_nats": 1.0, "warmup_steps": 0.0}
    job = made._replace(hp=made.hp | {n: np.float32([value]) for n, value in plain.items()})
    weights = cornac_weights(population.member(initial(model, 1), 0))
    coordinates = rows.tocoo()
    row, column = coordinates.coords
    data = save(context.folder / "cornac.npz", row=row, column=column, items=ITEMS, **weights)
    contestants: list[Contestant] = [
        Trainer("aejax", job, pack(rows)),
        *context.peer("Cornac's VAECF", "cornac_train.py", data=data, batch=BATCH, lr=LR),
        machine.Ceiling(),
    ]
    *lanes, ceiling = race(contestants, steps, context.rounds)
    case = f"Mult-VAE {ITEMS:,}-{WIDTH}-{LATENT}-{WIDTH}-{ITEMS:,}, batch {BATCH}"
    shares = shares_of_ceiling("applications", case, lanes[0], ceiling, steps)
    return [*compare("applications", case, "steps/s", lanes), *shares]


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    return [*scoring(context), *training(context)]
