"""Plans: every point covered once, grouped by spec; wrong ones refused before compiling."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aejax.sweep import base, grid, make_plan, product
from aejax.sweep.config import fields, get_field
from aejax.sweep.plan import identity
from aejax.sweep.spec import digest


def config(**fields):
    return base(
        "smoke", **({"steps": 5, "batch_size": 32, "train_size": 100, "test_size": 40} | fields)
    )


def test_points_that_share_a_spec_share_a_group():
    points = list(
        product(
            grid(model=["vae", "undercomplete"], **{"args.latent": [2, 4]}),
            grid(seed=range(3), **{"hp.lr": [1e-3, 1e-2]}),
        )
    )
    plan = make_plan(config(), points)
    assert plan.size == len(points) == 24
    assert len(plan.groups) == 4  # two models x two code sizes; lr and seed cost no compile
    ids = [m.id for g in plan.groups for m in g.members]
    assert len(set(ids)) == 24
    for group in plan.groups:
        assert {(m.hp["lr"], m.seed) for m in group.members} == {
            (lr, seed) for lr in (1e-3, 1e-2) for seed in range(3)
        }


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_points_changes_no_identity(order):
    points = grid(model=["vae"], seed=range(6))
    reference = make_plan(config(), points)
    shuffled = make_plan(config(), [points[i] for i in order])
    assert {m.id for m in reference.groups[0].members} == {m.id for m in shuffled.groups[0].members}
    assert reference.groups[0].id == shuffled.groups[0].id


@given(st.dictionaries(st.text(min_size=1), st.integers() | st.floats(allow_nan=False), min_size=1))
def test_a_digest_does_not_depend_on_the_order_of_keys(value):
    assert digest(value) == digest(dict(reversed(list(value.items()))))


def test_where_a_sweep_runs_is_no_part_of_what_it_is():
    a, b = config(), config(executor="loop", checkpoint_seconds=1.0, memory_gb=3.0)
    assert make_plan(a).config_hash == make_plan(b).config_hash
    assert make_plan(a).config_hash != make_plan(config(steps=6)).config_hash
    assert "executor" not in identity(a)
    assert not any(value is None for value in identity(a).values())


def test_the_command_line_restricts_what_is_swept():
    points = grid(model=["vae", "undercomplete"], seed=range(2))
    plan = make_plan(config(model="vae"), points, {"model": "vae"})
    assert [g.spec.model for g in plan.groups] == ["vae"]
    with pytest.raises(ValueError, match=r"config.model='denoising' is swept.*Allowed: 'undercom"):
        make_plan(config(), points, {"model": "denoising"})


@pytest.mark.parametrize(
    ("fields", "points", "message"),
    [
        ({}, [{"modle": "vae"}], r"config field 'modle'='vae' is unknown. Did you mean 'model'"),
        ({"model": "vae"}, [{"hp.w_kl": 1.0}], r"hp.w_kl=1.0: model 'vae' .*mean 'w_kl_nats'"),
        ({"model": "vae"}, [{"hp.beta": 2}], r"hp.beta=2.0: model 'vae' .*mean 'w_kl_nats'"),
        ({"model": "vae", "hp.beta": 2}, [{}], r"hp.beta=2.0 is read by no model.*'w_kl_nats'"),
        ({}, [{"model": "vea"}], r"model='vea' is unknown. Did you mean 'vae'"),
        (
            {},
            [{"model": "vae", "hp.w_l1": 0.1}],
            r"hp.w_l1=0.1: model 'vae' reads no such hyper-parameter. .*Allowed: b1, b2",
        ),
        (
            {"hp.w_l1": 0.1},
            grid(model=["vae", "contractive"]),
            r"hp.w_l1=0.1 is read by no model of this sweep \(contractive, vae\)",
        ),
        ({"args.tied": True, "model": "vae"}, [{}], r"args.tied=True is read by no model"),
        ({}, [{"args.latent": 0}], r"latent=0 is out of range"),
        ({}, [{"model": "denoising", "hp.corruption": 1.5}], r"corruption=1.5 is out of range"),
        ({}, [{"seed": 1}, {"seed": 1}], r"the same run twice"),
        ({}, [], r"yields no point"),
        ({}, [{"executor": "vmap"}], r"'executor'='vmap' cannot be swept"),
        ({"executor": "vamp"}, [{}], r"executor='vamp' is unknown. Did you mean 'vmap'"),
        ({"memory_gb": 1e-6}, [{}], r"memory_gb=.* is too small for one member"),
        ({"dataset": "digitz"}, [{}], r"dataset='digitz' is unknown. Did you mean 'digits'"),
        ({"batch_size": 101}, [{}], r"batch_size=101 is larger than the data"),
        ({"steps": 0}, [{}], r"config.steps=0 is out of range"),
        ({"optimizer": "adamm"}, [{}], r"optimizer='adamm' is unknown. Did you mean 'adam'"),
        ({}, [{"args.latent": float("inf")}], r"latent=inf is out of range. Allowed: an integer"),
        ({"train_size": 10**6}, [{}], r"train_size=1000000 is out of range"),
    ],
)
def test_wrong_points_are_one_line(fields, points, message):
    with pytest.raises(ValueError, match=message) as caught:
        make_plan(config(**fields), points)
    assert "\n" not in str(caught.value)


def test_wrong_fields_are_one_line():
    for name, value, message in [
        ("stepz", 3, r"'stepz'=3 is unknown. Did you mean 'steps'"),
        ("steps", "many", r"'steps'='many' has the wrong type. Allowed: int"),
        ("name", 3, r"'name'=3 has the wrong type"),
        ("model", {}, r"'model'=\{\} has the wrong type. Allowed: str"),
        ("args.latent", {}, r"'args.latent'=\{\} has the wrong type"),
        ("hp", None, r"'hp'=None has the wrong type. Allowed: fields by name"),
    ]:
        with pytest.raises(ValueError, match=message):
            config(**{name: value})
    with pytest.raises(ValueError, match=r"scale='smok' is unknown. Did you mean 'smoke'"):
        base("smok")


def test_fields_and_their_values_are_all_reachable():
    one = config()
    assert get_field(one, "args.latent") is None
    assert {"model", "args.latent", "seed"} <= set(fields(one))
    assert get_field(config(**{"hp.lr": 1}), "hp.lr") == 1.0


def test_one_data_set_may_be_swept_over_its_sizes():
    plan = make_plan(config(), grid(train_size=[64, 100]))
    sizes = [len(plan.datasets[group.spec.data].train) for group in plan.groups]
    assert sorted(sizes) == [64, 100]
