"""Trustworthiness and continuity against their definition, and at their ends."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.evaluate.neighbourhoods import continuity, trustworthiness

RNG = np.random.default_rng(0)


def by_definition(x: np.ndarray, z: np.ndarray, k: int) -> float:
    """Venna & Kaski 2001, written out with ranks."""
    n, penalty = len(x), 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        by_x = sorted(others, key=lambda j: np.linalg.norm(x[i] - x[j]))
        by_z = sorted(others, key=lambda j: np.linalg.norm(z[i] - z[j]))
        penalty += sum(by_x.index(j) + 1 - k for j in by_z[:k] if j not in by_x[:k])
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * penalty


@pytest.mark.parametrize("k", [1, 4])
def test_both_are_what_the_paper_defines(k):
    x = RNG.normal(size=(25, 3, 2))
    z = x.reshape(25, 6)[:, :2] + 0.1 * RNG.normal(size=(25, 2))
    rows = x.reshape(25, 6)
    assert trustworthiness(x, z, k) == pytest.approx(by_definition(rows, z, k))
    assert continuity(x, z, k) == pytest.approx(by_definition(z, rows, k))


def test_a_perfect_and_a_random_code():
    x = RNG.normal(size=(200, 3))
    assert trustworthiness(x, -2 * x + 1) == continuity(x, -2 * x + 1) == 1.0
    random = RNG.normal(size=(200, 2))
    assert trustworthiness(x, random) == pytest.approx(0.5, abs=0.05)
    assert continuity(x, random) == pytest.approx(0.5, abs=0.05)


def test_gluing_and_tearing_are_told_apart():
    """A projection that lays far points together is not trusted; a cut circle is not continuous."""
    angle = RNG.uniform(0, 2 * np.pi, 300)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    folded, cut = circle[:, :1], angle[:, None]
    assert trustworthiness(circle, folded) < 0.9 < continuity(circle, folded)
    assert continuity(circle, cut) < trustworthiness(circle, cut)


def test_wrong_input_is_refused():
    with pytest.raises(ConfigError, match="3 examples and 4 codes"):
        trustworthiness(np.ones((3, 2)), np.ones((4, 2)), 1)
    with pytest.raises(ConfigError, match="neighbours=5 is out of range"):
        trustworthiness(np.ones((10, 2)), np.ones((10, 2)))
