"""Measures speed against peers and against the machine's limits.

python -m experiments.benchmark [--suite=NAME|all] [--json=FILE] [--compare=OLD.json]
  [--plot=FILE.png] [--rounds=N] [--peers=PYTHON] [--data_dir=DIR] [--manual_dir=DIR]
python -m experiments.benchmark --show=FILE.json     # a record as README's tables; runs nothing

`make bench-peers` builds the peers' environment; without it ours is measured against plain JAX and
the limits alone.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from absl import flags

from aejax import errors
from aejax.benchmark import Context, report
from aejax.benchmark.contest import ROUNDS
from aejax.benchmark.peers import peer_python
from aejax.benchmark.suites import SUITES, named
from experiments.common import make_console

SUITE = flags.DEFINE_string("suite", "all", "a suite by name, or all")
JSON = flags.DEFINE_string("json", None, "write the record here")
COMPARE = flags.DEFINE_string("compare", None, "an older record, to print ratios against")
REPEATS = flags.DEFINE_integer("rounds", ROUNDS, "counted rounds of each contest, 1 or more")
DATA_DIR = flags.DEFINE_string("data_dir", None, "where prepared data is")
MANUAL_DIR = flags.DEFINE_string("manual_dir", None, "raw files, for what is not prepared yet")
PLOT = flags.DEFINE_string("plot", None, "draw the ratios into this PNG, and their CSV beside it")
SHOW = flags.DEFINE_string("show", None, "print this record in Markdown and run nothing")
PEERS = flags.DEFINE_string("peers", None, "the peers' Python; default .venv-peers/bin/python")


def main(argv: list[str]) -> int:
    del argv
    if SHOW.value:
        shown = report.read(SHOW.value, "show")
        print(f"{report.markdown(shown)}\n\n{report.cost_markdown(shown)}")
        return 0
    console = make_console()
    names = named(SUITE.value)
    errors.check_at_least("rounds", REPEATS.value, 1)
    old = report.read(COMPARE.value) if COMPARE.value else []
    peers = peer_python(PEERS.value)
    if peers is None:
        console.print("no environment of peers (make bench-peers builds it): measured without them")
    cases = []
    with TemporaryDirectory(prefix="aejax-benchmark-") as folder:
        context = Context(
            Path(folder),
            peers=peers,
            rounds=REPEATS.value,
            data_dir=DATA_DIR.value,
            manual_dir=MANUAL_DIR.value,
        )
        for name in names:
            console.print(f"suite {name}")
            cases += SUITES[name](context)
    console.print(report.table(cases))
    costs = report.cost_table(cases)
    if costs.row_count:
        console.print(costs)
    if old:
        console.print(report.comparison(old, cases))
    if JSON.value:
        report.write(Path(JSON.value), cases)
        console.print(f"record in {JSON.value}")
    if PLOT.value:
        from aejax.figures.benchmark import draw  # matplotlib takes a while to import
        from aejax.figures.output import save

        path = Path(PLOT.value)
        save(draw(cases), path.parent, path.stem)
        console.print(f"figure {path}")
    return 0


if __name__ == "__main__":
    errors.run(main)
