"""Draws a sweep's figures again: python -m experiments.figures --workdir=DIR [--figures=a,b]."""

from __future__ import annotations

import sys

from absl import flags

from aejax import figures
from aejax.errors import ConfigError, run

_WORKDIR = flags.DEFINE_string("workdir", None, "Where the sweep wrote results.jsonl.")
_FIGURES = flags.DEFINE_list(
    "figures", None, f"Which; all by default: {','.join(figures.FIGURES)}."
)


def main(argv: list[str]) -> None:
    """Draws the figures and prints the paths of what it wrote."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: --workdir, --figures.")
    if not _WORKDIR.value:
        raise ConfigError("--workdir is missing. Allowed: the directory of a sweep.")
    written = figures.draw(_WORKDIR.value, _FIGURES.value)
    for path in written:
        print(path)
    drawn = {path.stem for path in written}
    for name in [each for each in _FIGURES.value or figures.FIGURES if each not in drawn]:
        print(f"{name}: nothing to draw for these rows.", file=sys.stderr)


if __name__ == "__main__":
    run(main)
