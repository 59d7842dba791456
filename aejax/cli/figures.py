"""Draws a sweep's figures again.

aejax figures --workdir=DIR [--figures=a,b]
"""

from __future__ import annotations

import sys

from absl import flags

from aejax import figures
from aejax.cli.common import directory
from aejax.errors import ConfigError


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("workdir", None, "where the sweep wrote results.jsonl")
    flags.DEFINE_list("figures", None, f"which; all by default: {','.join(figures.FIGURES)}")


def main(argv: list[str]) -> None:
    """Draws the figures and prints the paths of what it wrote."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: --workdir, --figures.")
    given = flags.FLAGS
    if not given.workdir:
        raise ConfigError("--workdir is missing. Allowed: the directory of a sweep.")
    written = figures.draw(directory("workdir", given.workdir, ""), given.figures)
    for path in written:
        print(path)
    drawn = {path.stem for path in written}
    for name in [each for each in given.figures or figures.FIGURES if each not in drawn]:
        print(f"{name}: nothing to draw for these rows.", file=sys.stderr)
