"""The table of cell nuclei, against the file that scikit-learn ships."""

import numpy as np
from sklearn.datasets import load_breast_cancer

from aejax import data


def test_rows_and_labels_are_the_files():
    loaded, row = data.load("breast_cancer"), data.DATASETS["breast_cancer"]
    assert row.images == (len(loaded.train), len(loaded.test))
    assert row.shape == loaded.train.shape[1:] == (30,)
    assert data.state("breast_cancer") == "embedded"
    file = load_breast_cancer()
    held = {tuple(x): y for x, y in zip(file.data.astype(np.float32), file.target, strict=True)}
    for rows, labels in (
        (loaded.train, loaded.train_labels),
        (loaded.test, loaded.test_labels),
    ):
        assert [held[tuple(x)] for x in rows] == labels.tolist()
    assert not {tuple(x) for x in loaded.train} & {tuple(x) for x in loaded.test}
