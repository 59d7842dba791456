"""Measures speed: python -m experiments.benchmark [--suite=NAME|all]."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("benchmark")
