"""One model at a time: what a model's tests share is dropped when the next one's begin."""

import jax
import pytest

from tests.contract import test_contract

_current: list[str] = []


def pytest_collection_modifyitems(items):
    """All promises of a model one after another, and not a promise of all models."""
    ours = [i for i, item in enumerate(items) if "tests/contract" in item.path.as_posix()]
    by_model = sorted((items[i] for i in ours), key=lambda item: item.callspec.params["name"])
    for i, item in zip(ours, by_model, strict=True):
        items[i] = item


@pytest.fixture(autouse=True)
def one_model_at_a_time(request):
    """Compiled programs of 58 models are six gigabytes."""
    name = request.node.callspec.params["name"]
    if _current != [name]:
        for cached in (test_contract.started, test_contract.pair, test_contract.undisturbed):
            cached.cache_clear()
        jax.clear_caches()
        _current[:] = [name]
