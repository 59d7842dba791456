"""Samplers after training, against the codes' own moments and a known mixture."""

from __future__ import annotations

import numpy as np
import pytest

import aejax
from aejax.api.ex_post import DENSITIES
from aejax.errors import ConfigError


@pytest.fixture(scope="module")
def ring():
    """Codes of four clusters, of weights .1 to .4, about which no single Gaussian knows."""
    random = np.random.RandomState(0)
    centres = np.array([[5.0, 0], [0, 5], [-5, 0], [0, -5]])
    which = random.choice(4, 2000, p=[0.1, 0.2, 0.3, 0.4])
    return centres[which] + 0.3 * random.normal(size=(2000, 2))


def weights(codes):
    """The share of codes about each centre, and of those about none."""
    centres = np.array([[5.0, 0], [0, 5], [-5, 0], [0, -5]])
    far = np.linalg.norm(codes[:, None] - centres, axis=-1)
    return [*np.mean(far < 1.5, axis=0), np.mean(far.min(1) >= 1.5)]


def test_one_component_is_the_gaussian_of_the_codes_moments(ring):
    drawn = DENSITIES["mixture"](ring, components=1)(20_000, 1)
    np.testing.assert_allclose(drawn.mean(0), ring.mean(0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(ring.T), rtol=0.05, atol=0.3)
    assert weights(drawn)[-1] > 0.5


def test_a_mixture_finds_the_clusters_and_their_weights(ring):
    drawn = DENSITIES["mixture"](ring, components=4)(20_000, 1)
    np.testing.assert_allclose(weights(drawn), [0.1, 0.2, 0.3, 0.4, 0], atol=0.03)


def test_a_second_stage_finds_most_of_them(ring):
    drawn = DENSITIES["two_stage"](ring, width=64, steps=1500)(5000, 1)
    found = weights(drawn)
    np.testing.assert_allclose(found[:4], [0.1, 0.2, 0.3, 0.4], atol=0.15)
    assert found[-1] < 0.35  # between them; of one Gaussian it is more than half


@pytest.fixture(scope="module")
def trained():
    x = np.random.RandomState(0).randint(0, 255, (200, 4, 4), dtype=np.uint8)
    model = aejax.models.undercomplete(features=(4, 4, 1), latent=3, widths=(8,))
    return aejax.fit(model, x, steps=20, progress=False), x


def test_examples_are_the_decoded_codes_on_the_rows_scale(trained):
    fitted, x = trained
    draw = aejax.ex_post(fitted, x, components=2)
    assert draw(7, 0).shape == aejax.decode(fitted, np.zeros((7, 3), np.float32)).shape
    assert draw(7, 0).mean() > 1  # bytes, as the rows are
    np.testing.assert_array_equal(draw(7, 0), draw(7, 0))
    assert (draw(7, 0) != draw(7, 1)).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"density": "mixtures"}, "Did you mean 'mixture'"),
        ({"component": 3}, "Did you mean 'components'"),
        ({"density": "two_stage", "components": 3}, "Allowed: steps, width"),
        ({"density": "two_stage", "steps": 0}, "steps=0"),
        ({"density": "two_stage", "width": 2.5}, "width"),
        ({"seed": -1}, "seed=-1"),
        ({"components": 0}, "components=0"),
        ({"components": 101}, "Allowed: 1 to 100"),
    ],
)
def test_bad_input_is_one_line(trained, options, said):
    with pytest.raises(ConfigError, match=said) as error:
        aejax.ex_post(*trained, **options)
    assert "\n" not in str(error.value)
