"""The application `topics`: the split, the choice and the measure by hand, and the user's files."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.baselines import TOPICS, best, named, settings
from aejax.errors import ConfigError
from aejax.evaluate.topics import diversity, npmi, top_words
from tests.reproduce.test_applications import context, own_rows, script

SUBJECTS = tuple(tuple(f"{name}{end}" for end in "abcdefghijklmno") for name in ("sea", "sun"))


def texts(path, documents: int = 80):
    random = np.random.RandomState(0)
    lines = [" ".join(random.choice(SUBJECTS[i % 2], 12)) for i in range(documents)]
    path.write_text("text\n" + "\n".join(lines) + "\n")
    return path


def test_documents_of_the_users_are_judged_as_by_hand(tmp_path):
    path = texts(tmp_path / "mine.csv")
    rows = own_rows("topics", path, tmp_path, "lda", "random_words")
    found = {(row["point"]["method"], row["seed"]): row["metrics"] for row in rows}
    assert all(found["lda", s]["npmi"] > found["random_words", s]["npmi"] for s in (0, 1))
    entry, given = context("topics", path, tmp_path)
    train, valid, test = entry.module.split(entry.module.corpus(given, str(path)), 1)
    assert [part.shape[0] for part in (train, valid, test)] == [40, 20, 20]
    fit, grid = TOPICS["lda"]

    def quality(weights, reference):
        score = (1 + npmi(top_words(weights, 10), reference).mean()) / 2
        return score * diversity(top_words(weights, 25))

    fitted = {named(s): fit(train, 10, 1, **s).weights for s in settings(grid)}
    chosen = best({name: [quality(w, valid)] for name, w in fitted.items()})
    assert found["lda", 1]["quality"] == pytest.approx(quality(fitted[chosen], test))
    (row,) = [r for r in rows if r["point"]["method"] == "lda" and r["seed"] == 1]
    assert row["point"]["setting"] == chosen


def test_splits_of_a_seed_share_no_document():
    import aejax.data.documents as documents
    from aejax.reproduce import papers
    from tests.reproduce.test_applications import FOLDER

    module = papers.load(FOLDER, "topics").module
    counts = np.diag(np.arange(1, 42))
    held = documents.make_documents("x", counts, [f"w{i}" for i in range(41)])
    for seed in range(3):
        parts = [part.sum(0) for part in module.split(held, seed)]
        assert (np.sum([np.asarray(p).ravel() > 0 for p in parts], 0) == 1).all()


def test_too_few_documents_and_broken_files_are_one_line(tmp_path):
    with pytest.raises(ConfigError, match=r"documents and .* Allowed: 20") as error:
        own_rows("topics", texts(tmp_path / "few.csv", 10), tmp_path, "random_words")
    assert "\n" not in str(error.value)


def test_a_broken_file_ends_with_status_2(tmp_path):
    (tmp_path / "mine.csv").write_text("txt\nwords\n")
    done = script("topics", f"--dataset={tmp_path / 'mine.csv'}", f"--workdir={tmp_path / 'w'}")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Did you mean 'txt'" in done.stderr
