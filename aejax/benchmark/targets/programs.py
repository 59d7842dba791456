"""One model's training programs compiled for a target, and what they take there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from aejax import backend
from aejax.benchmark.targets.machines import CUDA, Target
from aejax.train import compile as compiler
from aejax.train.plan import Job, Plan, plan_of
from aejax.train.population import described, execute, split_in, ways_of
from aejax.train.programs import chunk_program
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.types import Autoencoder

MEMBERS, BATCH, STEPS, ROWS = 4, 64, 32, 1024

_COLLECTIVE = re.compile(
    r"\b(all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)(?:-start)?\("
)


class Subject(NamedTuple):
    """What is compiled: a model, the shapes of the data's rows [N, ...], and what is set of hp."""

    model: Autoencoder
    rows: Any
    hp: Mapping[str, float]


def collectives(text: str) -> dict[str, int]:
    """Returns how many collectives of each kind a compiled program has; a loop's body counts once.

    Args:
      text: of XLA's optimised module.
    """
    return dict(sorted(Counter(_COLLECTIVE.findall(text)).items()))


def measured(
    make: Callable[[], Subject], target: Target, members: int = MEMBERS, batch: int = BATCH
) -> dict[str, Any]:
    """Returns what the chunks of steps of a population take on a target.

    Args:
      make: builds the population's model, in the forms that suit the target.
      target: a machine.
      members: of the population; where they are fewer than chips, batches are split.
      batch: rows a step of each member.

    Returns:
      `stages`; `ways`, over which each member's batches are split. Of all stages together:
      `compile_seconds` (of `cuda`: of lowering), `collectives`. Of the stage that takes the most,
      on each device: `argument_bytes`, `output_bytes`, `temp_bytes` (scratch memory) and `flops` of
      a step of its members: XLA counts a loop's body once. `cuda` has `text_bytes`, the lowered
      program's, in place of these.
    """
    with backend.meant_for(target.backend):
        of = make()
        plan = plan_of(_job(of, members, batch), of.rows)
        if target.name == CUDA:
            texts = [
                compiler.lowered(
                    jax.vmap(_chunk(plan, i), (0, None)),
                    stage.members,
                    of.rows,
                    platform=target.name,
                )
                for i, stage in enumerate(plan.stages)
            ]
            return {
                "stages": len(texts),
                "compile_seconds": round(sum(seconds for _, seconds in texts), 2),
                "text_bytes": max(len(text) for text, _ in texts),
            }
        with described(target.devices()):
            ways = ways_of("on", members, batch, 0.0)
            with split_in(None, ways):
                programs = [
                    execute("vmap", _chunk(plan, i), stage.members, of.rows)
                    for i, stage in enumerate(plan.stages)
                ]
    memory = [program.call.memory_analysis() for program in programs]
    counts: Counter[str] = Counter()
    for program in programs:
        counts.update(collectives(program.call.as_text()))
    return {
        "stages": len(programs),
        "ways": ways,
        "compile_seconds": round(sum(program.seconds for program in programs), 2),
        "argument_bytes": max(m.argument_size_in_bytes for m in memory),
        "output_bytes": max(m.output_size_in_bytes for m in memory),
        "temp_bytes": max(m.temp_size_in_bytes for m in memory),
        "flops": max(float(p.call.cost_analysis().get("flops", 0.0)) for p in programs),
        "collectives": dict(sorted(counts.items())),
    }


def _job(of: Subject, members: int, batch: int) -> Job:
    recipe = Recipe(STEPS, batch)
    values = resolve_hparams(of.model, recipe, of.hp)
    hp = {name: jnp.full(members, value, jnp.float32) for name, value in values.items()}
    return Job(of.model, recipe, hp, jnp.arange(members, dtype=jnp.int32), every=STEPS)


def _chunk(plan: Plan, stage: int):
    longest = max((s for s in plan.segments if s.stage == stage), key=lambda s: s.length)
    return chunk_program(plan, stage, longest.length, longest.points)
