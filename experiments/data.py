"""Data sets: python -m experiments.data list, or prepare NAME."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("data")
