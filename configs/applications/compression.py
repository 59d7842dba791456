"""Compression: an image in few numbers, and in few bytes that are really written.

Command: python -m experiments.reproduce compression [--scale=SCALE] [--manual_dir=DIR]
Your own: python -m experiments.reproduce compression --dataset=FOLDER --resize=SIDE (or .npy,
.npz): images in bytes, or floats from 0 to 1, which are made bytes of.

DIR holds Fashion-MNIST's raw files (Debian: package dataset-fashion-mnist).

Two questions. `numbers`: how near an image is after L numbers of float32, of an autoencoder and of
PCA. `code`: how near it is after so many bytes. Ours is `compressive`, whose rounded codes go
through a range coder with learned probabilities; JPEG and WebP are Pillow's; `pca` is the control:
rounded coefficients through the same coder into the same kind of file, each value's probability and
its point of reconstruction counted on the training images.

Protocol, the same for all: the thousand test images of a seed are one file, so that they share its
header: JPEG and WebP get a sheet (of JPEG's file, some 300 bytes are headers and tables), the
others write their codes behind 18 bytes. What counts is the length of the files; what is decoded
are bytes again. JPEG and WebP may halve the sheet's sides before and double them after (a setting,
for the front to choose), since their lowest quality is too many bytes for the lowest rates. The
weights of a network, the directions of PCA and the tables of both are known on both sides and not
counted. PSNR is of the mean squared error over all images of a seed, SSIM a mean over 200 of them.

Every codec has settings (lambda, a step of rounding, a quality) that trade bytes for errors. Those
on the front of the validation images (seed 0: no other has as high a PSNR at as few bits) are
measured on the test images, and the PSNR at a given rate is read between them, linear in the rate's
logarithm; beyond a codec's range there is none. A seed draws the test images out of all, and the
weights and batches of a network.

The photographs of scikit-image are coded whole, too, by the codecs of `photo_patches`: tiles of 16
x 16 for the network and PCA, which know neither these photographs nor what is beside a tile; JPEG
and WebP as pictures, as they were made for.

What `small` came to (7 of 14 claims pass): a learned transform pays where there is hardly any room.
On Fashion-MNIST it is above PCA after 8 numbers (17.5 and 15.8 dB) and at .05 bits a pixel, which
is 5 bytes an image (17.3 and 16.8), and above JPEG and WebP at .15 and .25 bits. From .1 bits on
PCA through the same coder is ahead of it (19.8 and 18.7 at .25), as it is after 64 numbers: there
the network is what is wrong, after 1,500 steps, and not the rounding. On patches of photographs the
other three win by 2 dB at .15 bits, and on whole photographs WebP by 4. The files' words are .01 to
.14 % longer than the bits of the learned density. The rate with noise, which is what training sees,
is within 5 % of these bits on Fashion-MNIST, and up to 39 % off on patches at the lowest rates. It
was run twice, the second time for clearer figures: claims and settings were the same.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

import aejax
from aejax.baselines import CODECS, Code, named, settings
from aejax.coding import bits_by_density, tables_of
from aejax.coding.container import SIZE as HEADER
from aejax.errors import need
from aejax.evaluate.image_quality import ms_ssim, ssim
from aejax.evaluate.rate_distortion import bits_per_pixel, front, quality_at
from aejax.reproduce import (
    Application,
    Claim,
    Context,
    Measured,
    Task,
    at_most,
    image_splits,
    increasing_paired,
    of_most_contrast,
    pick,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base

TOGETHER = 1000  # images a file
SHOWN = 8  # images kept for the sheet
SIMILAR = 200  # images of which SSIM is taken
CROP = (slice(48, 176), slice(160, 288))  # of a photograph, for the sheet
PHOTOGRAPHS = ("astronaut", "camera", "coffee", "chelsea")  # of scikit-image


class Scale(NamedTuple):
    """What a scale says."""

    datasets: tuple[str, ...]
    ours: tuple[Mapping[str, Any], ...]  # arguments, and the lambdas of each
    latents: tuple[int, ...]  # of `numbers`
    steps: int
    seeds: int
    train: int  # most training images
    valid: int  # most validation images
    test: int  # test images of a seed, drawn from four times as many at most


WIDTHS, LR, BATCH = (256,), 4e-3, 64
SCALES = {
    "smoke": Scale(
        ("digits",), ({"latent": 8, "w_rec_nats": (5.0, 50.0)},), (8,), 40, 2, 1000, 50, 50
    ),
    "small": Scale(
        ("fashion_mnist", "photo_patches"),
        (
            {"latent": 16, "w_rec_nats": (6.0,)},
            {"latent": 32, "w_rec_nats": (25.0,)},
            {"latent": 64, "w_rec_nats": (100.0, 2000.0)},
        ),
        (8, 32, 64), 1500, 3, 20_000, 1000, 1000,
    ),
}  # fmt: skip
# Bits a pixel at which PSNR is read.
RATES = (0.05, 0.1, 0.15, 0.25, 0.5, 1.0)

APPLICATION = Application(
    title="Compression: an image in few numbers, and in few bytes that are really written",
    costs={"smoke": "20 s on one core", "small": "352 s on two cores, other work beside it"},
    datasets={name: scale.datasets for name, scale in SCALES.items()},
    figures=("compression_curves", "compression_numbers", "compression_sheet"),
    shown=("bits_per_pixel", "psnr", "ssim", "bytes_per_image"),
    chosen={"setting": "validation", "latent": "swept", "rate": "swept"},
)
METHODS = ("compressive", *CODECS)


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks."""
    return base(
        scale, scales=APPLICATION.scales, name="compression", model="compressive",
        valid_fraction=0.0,  # `image_splits` holds them out
    )  # fmt: skip


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Returns images of [0, 1] as uint8."""
    return np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)


def splits_of(context: Context, name: str) -> dict[str, np.ndarray]:
    """Returns train, valid and test images, uint8 [N, H, W, C].

    Raises:
      ConfigError: as `image_splits`.
    """
    plan = SCALES[context.scale]
    found = image_splits(context, name, plan.train, plan.valid, 4 * plan.test)
    return {split: as_bytes(images) for split, images in found.items()}


def drawn(test: np.ndarray, plan: Scale, seed: int) -> np.ndarray:
    """Returns a seed's test images: `plan.test` of them, or three quarters of few."""
    count = min(plan.test, -(-3 * len(test) // 4))
    return test[np.random.RandomState(1000 + seed).permutation(len(test))[:count]]


def psnr_of(clean: np.ndarray, images: np.ndarray) -> float:
    """Returns the PSNR in dB of the mean squared error over all images, uint8 both."""
    error = np.square(clean.astype(np.float64) - images).mean() / 255**2
    return float(-10 * np.log10(max(error, 1e-10)))


def similarity(clean: np.ndarray, images: np.ndarray) -> float:
    """Returns the mean SSIM of the first images, uint8 both."""
    return float(ssim(clean[:SIMILAR] / 255, images[:SIMILAR] / 255).mean())


def fitted_members(
    name: str, plan: Scale, train: np.ndarray, args: Mapping[str, Any], lambdas: Sequence[float]
) -> Iterator[tuple[float, int, aejax.Fitted]]:
    """Yields (lambda, seed, trained model), one population for all."""
    model = aejax.models.build(name, train.shape[1:], {"widths": WIDTHS, **args})
    members = aejax.fit_population(
        model, train, seeds=range(plan.seeds), hp={"w_rec_nats": lambdas, "lr": [LR]},
        steps=plan.steps, batch_size=min(BATCH, len(train)), schedule="cosine", progress=False,
    )  # fmt: skip
    for i, member in enumerate(members):
        yield lambdas[i // plan.seeds], i % plan.seeds, member


class Coder(NamedTuple):
    """A codec at one setting; of ours, the bits by its density too."""

    code: Code
    bits: Callable[[np.ndarray], tuple[float, float]] | None = None


def _ours(plan: Scale, train: np.ndarray) -> dict[tuple[str, int], Coder]:
    """Returns (setting, seed) -> codec of the networks."""
    found: dict[tuple[str, int], Coder] = {}
    for group in plan.ours:
        args = {field: value for field, value in group.items() if field != "w_rec_nats"}
        lambdas = group["w_rec_nats"]
        for weight, seed, member in fitted_members("compressive", plan, train, args, lambdas):
            tables = tables_of(member)

            def code(images: np.ndarray, member=member, tables=tables) -> tuple[bytes, np.ndarray]:
                data = aejax.compress(member, images, tables=tables)
                return data, aejax.decompress(member, data, tables=tables)

            bits = functools.partial(density_bits, member)
            found[named({**args, "lambda": weight}), seed] = Coder(code, bits)
    return found


def density_bits(member: aejax.Fitted, images: np.ndarray) -> tuple[float, float]:
    """Returns the bits of all images by the learned density: of rounded codes, and of noisy ones.

    The first is what a perfect coder would write; the second is the rate that is trained.
    """
    space = member.model.info.space
    assert space is not None
    whole = aejax.encode(member, images).astype(np.float64) / space.step
    rounded = bits_by_density(member.variables, whole)
    noisy = np.asarray(aejax.score(member, images)["rate_nats"], np.float64) / np.log(2)
    return float(rounded.sum()), float(noisy.sum())


def _theirs(method: str, plan: Scale, train: np.ndarray) -> dict[tuple[str, int], Coder]:
    """Returns the same of a codec without a network, which has no seeds."""
    fit, grid = CODECS[method]
    coders = {named(setting): Coder(fit(train, **setting)) for setting in settings(grid)}
    return {(name, seed): coder for name, coder in coders.items() for seed in range(plan.seeds)}


class Coded(NamedTuple):
    """What a codec made of images."""

    size: int  # bytes of all files
    files: int
    images: np.ndarray  # decoded, uint8


def coded(code: Code, images: np.ndarray, together: int = TOGETHER) -> Coded:
    """Codes images, so many a file, and decodes them."""
    parts = [code(images[at : at + together]) for at in range(0, len(images), together)]
    size = sum(len(data) for data, _ in parts)
    return Coded(size, len(parts), np.concatenate([again for _, again in parts]))


@functools.cache
def photographs() -> tuple[np.ndarray, ...]:
    """Returns scikit-image's photographs, grey, uint8 [H, W, 1], sides of whole tiles of 16."""
    data: Any = need("skimage.data", "applications")
    pictures = []
    for name in PHOTOGRAPHS:
        picture = np.asarray(getattr(data, name)(), np.float64)
        grey = picture if picture.ndim == 2 else picture @ (0.299, 0.587, 0.114)
        high, wide = (side // 16 * 16 for side in grey.shape)
        pictures.append(np.rint(grey[:high, :wide]).astype(np.uint8)[..., None])
    return tuple(pictures)


def tiled(code: Code) -> Code:
    """Returns a codec of whole pictures [1, H, W, C] from one of tiles of 16 x 16."""

    def whole(images: np.ndarray) -> tuple[bytes, np.ndarray]:
        high, wide, channels = images.shape[1:]
        grid = images.reshape(high // 16, 16, wide // 16, 16, channels).transpose(0, 2, 1, 3, 4)
        data, again = code(grid.reshape(-1, 16, 16, channels))
        grid = again.reshape(grid.shape).transpose(0, 2, 1, 3, 4)
        return data, grid.reshape(images.shape)

    return whole


def of_photographs(code: Code) -> tuple[dict[str, float], np.ndarray]:
    """Returns the mean metrics of whole photographs, a file each, and a crop of the first."""
    each, crops = [], []
    for picture in photographs():
        size, _, again = coded(code, picture[None])
        each.append(
            (
                bits_per_pixel(size, again),
                psnr_of(picture[None], again),
                float(ms_ssim(picture[None] / 255, again / 255)[0]),
            )
        )
        crops.append(again[0][CROP])
    names = ("photo_bits_per_pixel", "photo_psnr", "photo_ms_ssim")
    return dict(zip(names, np.mean(each, axis=0).tolist(), strict=True)), crops[0]


def code_images(context: Context, point: Point) -> list[Measured]:
    """Finds a codec's front on validation images, and measures it on each seed's test images."""
    name, method = str(point["dataset"]), str(point["method"])
    plan, splits = SCALES[context.scale], splits_of(context, name)
    make = _ours if method == "compressive" else functools.partial(_theirs, method)
    coders, valid = make(plan, splits["train"]), {}
    for (setting, seed), coder in coders.items():
        if seed == 0:
            found = coded(coder.code, splits["valid"])
            rate = bits_per_pixel(found.size, found.images)
            valid[setting] = (rate, psnr_of(splits["valid"], found.images))
    listed = list(valid)
    on_front = [listed[i] for i in front(*zip(*valid.values(), strict=True))]
    whole = tiled if method in ("compressive", "pca") else lambda code: code
    measured = []
    for setting, seed in itertools.product(on_front, range(plan.seeds)):
        coder, test = coders[setting, seed], drawn(splits["test"], plan, seed)
        found = coded(coder.code, test)
        metrics = {
            "bits_per_pixel": bits_per_pixel(found.size, found.images),
            "psnr": psnr_of(test, found.images),
            "ssim": similarity(test, found.images),
            "bytes_per_image": found.size / len(test),
            "valid_bits_per_pixel": valid[setting][0],
            "valid_psnr": valid[setting][1],
        }
        if coder.bits:
            rounded, noisy = coder.bits(test)
            words = 8 * (found.size - found.files * HEADER)
            metrics["excess_percent"] = 100 * (words / rounded - 1)
            metrics["relaxation_percent"] = 100 * abs(noisy / rounded - 1)
        shown = of_most_contrast(test, SHOWN)
        arrays = {"clean": test[shown], "images": found.images[shown]}
        if name == "photo_patches":
            more, arrays["crop"] = of_photographs(whole(coder.code))
            arrays["crop_clean"] = photographs()[0][CROP]
            metrics |= more
        measured.append(Measured(metrics, {"seed": seed, "setting": setting}, arrays))
    return measured


def at_rates(context: Context, point: Point) -> list[Measured]:
    """Reads a codec's quality at given rates off the measured settings of its front."""
    name, method = str(point["dataset"]), str(point["method"])
    rows = context.select(task="code", dataset=name, method=method)
    measured = []
    for rate in RATES:
        for seed in range(SCALES[context.scale].seeds):
            mine = [row["metrics"] for row in rows if row["seed"] == seed]
            at = lambda bits, quality, mine=mine, rate=rate: quality_at(
                rate, [each[bits] for each in mine], [each[quality] for each in mine]
            )
            metrics = {quality: at("bits_per_pixel", quality) for quality in ("psnr", "ssim")}
            if "photo_psnr" in mine[0]:
                for quality in ("photo_psnr", "photo_ms_ssim"):
                    metrics[quality] = at("photo_bits_per_pixel", quality)
            measured.append(Measured(metrics, {"seed": seed, "rate": rate}))
    return measured


def numbers(context: Context, point: Point) -> list[Measured]:
    """Measures the images again after so many numbers, of an autoencoder and of PCA."""
    name, method = str(point["dataset"]), str(point["method"])
    plan, splits = SCALES[context.scale], splits_of(context, name)
    train, measured = splits["train"], []
    for latent in plan.latents:
        for seed, again in _again(method, plan, train, latent):
            test = drawn(splits["test"], plan, seed)
            out = as_bytes(again(test))
            metrics = {
                "psnr": psnr_of(test, out),
                "ssim": similarity(test, out),
            }
            measured.append(Measured(metrics, {"seed": seed, "latent": latent}))
    return measured


Again = Callable[[np.ndarray], np.ndarray]  # uint8 images -> images on [0, 1]


def _again(method: str, plan: Scale, train: np.ndarray, latent: int) -> Iterator[tuple[int, Again]]:
    """Yields each seed's images again after `latent` numbers."""
    if method == "autoencoder":
        args = {"latent": latent, "likelihood": "gaussian"}
        for _, seed, member in fitted_members("undercomplete", plan, train, args, (1.0,)):
            yield seed, lambda x, m=member: np.asarray(aejax.reconstruct(m, x)) / 255
        return
    from sklearn.decomposition import PCA

    flat = lambda x: x.reshape(len(x), -1).astype(np.float64) / 255
    fit = PCA(min(latent, *flat(train).shape), svd_solver="covariance_eigh").fit(flat(train))
    for seed in range(plan.seeds):
        yield seed, lambda x: fit.inverse_transform(fit.transform(flat(x))).reshape(x.shape)


def tasks(scale: str, dataset: str) -> Iterator[Task]:
    """Yields every codec, its quality at given rates, and codes of so many numbers."""
    for method in METHODS:
        yield Task({"task": "code", "dataset": dataset, "method": method}, code_images)
    for method in METHODS:
        yield Task({"task": "at_rate", "dataset": dataset, "method": method}, at_rates)
    for method in ("autoencoder", "pca"):
        yield Task({"task": "numbers", "dataset": dataset, "method": method}, numbers)


def _psnr(dataset: str, method: str, rate: float) -> Any:
    where = {"task": "at_rate", "dataset": dataset, "method": method, "rate": rate}
    return pick("psnr", where, label=f"{dataset}: PSNR of {method} at {rate:g} bits a pixel")


def _after(dataset: str, method: str, latent: int) -> Any:
    where = {"task": "numbers", "dataset": dataset, "method": method, "latent": latent}
    return pick("psnr", where, label=f"{dataset}: PSNR of {method} after {latent} numbers")


def worst(values: Collection[float]) -> float:
    """Returns the largest value: of a quantity that is to be small, no choice in its favour."""
    return max(values)


HINTON = "Hinton & Salakhutdinov 2006"
# baseline -> what is said of a like comparison elsewhere, and where.
SAID = {
    "pca": ("the control: a linear transform in place of a learned one", "Ballé et al. 2017"),
    "jpeg": (
        "Kodak: JPEG 30.38 dB at .660 bits a pixel, the factorised model 32.96 at .648",
        "CompressAI's results",
    ),
    "webp": ("the format that came after JPEG, made for photographs", "no number stands"),
}
POINTS = (
    ("fashion_mnist", 0.05, ("pca",)),  # below the others' range
    ("fashion_mnist", 0.15, tuple(CODECS)),
    ("fashion_mnist", 0.25, tuple(CODECS)),
    ("photo_patches", 0.15, tuple(CODECS)),
)
SIZES = (("fashion_mnist", 8), ("fashion_mnist", 64), ("photo_patches", 8))
NEEDS = {"fashion_mnist": "fashion_mnist"}


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`.

    Settings, rates and numbers of steps were chosen after trials on images held out of the training
    set, where the autoencoder was above PCA at .05 bits on Fashion-MNIST and below it at .25 and on
    photographs; test images were not looked at.
    """
    codecs = [
        Claim(
            f"{dataset}: at {rate:g} bits a pixel the autoencoder's PSNR is above that of {method}",
            (_psnr(dataset, method, rate), _psnr(dataset, "compressive", rate)),
            increasing_paired(),
            *SAID[method],
            "B",
            ("small",),
            needs=NEEDS.get(dataset, ""),
            note="The bar is the baseline of the same run; Kodak's numbers are of larger networks.",
        )
        for dataset, rate, methods in POINTS
        for method in methods
    ]
    sizes = [
        Claim(
            f"{dataset}: after {latent} numbers the autoencoder's PSNR is above PCA's",
            (_after(dataset, "pca", latent), _after(dataset, "autoencoder", latent)),
            increasing_paired(),
            "deep autoencoders above PCA of as many numbers",
            HINTON,
            "B",
            ("small",),
            needs=NEEDS.get(dataset, ""),
        )
        for dataset, latent in SIZES
    ]
    where = {"task": "code", "dataset": "fashion_mnist", "method": "compressive"}
    bits = Claim(
        "fashion_mnist: what is written is at most 1 % longer than the bits of the learned density",
        pick("excess_percent", where, reduce=worst, label="excess in percent, the worst setting"),
        at_most(1.0),
        "a range coder's words are the entropy but for a few bits",
        "Martin 1979",
        "B",
        ("small",),
        needs="fashion_mnist",
        control=pick(
            "relaxation_percent", where, reduce=worst,
            label="relaxation in percent, the worst setting",
        ),
    )  # fmt: skip
    return (*codecs, *sizes, bits)
