"""What applications spend their time on, against the library that people use for it."""

from __future__ import annotations

import importlib.util
import time
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

import aejax
from aejax import models
from aejax.baselines.codecs import Code, by_pillow
from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, Round, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import dense_weights, initial, make_job, save
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.trainer import Trainer
from aejax.coding import tables_of
from aejax.data.sparse import pack
from aejax.train import population
from aejax.types import PyTree

# Anomaly detection: a wide table, and PyOD's default widths, whose code has the ReLU too.
COLUMNS, HIDDEN, CODE, SCORED = 100, 64, 32, 100_000
BATCHES = {"default batch of 32": 32, "batch 1,024": 1024}  # of PyOD
# Compression: images of Fashion-MNIST's shape, by the codecs' own defaults but for the quality.
SHOWN, SIDE, NUMBERS, TAUGHT = 10_000, 28, 32, 3_000
QUALITY = {"jpeg": 20, "webp": 35}  # the middle of the application's curves


class Liked(NamedTuple):
    """Who likes what, and the widths of Mult-VAE: those of Liang et al. 2018 on ML-20M."""

    users: int = 5_000
    items: int = 20_000
    each: int = 64  # items a user
    width: int = 600
    latent: int = 200
    batch: int = 100
    lr: float = 1e-3


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


def scoring(context: Bench, rows: int) -> list[Case]:
    """Rows a second that an anomaly detector scores, against PyOD's AutoEncoder."""
    x = table(rows)
    fitted = detector(x)
    weights = dense_weights(fitted.model, fitted.variables["params"])
    data = save(context.folder / "pyod.npz", x=x, **weights)
    contestants: list[Contestant] = [Scorer(fitted, x)]
    for words, batch in BATCHES.items():
        contestants += context.peer(f"PyOD, {words}", "pyod_score.py", data=data, batch=batch)
    case = f"scores of {rows:,} rows, {COLUMNS}-{HIDDEN}-{CODE}-{HIDDEN}-{COLUMNS}"
    return compare("applications", case, "rows/s", race(contestants, rows, context.rounds))


def likes(size: Liked, seed: int = 0) -> csr_array:
    """Returns ones [users, items], as many a user, drawn from one of twenty tastes."""
    draw = np.random.default_rng(seed)
    part = max(size.each, size.items // 20)
    starts = draw.integers(0, size.items - part + 1, size.users)
    chosen = [start + draw.choice(part, size.each, replace=False) for start in starts]
    row, column = np.repeat(np.arange(size.users), size.each), np.concatenate(chosen)
    ones = np.ones(len(row), np.float32)
    return csr_array((ones, (row, column)), shape=(size.users, size.items))


def recommender(size: Liked) -> aejax.Autoencoder:
    """Returns Mult-VAE."""
    return models.mult_vae(size.items, latent=size.latent, widths=(size.width,))


def cornac_weights(params: PyTree, size: Liked) -> dict[str, np.ndarray]:
    """Returns kernels and biases by Cornac's layers: enc, mean, logvar, dec, out.

    Ours reads rows at unit length and Cornac's reads ones. As all users like as many items, the two
    are the same function where its first kernel is divided by the root of that number.
    """
    hidden, head = params["encoder"]["dense_0"], params["encoder"]["dense_1"]
    latent, scale = size.latent, np.sqrt(np.float32(size.each))
    layers = {
        "enc": (hidden["kernel"] / scale, hidden["bias"]),
        "mean": (head["kernel"][:, :latent], head["bias"][:latent]),
        "logvar": (head["kernel"][:, latent:], head["bias"][latent:]),
        "dec": (params["decoder"]["dense_0"]["kernel"], params["decoder"]["dense_0"]["bias"]),
        "out": (params["decoder"]["dense_1"]["kernel"], params["decoder"]["dense_1"]["bias"]),
    }
    return {
        f"{name}_{letter}": np.asarray(value)
        for name, layer in layers.items()
        for letter, value in zip("wb", layer, strict=True)
    }


def training(context: Bench, size: Liked) -> list[Case]:
    """Steps a second of Mult-VAE, against Cornac's trainer: an epoch a round, by its own loop.

    Without dropout and annealing, which Cornac's has not. It begins its moments anew each round.
    """
    model, steps = recommender(size), size.users // size.batch
    rows = likes(size)
    made = make_job(model, steps=steps, rounds=context.rounds, batch=size.batch, lr=size.lr)
    plain = {"corruption": 0.0, "w_kl_nats": 1.0, "warmup_steps": 0.0}
    job = made._replace(
        hp={**made.hp, **{n: np.full(1, value, np.float32) for n, value in plain.items()}}
    )
    weights = cornac_weights(population.member(initial(model, 1), 0), size)
    row, column = rows.tocoo().coords
    data = save(context.folder / "cornac.npz", row=row, column=column, **weights)
    given = {"data": data, "batch": size.batch, "lr": size.lr}
    contestants: list[Contestant] = [
        Trainer("aejax", job, pack(rows)),
        *context.peer("Cornac's VAECF", "cornac_train.py", **given),
        machine.Ceiling(),
    ]
    *lanes, ceiling = race(contestants, steps, context.rounds)
    shape = f"{size.items:,}-{size.width}-{size.latent}-{size.width}-{size.items:,}"
    case = f"Mult-VAE {shape}, batch {size.batch}"
    shares = shares_of_ceiling("applications", case, lanes[0], ceiling, steps)
    return [*compare("applications", case, "steps/s", lanes), *shares]


class ImageCoder:
    """Writes all images to bytes and reads them again."""

    def __init__(self, name: str, code: Code, images: np.ndarray):
        self.name, self.code, self.images = name, code, images
        self.written = 0

    def round(self) -> Round:
        """Codes all images both ways; the value is the mean squared error in grey levels."""
        begun = time.perf_counter()
        data, again = self.code(self.images)
        seconds = time.perf_counter() - begun
        self.written = len(data)
        off = again.astype(np.float32).reshape(self.images.shape) - self.images
        return Round(seconds, float(np.square(off).mean()))

    def close(self) -> dict[str, Any]:
        """Says how many bits a pixel took: a codec that writes more has an easier task."""
        return {"bits_per_pixel": 8 * self.written / self.images.size}


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Returns uint8 images [count, 28, 28, 1]: three soft spots of light each."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    light = np.zeros((count, SIDE, SIDE), np.float32)
    for _ in range(3):
        at = draw.uniform(4, SIDE - 4, (2, count, 1, 1)).astype(np.float32)
        wide = draw.uniform(1.5, 5, (count, 1, 1)).astype(np.float32)
        light += np.exp(-(np.square(y - at[0]) + np.square(x - at[1])) / (2 * np.square(wide)))
    return np.rint(255 * np.minimum(light, 1))[..., None].astype(np.uint8)


def own_code(train: np.ndarray) -> Code:
    """Returns the application's codec: rounded codes of a dense network, by a range coder."""
    model = models.compressive((SIDE, SIDE, 1), latent=NUMBERS, widths=(256,))
    fitted = aejax.fit(model, train, steps=TAUGHT, batch_size=128, progress=False)
    tables = tables_of(fitted)

    def code(images: np.ndarray) -> tuple[bytes, np.ndarray]:
        data = aejax.compress(fitted, images, tables=tables)
        return data, aejax.decompress(fitted, data, tables=tables)

    return code


def compressing(context: Bench, count: int) -> list[Case]:
    """Megabytes of pixels a second, written and read, against Pillow's JPEG and WebP."""
    missing = [name for name in ("constriction", "PIL") if not importlib.util.find_spec(name)]
    if missing:
        context.say(f"compression: left out, {' and '.join(missing)} is not installed")
        return []
    images = pictures(count)
    codes = {
        "aejax": own_code(pictures(count, seed=1)),
        **{f"Pillow's {kind}": by_pillow(kind, images, best, 1) for kind, best in QUALITY.items()},
    }
    contestants: list[Contestant] = [ImageCoder(name, code, images) for name, code in codes.items()]
    case = f"{count:,} images of {SIDE}x{SIDE} to bytes and back, {NUMBERS} numbers a code"
    return compare(
        "applications", case, "MB/s", race(contestants, images.size / 1e6, context.rounds)
    )


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    return [
        *scoring(context, SCORED),
        *training(context, Liked()),
        *compressing(context, SHOWN),
    ]
