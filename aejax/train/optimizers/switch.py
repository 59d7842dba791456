"""Training switched off: every update is zero, and all else is as it is.

For runs that must fail: a claim about trained models that also passes without training says nothing
of training (`aejax.reproduce.untrained`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import optax


class _Switch:
    """Of the process: programs are compiled in threads that know nothing of their caller."""

    off = False


def training_off() -> bool:
    """Returns whether training is switched off."""
    return _Switch.off


def still(
    tx: optax.GradientTransformationExtraArgs,
) -> optax.GradientTransformationExtraArgs:
    """Returns the transformation, or where training is off one whose updates are zero."""
    if not _Switch.off:
        return tx
    return optax.with_extra_args_support(optax.chain(tx, optax.scale(0.0)))


@contextmanager
def switched_off() -> Iterator[None]:
    """Switches training off within the block."""
    _Switch.off = True
    try:
        yield
    finally:
        _Switch.off = False
