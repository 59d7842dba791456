"""Trains one run: the config itself, without its sweep.

python -m experiments.train --config=configs/quickstart.py[:SCALE] [--config.model=vae]
[--workdir=DIR]
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from aejax import errors
from aejax.sweep import make_plan, run
from aejax.sweep.table import summary
from experiments.common import define_config, make_console, read_config

CONFIG = define_config()
WORKDIR = flags.DEFINE_string("workdir", None, "results go here; default runs/NAME-MODEL-SEED")


def main(argv: list[str]) -> int:
    del argv
    config, _, _ = read_config(CONFIG)
    console = make_console()
    plan = make_plan(config)
    workdir = Path(WORKDIR.value or f"runs/{config.name}-{config.model}-{config.seed}")
    outcome = run(plan, workdir, console)
    console.print(summary(outcome.rows, f"{config.model} on {config.dataset}, seed {config.seed}"))
    console.print(f"row in {workdir / 'results.jsonl'}")
    return 0


if __name__ == "__main__":
    errors.run(main)
