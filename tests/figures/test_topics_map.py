"""Names of topics in the map cover each other nowhere and stay in their panel."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.figures.topics_map import HIGH, INSIDE, WIDE, apart

CASES = {
    "all at one place": np.full((7, 2), 0.5),
    "all at the top": np.column_stack([np.linspace(0.3, 0.5, 7), np.ones(7)]),
    "all at the bottom": np.column_stack([np.linspace(0.3, 0.5, 7), np.zeros(7)]),
    "far apart": np.array([[0.2, 0.2], [0.8, 0.8]]),
    "none": np.zeros((0, 2)),
    **{f"random {seed}": np.random.default_rng(seed).uniform(size=(7, 2)) for seed in range(20)},
}


@pytest.mark.parametrize("at", CASES.values(), ids=CASES)
def test_labels_are_clear_of_each_other(at):
    placed = apart(at)
    far = np.abs(placed[:, None] - placed[None])
    clear = (far[..., 0] >= WIDE) | (far[..., 1] >= HIGH - 1e-9) | np.eye(len(at), dtype=bool)
    assert clear.all()
    assert ((placed[:, 0] >= INSIDE) & (placed[:, 0] <= 1 - INSIDE)).all()
    assert ((placed[:, 1] > 0) & (placed[:, 1] < 1)).all()


def test_what_is_clear_already_stays_where_it_is():
    np.testing.assert_array_equal(apart(CASES["far apart"]), CASES["far apart"])
