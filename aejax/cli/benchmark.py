"""Measures speed against peers and against the machine's limits.

aejax benchmark [--suite=NAME|all] [--json=FILE] [--compare=OLD.json]
  [--plot=FILE.png] [--rounds=N] [--peers=PYTHON] [--data_dir=DIR] [--manual_dir=DIR]
aejax benchmark --show=FILE.json     # a record as README's tables; runs nothing

`make bench-peers` builds the peers' environment; without it ours is measured against plain JAX and
the limits alone.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from absl import flags

from aejax import errors
from aejax.benchmark import Bench, report
from aejax.benchmark.contest import ROUNDS
from aejax.benchmark.peers import peer_python
from aejax.benchmark.suites import SUITES, named
from aejax.cli.common import make_console


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("suite", "all", "a suite by name, or all")
    flags.DEFINE_string("json", None, "write the record here")
    flags.DEFINE_string("compare", None, "an older record, to print ratios against")
    flags.DEFINE_integer("rounds", ROUNDS, "counted rounds of each contest, 1 or more")
    flags.DEFINE_string("data_dir", None, "where prepared data is")
    flags.DEFINE_string("manual_dir", None, "raw files, for what is not prepared yet")
    flags.DEFINE_string("plot", None, "draw the ratios into this PNG, and their CSV beside it")
    flags.DEFINE_string("show", None, "print this record in Markdown and run nothing")
    flags.DEFINE_string("peers", None, "the peers' Python; default .venv-peers/bin/python")


def main(argv: list[str]) -> int:
    """Runs suites and prints their tables, or shows a record."""
    del argv
    given = flags.FLAGS
    if given.show:
        shown = report.read(given.show, "show")
        print(f"{report.markdown(shown)}\n\n{report.cost_markdown(shown)}")
        return 0
    console = make_console()
    names = named(given.suite)
    errors.check_at_least("rounds", given.rounds, 1)
    if given.plot:
        errors.need("matplotlib", "figures")  # now, not after an hour of measuring
    old = report.read(given.compare) if given.compare else []
    peers = peer_python(given.peers)
    if peers is None:
        console.print("no environment of peers (make bench-peers builds it): measured without them")
    cases = []
    with TemporaryDirectory(prefix="aejax-benchmark-") as folder:
        context = Bench(
            Path(folder),
            peers=peers,
            rounds=given.rounds,
            data_dir=given.data_dir,
            manual_dir=given.manual_dir,
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
    if given.json:
        report.write(Path(given.json), cases)
        console.print(f"record in {given.json}")
    if given.plot:
        from aejax.figures.benchmark import draw  # matplotlib takes a while to import
        from aejax.figures.output import save

        path = Path(given.plot)
        save(draw(cases), path.parent, path.stem)
        console.print(f"figure {path}")
    return 0
