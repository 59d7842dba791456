"""Compiles every model's population program for machines that are not here.

aejax devices [--topology=v5e:1x1,v5e:2x2,v5e:4x4,cuda] [--models=NAME,...] [--json=FILE] [--again]
  [--members=N] [--batch=N] [--shape=28x28x1] [--limit=SECONDS]
aejax devices --show=FILE.json     # a record in Markdown; compiles nothing

A TPU's needs libtpu (the extra `tpu`), and no TPU. For `cuda` the programs are lowered: its
compiler needs a card. What --json has already is left out, so the same command goes on where it
was stopped.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags

from aejax import data, models
from aejax.benchmark import targets
from aejax.cli import configs
from aejax.cli.common import make_console
from aejax.errors import ConfigError, check_at_least, check_names, need
from aejax.results import environment


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("topology", ",".join(targets.TARGETS), "machines, with commas")
    flags.DEFINE_string("models", "all", "models by name, with commas, or all")
    flags.DEFINE_integer("members", targets.MEMBERS, "of each population")
    flags.DEFINE_integer("batch", targets.BATCH, "rows a step of each member")
    flags.DEFINE_string("shape", None, "of a row, such as 28x28x1, for builders' own defaults")
    flags.DEFINE_string("json", None, "the record: rows are added as models are done")
    flags.DEFINE_float("limit", 300.0, "seconds for a model; over it, it is marked slow")
    flags.DEFINE_bool("again", False, "compile what the record has already, too")
    flags.DEFINE_string("show", None, "print this record in Markdown and compile nothing")
    flags.DEFINE_bool("here", False, "compile in this process; a line of JSON a model")


def population(name: str, shape: tuple[int, ...] | None) -> targets.Subject:
    """Returns a model as the zoo runs it, with rows of its data's shape.

    Args:
      name: of the model.
      shape: of a row of bytes, where the model is to have its builder's defaults instead.
    """
    import jax
    import numpy as np

    count = targets.ROWS
    if shape:
        many = jax.ShapeDtypeStruct((count, *shape), np.dtype(np.uint8))
        return targets.Subject(models.build(name, shape, {}), many, {})
    zoo = configs.load("zoo")
    setup = zoo.ROWS.get(name, zoo.Setup())
    rows = data.load(setup.dataset, train_size=96, test_size=50).train
    many = jax.ShapeDtypeStruct((count, *rows.shape[1:]), rows.dtype)
    return targets.Subject(models.build(name, rows.shape[1:], setup.args), many, setup.hp)


def compiled_here(
    name: str, target: targets.Target, shape: tuple[int, ...] | None, members: int, batch: int
) -> dict[str, Any]:
    """Returns a model's row: what `targets.measured` has, or why it was refused."""
    try:
        found = targets.measured(lambda: population(name, shape), target, members, batch)
    except Exception as error:  # any, of a compiler: the table names it, and the next one follows
        why = (str(error).strip().splitlines() or [""])[0]
        return {"model": name, "status": "refused", "why": f"{type(error).__name__}: {why[:300]}"}
    status = "lowered" if target.name == targets.CUDA else "compiled"
    return {"model": name, "status": status, **found}


def shape_of(text: str) -> tuple[int, ...]:
    """Returns a row's shape, such as 28x28x1.

    Raises:
      ConfigError: no such text.
    """
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", text):
        raise ConfigError(f"shape={text!r} is no shape. Allowed: such as 784 or 28x28x1.")
    return tuple(map(int, text.split("x")))


def main(argv: list[str]) -> int:
    """Compiles what is missing of a record, or shows one."""
    del argv
    given = flags.FLAGS
    if given.show:
        print(targets.markdown(targets.read(Path(given.show))))
        return 0
    wanted = sorted(models.MODELS) if given.models == "all" else given.models.split(",")
    check_names("model", wanted, models.MODELS)
    check_at_least("limit", given.limit, 1.0)
    check_at_least("members", given.members, 1)
    check_at_least("batch", given.batch, 1)
    shape = shape_of(given.shape) if given.shape else None
    chosen = [targets.named(name) for name in given.topology.split(",")]
    if any(target.backend == "tpu" for target in chosen):
        need("libtpu", "tpu")
    if given.here:
        for target in chosen:
            for name in wanted:
                print(
                    json.dumps(compiled_here(name, target, shape, given.members, given.batch)),
                    flush=True,
                )
        return 0
    file = Path(given.json).expanduser() if given.json else None
    rows = targets.read(file) if file else []
    for target in chosen:
        done = {row["model"] for row in rows if row["target"] == target.name}
        left = [name for name in wanted if given.again or name not in done]
        rows = _compile(target, left, rows, file, given.limit)
    return 0


def _compile(
    target: targets.Target,
    names: Sequence[str],
    rows: list[dict[str, Any]],
    file: Path | None,
    limit: float,
) -> list[dict[str, Any]]:
    """Returns the rows, with those of a target's models that are compiled now."""
    console, given = make_console(), flags.FLAGS
    sizes = [f"--members={given.members}", f"--batch={given.batch}"]
    sizes += [f"--shape={given.shape}"] if given.shape else []

    def command(left: Sequence[str]) -> list[str]:
        where = [f"--topology={target.name}", f"--models={','.join(left)}", "--here"]
        return [sys.executable, "-m", "aejax.cli", "devices", *where, *sizes]

    for answer in targets.answers(command, names, limit):
        row = {"target": target.name, "members": given.members, "batch": given.batch, **answer}
        row["git"] = environment.git_commit()
        same = (row["target"], row["model"])
        rows = [r for r in rows if (r["target"], r["model"]) != same] + [row]
        said = answer.get("why") or f"{answer['compile_seconds']} s"
        if "temp_bytes" in answer:
            said += f", {answer['temp_bytes'] / 1e6:.1f} MB of scratch memory"
        console.print(f"{target.name} {row['model']}: {row['status']}, {said}")
        if file:
            targets.write(file, rows)
    return rows
