"""The application `molecules`: the user's files, the choice, and what its metrics say."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from aejax.baselines import best, named, settings
from aejax.baselines.n_grams import longest_context, n_grams
from aejax.baselines.ridge import ridge_r2
from aejax.data.molecules import grown
from aejax.errors import ConfigError
from aejax.reproduce import papers
from tests.reproduce.test_applications import FOLDER, context, own_rows


@functools.cache
def module():
    return papers.load(FOLDER, "molecules").module


def test_molecules_of_the_users_are_counted_as_by_hand(tmp_path):
    pytest.importorskip("rdkit")
    path = tmp_path / "mine.smi"
    path.write_text("\n".join(grown(260, seed=3)) + "\n")
    rows = own_rows("molecules", path, tmp_path, "n_grams", "training_molecules")
    found = {(row["point"]["method"], row["seed"]): row for row in rows}
    assert found["training_molecules", 0]["metrics"]["valid"] == 1
    assert found["training_molecules", 0]["metrics"]["novel"] == 0
    entry, given = context("molecules", path, tmp_path)
    data = entry.module.held(given, str(path))
    n = len(data.train) + len(data.valid) + len(data.test)
    assert n <= 260
    assert not set(data.train) & {*data.valid, *data.test}
    assert all(data.chemistry.canonical(text) == text for text in data.train)
    x = data.ids(data.train)
    grid = settings(entry.module.GRIDS["n_grams"])
    assert max(s["context"] for s in grid) <= longest_context(data.alphabet.size)
    models = {named(s): n_grams(x, data.alphabet.size, **s) for s in grid}
    per_token = lambda model, part: model.log_p(data.ids(part)).sum() / (data.ids(part) > 0).sum()
    chosen = best({name: [per_token(m, data.valid)] for name, m in models.items()})
    row = found["n_grams", 1]
    assert row["point"]["setting"] == chosen
    expected = per_token(models[chosen], data.test)
    assert row["metrics"]["log_p_per_token"] == pytest.approx(expected)
    assert row["data"]


def test_a_line_that_is_no_molecule_and_too_few_are_one_line(tmp_path):
    pytest.importorskip("rdkit")
    path = tmp_path / "mine.csv"
    path.write_text("smiles\n" + "\n".join([*grown(120), "C1CC"]) + "\n")
    with pytest.raises(ConfigError, match=r"mine\.csv', line 122 holds 'C1CC'") as error:
        own_rows("molecules", path, tmp_path / "a", "n_grams")
    assert "\n" not in str(error.value)
    few = tmp_path / "few.smi"
    few.write_text("CCO\nOCC\n" * 60)
    with pytest.raises(ConfigError, match="has 1 different molecules"):
        own_rows("molecules", few, tmp_path / "b", "n_grams")


def test_a_ridge_on_what_a_property_is_made_of_finds_it():
    random = np.random.RandomState(0)
    x = random.normal(size=(300, 4))
    y = x @ np.array([1.0, -2.0, 0.5, 0.0]) + 3
    parts = [slice(0, 200), slice(200, 250), slice(250, 300)]
    rows, values = ([a[part] for part in parts] for a in (x, y))
    assert ridge_r2(*rows, values) > 0.999
    noise = [random.normal(size=part.shape) for part in rows]
    assert ridge_r2(*noise, values) < 0.2
