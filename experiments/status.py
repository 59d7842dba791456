"""Says how far a sweep is, and who works on it: python -m experiments.status --workdir=DIR."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("status")
