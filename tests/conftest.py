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
    "jacobian.norm",
    "jacobian.chain",
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



@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """What is trained and compiled for a file's tests, or for a model's promises, is made once.

    A worker takes a file whole, or all that the contract asks of one model. (xdist's own groups,
    `--dist=loadgroup`, are not formed under pytest 9.2: it reads no changed node ids.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Shared(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path, _, test = nodeid.partition("::")
            return test.partition("[")[2] if path.startswith("tests/contract") else path

    return Shared(config, log)


# Folders whose tests compute hardly any number, so that compiling is all that they cost: without
# XLA's expensive passes they take half the time. `make test-all` compiles as users do.
COMPILED_QUICKLY = ("contract", "flows", "priors", "quantised")


@pytest.fixture(scope="module", autouse=True)
def programs(request):
    """A file's compiled programs go with it: those of the whole suite are gigabytes."""
    quickly = request.path.parent.name in COMPILED_QUICKLY
    before = jax.config.read("jax_disable_most_optimizations")
    if quickly and not os.environ.get("AEJAX_TEST_OPTIMISED"):
        jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
    jax.clear_caches()
