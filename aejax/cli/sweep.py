"""Runs a sweep, or what is missing of it.

aejax sweep --config=FILE[:SCALE] [--workdir=DIR]
  [--config.FIELD=VALUE ...] [--dry_run] [--nofigures] [--noreport]

FILE is a path, such as configs/quickstart.py, or a shipped config's name, such as quickstart.
"""

from __future__ import annotations

import time

from absl import flags

from aejax.cli.common import (
    define_config,
    directory,
    make_console,
    points_of,
    read_config,
    shown,
)
from aejax.results.store import ended
from aejax.sweep import estimate, make_plan, run
from aejax.sweep.keeping import kept_in_words
from aejax.sweep.table import plan_table, summary


def define() -> None:
    """Defines the flags."""
    define_config()
    flags.DEFINE_string("workdir", None, "results go here; default runs/NAME[-SCALE]")
    flags.DEFINE_bool("dry_run", False, "print the plan and stop")
    flags.DEFINE_bool("figures", True, "draw the figures at the end")
    flags.DEFINE_bool("report", True, "write report.html at the end")


def main(argv: list[str]) -> int:
    """Runs the sweep and prints its table."""
    del argv
    given = flags.FLAGS
    config, module, overrides = read_config()
    console = make_console()
    plan = make_plan(config, points_of(module, config), overrides)
    name = config.name if config.scale == "small" else f"{config.name}-{config.scale}"
    workdir = directory("workdir", given.workdir, f"runs/{name}")
    title = f"{config.name}:{config.scale}, {plan.size} members in {len(plan.groups)} groups"
    if given.dry_run:
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
        return 0
    begun = time.perf_counter()
    outcome = run(plan, workdir, console)
    console.print(summary(outcome.rows, title))
    done = plan.size - outcome.fresh
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

        for path in shown(draw, workdir):
            if path.suffix == ".png":
                console.print(f"figure {path}")
    if given.report:
        from aejax import report  # which imports what applies a trained model

        console.print(f"report {report.write(workdir)}")
    return 0
