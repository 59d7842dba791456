"""Trains every model and draws its picture: python -m experiments.gallery [--manual_dir=DIR]."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("gallery")
