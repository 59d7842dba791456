"""Trains one run: python -m experiments.train --config=FILE[:SCALE] [--workdir=DIR]."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("train")
