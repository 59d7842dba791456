"""Auto-encoding variational Bayes: Kingma & Welling 2013.

Command: python -m experiments.reproduce kingma2013 [--scale=SCALE] [--manual_dir=DIR]

Figure 2 is the bound against samples seen, for the VAE and for wake-sleep with the same networks;
figure 3 the marginal likelihood of a small decoder; figures 4 and 5 a manifold and samples.
Frey Face is no file that can be handed on: DIR/frey_face.npz (or DIR/frey_face/frey_face.npz) with
an array `image` [N, 28, 20] is read where the user has it, and its claims are not run elsewhere.

What the paper leaves open is decided here. Hidden units are tanh. N(0, 0.01) is read as mean and
variance, a standard deviation of 0.1. Grey levels are the targets of the Bernoulli decoder, as the
paper names no binarisation; wake-sleep dreams in black and white. Adagrad accumulates from zero.
The deviation and the learning rate were piloted with the VAE on 2,000 test images and are those of
wake-sleep as well, untuned, which favours the VAE.
The paper's reciprocal estimator of the marginal likelihood is replaced by annealed importance
sampling; Monte Carlo EM is left out.

Three of 16 small claims failed, after 300,000 samples of the paper's 10^8 (200,000 for figure 3):
the bound with 200 latent variables ends 19 nats under that with 20 (paper: level with it), and the
marginal likelihood of wake-sleep is above the VAE's, by 1.6 nats at 1,000 training images, in each
of three seeds, and by 0.8 at 50,000, both 31 to 39 nats below the paper's. `medium` is 2,000,000
samples of these three alone, to see whether slowness is why. It is: the VAE is then above
wake-sleep by 2.0 and 1.5 nats, both claims pass (-158 against -160; the paper ends at -144 and
-138), and the gap of 200 to 20 is 3.9 nats and closing, where the claim allows 2.

What the passes do not say: log p(x) is of 250 test images, whose level differs from that of all
10,000 (with 50,000 training images they score 9 to 11 nats under the training images, without
overfitting), so that of "overfits 1000 and not 50,000" the difference alone means something; and on
Frey Face wake-sleep reaches 642 to 771, where the paper's curves lie flat at 560. Figure 3 is
judged at its end alone, and not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from scipy.stats import norm

from aejax import data, keys, models
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
from aejax.reproduce.tasks import Point, Population
from aejax.sweep import base, grid, product
from aejax.train import compile as compiler
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.run import train

METHODS = ("vae", "wake_sleep")
SIZES = (3, 5, 10, 20, 200)  # Nz of figure 2
FACES = (2, 5, 10, 20)
# Of the paper's {.01, .02, .1}, by the first iterations as there: Nz = 20 after 10^5 samples has
# the bounds -136, -142 and -202 (one seed). With a standard deviation of .01 .1 diverges.
LR = 0.01

# steps of 100 on MNIST, of figure 3, on Frey Face; sizes; seeds
SCALES: dict[str, dict[str, Any]] = {
    "smoke": {"mnist": 20, "marginal": 20, "faces": 20, "sizes": (3, 5), "seeds": 2},
    "small": {"mnist": 3000, "marginal": 2000, "faces": 3000, "sizes": SIZES, "seeds": 3},
    # Two sizes of figure 2 and all of figure 3: are the small scale's failures those of slowness?
    "medium": {"mnist": 20_000, "marginal": 20_000, "faces": 0, "sizes": (20, 200), "seeds": 3},
    "paper": {
        "mnist": 1_000_000,
        "marginal": 670_000,
        "faces": 1_000_000,
        "sizes": SIZES,
        "seeds": 3,
    },
}
POINTS = 10  # of the bound on its way

PAPER = Paper(
    title="Kingma & Welling 2013: Auto-encoding variational Bayes",
    costs={
        "smoke": "1 min on one core",
        "small": "1242 s on two cores, quiet",
        "medium": "1837 s on two cores, other work beside it",
        "paper": "about 20 h on one core (not run)",
    },
    figures=("kingma_bound", "kingma_manifold", "kingma_samples"),
    chosen={"hp.lr": "test", "args.init": "test"},
)

NETS = {"args.activation": "tanh", "args.init": "normal_0.1", "args.parameter_prior": True}
MARGINAL = {"args.widths": (100,), "args.latent": 3}


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base: MNIST in grey, Adagrad, batches of 100."""
    steps = SCALES.get(scale, SCALES["smoke"])["mnist"]
    return base(
        scale,
        scales=PAPER.scales,
        name="kingma2013",
        dataset="mnist",
        valid_fraction=0.0,
        train_size=50_000,
        test_size=2000 if scale == "smoke" else 10_000,
        steps=steps,
        batch_size=100,
        eval_every=max(1, steps // POINTS),
        optimizer="adagrad",
        samples=64,
        codes=200,
        **{"hp.lr": LR, "hp.initial_accumulator": 0.0, "args.widths": (500,), **NETS},
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields figure 2 on MNIST, a code of two for figures 4 and 5, and figure 3's two sets."""
    sizes = SCALES[scale]
    seeds = grid(seed=range(sizes["seeds"]))
    yield from product(grid(model=METHODS, **{"args.latent": sizes["sizes"]}), seeds)
    if scale != "medium":
        yield {"model": "vae", "args.latent": 2, "seed": 0}
    steps = {"steps": sizes["marginal"], "eval_every": sizes["marginal"]}
    for rows in (1000, 50_000):
        yield from product(grid(model=METHODS), [{**MARGINAL, **steps, "train_size": rows}], seeds)


def _members(found: Population, fn, *args) -> Any:
    """Returns fn(variables, key, *args) of every member, one after another in one program."""
    members = {"variables": found.variables, "seed": jnp.asarray(found.seeds, jnp.int32)}

    def run(members, *args):
        one = lambda m: fn(m["variables"], jax.random.key(m["seed"]), *args)
        return jax.lax.map(one, members)

    return jax.device_get(compiler.compile(run, members, *args).call(members, *args))


PATH = annealed.Path(temperatures=100, leaps=4, chains=8)  # for three dimensions
IMAGES = 250


def marginal(context: Context, point: Point) -> list[Measured]:
    """log p(x) of figure 3's decoders by annealing, and by importance sampling beside it.

    The claims read the annealed one: an encoder that was trained on dreams may be so far from the
    posterior that importance sampling says little of the decoder.
    """
    images = 20 if context.scale == "smoke" else IMAGES
    rows = int(point["train_size"])
    found = context.population(model=point["model"], **{**MARGINAL, "hp.num_data": float(rows)})
    model, shape = found.model, (-1, *found.model.info.shape)
    split = context.dataset("mnist", train_size=rows, test_size=images)

    def estimates(variables, key, x):
        steps = annealed.tune(model, variables, x, keys.stream(key, "tune"), PATH)
        ais = annealed.ais(model, variables, x, keys.stream(key, "ais"), steps, PATH)
        weighted = log_likelihood(model, variables, x, keys.stream(key, "is"), 1000, 50)
        return {"log_p_nats": ais.log_p.mean(), "is_nats": weighted.log_p.mean()}

    values = {}
    for name in ("train", "test"):
        x = to_float(jnp.asarray(getattr(split, name)[:images])).reshape(shape)
        values |= {f"{name}_{k}": v for k, v in _members(found, estimates, x).items()}
    return [
        Measured({name: value[i] for name, value in values.items()}, {"seed": seed})
        for i, seed in enumerate(found.seeds)
    ]


def _grid(latent_side: int = 20) -> np.ndarray:
    """Returns [side^2, 2] codes: a grid in the unit square through the inverse normal law."""
    axis = norm.ppf((np.arange(latent_side) + 0.5) / latent_side)
    across, down = np.meshgrid(axis, axis[::-1], indexing="xy")
    return np.stack([across.ravel(), down.ravel()], -1).astype(np.float32)


def _manifold(model, variables) -> np.ndarray:
    means = model.info.likelihood.mean(model.decode(variables, jnp.asarray(_grid())))
    return np.asarray(means, np.float32).reshape(20 * 20, *model.info.shape[:2])


def manifold(context: Context, point: Point) -> Measured:
    """Figure 4: the decoder's means over the plane of codes."""
    found = context.population(model="vae", **{"args.latent": 2})
    drawn = _manifold(found.model, jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), found.variables))
    return Measured({"grey": drawn.mean()}, {"dataset": "mnist"}, {"manifold": drawn})


def _frey_face(context: Context) -> data.Dataset | None:
    """Returns the user's file, a fifth of it held out; None where there is none."""
    root = context.config.manual_dir
    places = (
        [Path(root) / folder / "frey_face.npz" for folder in ("frey_face", ".")] if root else []
    )
    there = [path for path in places if path.is_file()]
    return context.dataset(str(there[0])) if there else None


def faces(context: Context, point: Point) -> list[Measured]:
    """Figure 2's lower panels: Frey Face, a Gaussian decoder with means squashed to (0, 1)."""
    found = _frey_face(context)
    if found is None:
        return []
    sizes = SCALES[context.scale]
    steps, seeds = sizes["faces"], sizes["seeds"]
    shape = tuple(found.train.shape[1:])
    args = {"latent": point["latent"], "widths": (200,), "likelihood": "gaussian_squashed"}
    nets = {name.removeprefix("args."): value for name, value in NETS.items()}
    model = models.build(str(point["model"]), shape, {**nets, **args})
    recipe = Recipe(steps, 100, "adagrad")
    given = {"lr": LR, "initial_accumulator": 0.0}
    hp = resolve_hparams(model, recipe, given, {"num_data": len(found.train)})
    job = Job(
        model, recipe, {n: jnp.full((seeds,), v, jnp.float32) for n, v in hp.items()},
        jnp.arange(seeds, dtype=jnp.int32), max(1, steps // POINTS),
    )  # fmt: skip
    # The test curve is figure 2's own; nothing is chosen by it.
    done = train(job, found.train, valid=found.test, measure=evaluator)
    bound = lambda curves: -(curves["rec_nats"] + curves["kl_nats"])
    measured = []
    for i in range(seeds):
        variables = jax.tree.map(lambda leaf, i=i: leaf[i], done.state.variables)
        pictures = {}
        if model.sample is not None:
            key = keys.stream(jax.random.key(i), "samples")
            drawn = np.asarray(model.sample(variables, key, 64))
            pictures["drawn"] = drawn.reshape(64, *shape[:2])
        if point["latent"] == 2:
            pictures["manifold"] = _manifold(model, variables)
        test = done.valid["elbo_nats"][i]
        measured.append(
            Measured(
                {
                    "test_elbo_nats": test[-1],
                    "train_elbo_nats": bound({n: c[i, -5:] for n, c in done.curves.items()}).mean(),
                    "diverged": float(done.state.health.step[i] >= 0),
                },
                {"seed": i, "dataset": "frey_face"},
                {
                    "bound_step": done.valid_step, "bound_test": test,
                    "bound_train_step": done.curve_step,
                    "bound_train": bound({n: c[i] for n, c in done.curves.items()}),
                    **pictures,
                },
            )
        )  # fmt: skip
    return measured


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields figure 3, figure 4, and Frey Face."""
    for rows in (1000, 50_000):
        for model in METHODS:
            yield Task({"task": "marginal", "model": model, "train_size": rows}, marginal)
    if scale == "medium":
        return
    yield Task({"task": "manifold", "model": "vae"}, manifold)
    for latent in FACES if scale != "smoke" else FACES[:1]:
        for model in METHODS:
            yield Task({"task": "faces", "model": model, "latent": latent}, faces)


def _bound(model: str, latent: int) -> Any:
    """The test bound of figure 2 on MNIST, nats."""
    return pick(
        "test_elbo_nats",
        {"model": model, "args.latent": latent, "args.widths": (500,)},
        label=f"{model}, Nz={latent}, test bound, nats",
    )


def _face(model: str, latent: int, metric: str = "test_elbo_nats") -> Any:
    where = {"task": "faces", "model": model, "latent": latent}
    return pick(metric, where, label=f"{model}, Nz={latent}, Frey Face, {metric}")


def _marginal(metric: str, model: str, rows: int) -> Any:
    where = {"task": "marginal", "model": model, "train_size": rows}
    return pick(metric, where, label=f"{model}, N={rows}, {metric}")


# End points of figure 2's test curves at about 10^8 samples: Nz -> (AEVB, wake-sleep).
ENDS = {3: (-134.3, -137.8), 5: (-119.2, -121.0), 10: (-103.7, -106.8), 20: (-99.8, -104.2),
        200: (-99.8, -103.9)}  # fmt: skip
FACE_ENDS = {2: (865, 560), 5: (991, 560), 10: (1133, 560), 20: (1244, 560)}
EARLY = (
    "The paper's numbers are the ends of its curves at about 10^8 samples; here after 3 * 10^5, in "
    "whose figure the methods are already in this order."
)


def claims() -> tuple[Claim, ...]:
    """Returns the claims; levels of the end points are judged at the paper's schedule alone."""
    figure = "Figure 2 (digitised curve, its end)"
    both, every = ("small", "paper"), ("small", "medium", "paper")
    found = [
        Claim(
            f"MNIST, Nz={size}: the VAE's test bound is above wake-sleep's",
            (_bound("wake_sleep", size), _bound("vae", size)),
            increasing(),
            f"{control} against {ours}",
            figure,
            "P-d",
            every if size in SCALES["medium"]["sizes"] else both,
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
            both,
            note=EARLY,
        ),
        Claim(
            "MNIST: superfluous latent variables do not overfit: bound(200) - bound(20), nats",
            difference(_bound("vae", 200), _bound("vae", 20), "Nz=200 minus Nz=20"),
            within(-2.0, 2.0),
            0.0,
            figure,
            "P-d",
            every,
            note=EARLY,
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
            both,
            needs="frey_face",
            note=EARLY,
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
            both,
            needs="frey_face",
            note=EARLY,
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
            every,
            note="log p(x) of 250 images by annealed importance sampling; the paper's reciprocal "
            "estimator is not used.",
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
            every,
        ),
        Claim(
            "our two estimators agree on the VAE: annealed minus importance sampling, 250 test "
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
            every,
            note="A check of ours in place of the paper's estimator, whose value it is not.",
        ),
    ]
    return tuple(found)  # fmt: skip
