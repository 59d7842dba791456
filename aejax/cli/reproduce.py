"""Reproduces a paper: trains, measures, judges its claims, draws its figures.

aejax reproduce --list [--json | --markdown]
aejax reproduce NAME [--scale=SCALE] [--workdir=DIR] [--data_dir=DIR]
  [--manual_dir=DIR] [--results_dir=DIR] [--nofigures]
"""

from __future__ import annotations

import json
from pathlib import Path

from absl import flags

from aejax import errors
from aejax.cli import configs
from aejax.cli.common import directory, make_console, shown
from aejax.reproduce import papers, results, table, tasks


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_bool("list", False, "list all papers, their claims' states and their costs")
    flags.DEFINE_bool("json", False, "with --list: as JSON")
    flags.DEFINE_bool("markdown", False, "with --list: the claims as a Markdown table")
    flags.DEFINE_string("scale", "small", "smoke, small, medium (some papers) or paper")
    flags.DEFINE_string("workdir", None, "default runs/reproduce/NAME-SCALE")
    flags.DEFINE_string("results_dir", "results", "gets NAME/SCALE.json and NAME/figures/")
    flags.DEFINE_string("data_dir", None, "where prepared data is")
    flags.DEFINE_string("manual_dir", None, "raw files of what is not prepared")
    flags.DEFINE_bool("figures", True, "draw the paper's figures")


def folder() -> Path:
    """Returns where the papers' files are."""
    return configs.folder() / "papers"


def show_index() -> int:
    """Prints all papers."""
    given = flags.FLAGS
    entries = papers.index(folder(), directory("results_dir", given.results_dir, "results"))
    if given.json:
        print(json.dumps(entries, indent=1, ensure_ascii=False))
    elif given.markdown:
        print(table.markdown(entries))
    else:
        make_console(markup=True).print(table.index_table(entries))
    return 0


def main(argv: list[str]) -> int:
    """Lists the papers, or reproduces one; status 1 where a claim fails."""
    given = flags.FLAGS
    if given.list:
        return show_index()
    if len(argv) != 2:
        raise errors.ConfigError(
            f"paper={' '.join(argv[1:]) or None!r} is no one name. Allowed: --list, or one of "
            f"{', '.join(papers.names(folder()))}."
        )
    name, scale = argv[1], given.scale
    entry = papers.load(folder(), name)
    config = papers.configure(entry, scale, data_dir=given.data_dir, manual_dir=given.manual_dir)
    console = make_console()
    workdir = directory("workdir", given.workdir, f"runs/reproduce/{name}-{scale}")
    out = directory("results_dir", given.results_dir, "results") / name
    rows = papers.measure(entry, config, workdir, console)
    described, verdicts = results.document(name, scale, rows, entry.claims)
    if given.manual_dir and any(claim.needs for claim in entry.claims):
        described["command"] += " --manual_dir=DIR"
    results.write(out / f"{scale}.json", described)
    if given.figures:
        from aejax.figures.papers import draw_paper  # matplotlib takes a while to import

        arrays = tasks.arrays_of(workdir, rows)
        for path in shown(draw_paper, entry.paper.figures, rows, arrays, out / "figures", scale):
            console.print(f"figure {path}")
    claims = table.claims_table(f"{entry.paper.title}, scale {scale}", verdicts)
    make_console(markup=True).print(claims)
    console.print(
        f"{described['passed']} of {described['judged']} claims pass; {described['seconds']:.0f} s "
        f"of computing; {out / f'{scale}.json'}"
    )
    return int(any(verdict.passed is False for verdict in verdicts))
