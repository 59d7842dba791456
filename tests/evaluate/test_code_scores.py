"""The table of metrics on codes: every entry on a perfect and on a random code, by name."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.errors import ConfigError
from aejax.evaluate.code_scores import CODE_METRICS, code_metrics, code_table
from aejax.evaluate.probes import Coded

RNG = np.random.default_rng(0)
LABELS = [RNG.integers(0, 3, 150), RNG.integers(0, 3, 90)]
CLUSTERS = [np.eye(3)[y] + 0.01 * RNG.normal(size=(len(y), 3)) for y in LABELS]


def coded(codes: list[np.ndarray]) -> Coded:
    return Coded(codes[0], LABELS[0], codes[1], LABELS[1], test_examples=CLUSTERS[1])


def test_every_entry_tells_a_perfect_code_from_a_random_one():
    perfect = code_metrics(list(CODE_METRICS), coded(CLUSTERS))
    random = code_metrics(list(CODE_METRICS), coded([RNG.normal(size=c.shape) for c in CLUSTERS]))
    assert set(perfect) == set(random)
    for name, value in perfect.items():
        if name.endswith(("half_width", "precision_error")):
            assert value >= 0
        elif name.endswith("_error"):
            assert value == 0.0 < random[name]
        else:
            assert value == pytest.approx(1.0)
            assert random[name] < 0.7
    one = code_metrics(["retrieval"], coded(CLUSTERS))
    assert one == {name: perfect[name] for name in one}


def test_wrong_names_and_missing_examples_are_refused():
    with pytest.raises(ConfigError, match="Did you mean 'retrieval'"):
        code_metrics(["retrival"], coded(CLUSTERS))
    with pytest.raises(ConfigError, match="test_examples=None"):
        code_metrics(["neighbourhoods"], coded(CLUSTERS)._replace(test_examples=None))


def test_code_table_is_the_encoder_on_every_row():
    model = models.vae((2, 3, 1), latent=2, widths=(4,))
    table = RNG.integers(0, 256, (53, 2, 3, 1), dtype=np.uint8)
    x = jnp.asarray(table, jnp.float32) / 255
    variables = model.init(jax.random.key(0), x)
    expected = model.encode(variables, x).mean
    for batch_size in (10, 53, 500):
        found = code_table(model, variables, table, batch_size)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
