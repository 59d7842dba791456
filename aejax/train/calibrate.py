"""Which executor is fastest for a population: timed where that pays, and remembered.

The rule of `population.pick` goes by a member's size alone. Where the run is long enough to repay
a few seconds of compiling, a few steps are timed under each executor that fits the memory, and the
fastest is written down beside the compiled programs, by program, machine and versions.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from aejax.io import write_whole
from aejax.train import population
from aejax.train.job import Cost, Job, Parts
from aejax.train.loop import make_chunk
from aejax.train.population import Member
from aejax.train.segments import stage_steps
from aejax.types import Array, PyTree, stages_of

Choice = tuple[str, int]  # executor, and members side by side

# FLOPs of a whole population's run above which timing is repaid: about two minutes of work.
WORTH = {"cpu": 1e13, "gpu": 1e15, "tpu": 1e15}
TIMED_STEPS = 4  # of each executor
REPEATS = 2

_memory: dict[str, Choice] = {}  # of this process, where no folder is kept


def candidates(members: int, fitting: int) -> list[Choice]:
    """Returns the executors to time: all at once, in eights, one after another.

    Args:
      members: those of one device.
      fitting: how many of them fit the memory side by side.
    """
    sizes = [n for n in (members, 64, 8) if n <= min(members, fitting)]
    many = [("vmap" if n == members else "map", n) for n in dict.fromkeys(sizes)]
    return [*many, ("map", 1)]


def key(fn: Member, members: PyTree, shared: PyTree) -> str:
    """Returns a name of the program, the machine and the versions: what a choice is good for."""
    first = jax.eval_shape(lambda t: population.member(t, 0), members)
    # A trace names functions by their addresses, which are others in every process.
    trace = re.sub(r"0x[0-9a-f]+", "", str(jax.make_jaxpr(fn)(first, shared)))
    facts = (
        trace,
        population.size(members),
        jax.devices()[0].device_kind,
        jax.local_device_count(),
        population.available_cores(),
        jax.__version__,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def notes() -> Path | None:
    """Returns the file of remembered choices, or None where no compiled programs are kept."""
    folder = getattr(jax.config, "jax_compilation_cache_dir", None)
    return Path(folder) / "executors.json" if folder else None


def _read(file: Path | None) -> dict[str, Any]:
    try:
        return json.loads(file.read_text()) if file else {}
    except (OSError, ValueError):  # none yet, or a broken one, which the next choice replaces
        return {}


def recall(name: str) -> Choice | None:
    """Returns the choice that was written down under a key, or None."""
    found = _memory.get(name) or _read(notes()).get(name)
    return (str(found[0]), int(found[1])) if found else None


def remember(name: str, choice: Choice) -> None:
    """Writes a choice down, in this process and beside the compiled programs."""
    _memory[name] = choice
    file = notes()
    if file is None:
        return
    write_whole(file, json.dumps({**_read(file), name: choice}, indent=1))


def seconds(choice: Choice, fn: Member, members: PyTree, shared: PyTree) -> float:
    """Returns the best time of a few calls of a member's function under an executor."""
    executor, chunk = choice
    size = population.size(members)
    members = population.place(members, size, executor)
    shared = population.place(shared, size, executor, shared=True)
    program = population.execute(executor, fn, members, shared, chunk=chunk)
    jax.block_until_ready(program.call(members, shared))
    best = float("inf")
    for _ in range(REPEATS):
        begun = time.perf_counter()
        jax.block_until_ready(program.call(members, shared))
        best = min(best, time.perf_counter() - begun)
    return best


def fastest(
    fn: Member,
    members: PyTree,
    shared: PyTree,
    fitting: int,
    clock: Callable[[Choice, Member, PyTree, PyTree], float] = seconds,
) -> Choice:
    """Returns the fastest executor and its chunk, timed now or remembered.

    Args:
      fn: a few steps of one member.
      members: all members [P, ...].
      shared: what they read.
      fitting: how many members fit one device's memory side by side.
      clock: times a choice.
    """
    name = key(fn, members, shared)
    known = recall(name)
    if known:
        return known
    timed = {
        choice: clock(choice, fn, members, shared)
        for choice in candidates(population.share(population.size(members)), fitting)
    }
    best = min(timed, key=timed.__getitem__)
    remember(name, best)
    return best


def _timed_steps(job: Job, table: PyTree, parts: Parts) -> tuple[population.Member, PyTree]:
    """Returns a few steps of the longest stage as a member's function, and members to time it."""
    recipe = job.recipe
    lengths = stage_steps(stages_of(job.model), recipe.steps)
    longest = lengths.index(max(lengths))

    def filled(leaf: Any) -> Array:
        """Any numbers do, but zeros and tiny ones, which a processor may treat as special."""
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.split(jax.random.key(0), leaf.shape)
        return jnp.full(leaf.shape, 0.01 if jnp.issubdtype(leaf.dtype, jnp.floating) else 0)

    shapes = population.stacked_shapes(parts.entered[longest], population.size(job.seeds))
    states = jax.tree.map(filled, shapes)
    few = dict(length=TIMED_STEPS, points=1, n=table.shape[0], batch_size=recipe.batch_size)
    chunk = make_chunk(parts.steps[longest], **few)
    return lambda m, rows: chunk(m["state"], m["hp"], rows), {"state": states, "hp": job.hp}


def choose(job: Job, table: PyTree, one: Cost, parts: Parts) -> Choice:
    """Returns the executor and how many members it runs side by side.

    As the job wants it. For `auto` a rule of thumb decides, and timing where a run is long.

    Args:
      job: the population.
      table: the training rows.
      one: what one member takes.
      parts: the job's functions of one member.
    """
    members = population.size(job.seeds)
    budget, backend = job.memory_bytes or population.available_bytes(), jax.default_backend()
    by_rule = population.pick(
        job.executor, members, one.member_bytes, one.param_count, budget, backend
    )
    worth = members * one.flops >= WORTH.get(backend, float("inf"))
    if job.executor != "auto" or members == 1 or not worth:
        return by_rule
    steps, states = _timed_steps(job, table, parts)
    fitting = population.fitting_on_device(budget, one.member_bytes, members, backend)
    return fastest(steps, states, table, fitting)
