"""Test-wide settings: ranks never promoted by accident, compiled programs shared between runs."""

import os
from pathlib import Path

import jax
import pytest
from jaxtyping import install_import_hook

# Shapes and types of the annotated functions are checked at every call of the suite. Before the
# package is imported: the hook rewrites modules as they load.
CHECKED = (
    "divergences",
    "sparsity",
    "discrepancy",
    "jacobian",
    "jacobian_chain",
    "total_correlation",
)
install_import_hook([f"aejax.losses.{name}" for name in CHECKED], "beartype.beartype")

jax.config.update("jax_numpy_rank_promotion", "raise")

# The suite trains the same programs several times (a run, its resumed twin): compile them once.
_cache = Path(
    os.environ.get("AEJAX_TEST_CACHE", Path(__file__).parents[1] / ".cache" / "xla-tests")
)
jax.config.update("jax_compilation_cache_dir", str(_cache))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


@pytest.fixture(scope="module", autouse=True)
def programs_are_dropped():
    """A file's compiled programs go with it: those of the whole suite are gigabytes."""
    yield
    jax.clear_caches()
