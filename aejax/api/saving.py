"""A trained model on disk: JSON and safetensors in a folder. No pickle, nothing executed.

path/fitted.json             builder and arguments, recipe, values, scale, history, versions
path/variables.safetensors   {"params/encoder/dense_0/kernel": array, ...}
path/state.safetensors       the state after the last step, from which training goes on
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from aejax import models
from aejax.api.fitted import Fitted
from aejax.data.scaling import Scale
from aejax.errors import ConfigError, check_names, nearest
from aejax.results.environment import versions
from aejax.train.recipe import Recipe
from aejax.train.step import enter_stage, init_state
from aejax.train.tree import flatten
from aejax.types import Autoencoder, Health, PyTree, TrainState, Variables, stages_of

FORMAT = 1  # of this file; a newer one is refused
FACTS = "fitted.json"
PathLike = str | os.PathLike[str]


def save(path: PathLike, fitted: Fitted, *, state: bool = True) -> None:
    """Writes a trained model to the folder `path`, which is replaced if it holds one already.

    Args:
      path: a folder, new or one that `save` wrote.
      fitted: from `fit`, `fit_population` or a sweep.
      state: also the optimiser's state, so that training can go on; about twice the size again.

    Raises:
      ConfigError: `path` is something else, or builder arguments that JSON cannot hold.
      OSError: no place, no permission; what was there before is untouched.
    """
    target = Path(path).expanduser()
    if target.exists() and not (target / FACTS).is_file():
        raise ConfigError(
            f"path={str(target)!r} exists and is no saved model. Allowed: a new path, or a folder "
            "that aejax.save wrote."
        )
    tensors = {"variables": _plain(fitted.variables)}
    if state and fitted.state is not None:
        tensors["state"] = _numbered(fitted.state)
    blobs = {name: write_tensors(arrays) for name, arrays in tensors.items()}
    text = json.dumps(_facts(fitted, blobs), indent=1, allow_nan=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    fresh.mkdir()
    try:
        for name, blob in blobs.items():
            _write(fresh / f"{name}.safetensors", blob)
        _write(fresh / FACTS, text.encode())
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _swap(fresh: Path, target: Path) -> None:
    """Puts `fresh` where `target` is; a folder cannot be replaced in one call."""
    old = fresh.with_suffix(".old")
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _plain(tree: PyTree) -> dict[str, np.ndarray]:
    """Returns a tree of nested dicts as {"a/b": array}."""
    flat = {path: np.asarray(leaf, order="C") for path, leaf in flatten(tree).items()}
    if not _equal_paths(_nested(flat), tree):
        raise ConfigError(
            "variables are no nested dicts of arrays. Allowed: {'params': {...}, 'extra': {...}}."
        )
    return flat


def _equal_paths(a: PyTree, b: PyTree) -> bool:
    return list(flatten(a)) == list(flatten(b))


def _nested(flat: dict[str, Any]) -> Variables:
    tree: dict[str, Any] = {"params": {}, "extra": {}}
    for path, leaf in flat.items():
        *parents, last = path.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = leaf
    return tree


def _raw(state: TrainState) -> TrainState:
    return state._replace(key=jax.random.key_data(state.key))


def _numbered(state: TrainState) -> dict[str, np.ndarray]:
    return {
        f"{i:05d}": np.asarray(v, order="C") for i, v in enumerate(jax.tree.leaves(_raw(state)))
    }


def _facts(fitted: Fitted, blobs: dict[str, bytes]) -> dict[str, Any]:
    info = fitted.model.info
    made = info.made
    facts = {
        "format": FORMAT,
        "model": info.name,
        "builder": made.builder if made else None,
        "args": made.args if made else None,
        "shape": list(info.shape),
        "latent": info.latent,
        "recipe": fitted.recipe._asdict(),
        "seed": fitted.seed,
        "hp": fitted.hp,
        "scale": fitted.scale._asdict(),
        "diverged": list(fitted.diverged) if fitted.diverged else None,
        "best_step": fitted.best_step,
        "history": {name: _list(values) for name, values in fitted.history.items()},
        "valid": {name: _list(values) for name, values in fitted.valid.items()},
        "versions": versions(),
        "sha256": {name: hashlib.sha256(blob).hexdigest() for name, blob in blobs.items()},
    }
    try:
        json.dumps(facts)
    except TypeError as error:
        raise ConfigError(
            f"the arguments of builder {facts['builder']!r} cannot be written as JSON ({error}). "
            "Allowed: numbers, strings, lists."
        ) from error
    return facts


def _list(values: np.ndarray) -> list[float | str]:
    """Returns float32 values that JSON gives back bit for bit; NaN and infinities as words."""
    return [float(v) if np.isfinite(v) else str(float(v)) for v in values]


def _array(values: list[Any]) -> np.ndarray:
    return np.array([float(v) for v in values], np.float32)


Builder = Callable[..., Autoencoder]


def load(path: PathLike, *, builder: Builder | None = None) -> Fitted:
    """Returns what `save` wrote.

    Args:
      path: its folder.
      builder: for a model of the user's own builder, that builder: it is called with the saved
        arguments, or with none where none were recorded (see `aejax.builder`).

    Raises:
      ConfigError: no saved model, damaged, of a newer version, of an unknown builder, or of
        another model than the builder makes.
    """
    folder = Path(path).expanduser()
    facts = _read_facts(folder)
    model = _model(folder, facts, builder)
    try:
        recipe = Recipe(**facts["recipe"])
        diverged = facts["diverged"]
        fitted = Fitted(
            model=model,
            variables=jax.tree.map(jnp.asarray, _nested(_tensors(folder, "variables", facts))),
            recipe=recipe,
            seed=int(facts["seed"]),
            hp={name: float(value) for name, value in facts["hp"].items()},
            history={name: _array(v) for name, v in facts["history"].items()},
            valid={name: _array(v) for name, v in facts["valid"].items()},
            diverged=(int(diverged[0]), str(diverged[1])) if diverged else None,
            best_step=facts["best_step"],
            scale=Scale(**facts["scale"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise _damaged(folder / FACTS, error) from error
    like = _entered(fitted)
    _check_shapes(folder, fitted.variables, like.variables)
    if "state" in facts["sha256"]:
        fitted = fitted.replace(state=_state(folder, facts, like))
    return fitted


def _read_facts(folder: Path) -> dict[str, Any]:
    file = folder / FACTS
    if not file.is_file():
        beside = [p.name for p in folder.parent.glob("*")] if folder.parent.is_dir() else []
        raise ConfigError(
            f"path={str(folder)!r} is no saved model.{nearest(folder.name, beside)} "
            "Allowed: a folder that aejax.save wrote."
        )
    try:
        facts = json.loads(file.read_bytes())
        version = facts["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(file, error) from error
    if version != FORMAT:
        raise ConfigError(
            f"{file} has format {version!r}, written by another version of aejax "
            f"({facts.get('versions', {}).get('aejax', 'unknown')}). Allowed: format {FORMAT}."
        )
    return facts


def _damaged(file: Path, error: object) -> ConfigError:
    reason = " ".join(str(error).split())[:120]
    return ConfigError(f"{file} is damaged ({reason}). Allowed: a file as aejax.save wrote it.")


def _model(folder: Path, facts: dict[str, Any], builder: Builder | None) -> Autoencoder:
    name, args = facts.get("builder"), facts.get("args")
    if builder is None and name not in models.MODELS:
        raise ConfigError(
            f"{folder} holds a model of builder {name or facts.get('model')!r}, which is not among "
            "aejax.models. Allowed: load(path, builder=...) with the function that built it."
        )
    args = {key: _tuples(value) for key, value in (args or {}).items()}
    if builder is not None:
        try:
            model = builder(**args)
        except TypeError as error:
            raise ConfigError(
                f"builder {name!r} with the arguments of {folder}: {error}"
            ) from error
    else:
        check_names(f"argument of model {name!r}:", args, ["features", *models.arguments(name)])
        model = models.build(name, args.pop("features"), args)
    if model.info.name != facts.get("model") or list(model.info.shape) != facts.get("shape"):
        raise ConfigError(
            f"{folder} holds a {facts.get('model')!r} of shape {facts.get('shape')}, the builder "
            f"makes a {model.info.name!r} of {list(model.info.shape)}. Allowed: its own builder."
        )
    return model


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _tensors(folder: Path, name: str, facts: dict[str, Any]) -> dict[str, np.ndarray]:
    file = folder / f"{name}.safetensors"
    try:
        blob = file.read_bytes()
    except OSError as error:
        raise _damaged(file, error.strerror) from error
    if hashlib.sha256(blob).hexdigest() != facts["sha256"][name]:
        raise _damaged(file, "its checksum is another")
    try:
        return read_tensors(blob)
    except (SafetensorError, ValueError) as error:
        raise _damaged(file, error) from error


def _entered(fitted: Fitted) -> TrainState:
    """Returns the shapes of the state in the model's last stage."""
    model, recipe = fitted.model, fitted.recipe
    x = jnp.zeros((recipe.batch_size, *model.info.shape))

    def entered(seed: Any, hp: Any) -> TrainState:
        state = init_state(model, seed, x)
        for stage in stages_of(model):
            state = enter_stage(model, stage, recipe, recipe.steps, state, hp)
        return state

    return jax.eval_shape(entered, jnp.int32(0), {n: jnp.float32(v) for n, v in fitted.hp.items()})


def _check_shapes(folder: Path, found: PyTree, wanted: PyTree) -> None:
    ours = {path: (leaf.shape, leaf.dtype) for path, leaf in flatten(found).items()}
    model = {path: (leaf.shape, leaf.dtype) for path, leaf in flatten(wanted).items()}
    differ = [path for path in {**model, **ours} if ours.get(path) != model.get(path)]
    if differ:
        raise ConfigError(
            f"{folder}: {differ[0]} is {ours.get(differ[0])}, the model has "
            f"{model.get(differ[0])}. Allowed: variables of the model that was saved."
        )


def _state(folder: Path, facts: dict[str, Any], like: TrainState) -> TrainState:
    raw = jax.eval_shape(_raw, like)
    arrays = _tensors(folder, "state", facts)
    leaves, structure = jax.tree.flatten(raw)
    found = [arrays[name] for name in sorted(arrays)]
    if [(a.shape, a.dtype) for a in found] != [(v.shape, v.dtype) for v in leaves]:
        raise ConfigError(
            f"{folder}/state.safetensors is of another optimiser or of another version of optax. "
            "Allowed: the version that saved it; the model itself loads without that file's entry "
            "in fitted.json."
        )
    state = jax.tree.unflatten(structure, [jnp.asarray(a) for a in found])
    return state._replace(key=jax.random.wrap_key_data(state.key), health=Health(*state.health))
