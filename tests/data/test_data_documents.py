"""Documents: files of the users, what is refused, the Reuters articles, and known topics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, save_npz

from aejax.data.documents import (
    common_words,
    load_documents,
    make_documents,
    planted_topics,
    read_documents,
)
from aejax.errors import ConfigError

TEXTS = ("The cat sat; a cat ran.", "Dogs and a cat: café!", "42 dogs ran")
WORDS = ("café", "cat", "dogs", "ran", "sat")
COUNTS = np.array([[0, 2, 0, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 1, 0]])


def of_kind(kind: str, folder):
    """Writes TEXTS or COUNTS as a file of one kind."""
    path = folder / f"mine{kind}"
    if kind == "":
        path.mkdir()
        for i, text in enumerate(TEXTS):
            (path / f"{i}.txt").write_text(text, encoding="utf-8")
    elif kind == ".txt":
        path.write_text("\n\n".join(TEXTS) + "\n", encoding="utf-8-sig")
    elif kind == ".csv":
        path.write_text("id,Text\n" + "".join(f'{i},"{t}"\n' for i, t in enumerate(TEXTS)))
    elif kind == ".npz":
        save_npz(path, csr_array(COUNTS))
        path.with_suffix(".vocab.txt").write_text("\n".join(WORDS))
    elif kind == ".ldac":
        rows = [[f"{j}:{n}" for j, n in enumerate(row) if n] for row in COUNTS]
        path.write_text("\n".join(" ".join([str(len(r)), *r]) for r in rows))
        path.with_suffix(".tokens").write_text("\n".join(WORDS))
    else:
        path = folder / "docword.mine.txt"
        lines = [f"{i + 1} {j + 1} {COUNTS[i, j]}" for i, j in np.argwhere(COUNTS)]
        path.write_text("\n".join(["3", "5", str(len(lines)), *lines]))
        (folder / "vocab.mine.txt").write_text("\n".join(WORDS))
    return path


@pytest.mark.parametrize("kind", ["", ".txt", ".csv", ".npz", ".ldac", "uci"])
def test_every_kind_of_file_gives_the_same_counts(kind, tmp_path):
    found = read_documents(of_kind(kind, tmp_path))
    assert found.words == WORDS
    np.testing.assert_array_equal(found.counts.toarray(), COUNTS)
    assert found.fingerprint == make_documents("x", COUNTS, WORDS).fingerprint


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (".txt", b"", "is empty"),
        (".txt", b"the and of 12\n", "has no word left of 1 documents"),
        (".txt", b"good words\nb\xe4d ones\n", "line 2 is no UTF-8: byte 12 is 0xe4"),
        (".csv", b"txt,id\na cat,1\n", "none is 'text'. Did you mean 'txt'"),
        (".csv", b"text,id\na cat,1\n,2\n", "line 3 has no text"),
        (".csv", b"text\n", "is empty"),
        (".npz", b"no archive", "cannot be read"),
        (".ldac", b"1 0:2\n1 1:-3\n", "line 2 has the count -3"),
        (".ldac", b"1 0:2\n1 1:0.5\n", "line 2 has the count 0.5"),
        (".ldac", b"1 9:2\n", "line 1 names a document or word that is not there"),
        (".ldac", b"1 a:2\n", "line 1 holds 'a 2', which are no numbers"),
        (".pdf", b"x", "is a .pdf file"),
    ],
)
def test_a_broken_file_is_one_line_with_file_and_place(kind, content, said, tmp_path):
    path = tmp_path / f"mine{kind}"
    path.write_bytes(content)
    (tmp_path / "mine.tokens").write_text("\n".join(WORDS))
    with pytest.raises(ConfigError, match=said) as error:
        read_documents(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_broken_counts_folders_and_names(tmp_path):
    for bad in (-1.0, 0.5, np.nan):
        counts = COUNTS.astype(float)
        counts[1, 2] = bad
        np.savez(tmp_path / "mine.npz", counts=counts, vocabulary=np.array(WORDS))
        with pytest.raises(ConfigError, match=r"mine.npz' holds .* in document 2, word 3"):
            read_documents(tmp_path / "mine.npz")
    np.savez(tmp_path / "mine.npz", counts=COUNTS, vocabulary=np.array(WORDS[:4]))
    with pytest.raises(ConfigError, match="5 columns and a vocabulary of 4 words"):
        read_documents(tmp_path / "mine.npz")
    np.savez(tmp_path / "mine.npz", counts=0 * COUNTS, vocabulary=np.array(WORDS))
    with pytest.raises(ConfigError, match="has no word"):
        read_documents(tmp_path / "mine.npz")
    save_npz(tmp_path / "alone.npz", csr_array(COUNTS))
    with pytest.raises(ConfigError, match=r"alone.vocab.txt' is not there"):
        read_documents(tmp_path / "alone.npz")
    folder = of_kind("", tmp_path)
    (folder / "1.txt").write_text(" \n")
    with pytest.raises(ConfigError, match=r"1.txt' is empty"):
        read_documents(folder)
    with pytest.raises(ConfigError, match="Did you mean 'reuters'"):
        load_documents("reuter")
    with pytest.raises(ConfigError, match=r"needs reuters.ldac"):
        load_documents("reuters", tmp_path)


def test_common_words_are_those_of_many_documents():
    found = common_words(make_documents("x", COUNTS, WORDS), most=2, least=2, share=1.0)
    assert found.words == ("cat", "dogs")
    np.testing.assert_array_equal(found.counts.toarray(), COUNTS[:, [1, 2]])
    left = common_words(make_documents("x", COUNTS, WORDS), most=5, least=1, share=0.5)
    assert left.words == ("café", "sat")
    assert left.counts.shape == (2, 2)  # the third document has neither
    with pytest.raises(ConfigError, match="no word left"):
        common_words(make_documents("x", COUNTS, WORDS), most=5, least=4, share=1.0)


def test_planted_topics_are_the_same_again_and_mix_as_said():
    one, again = planted_topics(50), planted_topics(50)
    assert one.fingerprint == again.fingerprint != planted_topics(50, seed=1).fingerprint
    np.testing.assert_allclose(one.planted.sum(1), 1)
    lengths = np.asarray(one.counts.sum(1)).ravel()
    assert ((lengths >= 40) & (lengths <= 120)).all()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # lda's open files
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_reuters_are_those_of_the_package_lda():
    package = pytest.importorskip("lda.datasets")
    found = load_documents("reuters")
    np.testing.assert_array_equal(found.counts.toarray(), package.load_reuters())
    assert found.words == tuple(package.load_reuters_vocab())
