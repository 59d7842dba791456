"""Silent broadcasting over a missing axis is how a loss over [B] becomes one over [B, B]."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _rank_promotion_raises():
    with jax.numpy_rank_promotion("raise"):
        yield
