"""Molecules: tokens, the grammar's strings, the user's files, and MOSES's folder."""

from __future__ import annotations

import gzip
import random

import pytest

from aejax.data.molecules import (
    alphabet_of,
    grown,
    is_grown,
    load_molecules,
    read_molecules,
    sources,
    tokens,
)
from aejax.errors import ConfigError


def test_tokens_are_characters_and_longer_atoms():
    assert tokens("Clc1c[nH]c(Br)c%121") == [
        "Cl", "c", "1", "c", "[nH]", "c", "(", "Br", ")", "c", "%12", "1",
    ]  # fmt: skip
    assert tokens("CCl[") == ["C", "Cl", "["]


def test_ids_and_back():
    texts = ["CCO", "C(Cl)N", "O"]
    alphabet = alphabet_of(texts)
    ids = alphabet.ids(texts, 7)
    assert alphabet.texts(ids) == texts
    assert alphabet.size == len(alphabet.tokens) + 2
    assert (ids[2, 1:] == [1, 0, 0, 0, 0, 0]).all()
    assert alphabet.writes("CN", 3)
    assert not any(alphabet.writes(text, 3) for text in ("CNO", "CF", ""))
    ids[0, 3] = 2  # no end
    assert alphabet.texts(ids[:1])[0].startswith("CCO")


def test_the_grammar_makes_molecules_and_knows_what_is_none():
    some = grown(800)
    assert len(set(some)) == 800
    assert all(map(is_grown, some))
    assert some == grown(800)
    assert any("1" in text for text in some)
    for wrong in ("", "C(", "C)C", "C()", "C1CC", "C11", "=C", "C==C", "O(C)(C)C", "C=", "CXC",
                  "N=N=N", "(C)C", "C1C1"):  # fmt: skip
        assert not is_grown(wrong), wrong
    chem = pytest.importorskip("rdkit.Chem")
    pytest.importorskip("rdkit.RDLogger").DisableLog("rdApp.*")
    draw, changed = random.Random(0), []
    for text in some:
        i = draw.randrange(len(text))
        changed.append(text[:i] + draw.choice("CNO()=1") + text[i + 1 :])
    for text in [*some, *filter(is_grown, changed)]:
        assert chem.MolFromSmiles(text) is not None, text


def test_files_of_the_users(tmp_path):
    lines = tmp_path / "mine.smi"
    lines.write_text("CCO ethanol\n\nC\tmethane\n")
    assert read_molecules(lines) == [(1, "CCO"), (3, "C")]
    table = tmp_path / "mine.csv"
    table.write_text("name,SMILES\na,CCO\n\nb,CN\n")
    assert read_molecules(table) == [(2, "CCO"), (4, "CN")]
    packed = tmp_path / "mine.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    assert read_molecules(packed) == read_molecules(table)
    found = load_molecules(table)
    assert found.train == ("CCO", "CN")
    assert found.lines == (2, 4)
    assert found.fingerprint != load_molecules(lines).fingerprint


PACKED = gzip.compress(b"smiles\n" + b"".join(b"C" * i + b"O\n" for i in range(1, 40)))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"smile,x\nCCO,1\n", "no column 'smiles' in line 1.*Did you mean 'smile'"),
        ("a.csv", b"x,smiles\n1,CCO\n2,\n", "line 3 holds ''"),
        ("a.csv", b"x,smiles\n1,CCO\n2\n", "line 3 holds ''"),
        ("a.csv", b"smiles\nC C\n", "line 2 holds 'C C'"),
        ("a.csv", b"", "no column"),
        ("a.csv", b"smiles\n", "is empty"),
        ("a.txt", b"\n \n", "is empty"),
        ("a.txt", b"CCO\n\xff\xfe\n", "line 2 is no UTF-8"),
        ("a.csv.gz", b"no archive", "cannot be read"),
        ("a.csv.gz", PACKED[:40], "cannot be read"),
        ("a.csv.gz", PACKED[:12] + b"\xff" * 20 + PACKED[32:], "cannot be read"),
        ("a.xlsx", b"", "is a .xlsx file"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as error:
        read_molecules(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_moses_is_found_in_a_folder_and_checked(tmp_path, monkeypatch):
    for given, said in ((None, "needs train.csv"), (tmp_path, "has no such file")):
        with pytest.raises(ConfigError, match=said) as error:
            load_molecules("moses", given)
        assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="Did you mean 'moses'"):
        load_molecules("mose")
    (tmp_path / "train.csv").write_text("SMILES,SPLIT\nCCO,train\n")
    with pytest.raises(ConfigError, match="has 1 molecules of"):
        load_molecules("moses", tmp_path)
    monkeypatch.setattr(sources, "PARTS", {"train": 1, "test": 1, "test_scaffolds": 1})
    with pytest.raises(ConfigError, match=r"no test\.csv"):
        load_molecules("moses", tmp_path)
    for part in ("test", "test_scaffolds"):
        path = tmp_path / f"{part}.csv.gz"
        path.write_bytes(gzip.compress(b"SMILES\nCN\n"))
    assert load_molecules("moses", tmp_path).test == ("CN",)
    wheel = tmp_path / "wheel"
    wheel.mkdir()
    (wheel / "molsets-0.3.1-py3-none-any.whl").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"molsets-0\.3\.1.*zip"):
        load_molecules("moses", wheel)


def test_the_grammar_s_set_needs_nothing():
    found = load_molecules("grown_molecules")
    assert found.chemistry == "grammar"
    assert not set(found.train) & set(found.test)
