"""Runs a sweep: python -m experiments.sweep --config=FILE[:SCALE] [--workdir=DIR]."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("sweep")
