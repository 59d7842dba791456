"""Builders: one model for the same arguments of the package's, a new one of the user's."""

from __future__ import annotations

import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError


def test_the_same_arguments_are_the_same_model():
    model = aejax.models.vae(12, latent=2, widths=(8,))
    again = (
        aejax.models.vae(features=12, widths=[8], latent=2.0),
        aejax.models.build("vae", np.int64(12), {"latent": 2, "widths": (8,), "net": "dense"}),
    )
    assert all(each is model for each in again)
    others = (
        aejax.models.vae((12,), latent=2, widths=(8,)),
        aejax.models.vae(12, latent=3, widths=(8,)),
        aejax.models.beta_vae(12, latent=2, widths=(8,)),
    )
    assert len({model, *others}) == 4


def test_what_is_equal_and_not_the_same_is_asked_for_anew():
    """1 == True: a value that is refused stays refused where its equal was built."""
    aejax.models.vae(12, latent=1, widths=(8,))
    with pytest.raises(ConfigError, match="latent=True"):
        aejax.models.vae(12, latent=True, widths=(8,))


def test_a_builder_of_the_users_is_asked_each_time():
    """It may read what has changed since."""
    seen = []

    @aejax.builder
    def mine(features, latent=2):
        seen.append(latent)
        return aejax.models.vae(features, latent=latent, widths=(8,))

    one, two = mine(12), mine(12)
    assert seen == [2, 2]
    assert one is not two


def test_a_builder_keeps_a_bounded_number_of_models():
    from aejax.models.builder import KEPT

    first = aejax.models.linear(5, latent=1)
    for features in range(6, 6 + KEPT):
        aejax.models.linear(features, latent=1)
    assert aejax.models.linear(5, latent=1) is not first
