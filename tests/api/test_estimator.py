"""The estimator under scikit-learn's own checks, and in a Pipeline and a grid search."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from aejax.sklearn import AutoencoderTransformer

SMALL = AutoencoderTransformer(steps=5, latent=2, args={"widths": (8,)}, random_state=0)


@parametrize_with_checks([SMALL])  # no exception is needed
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


def test_in_a_pipeline_and_a_grid_search():
    x, y = load_digits(return_X_y=True)
    x, y = x[:300], y[:300]
    ours = AutoencoderTransformer(steps=200, latent=8, random_state=0, hp={"lr": 3e-3})
    pipe = make_pipeline(StandardScaler(), ours, LogisticRegression(max_iter=500))
    grid = {"autoencodertransformer__latent": [2, 8]}
    search = GridSearchCV(pipe, grid, cv=2).fit(x, y)
    assert search.best_params_ == {"autoencodertransformer__latent": 8}
    names = pipe[:-1].fit(x).get_feature_names_out()
    assert list(names[:2]) == ["autoencodertransformer0", "autoencodertransformer1"]
    twin = clone(ours).fit(x)
    np.testing.assert_array_equal(twin.transform(x), ours.fit(x).transform(x))
    codes = twin.transform(x)
    error = np.square(twin.inverse_transform(codes) - x).sum(1)
    np.testing.assert_allclose(twin.score_samples(x), -error, rtol=1e-4)
    with pytest.raises(ValueError, match="is unknown"):
        AutoencoderTransformer(model="vaee").fit(x)


def test_images_and_what_a_transformer_is_not_told():
    x = load_digits(return_X_y=True)[0][:40].astype(np.float32)
    ours = clone(SMALL).set_params(shape=(8, 8, 1), args={"net": "conv", "widths": (8,)})
    codes = ours.fit(x).transform(x)
    assert codes.shape == (40, 2)
    assert ours.inverse_transform(codes).shape == x.shape
    with pytest.raises(ValueError, match=r"has 49 numbers, a row of X 64"):
        ours.set_params(shape=(7, 7, 1)).fit(x)
    with pytest.raises(ValueError, match="net='conv' does not go with examples of shape"):
        ours.set_params(shape=None).fit(x)
    with pytest.raises(ValueError, match="condition=10 does not go with a transformer"):
        ours.set_params(args={"condition": 10}).fit(x)
