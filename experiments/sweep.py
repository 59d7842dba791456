"""Runs a sweep, or what is missing of it.

python -m experiments.sweep --config=configs/quickstart.py[:SCALE] [--workdir=DIR]
  [--config.FIELD=VALUE ...] [--dry_run] [--nofigures]
"""

from __future__ import annotations

import time
from pathlib import Path

from absl import flags

from aejax import errors
from aejax.sweep import estimate, make_plan, run
from aejax.sweep.table import plan_table, summary
from experiments.common import define_config, make_console, points_of, read_config

CONFIG = define_config()
WORKDIR = flags.DEFINE_string("workdir", None, "results go here; default runs/NAME[-SCALE]")
DRY_RUN = flags.DEFINE_bool("dry_run", False, "print the plan and stop")
FIGURES = flags.DEFINE_bool("figures", True, "draw the figures at the end")


def main(argv: list[str]) -> int:
    del argv
    config, module, overrides = read_config(CONFIG)
    console = make_console()
    plan = make_plan(config, points_of(module, config), overrides)
    name = config.name if config.scale == "small" else f"{config.name}-{config.scale}"
    workdir = Path(WORKDIR.value or f"runs/{name}")
    title = f"{config.name}:{config.scale}, {plan.size} members in {len(plan.groups)} groups"
    if DRY_RUN.value:
        entries = estimate(plan)
        total = sum(float(entry["about s"]) for entry in entries)
        console.print(plan_table(entries, title))
        console.print(
            f"{plan.size} members, {len(plan.groups)} groups, one compile a group; about "
            f"{total:.0f} s on this machine; results would go to {workdir}"
        )
        return 0
    begun = time.perf_counter()
    outcome = run(plan, workdir, console)
    console.print(summary(outcome.rows, title))
    done = plan.size - outcome.fresh
    console.print(
        f"{outcome.fresh} members trained, {done} were there; {time.perf_counter() - begun:.1f} s; "
        f"rows in {workdir / 'results.jsonl'}"
    )
    if FIGURES.value:
        from aejax.figures import draw  # matplotlib takes a while to import

        for path in draw(workdir):
            if path.suffix == ".png":
                console.print(f"figure {path}")
    return 0


if __name__ == "__main__":
    errors.run(main)
