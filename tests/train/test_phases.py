"""Phases: pre-training in one batch size, fine-tuning in another, with nothing lost between."""

from __future__ import annotations

import numpy as np
import pytest

from aejax import data
from aejax.errors import ConfigError
from aejax.models import deep_rbm
from aejax.train import tree
from aejax.train.phases import pretrain, tune
from aejax.train.recipe import Recipe


def rows() -> np.ndarray:
    return data.load("digits").train[:200].reshape(200, 64)


def test_the_stack_is_where_fine_tuning_begins():
    """Fine-tuning at rate zero leaves encoder and biases bit for bit, and unrolls the decoder."""
    model = deep_rbm(64, 3, (8,))
    begun = pretrain(model, rows(), Recipe(8, 50), seeds=[0, 1])
    done = tune(model, rows(), Recipe(2, 100), seeds=[0, 1], hp={"lr": 0.0}, initial=begun)
    before = tree.flatten(begun["params"])
    after = tree.flatten(done.state.variables["params"])
    for path, value in before.items():
        if not (path.startswith("decoder") and path.endswith("kernel")):
            np.testing.assert_array_equal(value, after[path], err_msg=path)
    for layer in (0, 1):
        np.testing.assert_array_equal(
            after[f"decoder/dense_{layer}/kernel"],
            np.swapaxes(before[f"encoder/dense_{1 - layer}/kernel"], 1, 2),
        )
    assert not np.array_equal(*before["encoder/dense_0/kernel"])  # the seeds differ


def test_the_control_has_no_phase_before():
    model = deep_rbm(64, 3, (8,), pretraining=0.0)
    with pytest.raises(ConfigError, match="has no pre-training"):
        pretrain(model, rows(), Recipe(8, 50), seeds=[0])
    done = tune(model, rows(), Recipe(3, 100, "cg_batches"), seeds=[0])
    assert int(done.state.health.step[0]) == -1
