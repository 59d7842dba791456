"""The contract is about numbers that agree, and hardly any are computed: compiling is its cost."""

import jax
import pytest


@pytest.fixture(autouse=True)
def quick_compiles():
    """XLA without its expensive passes: less time for the suite, the same promises."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
