"""From a config and its points to groups: everything is checked here, before anything compiles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from aejax import data, models
from aejax.conditions import values_of, with_condition
from aejax.data.rows import check_support
from aejax.data.sparse import SparseRows
from aejax.errors import ConfigError, check_integer, check_within, lookup, nearest, plain
from aejax.hparams import HParam, unknown
from aejax.results.owner import Owner
from aejax.sweep.config import PRACTICAL, Config, Point, fields, get_field, set_field
from aejax.sweep.declared import check_pareto
from aejax.sweep.spec import Group, Spec, digest, member_of
from aejax.train import population
from aejax.train.feed import STREAMS
from aejax.train.order import check_batch, steps_per_epoch
from aejax.train.plan import Job, cost
from aejax.train.recipe import Recipe, records_of, resolve_hparams
from aejax.train.resume import CHANGED
from aejax.types import Autoencoder

# Not to be swept: the sweep is one folder with one way of running, and figures of one size.
FIXED = (*PRACTICAL, "name", "scale", "images", "samples", "codes", "pareto")


class SweepPlan(NamedTuple):
    """What a sweep is going to do."""

    config: Config
    config_hash: str
    groups: tuple[Group, ...]
    datasets: dict[str, data.Dataset]  # by fingerprint: one name may be swept over its sizes
    owner: Owner  # what a work directory has to agree with

    @property
    def size(self) -> int:
        return sum(len(group.members) for group in self.groups)


class Read(NamedTuple):
    """What the models of a sweep read: the names of arguments, and the hyper-parameters."""

    args: set[str]
    hp: dict[str, HParam]


def restrict(points: Iterable[Point], overrides: Mapping[str, Any]) -> list[Point]:
    """Returns the points that agree with the command line.

    `--config.model=vae` on a sweep over models keeps the points of that model.

    Raises:
      ConfigError: a field that the sweep sets was overridden by a value that no point has.
    """
    points = [{name: plain(value) for name, value in point.items()} for point in points]
    for name, value in overrides.items():
        swept = sorted({repr(p[name]) for p in points if name in p})
        if not swept:
            continue
        if repr(value) in swept:
            points = [p for p in points if name not in p or p[name] == value]
        else:
            raise ConfigError(
                f"config.{name}={value!r} is swept by this config, and no point has that value. "
                f"Allowed: {', '.join(swept)}."
            )
    return points


def make_plan(
    config: Config, points: Sequence[Point] = ({},), overrides: Mapping[str, Any] | None = None
) -> SweepPlan:
    """Checks every point and groups them by spec.

    Args:
      config: from `get_config`, overrides of the command line applied.
      points: from `sweep`; the default is the config itself, one run.
      overrides: what the command line has set, by dotted name.

    Raises:
      ConfigError: whatever is wrong with any point: names, ranges, shapes, data; also a
        hyper-parameter or an argument that no model of the sweep reads, and a repeated point.
    """
    points = [{name: plain(value) for name, value in point.items()} for point in points]
    _check_shown(config)
    points = restrict(points, overrides or {})
    if not points:
        raise ConfigError("sweep() yields no point. Allowed: one point or more.")
    datasets: dict[tuple[Any, ...], data.Dataset] = {}
    groups: dict[Spec, list[Any]] = {}
    built: dict[Spec, Autoencoder] = {}
    read = Read(set(), {})
    seen: set[str] = set()
    for point in points:
        one = _apply(config, point)
        dataset = _load(one, datasets)
        spec, model, hp = _resolve(one, point, dataset, built, read)
        member = member_of(spec, hp, int(one.seed))
        if member.id in seen:
            raise ConfigError(
                f"sweep() yields the same run twice: {point!r}. Allowed: points that differ."
            )
        seen.add(member.id)
        groups.setdefault(spec, []).append(member)
        built[spec] = model
    _check_read(config, read, points)
    made = tuple(
        Group(f"{spec.model}-{digest(spec.to_dict(), 8)}", spec, built[spec], tuple(members))
        for spec, members in groups.items()
    )
    _check_executor(config, made, datasets)
    if config.pareto is not None:
        check_pareto(config.pareto, made)
    config_hash = _config_hash(config, points, datasets)
    return SweepPlan(
        config=config,
        config_hash=config_hash,
        groups=made,
        datasets={dataset.fingerprint: dataset for dataset in datasets.values()},
        owner=Owner(
            config_hash=config_hash,
            config=identity(config),
            swept=tuple(sorted({name for point in points for name in point})),
            data={_asked(key): dataset.fingerprint for key, dataset in datasets.items()},
        ),
    )


def _check_shown(config: Config) -> None:
    """What rows and figures need at the end of training is checked before it."""
    for name in ("images", "samples", "codes"):
        check_integer(f"config.{name}", config[name], 1)
    check_within("config.checkpoint_seconds", config.checkpoint_seconds, 0, 1e9)
    lookup("config.changed_program", config.changed_program, CHANGED)
    if config.memory_gb is not None:
        check_within("config.memory_gb", config.memory_gb, 1e-6, 1e9)


def _apply(config: Config, point: Point) -> Config:
    one = config.copy_and_resolve_references()
    for name, value in point.items():
        if name in FIXED:
            raise ConfigError(
                f"config field {name!r}={value!r} cannot be swept. Allowed: "
                f"{', '.join(f for f in fields(config) if f not in FIXED)}."
            )
        set_field(one, name, value)
    return one


# What decides which rows a data set comes with.
DATA_FIELDS = (
    "dataset",
    "test_fraction",
    "valid_fraction",
    "train_size",
    "test_size",
    "resize",
)


def _asked(key: tuple[Any, ...]) -> str:
    """Returns the question for data in words, e.g. "digits, test_fraction=0.2"."""
    name, *rest = zip(DATA_FIELDS, key, strict=True)
    return ", ".join([str(name[1]), *(f"{n}={v}" for n, v in rest if v is not None)])


def _load(one: Config, loaded: dict[tuple[Any, ...], data.Dataset]) -> data.Dataset:
    key = tuple(one[name] for name in DATA_FIELDS)
    if key not in loaded:
        loaded[key] = data.load(
            one.dataset,
            data_dir=one.data_dir,
            manual_dir=one.manual_dir,
            test_fraction=one.test_fraction,
            valid_fraction=one.valid_fraction,
            train_size=one.train_size,
            test_size=one.test_size,
            resize=one.resize,
            sparse=True,
        )
    return loaded[key]


def _given(node: Config) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value is not None}


def _own_args(one: Config, point: Point, read: Read) -> dict[str, Any]:
    """Keeps the arguments that this model takes; those that the point itself sets it must take."""
    given, known = _given(one.args), models.arguments(one.model)
    for name in given:
        if f"args.{name}" in point and name not in known:
            raise ConfigError(
                f"config.args.{name}={given[name]!r} in the sweep: model {one.model!r} does not "
                f"read it.{nearest(name, known)} Allowed: {', '.join(sorted(known))}."
            )
    mine = {name: value for name, value in given.items() if name in known}
    read.args.update(mine)
    return mine


def _own_hp(one: Config, point: Point, known: dict[str, HParam], read: Read) -> dict[str, Any]:
    """Leaves out what the config sets for other models; what the point itself sets is checked."""
    read.hp.update(known)
    return {
        name: value
        for name, value in _given(one.hp).items()
        if name in known or f"hp.{name}" in point
    }


def _resolve(one: Config, point: Point, dataset: data.Dataset, built: dict, read: Read):
    args = _own_args(one, point, read)
    for name in ("steps", "batch_size", "eval_every"):
        check_integer(f"config.{name}", one[name], 1)
    check_integer("config.seed", one.seed, 0)
    recipe = Recipe(one.steps, one.batch_size, one.optimizer, one.schedule, one.clip, one.precision)
    recipe.hparams()  # names are checked before the model is built
    steps_per_epoch(len(dataset.train), one.batch_size)
    shape = tuple(dataset.train.shape[1:])
    spec = Spec(
        model=one.model,
        args=tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in args.items())),
        dataset=one.dataset,
        data=dataset.fingerprint,
        valid_fraction=one.valid_fraction,
        shape=shape,
        recipe=recipe,
        every=min(one.eval_every, one.steps),
    )
    model = built.get(spec) or models.build(one.model, shape, args)
    if spec not in built:
        for split in ("train", "valid", "test"):
            rows = data_of(dataset, split, model)
            if rows is not None:
                check_support(model, values_of(rows), f"dataset={one.dataset!r} ({split})")
    check_batch(model, len(dataset.train), one.batch_size)
    given = _own_hp(one, point, records_of(model, recipe), read)
    facts = {"num_data": len(dataset.train)}
    return spec, model, resolve_hparams(model, recipe, given, facts)


def data_of(dataset: data.Dataset, split: str, model: Autoencoder) -> Any:
    """Returns the rows of a split as a model takes them, the labels for condition; None: no split.

    Raises:
      ConfigError: a model with a condition, and labels that there are not or that are no such;
        sparse rows for a model of ids.
    """
    rows, told = getattr(dataset, split), model.info.nets.condition
    if isinstance(rows, SparseRows):
        if model.info.likelihood.integers:
            raise ConfigError(
                f"dataset={dataset.name!r} is sparse, and model {model.info.name!r} takes ids. "
                "Allowed: a model of vectors."
            )
        rows = dataclasses.replace(rows, gaps=model.info.likelihood.sparse_gaps)
    if rows is None or told is None:
        return rows
    labels, field = getattr(dataset, f"{split}_labels"), f"dataset={dataset.name!r}, {split} labels"
    if labels is None:
        raise ConfigError(
            f"model {model.info.name!r} was built with a condition, and dataset={dataset.name!r} "
            "has no labels. Allowed: condition=0, or a data set with labels."
        )
    return with_condition(told, rows, labels, model.info.name, field)


def _check_read(config: Config, read: Read, points: Sequence[Point]) -> None:
    """A name that no model of the sweep reads is an error."""
    used = ", ".join(sorted({p.get("model", config.model) for p in points}))
    what = f" is read by no model of this sweep ({used})"
    for name, value in _given(config.args).items():
        if name not in read.args:
            known = sorted({key for p in points for key in _arguments(config, p)})
            raise ConfigError(
                f"config.args.{name}={value!r}{what}.{nearest(name, known)} "
                f"Allowed: {', '.join(known)}."
            )
    for name, value in _given(config.hp).items():
        if name not in read.hp:
            raise unknown(name, value, read.hp, what)


def _arguments(config: Config, point: Point) -> Iterable[str]:
    return models.arguments(point.get("model", config.model))


def identity(config: Config) -> dict[str, Any]:
    """Returns the fields that decide what comes out, flat and without those left at their default.

    A model that is added to the table brings names of its own; they must not make old work
    directories foreign.
    """
    chosen = {name: get_field(config, name) for name in fields(config)}
    return {k: v for k, v in chosen.items() if k not in PRACTICAL and v is not None}


def _check_executor(config: Config, groups: Iterable[Group], datasets: Mapping) -> None:
    """What would only be found out in the middle of the sweep is found out before it."""
    lookup("config.executor", config.executor, {"auto": None, **population.EXECUTORS})
    lookup("config.split_batch", config.split_batch, population.SPLITS)
    lookup("config.stream", config.stream, STREAMS)
    if config.memory_gb is None:
        return
    budget = int(config.memory_gb * 2**30)
    prints = {dataset.fingerprint: dataset for dataset in datasets.values()}
    for group in groups:
        one = cost(job_of(config, group), shapes_of(prints[group.spec.data].train))
        population.check_budget(budget, one.member_bytes)


def shapes_of(rows: Any) -> Any:
    """Returns the shapes of training rows, which are an array or packed ones."""
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), rows)


def job_of(config: Config, group: Group) -> Job:
    """Returns the population of a group: values stacked in the order of its members."""
    names = sorted(group.members[0].hp)
    limit = config.memory_gb
    return Job(
        model=group.model,
        recipe=group.spec.recipe,
        hp={n: np.array([m.hp[n] for m in group.members], np.float32) for n in names},
        seeds=np.array([m.seed for m in group.members], np.int32),
        every=group.spec.every,
        executor=config.executor,
        split_batch=config.split_batch,
        stream=config.stream,
        memory_bytes=None if limit is None else int(limit * 2**30),
    )


def _config_hash(config: Config, points: Sequence[Point], datasets: Mapping) -> str:
    prints = sorted(dataset.fingerprint for dataset in datasets.values())
    return digest([identity(config), list(points), prints])
