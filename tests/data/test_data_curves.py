"""Curves: through their points, inked where they run, and the same bytes everywhere."""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from aejax import data
from aejax.data import curves


def test_curves_by_name():
    loaded, row = data.load("curves"), data.DATASETS["curves"]
    assert row.images == (len(loaded.train), len(loaded.test)) == (20_000, 10_000)
    assert row.shape == loaded.train.shape[1:] == (28, 28, 1)
    assert loaded.train.dtype == np.uint8
    assert loaded.train_labels is None
    assert loaded.fingerprint == "763c83fe469d8e20"
    assert loaded.train.max() == 255
    assert (loaded.train.reshape(20_000, -1).max(1) > 200).all()  # ink in every picture
    assert data.state("curves") == "embedded"


def test_a_curve_is_the_natural_spline_through_its_points():
    points = curves.three_points(50)
    assert (np.diff(points[..., 0], axis=1) > 0).all()  # one order for each image
    places = curves.spline(points, 101)
    np.testing.assert_allclose(places[:, [0, 50, 100]], points, atol=1e-12)
    theirs = CubicSpline([0, 1, 2], points, axis=1, bc_type="natural")(np.linspace(0, 2, 101))
    np.testing.assert_allclose(places, theirs, atol=1e-9)


def test_ink_falls_with_the_distance_from_the_curve():
    """Distances to a curve drawn forty times as finely."""
    points = curves.three_points(20)
    images = curves.ink(curves.spline(points)).astype(float)
    middles = np.stack(np.meshgrid(np.arange(28) + 0.5, np.arange(28) + 0.5), -1).reshape(-1, 2)
    fine = curves.spline(points, 2000)
    for image, line in zip(images, fine, strict=True):
        away = cdist(middles, line).min(1)
        grey = 255 * np.clip(1 - (away / curves.PEN) ** 2, 0, 1)
        assert np.abs(image.reshape(-1) - grey).max() < 25


def test_a_line_that_leaves_the_picture_is_cut_at_its_edge():
    crossing = np.stack([np.linspace(-9, 37, 200), np.full(200, 14.5)], 1)[None]
    image = curves.ink(crossing)[0]
    assert image[14].min() >= 254
    assert (image[:13] == 0).all()


def test_the_variance_is_near_that_of_the_papers_set():
    """The plateau of 16 to 18, and PCA's 5.90 with 18 components; see the module."""
    loaded = data.load("curves", train_size=5000, test_size=2000)
    x, y = (part.reshape(len(part), -1) / 255.0 for part in (loaded.train, loaded.test))
    assert 16 < np.square(y - x.mean(0)).sum(1).mean() < 18
    pca = PCA(18, svd_solver="covariance_eigh").fit(x)
    error = np.square(y - pca.inverse_transform(pca.transform(y))).sum(1).mean()
    assert 5.5 < error < 7.5
