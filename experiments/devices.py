"""Compiles for machines that are not here: python -m experiments.devices."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("devices")
