"""Writes DIR/report.html: a sweep's table, curves, pictures and latent codes on one page.

aejax report --workdir=DIR

The page opens from disk in any browser, without a network. Figures are those in DIR/figures; the
sweep may still be running.
"""

from __future__ import annotations

from absl import flags

from aejax import report
from aejax.cli.common import directory
from aejax.errors import ConfigError


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("workdir", None, "where the sweep wrote results.jsonl")


def main(argv: list[str]) -> None:
    """Writes the page and prints its path."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: --workdir.")
    given = flags.FLAGS
    if not given.workdir:
        raise ConfigError("--workdir is missing. Allowed: the directory of a sweep.")
    print(report.write(directory("workdir", given.workdir, "")))
