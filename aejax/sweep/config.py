"""What a config file says: `base(scale)` with every field, and `grid` for the points of a sweep.

A config file has `get_config(scale)` and, for a sweep, `sweep(scale)`: an iterable of points, each
a
dict of overrides with dotted names, e.g. {"model": "vae", "hp.w_kl_nats": 4.0, "seed": 3}.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict, config_dict

from aejax import models
from aejax.errors import ConfigError, check_number, nearest, plain

SCALES = ("smoke", "small", "paper")
Point = dict[str, Any]
Config = Any  # a ConfigDict; its fields are beyond what a type checker can know

# Fields that change where or how a sweep runs, and not what comes out: no part of its identity.
PRACTICAL = (
    "data_dir",
    "manual_dir",
    "executor",
    "memory_gb",
    "split_batch",
    "stream",
    "checkpoint_seconds",
    "keep_variables",
    "changed_program",
    "remake",
)


def check_scale(scale: str, scales: Sequence[str] = SCALES) -> str:
    """Returns `scale`; raises ConfigError unless it is one of `scales`."""
    if scale not in scales:
        raise ConfigError(
            f"scale={scale!r} is unknown.{nearest(scale, scales)} Allowed: {', '.join(scales)}."
        )
    return scale


def _known_args() -> dict[str, Any]:
    return {k: v for name in models.MODELS for k, v in models.arguments(name).items()}


def base(scale: str = "small", **fields: Any) -> ConfigDict:
    """Returns a locked config with every field at its default; `hp` takes new names.

    Args:
      scale: smoke, small or paper, or one of `scales`.
      **fields: what differs from the defaults; `scales`: those that the config file has, where
        they are others.

    Raises:
      ConfigError: an unknown scale or field.
    """
    config = ConfigDict(
        {
            "name": "run",
            "scale": check_scale(scale, fields.pop("scales", SCALES)),
            # Data: a name of `python -m experiments.data list`, or a path to the user's own.
            "dataset": "digits",
            "data_dir": config_dict.placeholder(str),
            "manual_dir": config_dict.placeholder(str),
            "test_fraction": 0.2,
            # Of the training rows, for curves and every choice; 0: none, and nothing is selected.
            "valid_fraction": 0.1,
            "resize": config_dict.placeholder(int),  # pixels a side, for a folder of images
            "train_size": config_dict.placeholder(int),
            "test_size": config_dict.placeholder(int),
            # The model: its builder's arguments (None: the builder's default) and its scalars,
            # which are open here: only the model knows their names and ranges.
            "model": "undercomplete",
            "args": {k: config_dict.placeholder(type(v)) for k, v in _known_args().items()},
            "hp": {},
            "seed": 0,
            # Training.
            "steps": 1000,
            "batch_size": 128,
            "optimizer": "adam",
            "schedule": "constant",
            "clip": False,
            "precision": "float32",
            "eval_every": 250,
            # How it runs.
            "executor": "auto",
            "split_batch": "auto",  # over devices that members leave over: auto, on or off
            "stream": "auto",  # rows from the host as they are needed: auto, on or off
            "memory_gb": config_dict.placeholder(float),
            "checkpoint_seconds": 30.0,
            "keep_variables": "auto",  # of members: auto, all, best or none
            "changed_program": "restart",  # or continue: a checkpoint of another version's program
            "remake": False,  # train again what has rows, and whose arrays or variables are gone
            # What the figures get.
            "images": 10,
            "samples": 40,
            "codes": 1000,
            # Two quantities of the rows that are traded, e.g. ("kl_nats", "rec_nats"): the front.
            "pareto": config_dict.placeholder(tuple),
        }
    )
    for name, value in fields.items():
        set_field(config, name, value)
    return lock(config)


def lock(config: Config) -> Config:
    """Locks a config in place, all but `hp`, and returns it."""
    config.lock()
    if isinstance(config.get("hp"), ConfigDict):
        config.hp.unlock()
    return config


# What a field may be, where its type's name does not say it.
WANTED = {ConfigDict: "fields by name", type(None): "a number, a text, True, False or a tuple"}


def set_field(config: Config, name: str, value: Any) -> None:
    """Sets a dotted field in place.

    Raises:
      ConfigError: there is no such field, or the value has another type.
    """
    *parents, last = name.split(".")
    node: Any = config
    for parent in parents:
        node = node[parent] if isinstance(node, ConfigDict) and parent in node else None
    if parents == ["hp"]:
        _set_hp(node, last, value)
        return
    if not isinstance(node, ConfigDict) or last not in node:
        raise ConfigError(
            f"config field {name!r}={value!r} is unknown.{nearest(name, fields(config))} "
            f"Allowed: {', '.join(fields(config))}."
        )
    table = isinstance(node[last], ConfigDict)
    if isinstance(value, Mapping) and table:
        for key, inner in value.items():
            set_field(config, f"{name}.{key}", inner)
        return
    try:
        if table or isinstance(value, Mapping):
            raise TypeError("a table of fields is no value, and a value no table")
        with node.ignore_type() if value is None else node.unlocked():
            node[last] = None if value is None else _as(node.get_type(last), value)
    except (TypeError, ValueError) as error:
        kind = node.get_type(last)
        wanted = WANTED.get(kind, getattr(kind, "__name__", kind))
        raise ConfigError(
            f"config field {name!r}={value!r} has the wrong type. Allowed: {wanted}."
        ) from error


def _set_hp(node: Any, name: str, value: Any) -> None:
    """Sets a hyper-parameter, or unsets it by None; its name and range are the model's to check."""
    with node.unlocked():
        if value is not None:
            node[name] = check_number(f"hp.{name}", value)
        elif name in node:
            del node[name]


def _as(kind: type, value: Any) -> Any:
    """Returns a value of a field's type: NumPy's and JAX's numbers are numbers.

    Raises:
      TypeError: it is no such value.
    """
    value = plain(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is tuple and not isinstance(value, tuple):
        raise TypeError
    if kind in (int, str, bool) and type(value) is not kind:
        raise TypeError
    return value


def fields(config: Config, prefix: str = "") -> list[str]:
    """Returns the dotted names of a config's fields."""
    names = []
    for key in config:
        kind = config.get_type(key)
        names += fields(config[key], f"{prefix}{key}.") if kind is ConfigDict else [prefix + key]
    return names


def get_field(config: Config, name: str) -> Any:
    """Returns the value of a dotted field of `fields(config)`."""
    *parents, last = name.split(".")
    for parent in parents:
        config = config[parent]
    return config[last]


def grid(**axes: Any) -> list[Point]:
    """Returns the points of a full grid.

    `grid(model=["vae"], seed=range(5), **{"hp.lr": np.logspace(-4, -2, 3)})`: an axis is a list, a
    range or an array of values, or one value; a bare tuple is one value of an argument that is a
    tuple, such as `args.widths`.
    """
    values = [_values(name, axis) for name, axis in axes.items()]
    return [dict(zip(axes, point, strict=True)) for point in itertools.product(*values)]


def _values(name: str, axis: Any) -> list[Any]:
    """Returns the values of one axis, as Python's own."""
    default = _known_args().get(name.removeprefix("args."))
    bare = isinstance(axis, tuple) and not any(isinstance(part, list | tuple) for part in axis)
    if bare and isinstance(default, tuple):
        return [plain(axis)]
    if getattr(axis, "ndim", 0) or (
        isinstance(axis, Sequence | range) and not isinstance(axis, str)
    ):
        return [plain(value) for value in axis]
    return [plain(axis)]


def product(*sweeps: Iterable[Point]) -> Iterator[Point]:
    """Yields the union of one point from each sweep, for all combinations; later ones win."""
    for points in itertools.product(*map(list, sweeps)):
        yield {name: value for point in points for name, value in point.items()}
