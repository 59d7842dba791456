"""The table of wines, against the file that scikit-learn ships."""

import numpy as np
from sklearn.datasets import load_wine

from aejax import data


def test_rows_and_labels_are_the_files():
    loaded, row = data.load("wine"), data.DATASETS["wine"]
    assert row.images == (len(loaded.train), len(loaded.test))
    assert row.shape == loaded.train.shape[1:] == (13,)
    assert data.state("wine") == "embedded"
    file = load_wine()
    held = {tuple(x): y for x, y in zip(file.data.astype(np.float32), file.target, strict=True)}
    found = np.concatenate([loaded.train, loaded.test])
    labels = np.concatenate([loaded.train_labels, loaded.test_labels])
    assert [held[tuple(x)] for x in found] == labels.tolist()
    assert len({tuple(x) for x in found}) == len(file.data)
