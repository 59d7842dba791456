"""Runs a sweep, or what is missing of it.

aejax sweep --config=FILE[:SCALE] [--workdir=DIR]
  [--config.FIELD=VALUE ...] [--launcher=local[:N]|slurm|ray[:ADDRESS]] [--dry_run] [--nofigures]
  [--noreport] [--profile] [--tracker=tensorboard|wandb|mlflow|trackio ...]

FILE is a path, such as configs/quickstart.py, or a shipped config's name, such as quickstart.
With a launcher, several processes share the work: docs/cluster.md. Trackers: docs/trackers.md.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import jax
from absl import flags
from rich.console import Console

from aejax.cli.common import (
    define_config,
    directory,
    make_console,
    points_of,
    read_config,
    shown,
)
from aejax.errors import ConfigError
from aejax.launch import LAUNCHERS, launched, parse
from aejax.launch.choice import SLURM_OPTIONS
from aejax.launch.local import end_with_parent
from aejax.launch.watching import LOGS, WORKER
from aejax.results.store import ended
from aejax.sweep import SweepPlan, estimate, make_plan, run, work
from aejax.sweep.keeping import kept_in_words
from aejax.sweep.profiling import FILE, FOLDER, Profile
from aejax.sweep.table import plan_table, summary
from aejax.trackers import TRACKERS, Tracking, opened
from aejax.trackers import parse as parse_trackers


def define() -> None:
    """Defines the flags."""
    define_config()
    flags.DEFINE_string("workdir", None, "results go here; default runs/NAME[-SCALE]")
    flags.DEFINE_bool("dry_run", False, "print the plan and stop")
    flags.DEFINE_bool("figures", True, "draw the figures at the end")
    flags.DEFINE_bool("report", True, "write report.html at the end")
    flags.DEFINE_bool(
        "profile", False, "trace the sweep (DIR/profile) and say where the seconds went"
    )
    does = "; ".join(f"{name}: {kind.does}" for name, kind in LAUNCHERS.items())
    flags.DEFINE_string(
        "launcher", None, f"work along with others, by local[:N], slurm or ray[:ADDRESS] ({does})"
    )
    keys = "; ".join(f"{key}: {option.what}" for key, option in SLURM_OPTIONS.items())
    flags.DEFINE_string("slurm", None, f"KEY=VALUE,... for --launcher=slurm ({keys})")
    kinds = "; ".join(f"{name}: {kind.does}" for name, kind in TRACKERS.items())
    flags.DEFINE_multi_string(
        "tracker", [], f"tell one or more, separated by commas, what the members do ({kinds})"
    )
    if any(re.match(r"--?launcher=(local:(?!1$)|slurm|ray)", argument) for argument in sys.argv):
        # Who launches computes nothing: accelerators are its workers'.
        jax.config.update("jax_platforms", "cpu")


def asked() -> tuple[SweepPlan, Path]:
    """Returns the plan that the flags ask for, and its work directory.

    Raises:
      ConfigError: anything about them is wrong.
    """
    config, module, overrides = read_config()
    plan = make_plan(config, points_of(module, config), overrides)
    name = config.name if config.scale == "small" else f"{config.name}-{config.scale}"
    return plan, directory("workdir", flags.FLAGS.workdir, f"runs/{name}")


def tracking_of(plan: SweepPlan, workdir: Path, console: Console, check: bool) -> Tracking:
    """Returns what tells the trackers that the flags name.

    Args:
      plan: of the sweep.
      workdir: of the sweep.
      console: where it is said that a tracker broke off.
      check: ask each whether it can be reached; workers do not, and train without.

    Raises:
      ConfigError: an unknown tracker, one without its package, or one that is not there.
    """
    made = opened(parse_trackers(flags.FLAGS.tracker), workdir, plan.config.name)
    for tracker in made.values() if check else ():
        tracker.check()
    return Tracking(made, workdir, console.print)


def main(argv: list[str]) -> int:
    """Runs the sweep and prints its table."""
    del argv
    given = flags.FLAGS
    wanted = given.launcher is not None or given.slurm is not None
    launcher = parse(given.launcher, given.slurm) if wanted else None
    parse_trackers(given.tracker)
    console = make_console()
    if WORKER in os.environ:
        end_with_parent()
    plan, workdir = asked()
    if WORKER in os.environ:
        return _as_worker(plan, workdir, console)
    config = plan.config
    title = f"{config.name}:{config.scale}, {plan.size} members in {len(plan.groups)} groups"
    if given.dry_run:
        _print_plan(plan, workdir, title, console)
        return 0
    if given.profile and launcher is not None:
        raise ConfigError(
            f"--profile with --launcher={given.launcher}: it watches one process. "
            "Allowed: without a launcher."
        )
    begun = time.perf_counter()
    status, profile = 0, Profile(workdir, given.profile)
    tracking = tracking_of(plan, workdir, console, check=True)
    if launcher is None:
        there = ended(workdir, plan.owner) if given.profile else set()
        with profile.sweep():
            outcome = run(plan, workdir, console, tracking)
    else:
        found = launched(plan, workdir, console, launcher, sys.argv[1:], tracking)
        outcome = found.outcome
        for name, reason in found.failed.items():
            console.print(f"{name} broke off ({reason}); logs in {workdir / LOGS}")
        if found.missing:
            console.print(
                f"{found.missing} members have no row yet; aejax status says who is at it, and the "
                "same command goes on"
            )
        status = int(bool(found.failed))
        if not outcome.rows:
            return status
    console.print(summary(outcome.rows, title))
    done = len(outcome.rows) - outcome.fresh
    if outcome.others:
        console.print(
            f"{outcome.others} rows of {workdir} are of other points; figures show them, too"
        )
    console.print(
        f"{outcome.fresh} members trained, {done} were there; {time.perf_counter() - begun:.1f} s; "
        f"rows in {workdir / 'results.jsonl'}"
    )
    if given.figures:
        from aejax.figures import draw  # matplotlib takes a while to import

        with profile.part("figures"):
            for path in shown(draw, workdir):
                if path.suffix == ".png":
                    console.print(f"figure {path}")
    if given.report:
        from aejax import report  # which imports what applies a trained model

        with profile.part("report"):
            console.print(f"report {report.write(workdir)}")
    if given.profile:
        trained = [row for row in outcome.rows if row["id"] not in there]
        console.print(profile.write(trained))
        console.print(f"trace in {workdir / FOLDER}; the table in {workdir / FILE}")
    return status


def _as_worker(plan: SweepPlan, workdir: Path, console: Console) -> int:
    """Trains what nobody else does; who started this process says the rest."""
    tracking = tracking_of(plan, workdir, console, check=False)
    work(plan, workdir, console, wait=os.environ[WORKER] == "stay", tracking=tracking)
    return 0


def _print_plan(plan: SweepPlan, workdir: Path, title: str, console: Console) -> None:
    done = ended(workdir, plan.owner)
    entries = estimate(plan, done)
    total = sum(float(entry["about s"]) for entry in entries)
    console.print(plan_table(entries, title))
    console.print(
        f"{plan.size} members, {len(plan.groups)} groups, one compile a group; "
        f"{sum(int(entry['there']) for entry in entries)} members are there; the rest takes "
        f"about {total:.0f} s on this machine; results would go to {workdir}"
    )
    console.print(kept_in_words(plan))
