"""Molecules: new ones from a sequence VAE over SMILES, and what its code is for.

Command: python -m experiments.reproduce molecules --manual_dir=DIR [--scale=SCALE]
Your own: python -m experiments.reproduce molecules --dataset=PATH: a `.txt` or `.smi` with a SMILES
a line, or a `.csv` with a column `smiles` (each maybe `.gz`).

DIR holds MOSES's `train.csv`, `test.csv` and `test_scaffolds.csv`, or the wheel of molsets, which has
them (`pip download molsets --no-deps`). RDKit reads molecules (`pip install 'aejax[applications]'`).

Protocol, the same for all methods: SMILES in RDKit's canonical form, as tokens (characters; Br, Cl
and atoms in brackets are one each). All see the same training molecules, and draw token after token
as many samples; three seeds are three trainings, or for what is counted three draws. Each has the
setting of its grid with the highest own objective on validation molecules, in nats a token; a
network's settings are compared on the first seed, after a quarter of its steps. The objective of
the VAE (Bowman et al. 2016, without word dropout) has a KL weight of .05, MOSES's own. The control,
`decoder_alone`, is the same network with a KL weight of 100, which leaves its code unused.

Metrics are MOSES's (Polykovskiy et al. 2020) as far as they need no downloaded network, on fewer
samples, so that scaffolds and unique@10k cannot be compared with the paper's to the digit; `log p`
is a bound by 32 importance samples for networks and exact for n-grams. What the code is for:
reconstruction of test molecules by greedy decoding, straight lines between the codes of two of
them, and logP and QED by ridge regression on codes, beside counts of tokens and Morgan fingerprints.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

import aejax
from aejax.api.drawing import draw_tokens
from aejax.baselines import best, named, settings
from aejax.baselines.n_grams import n_grams
from aejax.data.molecules import Alphabet, Molecules, alphabet_of, load_molecules, tokens
from aejax.errors import ConfigError
from aejax.evaluate.chemistry import CHEMISTRY, Chemistry
from aejax.evaluate.molecules import Reference, quality, reference, tanimoto
from aejax.reproduce import (
    Application,
    Claim,
    Context,
    Measured,
    Task,
    at_least,
    increasing_paired,
    pick,
    within,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base

LONGEST = 60  # tokens of a molecule; longer ones are left out
FEWEST = 100  # molecules of a file of the user's
LOG_P_SAMPLES = 32
POINTS = 8  # of a line between two codes, with its ends
SHOWN, PATHS = 12, 3  # molecules and lines that a figure may show
ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)  # of ridge regressions


class Scale(NamedTuple):
    """What a scale says."""

    datasets: tuple[str, ...]
    seeds: int
    train: int  # molecules
    held: int  # for validation, and for test
    judged: int  # of these, whose log p is measured
    samples: int
    compared: int  # valid samples, for what looks at pairs
    pairs: int  # of test molecules, for lines between them
    steps: int
    width: int
    latent: int


SCALES = {
    "smoke": Scale(("grown_molecules",), 2, 3000, 300, 60, 200, 100, 10, 120, 48, 8),
    "small": Scale(("moses",), 3, 50_000, 3000, 500, 3000, 1000, 150, 900, 128, 48),
}

APPLICATION = Application(
    title="Molecules: new ones from a sequence VAE, and what its code is for",
    costs={"smoke": "15 s on one core", "small": "700 s on two cores, much other work beside it"},
    datasets={name: scale.datasets for name, scale in SCALES.items()},
    figures=("molecules_scores", "molecules_sheet"),
    shown=("valid", "unique_1k", "novel", "fragments", "log_p_per_token"),
    chosen={"setting": "validation"},
)
# The rest of the objective is the method's own: see W_KL.
GRIDS: dict[str, dict[str, Sequence[Any]]] = {
    "vae": {"lr": (2e-3, 5e-3, 1e-2)},
    "decoder_alone": {"lr": (2e-3, 5e-3, 1e-2)},
    "n_grams": {"context": (5, 8), "alpha": (0.3, 3.0)},
}
W_KL = {"vae": 0.05, "decoder_alone": 100.0}
REGRESSIONS = ("fingerprints", "token_counts")
METHODS = (*GRIDS, "training_molecules", *REGRESSIONS)
BATCH = 64


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks."""
    return base(
        scale, scales=APPLICATION.scales, name="molecules", model="sentence_vae",
        valid_fraction=0.0,  # `held` draws its own
    )  # fmt: skip


class Held(NamedTuple):
    """Canonical molecules, how they are written, and what they are compared with."""

    train: list[str]
    valid: list[str]
    test: list[str]
    alphabet: Alphabet
    length: int
    chemistry: Chemistry
    reference: Reference  # of test molecules
    scaffolds: Reference | None  # of molecules of other scaffolds
    left_out: float  # the share of test molecules that the alphabet or the length cannot write

    def ids(self, smiles: Sequence[str]) -> np.ndarray:
        return self.alphabet.ids(smiles, self.length)


def _canonical(found: Molecules, some: Sequence[int], of: Sequence[str], read: Any) -> list[str]:
    """Returns canonical molecules of some places, each once; says which line is none."""
    kept: dict[str, None] = {}
    for i in some:
        text = read.canonical(of[i])
        if text is None and found.lines:
            raise ConfigError(
                f"molecules file {found.name!r}, line {found.lines[i]} holds {of[i]!r:.60}, which "
                "is no molecule. Allowed: SMILES that RDKit can read."
            )
        if text is not None:
            kept[text] = None
    return list(kept)


def split(found: Molecules, plan: Scale, read: Chemistry) -> tuple[list[str], ...]:
    """Returns training, validation and test molecules, and those of other scaffolds.

    What comes without test molecules (a file of the user's) gives a tenth of it for them.

    Raises:
      ConfigError: a line that is no molecule, or fewer than FEWEST.
    """
    random = np.random.RandomState(0)
    order = random.permutation(len(found.train))
    if found.lines:
        every = _canonical(found, np.arange(len(found.train)), found.train, read)
        every = [text for text in every if len(tokens(text)) <= LONGEST]
        if len(every) < FEWEST:
            raise ConfigError(
                f"molecules file {found.name!r} has {len(every)} different molecules of {LONGEST} "
                f"tokens or fewer. Allowed: {FEWEST} or more."
            )
        order = random.permutation(len(every))
        held = min(plan.held, len(every) // 10)
        parts = np.split(order, [held, 2 * held])
        valid, test, train = ([every[i] for i in part] for part in parts)
        return train[: plan.train], valid, test, []
    train = _canonical(found, order[: plan.train + plan.held], found.train, read)
    valid, train = train[: plan.held], train[plan.held :]
    others = [
        _canonical(found, random.permutation(len(part))[: plan.held], part, read)
        for part in (found.test, found.scaffolds)
    ]
    return train, valid, others[0], others[1]


@functools.cache  # one reading for all methods
def _held(name: str, manual_dir: Any, scale: str) -> tuple[Held, str]:
    plan, found = SCALES[scale], load_molecules(name, manual_dir)
    read = CHEMISTRY[found.chemistry]()
    train, valid, test, scaffolds = split(found, plan, read)
    train = [text for text in train if len(tokens(text)) <= LONGEST]
    alphabet = alphabet_of(train)
    length = 1 + max(len(tokens(text)) for text in train)
    writable = lambda some: [text for text in some if alphabet.writes(text, length)]
    kept = writable(test)
    held = Held(
        train, writable(valid), kept, alphabet, length, read,
        reference(test, read), reference(scaffolds, read) if scaffolds else None,
        1 - len(kept) / len(test),
    )  # fmt: skip
    return held, found.fingerprint


def held(context: Context, name: str) -> Held:
    """Returns the molecules of a data set, as every method sees them.

    Raises:
      ConfigError: as `load_molecules` and `split`; RDKit is not installed.
    """
    found, fingerprint = _held(name, context.config.manual_dir, context.scale)
    context.read.setdefault(name, set()).add(fingerprint)
    return found


@functools.cache  # one program for all of a size
def _model(length: int, vocabulary: int, width: int, latent: int) -> Any:
    return aejax.models.sentence_vae(
        length, latent=latent, widths=(width,), cell="gru", vocabulary=vocabulary,
        embedding=min(32, width),
    )  # fmt: skip


def trained(method: str, x: np.ndarray, seeds: Sequence[int], lrs: Sequence[float], plan: Scale,
            vocabulary: int, steps: int) -> list[Any]:  # fmt: skip
    """Returns a network for every learning rate and seed, rates first."""
    model = _model(x.shape[1], vocabulary, plan.width, plan.latent)
    late = 0.25 * steps if method == "vae" else -1e6  # the control's code is unused from the start
    hp = {
        "lr": lrs, "w_kl_nats": [W_KL[method]], "word_dropout": [0.0],
        "anneal_midpoint": [late], "anneal_rate": [20.0 / steps],
    }  # fmt: skip
    return list(
        aejax.fit_population(
            model, x, seeds=list(seeds), hp=hp, steps=steps, batch_size=min(BATCH, len(x)),
            schedule="cosine", clip=True, progress=False,
        )
    )  # fmt: skip


def objective(method: str, fitted: Any, x: np.ndarray) -> float:
    """Returns a network's own objective on molecules, in nats a token."""
    scores = aejax.score(fitted, x)
    kl = W_KL[method] * scores["kl_nats"]
    return -float((scores["rec_nats"] + kl).sum() / (x > 0).sum())


def chosen_lr(method: str, data: Held, plan: Scale) -> tuple[float, float]:
    """Returns the learning rate that is best after a quarter of the steps, and its objective."""
    lrs = GRIDS[method]["lr"]
    x, valid = data.ids(data.train), data.ids(data.valid[: plan.judged])
    members = trained(method, x, [0], lrs, plan, data.alphabet.size, max(1, plan.steps // 4))
    scores = {
        named({"lr": lr}): [objective(method, fitted, valid)]
        for lr, fitted in zip(lrs, members, strict=True)
    }
    at = list(scores).index(best(scores))
    return lrs[at], scores[best(scores)][0]


def ridge(train: Any, valid: Any, test: Any, values: Sequence[np.ndarray]) -> float:
    """Returns R^2 on test molecules of a ridge regression whose strength validation chose."""
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    scaled: Any = StandardScaler().fit(train)
    train, valid, test = (scaled.transform(part) for part in (train, valid, test))
    fits = {alpha: Ridge(alpha=alpha).fit(train, values[0]) for alpha in ALPHAS}
    scores = {str(alpha): [fit.score(valid, values[1])] for alpha, fit in fits.items()}
    return float(fits[float(best(scores))].score(test, values[2]))


def properties(data: Held, features: Any, seed: int, plan: Scale) -> dict[str, float]:
    """Returns R^2 of each property by a ridge regression on `features(molecules) -> [N, F]`."""
    random = np.random.RandomState(seed)
    some = lambda part, n: [part[i] for i in random.permutation(len(part))[:n]]
    n = plan.held
    parts = [some(data.train, n), some(data.valid, n // 3), some(data.test, n // 3)]
    rows = [features(part) for part in parts]
    return {
        f"r2_{name}": ridge(*rows, [np.asarray([of(each) for each in part]) for part in parts])
        for name, of in data.chemistry.properties.items()
    }


def token_counts(data: Held, smiles: Sequence[str]) -> np.ndarray:
    """Returns how often each token stands in a molecule [N, V]."""
    ids = data.ids(smiles).astype(int)
    return np.stack([(ids == i).sum(1) for i in range(1, data.alphabet.size)], 1)


def code_metrics(
    data: Held, fitted: Any, seed: int, plan: Scale
) -> tuple[dict[str, float], np.ndarray]:
    """Returns what a network's code is for, and the lines between some test molecules [P, POINTS].

    `exact`: the share of test molecules that greedy decoding of their code gives back; `similar`:
    the Tanimoto similarity of a molecule and what comes back, 0 where that is no molecule; on a
    line, `path_valid`: the share of points between the ends that are molecules, and
    `path_different`: different molecules among them, as a share of the points.
    """
    read, test = data.chemistry, data.test[: 2 * plan.pairs]
    x = data.ids(test)
    again = [read.canonical(text) for text in data.alphabet.texts(aejax.reconstruct(fitted, x))]
    kept = [i for i, text in enumerate(again) if text is not None]
    similar = np.zeros(len(test))
    if kept:
        a = read.fingerprints([test[i] for i in kept])
        b = read.fingerprints([again[i] for i in kept])
        similar[kept] = np.diagonal(tanimoto(a, b))
    half = len(test) // 2
    codes = aejax.encode(fitted, x)
    t = np.linspace(0, 1, POINTS, dtype=np.float32)[None, :, None]
    between = (1 - t) * codes[:half, None] + t * codes[half : 2 * half, None]
    decoded = aejax.decode(fitted, between.reshape(-1, codes.shape[1]))
    path = np.asarray(data.alphabet.texts(decoded)).reshape(half, POINTS)
    inner = [[read.canonical(text) for text in row[1:-1]] for row in path.tolist()]
    found = [[text for text in row if text is not None] for row in inner]
    points = half * (POINTS - 2)
    return {
        "exact": float(np.mean([a == b for a, b in zip(test, again, strict=True)])),
        "similar": float(similar.mean()),
        "path_valid": sum(map(len, found)) / points,
        "path_different": sum(len(set(row)) for row in found) / points,
        **properties(data, lambda s: aejax.encode(fitted, data.ids(s)), seed, plan),
    }, path[np.argsort([-len(set(row)) for row in found], kind="stable")[:PATHS]]


def _sampled(data: Held, texts: Sequence[str], plan: Scale) -> tuple[dict[str, float], np.ndarray]:
    """Returns the metrics of samples, and some that are valid and new [SHOWN]."""
    known = set(data.train)
    metrics, found = quality(
        texts, known, data.reference, data.chemistry, plan.compared, data.scaffolds
    )
    new = list(dict.fromkeys(text for text in found if text not in known))[:SHOWN]
    return metrics, np.asarray([*new, *[""] * (SHOWN - len(new))])


def _row(
    metrics: dict[str, float], data: Held, seed: int, setting: str, shown: np.ndarray, path: Any
) -> Measured:
    facts = {
        "train_molecules": len(data.train),
        "test_molecules": len(data.test),
        "left_out": data.left_out,
    }
    arrays = {"samples": shown, "path": np.asarray(path)} if len(shown) else {}
    return Measured({**metrics, **facts}, {"seed": seed, "setting": setting}, arrays)


def networks(method: str, data: Held, plan: Scale) -> Iterator[Measured]:
    """Yields a trained network's rows, one a seed."""
    lr, score = chosen_lr(method, data, plan)
    x, test = data.ids(data.train), data.ids(data.test[: plan.judged])
    members = trained(method, x, range(plan.seeds), [lr], plan, data.alphabet.size, plan.steps)
    for seed, fitted in enumerate(members):
        drawn = data.alphabet.texts(draw_tokens(fitted, plan.samples, seed=1 + seed))
        metrics, shown = _sampled(data, drawn, plan)
        scores = aejax.score(fitted, test, log_p_samples=LOG_P_SAMPLES, seed=seed)
        coded, path = code_metrics(data, fitted, seed, plan)
        metrics |= coded | {
            "valid_objective": score,
            "log_p_per_token": float(scores["log_p_nats"].sum() / (test > 0).sum()),
            "kl_nats": float(scores["kl_nats"].mean()),
            "rec_nats": float(scores["rec_nats"].mean()),
        }
        yield _row(metrics, data, seed, named({"lr": lr}), shown, path)


def counted(data: Held, plan: Scale) -> Iterator[Measured]:
    """Yields the n-grams' rows, one a seed of the samples."""
    x, valid = data.ids(data.train), data.ids(data.valid[: plan.judged])
    test = data.ids(data.test[: plan.judged])
    scores: dict[str, list[float]] = {}
    for setting in settings(GRIDS["n_grams"]):
        model = n_grams(x, data.alphabet.size, **setting)
        scores[named(setting)] = [model.log_p(valid).sum() / (valid > 0).sum()]
        if best(scores) == named(setting):  # the others' counts are let go
            kept, chosen = model, named(setting)
    for seed in range(plan.seeds):
        drawn = data.alphabet.texts(kept.sample(plan.samples, data.length, seed))
        metrics, shown = _sampled(data, drawn, plan)
        metrics |= {
            "valid_objective": float(scores[chosen][0]),
            "log_p_per_token": float(kept.log_p(test).sum() / (test > 0).sum()),
        }
        yield _row(metrics, data, seed, chosen, shown, [[""] * POINTS] * PATHS)


def generate(context: Context, point: Point) -> list[Measured]:
    """Measures a method on a data set, for each seed."""
    data, plan = held(context, str(point["dataset"])), SCALES[context.scale]
    method = str(point["method"])
    if method in W_KL:
        return list(networks(method, data, plan))
    if method == "n_grams":
        return list(counted(data, plan))
    found = []
    for seed in range(plan.seeds):
        if method == "training_molecules":  # as if they were samples: what can be reached
            order = np.random.RandomState(seed).permutation(len(data.train))[: plan.samples]
            metrics, shown = _sampled(data, [data.train[i] for i in order], plan)
            found.append(_row(metrics, data, seed, "as it is", shown, [[""] * POINTS] * PATHS))
            continue
        features = {
            "fingerprints": data.chemistry.fingerprints,
            "token_counts": functools.partial(token_counts, data),
        }[method]
        metrics = properties(data, features, seed, plan)
        found.append(_row(metrics, data, seed, "as it is", np.zeros(0), []))
    return found


def tasks(scale: str, dataset: str) -> Iterator[Task]:
    """Yields every method."""
    for method in METHODS:
        yield Task({"task": "molecules", "dataset": dataset, "method": method}, generate)


def _value(method: str, metric: str) -> Any:
    where = {"task": "molecules", "dataset": "moses", "method": method}
    return pick(metric, where, label=f"moses: {metric} of {method}")


MOSES = "Polykovskiy et al. 2020, the table of metrics, as in the README of molecularsets/moses"
OPEN = ("open", "no paper: the question")
# (metric, below, above), what is said of them elsewhere, and where.
ORDERS = (
    ("valid", "n_grams", "vae", ".2376 of NGram, .9767 of VAE", MOSES),
    ("valid", "n_grams", "decoder_alone", ".2376 of NGram, .9748 of CharRNN", MOSES),
    ("valid", "decoder_alone", "vae", ".9748 of CharRNN, .9767 of VAE", MOSES),
    ("fragments", "n_grams", "vae", ".9846 of NGram, .9994 of VAE", MOSES),
    ("scaffolds", "n_grams", "vae", ".5302 of NGram, .9386 of VAE", MOSES),
    ("nearest", "n_grams", "vae", ".5209 of NGram, .6257 of VAE", MOSES),
    ("log_p_per_token", "n_grams", "decoder_alone", *OPEN),
    ("log_p_per_token", "decoder_alone", "vae", *OPEN),
    ("similar", "decoder_alone", "vae", "an unused code gives nothing back", "the control"),
    ("path_different", "decoder_alone", "vae", "an unused code has no lines", "the control"),
    ("r2_logp", "decoder_alone", "vae", "an unused code tells nothing", "the control"),
    ("r2_qed", "decoder_alone", "vae", "an unused code tells nothing", "the control"),
    ("r2_logp", "token_counts", "vae", *OPEN),
    ("r2_qed", "token_counts", "vae", *OPEN),
    ("r2_logp", "fingerprints", "vae", *OPEN),
    ("r2_qed", "fingerprints", "vae", *OPEN),
)
FEWER = "Ours is trained on 50,000 molecules for little more than one pass, theirs on 1.6 million."
# text, method, metric, criterion, the paper's number, source, note
LEVELS = (
    ("valid of vae is within .05 of the published", "vae", "valid", at_least(0.9767 - 0.05),
     0.9767, MOSES, FEWER),
    ("of different valid samples of vae nine in ten are no training molecules", "vae", "novel",
     at_least(0.9, each=True), 0.6949, MOSES, FEWER),
    ("vae gives one test molecule in ten back exactly", "vae", "exact", at_least(0.1), "open",
     "no paper: the question", ""),
    ("internal diversity of training molecules is the published one", "training_molecules",
     "internal_diversity", within(0.8567 - 0.01, 0.8567 + 0.01), 0.8567, MOSES,
     "A check of the metric, on fewer molecules."),
)  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    orders = tuple(
        Claim(
            f"moses: {metric} of {above} is above that of {below}",
            (_value(below, metric), _value(above, metric)),
            increasing_paired(),
            said,
            source,
            "B",
            ("small",),
            needs="moses",
            note="Published numbers are of 1.6 million training molecules.",
        )
        for metric, below, above, said, source in ORDERS
    )
    levels = tuple(
        Claim(
            f"moses: {text}", _value(method, metric), criterion, number, source,
            "C" if source == MOSES else "B", ("small",), needs="moses", note=note,
        )
        for text, method, metric, criterion, number, source, note in LEVELS
    )  # fmt: skip
    return orders + levels
