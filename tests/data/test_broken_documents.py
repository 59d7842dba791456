"""Files of documents that are broken inside: one line with the file and the place."""

import numpy as np
import pytest
from scipy import sparse

from aejax.data.documents import read_documents
from aejax.errors import ConfigError

ROWS = sparse.csr_array(np.array([[1, 0, 2], [0, 3, 0]], float))
PARTS = {
    "data": ROWS.data,
    "indices": ROWS.indices,
    "indptr": ROWS.indptr,
    "shape": ROWS.shape,
    "format": np.array(b"csr"),
    "vocabulary": np.array(["a", "b", "c"]),
}


def refused(path, match):
    with pytest.raises(ConfigError, match=match) as error:
        read_documents(path)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"vocabulary": np.array("abc")}, r"a vocabulary of shape \(\)"),
        ({"vocabulary": np.array([["a", "b", "c"]])}, r"a vocabulary of shape \(1, 3\)"),
        ({"vocabulary": np.array([b"a", b"b", b"c"])}, r"a vocabulary of shape \(3,\), .S1"),
        ({"vocabulary": np.array([], str)}, "3 columns and a vocabulary of 0"),
        ({"indices": np.array([0, 9, 1])}, "cannot be read: .*index 9"),
        ({"indices": np.array([0, -1, 1])}, "cannot be read: "),
    ],
)
def test_an_archive_with_parts_that_do_not_fit(changes, match, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, **{**PARTS, **changes})
    refused(path, match)


def test_an_archive_of_which_bytes_are_lost(tmp_path):
    path = tmp_path / "mine.npz"
    many = np.random.RandomState(0).poisson(1.0, (200, 300)).astype(float)
    np.savez_compressed(path, counts=many, vocabulary=np.array([f"w{i}" for i in range(300)]))
    whole = path.read_bytes()
    for at in range(100, len(whole) // 2, len(whole) // 12):
        path.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8 :])
        refused(path, "cannot be read")


def test_an_array_that_is_no_archive(tmp_path):
    path = tmp_path / "mine.npz"
    with path.open("wb") as file:
        np.save(file, np.ones((2, 3)))
    refused(path, "cannot be read")


@pytest.mark.parametrize("said", ["nan", "inf", "-2", "0", "1.5"])
def test_a_number_of_documents_that_is_none(said, tmp_path):
    (tmp_path / "vocab.mine.txt").write_text("a\nb\n")
    path = tmp_path / "docword.mine.txt"
    path.write_text(f"{said}\n2\n1\n1 1 2\n")
    refused(path, f"line 1 says {said} documents")


def test_a_quotation_that_never_ends_is_no_document(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('text\napple banana\n"cherry never ends\ngrape pear\n')
    refused(path, "line 4 cannot be read")
