"""Metrics of generated molecules: by hand, perfect and random samples, and molecules by RDKit."""

from __future__ import annotations

import builtins
from collections import Counter

import numpy as np
import pytest

from aejax.data.molecules import grown
from aejax.errors import MissingPackageError
from aejax.evaluate import chemistry
from aejax.evaluate.molecules import (
    cosine,
    internal_diversity,
    nearest_similarity,
    quality,
    reference,
    tanimoto,
    unique,
)

GRAMMAR = chemistry.grammar()


def test_similarities_by_hand():
    a = np.array([[1, 1, 0, 0], [0, 0, 0, 0]], np.float32)
    b = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(tanimoto(a, b), [[1 / 3, 1, 0], [0, 0, 1]])
    assert nearest_similarity(a, b[:1]) == pytest.approx(1 / 6)
    # Of four pairs: 1, 1/3, 1/3, 1.
    assert internal_diversity(b[:2]) == pytest.approx(1 - (2 + 2 / 3) / 4)
    assert cosine(Counter(a=3, b=4), Counter(a=3, b=4)) == pytest.approx(1)
    assert cosine(Counter(a=3, b=4), Counter(b=2, c=5)) == pytest.approx(8 / (5 * 29**0.5))
    assert np.isnan(cosine(Counter(), Counter(a=1)))
    assert unique(["a", "b", "a"], 2) == 1
    assert unique(["a", "b", "a"]) == pytest.approx(2 / 3)
    assert np.isnan(unique([]))


def test_samples_by_hand():
    test = reference(["CCO", "CCN"], GRAMMAR)
    texts = ["CCO", "CCO", "C(", "CCC", "CCN", ""]
    metrics, found = quality(texts, {"CCN"}, test, GRAMMAR, compared=3)
    assert found == ["CCO", "CCO", "CCC", "CCN"]
    assert metrics["valid"] == pytest.approx(4 / 6)
    assert metrics["unique_all"] == pytest.approx(3 / 4)
    assert metrics["novel"] == pytest.approx(2 / 3)
    assert metrics["useful"] == pytest.approx(2 / 6)
    # Compared: CCO twice and CCC; of the test molecules CCO and CCN once each.
    assert metrics["fragments"] == pytest.approx(2 / (5**0.5 * 2**0.5))


def test_perfect_samples_and_nonsense():
    some = grown(300)
    test = reference(some[:100], GRAMMAR)
    perfect, _ = quality(some[:100], set(), test, GRAMMAR, compared=100)
    for name in ("valid", "unique_1k", "novel", "fragments", "scaffolds", "nearest"):
        assert perfect[name] == pytest.approx(1), name
    alike, _ = quality(some[200:], set(), test, GRAMMAR, compared=100)
    assert 0.9 < alike["fragments"] < 1
    assert alike["nearest"] < 1
    nonsense, found = quality(["((", "=="], set(), test, GRAMMAR, compared=100)
    assert nonsense["valid"] == 0
    assert not found
    assert np.isnan(nonsense["novel"])
    assert np.isnan(nonsense["internal_diversity"])


def test_molecules_by_rdkit():
    pytest.importorskip("rdkit")
    read = chemistry.rdkit()
    assert read.canonical("OCC") == read.canonical("C(C)O") == "CCO"
    for wrong in ("C1CC", "C(C", "x", "", "c1cccc1", "CO(C)C"):
        assert read.canonical(wrong) is None
    assert read.scaffold("CCO") is None
    assert read.scaffold("Cc1ccc(-c2ccccc2)cc1") == "c1ccc(-c2ccccc2)cc1"
    assert read.scaffold("Cc1ccccc1") is None  # of one ring
    assert len(read.fragments("CC(=O)Nc1ccccc1")) == 3
    bits = read.fingerprints(["CCO", "CCO", "c1ccccc1"])
    assert bits.shape == (3, 1024)
    assert (bits[0] == bits[1]).all()
    assert read.properties["logp"]("c1ccccc1") == pytest.approx(1.6866, abs=1e-3)
    assert 0 < read.properties["qed"]("c1ccccc1") < 1


def test_without_rdkit_one_line_names_it(monkeypatch):
    real = builtins.__import__
    import importlib

    def missing(name, *args):
        if name.startswith("rdkit"):
            raise ModuleNotFoundError(name, name="rdkit")
        return real(name, *args)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingPackageError, match=r"'rdkit'.*applications") as error:
        chemistry.rdkit()
    assert "\n" not in str(error.value)
