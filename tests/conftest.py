"""Test-wide settings: ranks never promoted by accident, compiled programs shared between runs."""

import os
import re
from pathlib import Path

# Compiling is most of what the suite costs: without XLA's expensive passes it takes half the time,
# in the processes that tests start as well. Before JAX is imported, which reads it then.
if not os.environ.get("AEJAX_TEST_OPTIMISED"):
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

# Two workers on two cores: libraries' threads that wait for each other by spinning cost minutes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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

# As commands do, some of which run in this process: flags are part of a cached program's name.
# After the hook: it must see the package's first import.
from aejax.backend.cores import be_patient  # noqa: E402

be_patient()

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


def exhaustive_table() -> dict[tuple[str, str], tuple[list[str], str]]:
    """Returns what tests/README.md lists.

    By file and test: the instances that stay in make test, and why the others leave it.
    """
    text = (Path(__file__).parent / "README.md").read_text()
    rows = re.findall(r"^\| `(.+\.py)` \| `(test_\w+)` \| (.*) \| (\w+) \|$", text, re.MULTILINE)
    return {(file, test): (re.findall(r"`([^`]+)`", stays), why) for file, test, stays, why in rows}


LONG = ("statistics", "training")  # these compute more than they compile


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Marks as exhaustive what the table of tests/README.md lists, before `-m` selects."""
    table, here, left = exhaustive_table(), Path(__file__).parent, {}
    for item in items:
        name, _, instance = item.name.partition("[")
        test = item.path.relative_to(here).as_posix(), name
        if test in table:
            stays, why = table[test]
            leaves = not any(instance.startswith(kept) for kept in stays)
            left.setdefault(test, []).append(leaves)
            if leaves:
                item.add_marker(pytest.mark.exhaustive)
                if why in LONG:
                    item.add_marker(pytest.mark.long)
    for test, leave in left.items():
        # One alone may have been named on the command line.
        if table[test][0] and all(leave) and len(leave) > 1:
            raise pytest.UsageError(f"tests/README.md: no instance of {test} begins as it lists")


@pytest.fixture(scope="module", autouse=True)
def programs():
    """A file's compiled programs go with it: those of the whole suite are gigabytes."""
    yield
    jax.clear_caches()


@pytest.fixture
def optimised():
    """For a test of single roundings: compiled as users compile, whatever the suite does."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
