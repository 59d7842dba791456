"""Reproduces a paper: trains, measures, judges its claims, draws its figures.

python -m experiments.reproduce --list [--json | --markdown]
python -m experiments.reproduce NAME [--scale=SCALE] [--workdir=DIR] [--data_dir=DIR]
  [--manual_dir=DIR] [--results_dir=DIR] [--nofigures]
"""

from __future__ import annotations

import json
from pathlib import Path

from absl import flags

from aejax import errors
from aejax.reproduce import papers, results, table, tasks
from experiments.common import make_console

LIST = flags.DEFINE_bool("list", False, "list all papers, their claims' states and their costs")
JSON = flags.DEFINE_bool("json", False, "with --list: as JSON")
MARKDOWN = flags.DEFINE_bool("markdown", False, "with --list: the claims as a Markdown table")
SCALE = flags.DEFINE_string("scale", "small", "smoke, small, medium (some papers) or paper")
WORKDIR = flags.DEFINE_string("workdir", None, "default runs/reproduce/NAME-SCALE")
RESULTS = flags.DEFINE_string("results_dir", "results", "gets NAME/SCALE.json and NAME/figures/")
DATA_DIR = flags.DEFINE_string("data_dir", None, "where prepared data is")
MANUAL_DIR = flags.DEFINE_string("manual_dir", None, "raw files of what is not prepared")
FIGURES = flags.DEFINE_bool("figures", True, "draw the paper's figures")

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "papers"


def show_index() -> int:
    """Prints all papers."""
    entries = papers.index(FOLDER, Path(RESULTS.value))
    if JSON.value:
        print(json.dumps(entries, indent=1, ensure_ascii=False))
    elif MARKDOWN.value:
        print(table.markdown(entries))
    else:
        make_console().print(table.index_table(entries))
    return 0


def main(argv: list[str]) -> int:
    if LIST.value:
        return show_index()
    if len(argv) != 2:
        raise errors.ConfigError(
            f"paper={' '.join(argv[1:]) or None!r} is no one name. Allowed: --list, or one of "
            f"{', '.join(papers.names(FOLDER))}."
        )
    name, scale = argv[1], SCALE.value
    entry = papers.load(FOLDER, name)
    config = papers.configure(entry, scale, data_dir=DATA_DIR.value, manual_dir=MANUAL_DIR.value)
    console = make_console()
    workdir = Path(WORKDIR.value or f"runs/reproduce/{name}-{scale}")
    rows = papers.measure(entry, config, workdir, console)
    described, verdicts = results.document(name, scale, rows, entry.claims)
    if MANUAL_DIR.value and any(claim.needs for claim in entry.claims):
        described["command"] += " --manual_dir=DIR"
    folder = Path(RESULTS.value) / name
    results.write(folder / f"{scale}.json", described)
    if FIGURES.value:
        from aejax.figures.papers import draw_paper  # matplotlib takes a while to import

        arrays = tasks.arrays_of(workdir, rows)
        for path in draw_paper(entry.paper.figures, rows, arrays, folder / "figures", scale):
            console.print(f"figure {path}")
    console.print(table.claims_table(f"{entry.paper.title}, scale {scale}", verdicts))
    console.print(
        f"{described['passed']} of {described['judged']} claims pass; {described['seconds']:.0f} s "
        f"of computing; {folder / f'{scale}.json'}"
    )
    return int(any(verdict.passed is False for verdict in verdicts))


if __name__ == "__main__":
    errors.run(main)
