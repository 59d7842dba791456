"""Applies a trained member: python -m experiments.apply --workdir=DIR --do=VERB ..."""

from aejax.cli.main import script

if __name__ == "__main__":
    script("apply")
