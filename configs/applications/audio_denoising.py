"""Audio denoising: a mask on the spectra of a noisy recording, learnt from other speakers.

Command: python -m experiments.reproduce audio_denoising --manual_dir=DIR [--scale=SCALE]
Your own: python -m experiments.reproduce audio_denoising --dataset=FOLDER of clean .wav files.

DIR holds the archive of the Free Spoken Digit Dataset, `free-spoken-digit-dataset.zip` (TensorFlow
Datasets calls it `spoken_digit`): six speakers, 8 kHz. Files of your own may have any rate, one
channel or more, integers or floats; where they lie in three folders or more, a folder is a speaker.

Protocol, the same for all methods: white noise, or babble of six talkers, at four signal-to-noise
ratios; nobody is told which. A seed tests one speaker, chooses by another and learns from the other
four, so that six seeds test all six; the babble of valid and test is made of recordings that
nothing was trained on. A method gives back a share of what it makes and the rest of what it got
(`amount`); share and setting are those with the highest mean SI-SDR gain on the validation
recordings, for each noise and level.

Ours is a denoising autoencoder of the mask of one frame: all of the mask is hidden from it
(corruption 1), and it is told the noisy frames around it as its condition. So it estimates the mask
as networks for speech do (Wang, Narayanan & Wang 2014), with one training for all noises and
levels. The oracle, a control, multiplies by the very mask that the autoencoder is to find.

Features, sizes and grids were settled on recordings of number 10 and above; the tests are on
numbers 0 to 9 of a speaker.

What `small` came to (9 of 12 claims pass): against white noise the learnt mask is first at every
level, in the mean over levels by 1.7 dB before the Wiener filter and 3.1 before spectral gating
(6.8, 5.0 and 3.7 dB; the oracle 11.7). Against babble it gains 1.5 dB in the mean, where the two
others gain .7, and that is no difference beyond the spread over six speakers: lucas gains 4.1 dB
and george .3, less than with either baseline. In babble at -6 dB nothing helps: george loses 2.1 dB
by a setting that gained .6 on another's voice. The oracle's 9.9 dB say that there is a mask, and
the rest that a frame with two more on both sides does not tell whose voice it is. In a first run
the grids ended where some of the best were (1,500 steps, the gate's threshold .5, the filter's
smoothing .8); they were lengthened after that, the claims left as they were, and the verdicts are
the same. Two seeds' training speakers are mostly the same ones, so that seeds are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

import aejax
from aejax.baselines import SPEECH_DENOISERS, best, named, settings
from aejax.data.sounds import (
    NOISES,
    HeldOutSpeech,
    Sounds,
    Spectra,
    at_level,
    hold_out_speech,
    load_sounds,
    spectra_for,
    wav_bytes,
)
from aejax.data.sounds.spectra import phase_mask, told
from aejax.evaluate.speech_quality import si_sdr, si_sdr_gain
from aejax.reproduce import Application, Claim, Context, Measured, Task, increasing_paired, pick
from aejax.reproduce.tasks import Point
from aejax.sweep import base

LEVELS = (-6, 0, 6, 12)  # dB
AMOUNTS = (0.25, 0.5, 0.75, 1.0)
LR = 2e-3
STEPS = (250, 500, 750, 1_000, 1_250, 1_500, 2_000, 3_000)
SPEEDS = (0.8, 1.25)  # of training recordings
CONTEXT = 2  # frames on both sides


class Scale(NamedTuple):
    """What a scale says."""

    datasets: tuple[str, ...]
    seeds: int
    train: int  # most training recordings
    valid: int
    test: int
    frames: int  # most training frames
    steps: tuple[int, ...]  # the grid: as many as a baseline has settings
    latent: int
    width: int


SCALES = {
    "smoke": Scale(("planted_sounds",), 2, 30, 3, 3, 4_000, (40,), 16, 32),
    "small": Scale(
        ("spoken_digit",), 6, 2_000, 30, 100, 60_000, (250, 500, 750, 1_000, 1_250, 1_500), 64, 256
    ),
}

APPLICATION = Application(
    title="Audio denoising: a mask on a noisy recording's spectra, learnt from other speakers",
    costs={"smoke": "15 s on one core", "small": "346 s on two cores, other work beside it"},
    datasets={name: scale.datasets for name, scale in SCALES.items()},
    figures=("audio_gain", "audio_spectrograms"),
    shown=("valid_gain", "gain", "si_sdr"),
    chosen={"setting": "validation", "noise": "swept", "level": "swept", "tested": "swept"},
)
METHODS = ("nothing", "autoencoder", *SPEECH_DENOISERS, "oracle")


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the config; everything is trained in tasks."""
    return base(
        scale, scales=APPLICATION.scales, name="audio_denoising", model="denoising",
        valid_fraction=0.0,  # speakers are held out
    )  # fmt: skip


@lru_cache(maxsize=1)
def _sounds(name: str, manual_dir: str | None) -> Sounds:
    """Returns the recordings, read once for all methods: what is said of them is said once."""
    return load_sounds(name, manual_dir)


Waves = list[np.ndarray]  # float32 [T] each
Method = Callable[[Waves, Waves], Waves]  # clean and noisy -> denoised; only the oracle reads clean


def mixed(clean: Waves, talk: Waves, noise: str, level: float, draw: int) -> Waves:
    """Returns noisy recordings; `draw` is the seed of their noise."""
    random = np.random.RandomState([draw, list(NOISES).index(noise), int(level) + 1000])
    return [at_level(w, NOISES[noise](random, len(w), talk), level) for w in clean]


def faster(wave: np.ndarray, factor: float) -> np.ndarray:
    """Returns a recording [T] played faster, pitch and all, by linear interpolation."""
    return np.interp(np.arange(0, len(wave) - 1, factor), np.arange(len(wave)), wave)


def training_frames(
    plan: Scale, speech: HeldOutSpeech, spectra: Spectra, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns what a frame's mask is estimated from [N, D], and the masks [N, F].

    Every recording has a noise and a level of its own, drawn evenly, and a speed, which makes other
    voices of few speakers (Ko et al. 2015).
    """
    random = np.random.RandomState(seed)
    rows, masks, count = [], [], 0
    for slow in speech.train:
        wave = faster(slow, random.uniform(*SPEEDS))
        noise = NOISES[list(NOISES)[random.randint(len(NOISES))]]
        level = random.uniform(min(LEVELS), max(LEVELS))
        noisy = at_level(wave, noise(random, len(wave), speech.train), level)
        before, after = spectra.forward(wave), spectra.forward(noisy)
        rows.append(told(after, spectra, CONTEXT))
        masks.append(phase_mask(before, after).T.astype(np.float32))
        count += len(rows[-1])
        if count >= plan.frames:
            break
    return np.concatenate(rows), np.concatenate(masks)


def _autoencoders(
    plan: Scale, speech: HeldOutSpeech, spectra: Spectra, seed: int
) -> Iterator[tuple[str, Method]]:
    """Yields every setting's method: one training for several numbers of steps."""
    rows, masks = training_frames(plan, speech, spectra, seed)
    fitted: Any = aejax.models.denoising(
        features=masks.shape[1:], condition=rows.shape[1:], likelihood="bernoulli",
        corruption="masking", latent=plan.latent, widths=(plan.width,),
    )  # fmt: skip
    first = {"hp": {"lr": LR, "corruption": 1.0}, "seed": seed, "batch_size": min(128, len(rows))}
    for before, steps in zip((0, *plan.steps), plan.steps, strict=False):
        fitted = aejax.fit(
            fitted, masks, condition=rows, steps=steps - before, progress=False,
            **({} if before else first),
        )  # fmt: skip
        now = fitted
        yield f"steps={steps}", lambda clean, noisy, f=now: estimated(f, noisy, spectra)


def estimated(fitted: Any, noisy: Waves, spectra: Spectra) -> Waves:
    """Returns recordings under the masks that a model makes of their frames."""
    rows = [told(spectra.forward(wave), spectra, CONTEXT) for wave in noisy]
    ends = np.cumsum([len(each) for each in rows])
    hidden = np.zeros((ends[-1], *fitted.model.info.shape), np.float32)
    masks = aejax.reconstruct(fitted, hidden, condition=np.concatenate(rows))
    parts = np.split(masks, ends[:-1])
    return [spectra.masked(w, mask.T) for w, mask in zip(noisy, parts, strict=True)]


def _fixed(method: str, spectra: Spectra) -> Iterator[tuple[str, Method]]:
    """Yields the same of a method that is not trained."""
    if method == "nothing":
        yield "as it is", lambda clean, noisy: noisy
    elif method == "oracle":
        mask = lambda c, n: phase_mask(spectra.forward(c), spectra.forward(n))
        yield (
            "as it is",
            lambda clean, noisy: [
                spectra.masked(n, mask(c, n)) for c, n in zip(clean, noisy, strict=True)
            ],
        )
    else:
        fn, grid = SPEECH_DENOISERS[method]
        for setting in settings(grid):
            yield (
                named(setting),
                lambda clean, noisy, s=setting: [fn(wave, spectra, **s) for wave in noisy],
            )


def gains(clean: Waves, noisy: Waves, done: Waves, amount: float = 1.0) -> np.ndarray:
    """Returns the SI-SDR gain of each recording where a share of a method's work is taken."""
    return np.array(
        [
            si_sdr_gain(c, n, amount * d + (1 - amount) * n)
            for c, n, d in zip(clean, noisy, done, strict=True)
        ]
    )


def denoise(context: Context, point: Point) -> list[Measured]:
    """Chooses the setting for each noise and level by validation recordings; measures the tests."""
    name, method = str(point["dataset"]), str(point["method"])
    plan = SCALES[context.scale]
    sounds = _sounds(name, context.config.manual_dir)
    context.read.setdefault(name, set()).add(sounds.fingerprint)
    spectra = spectra_for(sounds.rate)
    held = [
        hold_out_speech(sounds, seed, plan.train, plan.valid, plan.test)
        for seed in range(plan.seeds)
    ]
    longest = max(len(speech.test[0]) for speech in held)
    amounts = AMOUNTS if method not in ("nothing", "oracle") else (1.0,)
    measured = []
    for seed, speech in enumerate(held):
        tried = list(
            _autoencoders(plan, speech, spectra, seed)
            if method == "autoencoder"
            else _fixed(method, spectra)
        )
        for noise in NOISES:
            for level in LEVELS:
                noisy = mixed(speech.valid, speech.talk, noise, level, seed)
                found: dict[str, tuple[float, Method, float]] = {}
                for setting, fn in tried:
                    done = fn(speech.valid, noisy)
                    for amount in amounts:
                        gain = float(gains(speech.valid, noisy, done, amount).mean())
                        label = setting + (f", amount={amount:g}" if len(amounts) > 1 else "")
                        found[label] = (gain, fn, amount)
                chosen = best({label: [gain] for label, (gain, _, _) in found.items()})
                valid, fn, amount = found[chosen]
                # Other draws than those of the validation recordings.
                noisy = mixed(speech.test, speech.talk, noise, level, 1000 + seed)
                done = [
                    (amount * d + (1 - amount) * n).astype(np.float32)
                    for d, n in zip(fn(speech.test, noisy), noisy, strict=True)
                ]
                gain = gains(speech.test, noisy, done)
                after = [float(si_sdr(c, d)) for c, d in zip(speech.test, done, strict=True)]
                filled = lambda wave: np.pad(wave, (0, longest - len(wave)))
                measured.append(
                    Measured(
                        {
                            "valid_gain": valid,
                            "gain": float(gain.mean()),
                            "si_sdr": float(np.mean(after)),
                            "example_gain": float(gain[0]),
                            "rate": sounds.rate,
                            "tests": len(gain),
                        },
                        {
                            "noise": noise,
                            "level": level,
                            "seed": seed,
                            "setting": chosen,
                            "tested": speech.tested,
                        },
                        {
                            "clean": filled(speech.test[0]),
                            "noisy": filled(noisy[0]),
                            "done": filled(done[0]),
                            "length": np.array(len(done[0])),
                        },
                    )
                )
    return measured


def tasks(scale: str, dataset: str) -> Iterator[Task]:
    """Yields every method."""
    for method in METHODS:
        yield Task({"task": "denoise_sounds", "dataset": dataset, "method": method}, denoise)


def files(rows: list[Any], arrays: Mapping[str, Any]) -> dict[str, bytes]:
    """Returns the recordings of the spectrograms as `.wav` files, to be heard.

    All of one noise are made louder by the same factor.
    """
    from aejax.figures.audio_spectrograms import examples, waves_of

    written = {}
    for (_, noise), found in examples(rows, arrays).items():
        rate = int(next(iter(found.values()))["metrics"]["rate"])
        waves = waves_of(found, arrays)
        top = max(float(np.abs(wave).max()) for wave in waves.values())
        written |= {f"{noise}-{m}.wav": wav_bytes(0.9 * w / top, rate) for m, w in waves.items()}
    return written


def _gain(dataset: str, method: str, noise: str, level: int | None = None) -> Any:
    where = {"task": "denoise_sounds", "dataset": dataset, "method": method, "noise": noise}
    at = "mean over levels" if level is None else f"{level} dB"
    return pick(
        "gain",
        where if level is None else {**where, "level": level},
        reduce=lambda values: float(np.mean(list(values))),
        label=f"{dataset}, {noise}: SI-SDR gain of {method}, {at}",
    )


# (below, above), what is said, and where.
ORDERS = (
    ("nothing", "autoencoder", "masks of a network gain at all levels", "Wang et al. 2014"),
    (
        "spectral_gating",
        "autoencoder",
        "a learnt mask, against a threshold",
        "Sainburg et al. 2020",
    ),
    ("wiener", "autoencoder", "a learnt mask, against statistics", "Ephraim & Malah 1984"),
    ("autoencoder", "oracle", "the mask itself, against its estimate", "Erdogan et al. 2015"),
)


def claims() -> tuple[Claim, ...]:
    """Returns what is judged, written before the first run at `small`."""
    (dataset,) = SCALES["small"].datasets
    common = {"scales": ("small",), "needs": dataset}
    orders = [
        Claim(
            f"{noise} noise: the SI-SDR gain of {above} is above that of {below}",
            (_gain(dataset, below, noise), _gain(dataset, above, noise)),
            increasing_paired(),
            said,
            source,
            "B",
            note="Means over four levels; a seed is a speaker. The bar is of the same run.",
            **common,
        )
        for noise in NOISES
        for below, above, said, source in ORDERS
    ]
    ends = [
        Claim(
            f"{noise} noise at {level} dB: the autoencoder is above doing nothing",
            tuple(_gain(dataset, m, noise, level) for m in ("nothing", "autoencoder")),
            increasing_paired(),
            "0 dB of the noisy recording",
            "Le Roux et al. 2019",
            "B",
            note=note,
            **common,
        )
        for noise in NOISES
        for level, note in (
            (LEVELS[0], "Where speech is hardly to be told from the noise."),
            (LEVELS[-1], "Where what a mask takes from speech may cost more than it gains."),
        )
    ]
    return (*orders, *ends)
