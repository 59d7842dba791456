"""Every hyper-parameter of every model, optimiser and schedule: its range, held in every entry."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import models
from aejax.api.training import fit_population
from aejax.cli.models import page
from aejax.errors import ConfigError
from aejax.hparams import ANY, COUNT, DECAY, FRACTION, NON_NEGATIVE, POSITIVE, HParam, Range
from aejax.sklearn import AutoencoderTransformer
from aejax.sweep import base, grid, make_plan
from aejax.train.optimizers import OPTIMIZERS, SCHEDULES
from aejax.train.phases import tune
from aejax.train.recipe import Recipe, records_of, resolve_hparams
from aejax.train.supervised.heads import probe

# With a builder's arguments that let the model read more.
VARIANTS = {
    "vae+prior": ("vae", {"parameter_prior": True}),
    "wake_sleep+prior": ("wake_sleep", {"parameter_prior": True}),
    "vq_vae+ema": ("vq_vae", {"ema": True}),
    "sparse_kl+decay": ("sparse_kl", {"decay": True}),
    "denoising+gaussian": ("denoising", {"corruption": "gaussian"}),
    "denoising+salt": ("denoising", {"corruption": "salt_and_pepper"}),
}


def model_of(name: str):
    if name in VARIANTS:
        builder, args = VARIANTS[name]
        return models.build(builder, 30, args)
    return models.example(name)


CASES = [(name, Recipe(1, 1)) for name in [*sorted(models.MODELS), *VARIANTS]] + [
    ("factor_vae", Recipe(1, 1, optimizer, schedule, not entry.line_search))
    for optimizer, entry in OPTIMIZERS.items()
    for schedule in SCHEDULES
]
IDS = [f"{name}-{r.optimizer}-{r.schedule}" for name, r in CASES]


def edges(allowed: Range) -> tuple[list[float], list[float]]:
    """Returns values at the closed edges, and such as are just outside."""
    inside, outside = [], [math.nan, math.inf, -math.inf, 1e39, -1e39]
    for edge, is_open, towards in (
        (allowed.low, allowed.open_low, -math.inf),
        (allowed.high, allowed.open_high, math.inf),
    ):
        if math.isfinite(edge):
            (outside if is_open else inside).append(edge)
            outside.append(float(np.nextafter(np.float64(edge), towards)))
    if allowed.whole:
        outside.append(inside[0] + 0.5)
    return inside, outside


@pytest.mark.parametrize(("name", "recipe"), CASES, ids=IDS)
def test_defaults_and_closed_edges_are_accepted_and_what_is_outside_is_not(name, recipe):
    model = model_of(name)
    records = records_of(model, recipe)
    assert set(records) >= set(model.hparams)
    for record in records.values():
        assert record.meaning, record.name
        assert record.default in record.range, record
        inside, outside = edges(record.range)
        for value in [record.default, *inside]:
            assert resolve_hparams(model, recipe, {record.name: value})[record.name] == value
        for value in [*outside, "1", None, True, np.True_, [1.0], 1j]:
            with pytest.raises(ConfigError, match=rf"^hp\.{record.name}=") as caught:
                resolve_hparams(model, recipe, {record.name: value})
            assert "Allowed: " in str(caught.value)
            assert "\n" not in str(caught.value)


def test_every_weight_is_zero_or_more():
    for name in models.MODELS:
        for record in model_of(name).declared:
            if record.name.startswith("w_"):
                assert record.range == NON_NEGATIVE, (name, record)


def test_a_paper_s_symbol_finds_the_name():
    for name in models.MODELS:
        model = model_of(name)
        for record in model.declared:
            if record.symbol.isidentifier() and record.symbol not in model.hparams:
                with pytest.raises(ConfigError, match="Did you mean '"):
                    resolve_hparams(model, Recipe(1, 1), {record.symbol: 1.0})


@pytest.mark.parametrize(
    "number",
    [
        *(2, 2.0, np.int64(2), np.uint8(2), np.float16(2), np.float32(2), np.float64(2)),
        *(np.array(2.0), jnp.float32(2), jnp.int32(2), jnp.bfloat16(2)),
    ],
    ids=lambda n: type(n).__name__,
)
def test_numbers_of_every_library_are_numbers(number):
    assert HParam("x", 1.0).check(number) == 2.0
    config = base("smoke", train_size=100, test_size=40, steps=1, batch_size=10)
    plan = make_plan(config, [{"model": "topk", "hp.k": number}])
    assert plan.groups[0].members[0].hp["k"] == 2.0


def test_short_floats_are_the_run_that_they_print_as():
    assert HParam("lr", 1.0).check(np.float32(1e-3)) == 1e-3
    config = base("smoke", train_size=100, test_size=40, steps=1, batch_size=10)
    ids = [
        make_plan(config, grid(**{"hp.lr": axis, "seed": np.arange(2)})).groups[0].members
        for axis in ([1e-3], np.array([1e-3], np.float32), jnp.asarray([1e-3]))
    ]
    assert ids[0] == ids[1] == ids[2]
    assert [member.seed for member in ids[0]] == [0, 1]


def test_ranges_say_what_they_allow():
    said = {str(r) for r in (ANY, COUNT, DECAY, FRACTION, NON_NEGATIVE, POSITIVE, Range(1, 8))}
    assert said == {
        "finite numbers", "0 or more, finite, whole numbers", "0 to below 1", "0 to 1",
        "0 or more, finite", "above 0, finite", "1 to 8",
    }  # fmt: skip
    # What float32 rounds into an open end is outside: the program would see the end itself.
    assert 1 - 1e-12 not in DECAY
    assert 1e-60 not in POSITIVE
    with pytest.raises(ConfigError, match=r"hp\.x=-1 is out of range\. Allowed: 0 or more"):
        HParam("x", -1)


X = np.random.default_rng(0).random((40, 30), np.float32)
LABELS = np.arange(40) % 2
KEY = jax.random.key(0)
VAE = models.vae(30, latent=2, widths=(4,))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("w_kl_nats", -1, r"hp\.w_kl_nats=-1(\.0)? is out of range. Allowed: 0 or more"),
        ("lr", math.nan, r"hp\.lr=nan is out of range. Allowed: 0 or more"),
        ("eps", 0, r"hp\.eps=0(\.0)? is out of range. Allowed: above 0"),
        ("lr", "fast", r"hp\.lr='fast' is no number"),
        ("b1", True, r"hp\.b1=True is no number"),
        ("beta", 4.0, r"hp\.beta=4\.0.* Did you mean 'w_kl_nats'\? Allowed: b1, b2, eps"),
        ("w_kl", 2.0, r"hp\.w_kl=2\.0.* Did you mean 'w_kl_nats'\? Allowed: b1, b2, eps"),
    ],
)
@pytest.mark.parametrize(
    "entry", ["fit", "fit_population", "estimator", "sweep", "config", "phase", "probe"]
)
def test_every_entry_refuses_before_training(entry, name, value, says, monkeypatch):
    monkeypatch.setattr("aejax.train.run.train", None)  # a call would be a TypeError
    one = {"steps": 1, "batch_size": 10}
    sized = {**one, "train_size": 100, "test_size": 40, "model": "vae"}
    calls = {
        "fit": lambda: aejax.fit(VAE, X, hp={name: value}, **one),
        "fit_population": lambda: fit_population(VAE, X, hp={name: [value]}, **one),
        "estimator": lambda: AutoencoderTransformer("vae", hp={name: value}, **one).fit(X),
        "sweep": lambda: make_plan(base("smoke", **sized), [{f"hp.{name}": value}]),
        "config": lambda: make_plan(base("smoke", **sized, **{f"hp.{name}": value})),
        "phase": lambda: tune(VAE, X, Recipe(1, 10), seeds=[0], hp={name: value}),
        "probe": lambda: probe(
            VAE, VAE.init(jax.random.key(0), X[:1]), X, LABELS, hp={name: value}
        ),
    }
    if entry == "probe" and name in ("w_kl_nats", "beta", "w_kl"):
        says = r"hp\..* reads no such hyper-parameter"  # a probe has no such loss
    with pytest.raises(ValueError, match=says) as caught:
        calls[entry]()
    assert "\n" not in str(caught.value)


def test_the_page_of_a_model_shows_its_records():
    text = "\n".join(page("vae"))
    for record in records_of(models.example("vae"), Recipe(1, 1)).values():
        assert record.name in text
        assert record.meaning in text
    with pytest.raises(ConfigError, match=r"model='vea' is unknown. Did you mean 'vae'"):
        page("vea")
