"""Trains one run: the config itself, without its sweep.

aejax train --config=FILE[:SCALE] [--config.model=vae] [--workdir=DIR]

FILE is a path, such as configs/quickstart.py, or a shipped config's name, such as quickstart.
"""

from __future__ import annotations

from absl import flags

from aejax.cli.common import define_config, directory, make_console, read_config
from aejax.sweep import make_plan, run
from aejax.sweep.table import summary


def define() -> None:
    """Defines the flags."""
    define_config()
    flags.DEFINE_string("workdir", None, "results go here; default runs/NAME-MODEL-SEED")


def main(argv: list[str]) -> int:
    """Trains, and prints the row."""
    del argv
    config, _, _ = read_config()
    console = make_console()
    plan = make_plan(config)
    default = f"runs/{config.name}-{config.model}-{config.seed}"
    workdir = directory("workdir", flags.FLAGS.workdir, default)
    outcome = run(plan, workdir, console)
    console.print(summary(outcome.rows, f"{config.model} on {config.dataset}, seed {config.seed}"))
    console.print(f"row in {workdir / 'results.jsonl'}")
    return 0
