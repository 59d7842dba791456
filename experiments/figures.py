"""Draws a sweep's figures again: python -m experiments.figures --workdir=DIR."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("figures")
