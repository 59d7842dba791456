"""Running a plan: group by group, each a population, rows and arrays written as members end."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from aejax import data, evaluate, keys
from aejax.conditions import beside, values_of
from aejax.data.scaling import Scale
from aejax.evaluate.members import evaluator
from aejax.evaluate.reconstruction import as_dense, as_float
from aejax.results import environment, planned
from aejax.results.folder import Folder
from aejax.results.rows import Row
from aejax.results.shared import Shared
from aejax.results.store import Store
from aejax.results.variables import save_variables
from aejax.sweep.growth import batch_of, to_train
from aejax.sweep.keeping import kept_members, policy
from aejax.sweep.lost import in_words, lost
from aejax.sweep.plan import SweepPlan, data_of, job_of, shapes_of
from aejax.sweep.progress import Report
from aejax.sweep.spec import Group
from aejax.trackers import Tracking
from aejax.trackers.points import tracked
from aejax.train import compile as compiler
from aejax.train import population
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import cost
from aejax.train.population import Cost
from aejax.train.run import Trained, train
from aejax.train.step import terms_of
from aejax.types import PyTree

COMPILE_SECONDS = 4.0  # what one group's programs take, roughly; only for the estimate of --dry_run
SHARE_OF_CEILING = 0.3  # of a matmul's speed that a step reaches, roughly; likewise


class Outcome(NamedTuple):
    """Rows of all members of the plan, and what to tell the user.

    Attributes:
      rows: of the plan's members.
      fresh: members that were trained now.
      dropped: a broken last line of the results, which was taken away.
      others: rows of the work directory that are of no point of this plan.
    """

    rows: list[Row]
    fresh: int
    dropped: str | None
    others: int = 0


@compiler.in_float32
def run(
    plan: SweepPlan, workdir: Path, console: Console, tracking: Tracking | None = None
) -> Outcome:
    """Runs what is missing of a plan.

    A population trains whole, or goes on from its checkpoint, so that a resumed sweep runs the very
    programs of an undisturbed one. A sweep that has grown trains its new members as populations of
    their own (`growth.to_train`). Only missing rows are appended.
    Validation points are of the validation rows; the test rows are measured once, at the end.

    Args:
      plan: of the sweep.
      workdir: of the sweep.
      console: where to say what is done.
      tracking: who else is told; closed at the end.

    Raises:
      ConfigError: the work directory's rows contradict the config, or it is in use.
    """
    policy(plan)  # a wrong value is said before anything is written
    tracking = tracking or Tracking()
    store = Store(workdir, plan.owner)
    try:
        if store.dropped is not None:
            console.print(f"dropped a broken last line of {store.results}; its member runs again")
        missing = [(part, g.id) for g in plan.groups for part in to_train(g, store)]
        for one in lost(plan.groups, store, policy(plan) != "none"):
            if plan.config.remake:
                missing.append((one.part, one.of))
            else:
                console.print(in_words(one))
        work = sum(len(part.members) * part.spec.recipe.steps for part, _ in missing)
        known = {member.id for group in plan.groups for member in group.members}
        fresh = len(known - store.done)
        planned.write(store.workdir, planned_of(plan))
        with tracking, Report(len(missing), work, console, store.pulse) as report:
            tracking.catch_up(store.batches, store.rows)
            for part, of in missing:
                store.begin(batch_of(part, of))
                run_group(plan, part, store, report, console, tracking)
        mine = [row for row in store.rows if row["id"] in known]
        return Outcome(mine, fresh, store.dropped, len(store.rows) - len(mine))
    finally:
        store.close()


def planned_of(plan: SweepPlan) -> planned.Planned:
    """Returns the plan as it is written down."""
    config = plan.config
    groups = (
        planned.PlannedGroup(g.id, tuple(m.id for m in g.members), g.spec.recipe.steps)
        for g in plan.groups
    )
    return planned.Planned(f"{config.name}:{config.scale}", tuple(groups))


def run_group(
    plan: SweepPlan,
    group: Group,
    store: Store | Shared,
    report: Report,
    console: Console,
    tracking: Tracking,
) -> None:
    """Trains a population that was begun, and writes its arrays, its variables and its rows.

    Trackers are told what has been written, and nothing that they do reaches it.

    Raises:
      Superseded: another worker has taken it over.
    """
    spec = group.spec
    dataset = plan.datasets[group.spec.data]
    report.begin(group.id, len(group.members), spec.recipe.steps)
    changed = plan.config.changed_program
    checkpoint = Checkpoint(store.checkpoints(group.id), console.print, changed)
    job = job_of(plan.config, group)
    spec_fields = spec.to_dict()
    tracking.begin(tracked(m.id, group.id, spec_fields, m.hp, m.seed) for m in group.members)

    def on_chunk(step: int, means: dict[str, np.ndarray]) -> None:
        store.check(group.id)
        report.advance(step, means["loss"])

    trained = train(
        job,
        data_of(dataset, "train", group.model),
        valid=data_of(dataset, "valid", group.model),
        measure=None if dataset.valid is None else evaluator,
        checkpoint=checkpoint,
        checkpoint_seconds=plan.config.checkpoint_seconds,
        on_compiled=report.compiled,
        on_chunk=on_chunk,
        on_points=tracking.advance,
    )
    begun = time.perf_counter()
    members = {"state": trained.state, "hp": job.hp}
    with population.split_in(trained.parts, trained.ways):
        scores = _scores(group, dataset, members, trained)
        arrays = _arrays(plan, group, dataset, members, trained)
    store.save_arrays(group.id, arrays)
    _keep(plan, group, dataset, store, trained, scores.get("valid_mse_per_image"))
    after = time.perf_counter() - begun
    rows = _rows(plan, group, dataset, trained, scores, after)
    store.append(rows)
    tracking.end(trained, rows)
    checkpoint.delete()


def _keep(
    plan: SweepPlan,
    group: Group,
    dataset: data.Dataset,
    store: Folder,
    trained: Trained,
    error: np.ndarray | None,
) -> None:
    """Writes the variables of the members that the sweep keeps."""
    places = kept_members(policy(plan), group, error)
    if not places:
        return
    ids = [group.members[i].id for i in places]
    at = np.asarray(places)
    some = jax.tree.map(lambda leaf: leaf[at], trained.state.variables)
    save_variables(store.variables(group.id), ids, some, Scale.of(dataset.train))


def _execute(fn: population.MemberFn, members: PyTree, shared: Any, trained: Trained) -> PyTree:
    executor, chunk = trained.executor, trained.chunk
    size = population.size(members)
    table = population.place(jax.tree.map(jnp.asarray, shared), size, executor, shared=True)
    program = population.execute(executor, fn, members, table, chunk=chunk)
    return jax.device_get(program.call(members, table))


def _scores(
    group: Group, dataset: data.Dataset, members: PyTree, trained: Trained
) -> dict[str, np.ndarray]:
    """Returns `valid_*` (where there are validation rows) and `test_*` of the trained members [P].

    The driver's last validation point is of the final state; it is measured again only where it
    is not.
    """
    measure = evaluator(group.model)
    found = {"test": _execute(measure, members, data_of(dataset, "test", group.model), trained)}
    if dataset.valid is not None:
        at_the_end = int(trained.valid_step[-1]) == group.spec.recipe.steps
        found["valid"] = (
            {name: values[:, -1] for name, values in trained.valid.items()}
            if at_the_end
            else _execute(measure, members, data_of(dataset, "valid", group.model), trained)
        )
    return {f"{split}_{name}": v for split, of in found.items() for name, v in of.items()}


def _arrays(
    plan: SweepPlan, group: Group, dataset: data.Dataset, members: PyTree, trained: Trained
) -> dict[str, np.ndarray]:
    """Returns what the figures need, stacked over members; see figures/ for the names.

    Curves and points of training are of training and validation rows; pictures and codes, made
    once at the end, of test rows.
    """
    config, model = plan.config, group.model
    shape = model.info.shape
    test = data_of(dataset, "test", model)
    floats = lambda rows: beside(as_float(as_dense(values_of(rows))).reshape(-1, *shape), rows)
    images, coded = floats(test[: config.images]), floats(test[: config.codes])
    both = jax.tree.map(lambda *leaves: np.concatenate(leaves), images, coded)

    def shown(m: PyTree, x: Any) -> PyTree:
        state, n = m["state"], len(images)
        key = keys.stream(state.key, "show")
        drawn = evaluate.show(model, state.variables, m["hp"], key, x[:n], config.samples)
        return drawn | {"codes": evaluate.codes(model, state.variables, x[n:])}

    drawn = _execute(shown, members, both, trained)
    arrays = {
        "ids": np.asarray([member.id for member in group.members]),
        "inputs": values_of(images),
        "curve_step": trained.curve_step,
        "valid_step": trained.valid_step,
        **{f"curve/{name}": values for name, values in trained.curves.items()},
        **{f"valid/{name}": values for name, values in trained.valid.items()},
        **drawn,
    }
    if dataset.test_labels is not None:
        arrays["labels"] = dataset.test_labels[: config.codes]
    return arrays


def _number(value: Any) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None


def _counts(dataset: data.Dataset) -> dict[str, int]:
    splits = {name: getattr(dataset, name) for name in ("train", "valid", "test")}
    return {name: len(rows) for name, rows in splits.items() if rows is not None}


def _rows(
    plan: SweepPlan,
    group: Group,
    dataset: data.Dataset,
    trained: Trained,
    scores: dict[str, np.ndarray],
    after: float,
) -> list[Row]:
    health = jax.device_get(trained.state.health)
    names = terms_of(group.model)
    hint = Scale.of(dataset.train).hint()
    held = evaluate.baselines(dataset.train, dataset.test, group.model.info.latent)
    held = {name: _number(value) for name, value in held.items()}
    learned = jax.tree.leaves(trained.state.variables["params"])
    parameters = sum(leaf.size for leaf in learned) // len(group.members)
    rows = []
    for i, member in enumerate(group.members):
        lost = int(health.step[i]) >= 0
        values = {name: _number(value[i]) for name, value in sorted(scores.items())}
        rows.append(
            {
                "id": member.id,
                "group": group.id,
                "config_hash": plan.config_hash,
                "model": group.spec.model,
                "dataset": dataset.name,
                "examples": _counts(dataset),
                "spec": group.spec.to_dict(),
                "hp": member.hp,
                "seed": member.seed,
                "step": int(health.step[i]) if lost else int(trained.state.step[i]),
                "status": "diverged" if lost else "ok",
                "failed": {
                    "step": int(health.step[i]),
                    "term": names[int(health.term[i])],
                    **({"hint": hint} if hint else {}),
                }
                if lost
                else None,
                "metrics": values | held,
                "seconds": {
                    "compile": round(trained.compile_seconds, 3),
                    "run": round(trained.run_seconds, 3),
                    "evaluate": round(after, 3),
                },
                "members": len(group.members),
                "executor": trained.executor,
                "chunk": trained.chunk,
                "devices": trained.devices,
                "streamed": trained.streamed,
                "continued": list(trained.continued),
                "flops": trained.flops,
                "parameters": parameters,
                "recompiles": trained.recompiles,
                "git": environment.git_commit(),
                "versions": environment.versions(),
                "device": environment.device(),
            }
        )
    return rows


@compiler.in_float32
def estimate(plan: SweepPlan, done: Collection[str] = ()) -> list[dict[str, Any]]:
    """Returns what each group is going to take, from tracing and one timed matrix product.

    The seconds are a rough guide: FLOPs over a share of this machine's matmul speed, plus
    compiling.

    Args:
      plan: of the sweep.
      done: ids of members that are there and do not train again.
    """
    speed = SHARE_OF_CEILING * compiler.matmul_flops()
    entries, total = [], 0.0
    for whole in plan.groups:
        missing = tuple(m for m in whole.members if m.id not in done)
        group = whole._replace(members=missing or whole.members)
        job = job_of(plan.config, group)
        dataset = plan.datasets[group.spec.data]
        one: Cost = cost(job, shapes_of(dataset.train))
        budget = job.memory_bytes or population.available_bytes()
        executor, chunk = population.pick(
            job.executor,
            len(group.members),
            one.member_bytes,
            one.param_count,
            budget,
            jax.default_backend(),
        )
        seconds = COMPILE_SECONDS + one.flops * len(missing) / speed if missing else 0.0
        total += seconds
        entries.append(
            {
                "group": group.id,
                "members": len(whole.members),
                "there": len(whole.members) - len(missing),
                "steps": group.spec.recipe.steps,
                "parameters": f"{one.param_count:,}",
                "executor": executor if executor != "map" else f"map of {chunk}",
                "memory MB": f"{one.member_bytes * max(chunk, 1) / 2**20:,.0f}",
                "GFLOP": f"{one.flops * len(missing) / 1e9:,.0f}",
                "about s": f"{seconds:.0f}",
            }
        )
    return entries
