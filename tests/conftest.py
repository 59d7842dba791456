"""Test-wide settings: warnings are errors (pyproject), ranks never promoted by accident."""

import jax

jax.config.update("jax_numpy_rank_promotion", "raise")
