"""The fastest executor, timed and remembered.

A few steps are timed under each executor that fits the memory. The result is written beside the
compiled programs, under a key of the program, the machine and the versions.
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

from aejax.backend.cores import available_cores
from aejax.io import write_whole
from aejax.train.population.devices import place, share
from aejax.train.population.executors import execute
from aejax.train.population.stacked import MemberFn, member, size
from aejax.types import PyTree

Choice = tuple[str, int]  # executor, and members side by side

REPEATS = 2

_memory: dict[str, Choice] = {}  # of this process, for where no cache folder is set


def candidates(members: int, fitting: int) -> list[Choice]:
    """Returns the executors to time: vmap, or map in chunks of 64, 8 or 1.

    Args:
      members: those of one device.
      fitting: how many of them fit the memory side by side.
    """
    sizes = [n for n in (members, 64, 8) if n <= min(members, fitting)]
    many = [("vmap" if n == members else "map", n) for n in dict.fromkeys(sizes)]
    return [*many, ("map", 1)]


def cache_key(fn: MemberFn, members: PyTree, shared: PyTree) -> str:
    """Returns a hash of the program, the machine and the versions: what a choice holds for."""
    first = jax.eval_shape(lambda t: member(t, 0), members)
    # A trace names functions by their addresses, which differ from process to process.
    trace = re.sub(r"0x[0-9a-f]+", "", str(jax.make_jaxpr(fn)(first, shared)))
    facts = (
        trace,
        size(members),
        jax.devices()[0].device_kind,
        jax.local_device_count(),
        available_cores(),
        jax.__version__,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def notes() -> Path | None:
    """Returns the file of remembered choices, or None without a compilation cache folder."""
    folder = getattr(jax.config, "jax_compilation_cache_dir", None)
    return Path(folder) / "executors.json" if folder else None


def _read(file: Path | None) -> dict[str, Any]:
    try:
        known = json.loads(file.read_text()) if file else {}
        return known if isinstance(known, dict) else {}
    except (
        OSError,
        ValueError,
        RecursionError,
    ):  # none yet, or a broken one, which the next choice overwrites
        return {}


def recall(name: str) -> Choice | None:
    """Returns the choice remembered under a key, or None."""
    found = _memory.get(name) or _read(notes()).get(name)
    try:
        return (str(found[0]), int(found[1])) if found else None
    except (TypeError, ValueError, KeyError, IndexError):  # not as it was written: timed again
        return None


def remember(name: str, choice: Choice) -> None:
    """Remembers a choice, in this process and in the cache folder."""
    _memory[name] = choice
    file = notes()
    if file is None:
        return
    write_whole(file, json.dumps({**_read(file), name: choice}, indent=1))


def seconds(choice: Choice, fn: MemberFn, members: PyTree, shared: PyTree) -> float:
    """Returns the best time of a few calls of a member's function under an executor."""
    executor, chunk = choice
    count = size(members)
    members = place(members, count, executor)
    shared = place(shared, count, executor, shared=True)
    program = execute(executor, fn, members, shared, chunk=chunk)
    jax.block_until_ready(program.call(members, shared))
    best = float("inf")
    for _ in range(REPEATS):
        begun = time.perf_counter()
        jax.block_until_ready(program.call(members, shared))
        best = min(best, time.perf_counter() - begun)
    return best


def fastest(
    fn: MemberFn,
    members: PyTree,
    shared: PyTree,
    fitting: int,
    clock: Callable[[Choice, MemberFn, PyTree, PyTree], float] = seconds,
) -> Choice:
    """Returns the fastest executor and its chunk, timed now or remembered.

    Args:
      fn: a few steps of one member.
      members: all members [P, ...].
      shared: what they read.
      fitting: how many members fit one device's memory side by side.
      clock: times a choice.
    """
    name = cache_key(fn, members, shared)
    known = recall(name)
    if known:
        return known
    timed = {
        choice: clock(choice, fn, members, shared)
        for choice in candidates(share(size(members)), fitting)
    }
    best = min(timed, key=timed.__getitem__)
    remember(name, best)
    return best
