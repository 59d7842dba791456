"""Prints the table of models: python -m experiments.models."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("models")
