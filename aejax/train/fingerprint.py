"""What a run computes, as a checksum: a checkpoint goes on under the program that wrote it."""

from __future__ import annotations

import hashlib
import re
from importlib import metadata
from typing import Any

import jax
import numpy as np

from aejax.train.plan import Job, Plan
from aejax.train.programs import Measure, chunk_program, enter_program, measured
from aejax.types import PyTree

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function object: another in each process
PACKAGES = ("jax", "jaxlib")  # what turns a trace into a program


def _one(members: PyTree) -> PyTree:
    """Returns the shapes of one member, from stacked ones."""
    cut = lambda s: jax.ShapeDtypeStruct(s.shape[1:], s.dtype, weak_type=s.weak_type)
    return jax.tree.map(cut, members)


def _traces(plan: Plan, table: Any, valid: Any, measure: Measure | None):
    """Yields the trace of each member's function that a run is made of."""
    if not plan.begin:
        yield jax.make_jaxpr(plan.init)(_one(plan.seeds))
    before = plan.first
    for i in plan.remaining:
        stage = plan.stages[i]
        if plan.begin <= stage.start:
            yield jax.make_jaxpr(enter_program(stage))(_one(before), ())
        member = _one(stage.members)
        # Chunks of a stage differ in their length alone, and the last one is as good as any.
        last = [s for s in plan.segments if s.stage == i][-1]
        chunk = chunk_program(plan, i, last.length, last.points)
        yield jax.make_jaxpr(chunk)(member, table)
        if measure:
            yield jax.make_jaxpr(measure(plan.model))(measured(member), valid)
        before = stage.members


def fingerprints(
    plan: Plan, job: Job, table: Any, valid: Any, measure: Measure | None, rule: Any
) -> dict[str, str]:
    """Returns checksums of what decides a run's numbers, by what they are of.

    Places and numbers of devices are no part of it: a run may go on elsewhere.

    Args:
      plan: of the run.
      job: that the plan is of.
      table, valid: shapes of the rows.
      measure: what a validation point measures.
      rule: of early stopping.
    """
    program, members = hashlib.sha256(), hashlib.sha256()
    cut = [tuple(segment) for segment in plan.segments]
    program.update(f"{cut} {rule}".encode())
    for trace in _traces(plan, table, valid, measure):
        program.update(_ADDRESS.sub("", str(trace)).encode())
        for constant in trace.consts:
            program.update(np.asarray(constant).tobytes())
    for name, values in sorted({**job.hp, "seeds": job.seeds}.items()):
        members.update(name.encode() + np.asarray(values).tobytes())
    return {
        "program": program.hexdigest(),
        "members": members.hexdigest(),
        **{name: metadata.version(name) for name in PACKAGES},
    }
