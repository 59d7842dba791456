"""Writes a sweep's report: python -m experiments.report --workdir=DIR."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("report")
