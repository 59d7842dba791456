"""Reproduces a paper: python -m experiments.reproduce NAME [--scale=SCALE]."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("reproduce")
