"""Auto-encoding variational Bayes: Kingma & Welling 2013.

Command: python -m experiments.reproduce kingma2013 [--scale=SCALE] [--manual_dir=DIR]

Figure 2 is the bound against samples seen, for the VAE and for wake-sleep with the same networks;
figure 3 the marginal likelihood of a small decoder; figures 4 and 5 a manifold and samples.
Frey Face is no file that can be handed on: DIR/frey_face.npz (or DIR/frey_face/frey_face.npz) with
an array `image` [N, 28, 20] is read where the user has it, and its claims are not run elsewhere.

What the paper leaves open is decided here. Hidden units are tanh. N(0, 0.01) is read as mean and
variance, a standard deviation of 0.1. Grey levels are the targets of the Bernoulli decoder, as the
paper names no binarisation; wake-sleep dreams in black and white. Adagrad accumulates from zero.
The paper's reciprocal estimator of the marginal likelihood is replaced by annealed importance
sampling; Monte Carlo EM is left out.

One rule chooses the start's deviation and the rate, for each method, data set and size of the code
by itself: four settings (.1 and .01; .01 and .02) are trained on 10^5 samples with a seed that
nothing else uses, and the one with the highest bound on rows that are neither trained on nor judged
(10,000 digits; a sixth of the faces) is trained again with the seeds that are judged. The paper's
third rate, .1, is left out: on the same validation rows it was never the best (docs/audit.md).

This is the second protocol of `small`. In the first, deviation and rate were piloted with the VAE
on test images and wake-sleep had them untuned; it trained Nz = 3, 5, 10, 20 and 200 and four sizes
of Frey Face for 300,000 samples. This one has Nz = 20 and 200, whose control had collapsed, for
500,000, and Nz = 2 of Frey Face for 300,000; criteria are the old ones (two texts now say on how
many images), and those of sizes that are not trained are judged at `paper` alone. New: wake-sleep's
200 against 20 latent variables, which says whether the control is the paper's. Figure 3 is judged
on 50 images, not 250, after 200,000 samples as before. `medium`, which was 2,000,000 samples of
some of these, is dropped.

What `small` came to (4 of 9 claims pass; the first protocol: 13 of 16, over controls that were not
tuned): with settings of its own wake-sleep ends at -144 and -168 nats for Nz = 20 and 200, where it
had -149 and -209 after 300,000 samples, and the VAE (-124 and -138) is above it in each seed. Both
lose by 200 latent variables here, 14 and 24 nats, where the paper's curves are level after 10^8
samples: the control is still weaker than the paper's, and part of the VAE's lead at Nz = 200 is
that. Of figure 3's orders neither holds in each seed: the VAE is ahead by 1.0 nats (N = 1000) and
behind by 0.1 (N = 50,000), 36 to 38 below the paper's. The two estimators differ by 0.37 on 50
images, where 0.3 is allowed. On Frey Face wake-sleep reaches 711, where the paper's curve lies flat
at 560.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from scipy.stats import norm

from aejax import data, keys, models
from aejax.baselines import best, named, settings
from aejax.data.scaling import to_float
from aejax.evaluate import annealed
from aejax.evaluate.importance import log_likelihood
from aejax.evaluate.members import evaluator
from aejax.reproduce import (
    Claim,
    Context,
    Measured,
    Paper,
    Task,
    difference,
    increasing,
    pick,
    within,
)
from aejax.reproduce.tasks import Point
from aejax.results.rows import number
from aejax.sweep import base
from aejax.train import compile as compiler
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.run import Trained, train
from aejax.types import Autoencoder, Variables

METHODS = ("vae", "wake_sleep")
SIZES = (3, 5, 10, 20, 200)  # Nz of figure 2
FACES = (2, 5, 10, 20)


class Scale(NamedTuple):
    """What a scale says; steps are of 100 examples."""

    choosing: int  # steps of each setting that is tried
    mnist: int  # of figure 2
    marginal: int  # of figure 3
    faces: int
    plane: int  # of the code of two dimensions, figure 4
    sizes: tuple[int, ...]
    face_sizes: tuple[int, ...]
    seeds: int
    tested: int  # test images of the bound
    images: int  # of log p(x)


SCALES = {
    "smoke": Scale(10, 20, 20, 20, 20, (3,), (2,), 2, 500, 20),
    "small": Scale(1000, 5000, 2000, 3000, 3000, (20, 200), (2,), 3, 10_000, 50),
    "paper": Scale(1000, 1_000_000, 670_000, 1_000_000, 1_000_000, SIZES, FACES, 3, 10_000, 250),
}
BATCH = 100
POINTS = 10  # of the bound on its way

PAPER = Paper(
    title="Kingma & Welling 2013: Auto-encoding variational Bayes",
    costs={
        "smoke": "1 min on one core",
        "small": "1036 s on two cores, other work beside it",
        "paper": "about 20 h on one core (not run)",
    },
    figures=("kingma_bound", "kingma_manifold", "kingma_samples"),
    chosen={
        "setting": "validation",
        "panel": "swept",
        "latent": "paper",
        "train_size": "paper",
        "steps": "fixed",
    },
)


class Network(NamedTuple):
    """The networks of a figure, and their data."""

    dataset: str
    widths: tuple[int, ...]
    likelihood: str


NETWORKS = {
    "mnist": Network("mnist", (500,), "bernoulli"),
    "faces": Network("frey_face", (200,), "gaussian_squashed"),
    "marginal": Network("mnist", (100,), "bernoulli"),
}
ROWS = 50_000  # of MNIST, to train on; the other 10,000 choose
CHOOSES = 100  # the seed that settings are chosen with
GRID = {"deviation": (0.1, 0.01), "lr": (0.01, 0.02)}


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks."""
    return base(scale, name="kingma2013", dataset="mnist", valid_fraction=1 / 6, model="vae")


def _data(context: Context, point: Point) -> data.Dataset | None:
    """Returns the images of a point, a sixth of the training rows held out; None: no Frey Face."""
    if point["panel"] == "faces":
        root = context.config.manual_dir
        places = [Path(root) / name for name in ("frey_face", ".")] if root else []
        there = [path for place in places if (path := place / "frey_face.npz").is_file()]
        return context.dataset(str(there[0])) if there else None
    rows = int(point["train_size"])
    return context.dataset("mnist", train_size=rows, test_size=SCALES[context.scale].tested)


def _fit(
    point: Point, found: data.Dataset, deviation: float, lr: Sequence[float],
    seeds: Sequence[int], steps: int, held: np.ndarray, points: int = 1,
) -> tuple[Autoencoder, Trained]:  # fmt: skip
    """Trains every rate with every seed from one start; the bound of `held` at `points` points."""
    network = NETWORKS[str(point["panel"])]
    args = {
        "latent": int(point["latent"]), "widths": network.widths, "activation": "tanh",
        "likelihood": network.likelihood, "init": f"normal_{deviation}", "parameter_prior": True,
    }  # fmt: skip
    model = models.build(str(point["model"]), tuple(found.train.shape[1:]), args)
    recipe = Recipe(steps, BATCH, "adagrad")
    given = {"lr": 0.0, "initial_accumulator": 0.0}
    hp = resolve_hparams(model, recipe, given, {"num_data": len(found.train)})
    each = {name: np.full(len(lr) * len(seeds), value, np.float32) for name, value in hp.items()}
    each["lr"] = np.repeat(np.asarray(lr, np.float32), len(seeds))
    every = max(1, steps // points)
    job = Job(model, recipe, each, np.tile(np.asarray(seeds, np.int32), len(lr)), every)
    return model, train(job, found.train, valid=held, measure=evaluator)


def choose(context: Context, point: Point) -> list[Measured]:
    """The validation bound of each setting, with a seed that nothing else uses."""
    found = _data(context, point)
    if found is None:
        return []
    assert found.valid is not None
    measured = []
    for deviation in GRID["deviation"]:
        steps = SCALES[context.scale].choosing
        _, done = _fit(point, found, deviation, GRID["lr"], [CHOOSES], steps, found.valid)
        for lr, bound in zip(GRID["lr"], done.valid["elbo_nats"][:, -1], strict=True):
            setting = named({"deviation": deviation, "lr": lr})
            measured.append(Measured({"valid_elbo_nats": bound}, {"setting": setting}))
    return measured


def judged(
    context: Context, point: Point, steps: int, seeds: int
) -> tuple[Autoencoder, Trained, data.Dataset, str] | None:
    """Trains the judged seeds with the setting that validation chose; None without the data.

    The test bound on the way is figure 2's own: nothing is chosen by it.
    """
    found = _data(context, point)
    if found is None:
        return None
    rows = context.select(**{**point, "task": "choose"})
    bounds = {r["point"]["setting"]: [number(r, "valid_elbo_nats")] for r in rows}
    name = best(bounds)
    setting = next(each for each in settings(GRID) if named(each) == name)
    model, done = _fit(
        point, found, setting["deviation"], [setting["lr"]], range(seeds), steps, found.test, POINTS
    )
    return model, done, found, name


def bound(context: Context, point: Point) -> list[Measured]:
    """Figure 2: the bound through training; pictures of figures 4 and 5 at its end."""
    scale, latent = SCALES[context.scale], int(point["latent"])
    steps = scale.mnist if point["panel"] == "mnist" else scale.faces
    seeds = scale.seeds
    if point["panel"] == "mnist" and latent == 2:  # not of figure 2
        steps, seeds = scale.plane, 1
    ready = judged(context, point, steps, seeds)
    if ready is None:
        return []
    model, done, found, setting = ready
    shape, measured = found.train.shape[1:3], []
    printed = (ENDS if point["panel"] == "mnist" else FACE_ENDS).get(latent)
    seen = -(done.curves["rec_nats"] + done.curves["kl_nats"])
    for i in range(seeds):
        variables = jax.tree.map(lambda leaf, i=i: leaf[i], done.state.variables)
        pictures = {}
        if model.sample is not None:
            drawn = model.sample(variables, keys.stream(jax.random.key(i), "samples"), 64)
            pictures["drawn"] = np.asarray(drawn).reshape(64, *shape)
        if latent == 2:
            pictures["manifold"] = _manifold(model, variables)
        test = done.valid["elbo_nats"][i]
        measured.append(
            Measured(
                {
                    "test_elbo_nats": test[-1],
                    "test_kl_nats": done.valid["kl_nats"][i, -1],
                    "train_elbo_nats": seen[i, -5:].mean(),
                    "diverged": float(done.state.health.step[i] >= 0),
                    "paper_nats": printed[METHODS.index(str(point["model"]))] if printed else nan,
                },
                {
                    "seed": i,
                    "setting": setting,
                    "dataset": NETWORKS[str(point["panel"])].dataset,
                    "steps": steps,
                },
                {
                    "bound_step": done.valid_step, "bound_test": test,
                    "bound_train_step": done.curve_step, "bound_train": seen[i], **pictures,
                },
            )
        )  # fmt: skip
    return measured


def _members(variables: Variables, seeds: int, fn, *args) -> Any:
    """Returns fn(variables, key, *args) of every member, one after another in one program."""
    members = {"variables": variables, "seed": jnp.arange(seeds, dtype=jnp.int32)}

    def run(members, *args):
        one = lambda m: fn(m["variables"], jax.random.key(m["seed"]), *args)
        return jax.lax.map(one, members)

    return jax.device_get(compiler.compile(run, members, *args).call(members, *args))


PATH = annealed.Path(temperatures=100, leaps=4, chains=8)  # for three dimensions


def marginal(context: Context, point: Point) -> list[Measured]:
    """log p(x) of figure 3's decoders by annealing, and by importance sampling beside it.

    The claims read the annealed one: an encoder that was trained on dreams may be so far from the
    posterior that importance sampling says little of the decoder.
    """
    scale = SCALES[context.scale]
    ready = judged(context, point, scale.marginal, scale.seeds)
    assert ready is not None
    model, done, found, setting = ready

    def estimates(variables, key, x):
        steps = annealed.tune(model, variables, x, keys.stream(key, "tune"), PATH)
        ais = annealed.ais(model, variables, x, keys.stream(key, "ais"), steps, PATH)
        weighted = log_likelihood(model, variables, x, keys.stream(key, "is"), 1000, 50)
        return {"log_p_nats": ais.log_p.mean(), "is_nats": weighted.log_p.mean()}

    values = {}
    for name in ("train", "test"):
        x = to_float(jnp.asarray(getattr(found, name)[: scale.images]))
        x = x.reshape(-1, *model.info.shape)
        measured = _members(done.state.variables, scale.seeds, estimates, x)
        values |= {f"{name}_{k}": v for k, v in measured.items()}
    return [
        Measured(
            {name: value[i] for name, value in values.items()},
            {"seed": i, "setting": setting, "steps": scale.marginal},
        )
        for i in range(scale.seeds)
    ]


def _grid(latent_side: int = 20) -> np.ndarray:
    """Returns [side^2, 2] codes: a grid in the unit square through the inverse normal law."""
    axis = norm.ppf((np.arange(latent_side) + 0.5) / latent_side)
    across, down = np.meshgrid(axis, axis[::-1], indexing="xy")
    return np.stack([across.ravel(), down.ravel()], -1).astype(np.float32)


def _manifold(model, variables) -> np.ndarray:
    means = model.info.likelihood.mean(model.decode(variables, jnp.asarray(_grid())))
    return np.asarray(means, np.float32).reshape(20 * 20, *model.info.shape[:2])


def points(scale: str = "small") -> Iterator[dict[str, Any]]:
    """Yields what is trained: figure 2 on MNIST, figure 4's plane, figure 3, and Frey Face."""
    plan = SCALES[scale]
    for latent in plan.sizes:
        for model in METHODS:
            yield {"panel": "mnist", "model": model, "latent": latent, "train_size": ROWS}
    yield {"panel": "mnist", "model": "vae", "latent": 2, "train_size": ROWS}
    for rows in (1000, ROWS):
        for model in METHODS:
            yield {"panel": "marginal", "model": model, "latent": 3, "train_size": rows}
    for latent in plan.face_sizes:
        for model in METHODS:
            yield {"panel": "faces", "model": model, "latent": latent}


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields the choice of each point's setting, then its judged runs."""
    for point in points(scale):
        third = point["panel"] == "marginal"
        yield Task({"task": "choose", **point}, choose)
        yield Task(
            {"task": "marginal" if third else "bound", **point}, marginal if third else bound
        )


def _bound(model: str, latent: int) -> Any:
    """The test bound of figure 2 on MNIST, nats."""
    return pick(
        "test_elbo_nats",
        {"task": "bound", "panel": "mnist", "model": model, "latent": latent},
        label=f"{model}, Nz={latent}, test bound, nats",
    )


def _face(model: str, latent: int, metric: str = "test_elbo_nats") -> Any:
    where = {"task": "bound", "panel": "faces", "model": model, "latent": latent}
    return pick(metric, where, label=f"{model}, Nz={latent}, Frey Face, {metric}")


def _marginal(metric: str, model: str, rows: int) -> Any:
    where = {"task": "marginal", "model": model, "train_size": rows}
    return pick(metric, where, label=f"{model}, N={rows}, {metric}")


# End points of figure 2's test curves at about 10^8 samples: Nz -> (AEVB, wake-sleep).
ENDS = {3: (-134.3, -137.8), 5: (-119.2, -121.0), 10: (-103.7, -106.8), 20: (-99.8, -104.2),
        200: (-99.8, -103.9)}  # fmt: skip
FACE_ENDS = {2: (865, 560), 5: (991, 560), 10: (1133, 560), 20: (1244, 560)}
EARLY = (
    "The paper's numbers are the ends of its curves at about 10^8 samples; here after 5 * 10^5, "
    "where its figure does not show this order yet: from 10^6 on it does."
)
FACES_EARLY = "The paper's numbers are the ends of its curves at about 10^8 samples; here 3 * 10^5."


def claims() -> tuple[Claim, ...]:
    """Returns the claims; levels of the end points are judged at the paper's schedule alone."""
    figure = "Figure 2 (digitised curve, its end)"
    small = SCALES["small"]
    both, paper = ("small", "paper"), ("paper",)
    found = [
        Claim(
            f"MNIST, Nz={size}: the VAE's test bound is above wake-sleep's",
            (_bound("wake_sleep", size), _bound("vae", size)),
            increasing(),
            f"{control} against {ours}",
            figure,
            "P-d",
            both if size in small.sizes else paper,
            note=EARLY,
        )
        for size, (ours, control) in ENDS.items()
    ]
    found += [
        Claim(
            "MNIST: the VAE's test bound rises with Nz = 3, 5, 10, 20",
            [_bound("vae", size) for size in (3, 5, 10, 20)],
            increasing(),
            "-134.3, -119.2, -103.7, -99.8",
            figure,
            "P-d",
            paper,
            note=EARLY,
        ),
        Claim(
            "MNIST: superfluous latent variables do not overfit: bound(200) - bound(20), nats",
            difference(_bound("vae", 200), _bound("vae", 20), "Nz=200 minus Nz=20"),
            within(-2.0, 2.0),
            0.0,
            figure,
            "P-d",
            both,
            note=EARLY,
        ),
        Claim(
            "MNIST: the control is the paper's: wake-sleep's bound(200) - bound(20), nats",
            difference(_bound("wake_sleep", 200), _bound("wake_sleep", 20), "Nz=200 minus Nz=20"),
            within(-2.0, 2.0),
            0.3,
            figure,
            "P-d",
            ("small",),
            note="Where it fails, the VAE's lead at Nz=200 is over a control that is weaker than "
            "the paper's. " + EARLY,
        ),
        *(
            Claim(
                f"MNIST, Nz={size}: the VAE's test bound at the end, nats",
                _bound("vae", size),
                within(ENDS[size][0] - tolerance, ENDS[size][0] + tolerance),
                ENDS[size][0],
                figure,
                "P-d",
                ("paper",),
            )
            for size, tolerance in ((3, 4.0), (10, 3.0), (20, 3.0))
        ),
    ]
    found += [
        Claim(
            f"Frey Face, Nz={size}: the VAE's test bound is above wake-sleep's",
            (_face("wake_sleep", size), _face("vae", size)),
            increasing(),
            f"{control} against {ours}",
            figure,
            "P-d",
            both if size in small.face_sizes else paper,
            needs="frey_face",
            note=FACES_EARLY,
        )
        for size, (ours, control) in FACE_ENDS.items()
    ]
    found += [
        Claim(
            "Frey Face: ten latent variables have a better test bound than two",
            (_face("vae", 2), _face("vae", 10)),
            increasing(),
            "865 against 1133",
            figure,
            "P-d",
            paper,
            needs="frey_face",
            note=FACES_EARLY,
        ),
        Claim(
            "Frey Face, Nz=2: the VAE's test bound at the end, nats",
            _face("vae", 2),
            within(778.0, 952.0),
            865,
            figure,
            "P-d",
            ("paper",),
            needs="frey_face",
            note="Within a tenth.",
        ),
    ]
    third = "Figure 3 (digitised curve, its end)"
    found += [
        Claim(
            f"marginal likelihood of test images, N={rows}: the VAE is above wake-sleep",
            (
                _marginal("test_log_p_nats", "wake_sleep", rows),
                _marginal("test_log_p_nats", "vae", rows),
            ),
            increasing(),
            numbers,
            third,
            "P-d",
            both,
            note="log p(x) of the first test images by annealed importance sampling; the paper's "
            "reciprocal estimator is not used.",
        )
        for rows, numbers in ((1000, "-145.0 against -143.5"), (50_000, "-140.9 against -137.8"))
    ]
    gap = lambda rows: difference(
        _marginal("train_log_p_nats", "vae", rows),
        _marginal("test_log_p_nats", "vae", rows),
        f"VAE, N={rows}: train minus test, nats",
    )
    found += [
        Claim(
            "the VAE overfits 1000 images and not 50,000: train minus test log p(x)",
            (gap(50_000), gap(1000)),
            increasing(),
            "6.9 against 34.2",
            third,
            "P-d",
            both,
        ),
        Claim(
            "our two estimators agree on the VAE: annealed minus importance sampling, test "
            "images, nats",
            difference(
                _marginal("test_log_p_nats", "vae", 50_000),
                _marginal("test_is_nats", "vae", 50_000),
                "AIS minus IS",
            ),
            within(-0.3, 0.3),
            "one quantity",
            "section 5, estimators of log p(x)",
            "P",
            both,
            note="A check of ours in place of the paper's estimator, whose value it is not.",
            control=difference(
                _marginal("train_log_p_nats", "vae", 50_000),
                _marginal("test_is_nats", "vae", 50_000),
                "AIS of training images minus IS of test images",
            ),
        ),
    ]
    return tuple(found)  # fmt: skip
