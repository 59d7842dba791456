"""Applies a trained model to new data.

aejax apply --workdir=DIR [--member=ID] --do=VERB --input=FILE --output=FILE.npz|FILE.png
aejax apply --model=FOLDER --do=VERB ...

VERB is encode, reconstruct, sample, interpolate, traverse, score, quality (of samples, against
--input) or disentangle (codes against --factors=FILE). The member is the best by validation error
unless --member names one. FILE is an array, a table or a folder of images. A model that was built
with a condition is told it by --condition=LABEL or --condition=FILE.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from aejax.api import applying, scoring
from aejax.api.fitted import Fitted
from aejax.api.saving import load
from aejax.api.workdir import open_workdir
from aejax.cli.common import directory
from aejax.data import KINDS
from aejax.data.entry import as_array, as_bfloat16
from aejax.data.tables import open_h5, read_table
from aejax.errors import ConfigError, check_integer, lookup, nearest
from aejax.io import becoming

SHOWN = 10  # pictures in a row of a PNG


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("workdir", None, "of a sweep")
    flags.DEFINE_string("member", None, "id of a row; default: the best by validation error")
    flags.DEFINE_string("model", None, "a folder that aejax.save wrote, instead of --workdir")
    flags.DEFINE_string("do", None, f"one of {', '.join(VERBS)}")
    flags.DEFINE_string("input", None, KINDS + "; of several arrays the one called x")
    flags.DEFINE_string("factors", None, "of --do=disentangle: whole numbers [N, F], as --input")
    flags.DEFINE_string(
        "condition", None, "of a model that is told one: a label, or a file of one for each row"
    )
    flags.DEFINE_string("output", None, ".npz, or .png where it is pictures")
    flags.DEFINE_integer("count", 16, "samples to draw")
    flags.DEFINE_integer("steps", 9, "pictures of an interpolation or a traversal")
    flags.DEFINE_integer("seed", 0, "of samples and of noise in scores")


def read_input(text: str | None, flag: str = "input") -> np.ndarray:
    """Returns the array of a file, a table or a folder of images.

    Raises:
      ConfigError: no such file, another kind, or more than one array and none called x.
    """
    kinds = KINDS
    if not text:
        raise ConfigError(f"--{flag} is missing. Allowed: {kinds}.")
    path = Path(text).expanduser()
    if path.is_dir():
        from aejax.data.folder import load_images

        return load_images(path)
    if not path.is_file():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise ConfigError(
            f"--{flag}={text!r} does not exist.{nearest(path.name, beside)} Allowed: {kinds}."
        )
    field, kind = f"--{flag}={text!r}", path.suffix.lower()
    if kind in (".csv", ".tsv", ".parquet"):
        return as_array(read_table(path, field)[0], field)
    if kind in (".h5", ".hdf5"):
        with open_h5(path, field) as archive:
            return _one_of(archive, field)
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        return as_bfloat16(found) if isinstance(found, np.ndarray) else _one_of(found, field)
    except ConfigError:
        raise
    except Exception as error:  # zip, header and memory errors of a damaged file
        reason = type(error).__name__
        raise ConfigError(
            f"--{flag}={text!r} cannot be read ({reason}). Allowed: {kinds}."
        ) from error


def _one_of(archive: Any, field: str) -> np.ndarray:
    """Returns the array called x of several, or the only one."""
    names = archive.files
    name = "x" if "x" in names else names[0] if len(names) == 1 else None
    if name is None:
        raise ConfigError(
            f"{field} holds {', '.join(names) or 'nothing'}. Allowed: one array, or one called x."
        )
    return as_bfloat16(archive[name])


class Asked(NamedTuple):
    """What the flags ask of a verb beside the model and its input."""

    count: int
    steps: int
    seed: int
    factors: str | None
    told: Any  # the condition, or None


def read_condition(text: str | None) -> Any:
    """Returns what --condition says: nothing, one label, or the array of a file."""
    if text is None:
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else read_input(text, "condition")


Results = dict[str, np.ndarray]
Rows = Callable[[Results], dict[str, np.ndarray]]


def _encode(fitted: Fitted, x: Any, given: Asked) -> Results:
    return {"codes": applying.encode(fitted, x, condition=given.told)}


def _reconstruct(fitted: Fitted, x: Any, given: Asked) -> Results:
    found = applying.reconstruct(fitted, x, condition=given.told)
    return {"input": np.asarray(x), "reconstruction": found}


def _sample(fitted: Fitted, x: Any, given: Asked) -> Results:
    told = given.told
    return {"samples": applying.sample(fitted, given.count, condition=told, seed=given.seed)}


def _interpolate(fitted: Fitted, x: Any, given: Asked) -> Results:
    if len(x) < 2:
        raise ConfigError("--input has one row. Allowed: two or more; neighbours are joined.")
    pairs = len(x) // 2
    first, second = x[0 : 2 * pairs : 2], x[1 : 2 * pairs : 2]
    a = b = given.told
    if np.shape(given.told)[:1] == (len(x),):  # one for each row; else one for all
        a, b = given.told[0 : 2 * pairs : 2], given.told[1 : 2 * pairs : 2]
    lines = applying.interpolate(
        fitted, first, second, steps=given.steps, condition=a, condition_b=b
    )
    return {"interpolations": lines}


def _traverse(fitted: Fitted, x: Any, given: Asked) -> Results:
    return {"traversals": applying.traverse(fitted, x, steps=given.steps, condition=given.told)}


def _score(fitted: Fitted, x: Any, given: Asked) -> Results:
    return scoring.score(fitted, x, seed=given.seed, condition=given.told)


def _quality(fitted: Fitted, x: Any, given: Asked) -> Results:
    from aejax.api.judging import quality

    return quality(fitted, x, given.seed, condition=given.told)


def _disentangle(fitted: Fitted, x: Any, given: Asked) -> Results:
    from aejax.api.judging import disentangle

    factors = read_input(given.factors, "factors")
    return disentangle(fitted, x, factors, given.seed, condition=given.told)


def _plane(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return images.reshape(-1, *shape)


def _pairs(found: Results, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: _plane(images, shape)[:SHOWN] for name, images in found.items()}


def _drawn(found: Results, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    images = _plane(found["samples"], shape)
    cut = range(0, len(images), SHOWN)
    return {f"{at} to {min(at + SHOWN, len(images)) - 1}": images[at : at + SHOWN] for at in cut}


def _lines(found: Results, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    many = found["interpolations"][:SHOWN]
    return {f"pair {i}": _plane(line, shape) for i, line in enumerate(many)}


def _latents(found: Results, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    first = found["traversals"][0]  # of the first row of the input
    return {f"code {i}": _plane(line, shape) for i, line in enumerate(first[: 2 * SHOWN])}


# verb -> what it computes, whether it reads --input, and its pictures' rows (None: no pictures)
VERBS: dict[str, tuple[Callable[..., Results], bool, Callable[..., dict] | None]] = {
    "encode": (_encode, True, None),
    "reconstruct": (_reconstruct, True, _pairs),
    "sample": (_sample, False, _drawn),
    "interpolate": (_interpolate, True, _lines),
    "traverse": (_traverse, True, _latents),
    "score": (_score, True, None),
    "quality": (_quality, True, None),
    "disentangle": (_disentangle, True, None),
}


def chosen(given: Any) -> Fitted:
    """Returns the trained model that the flags name."""
    if bool(given.workdir) == bool(given.model):
        raise ConfigError("--workdir or --model is missing. Allowed: one of the two.")
    if given.model:
        return load(given.model)
    found = open_workdir(directory("workdir", given.workdir, ""))
    return found.member(given.member) if given.member else found.best()


def main(argv: list[str]) -> None:
    """Applies the model and writes the file."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: flags, see --help.")
    given = flags.FLAGS
    if not given.do:
        raise ConfigError(f"--do is missing. Allowed: {', '.join(VERBS)}.")
    compute, reads, rows_of = lookup("--do", given.do, VERBS)
    check_integer("--steps", given.steps, 2)
    output = Path(given.output or "").expanduser()
    kinds = [".npz", *([".png"] if rows_of else [])]
    if output.suffix not in kinds:
        raise ConfigError(
            f"--output={given.output!r}: --do={given.do} writes {' or '.join(kinds)}."
        )
    if not output.parent.is_dir():
        raise ConfigError(f"--output={given.output!r}: its folder does not exist.")
    fitted = chosen(given)
    x = read_input(given.input) if reads else None
    told = read_condition(given.condition)
    asked = Asked(given.count, given.steps, given.seed, given.factors, told)
    found = compute(fitted, x, asked)
    with becoming(output) as part:
        if output.suffix == ".png":
            from aejax.figures.picture_rows import picture_rows

            assert rows_of is not None
            title = f"{given.do}: {fitted.model.info.name}, codes of {fitted.model.info.latent}"
            picture_rows(part, rows_of(found, fitted.model.info.shape), title)
        else:
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **found)
    shapes = ", ".join(f"{name} {list(values.shape)}" for name, values in found.items())
    print(f"{output}: {shapes}")
