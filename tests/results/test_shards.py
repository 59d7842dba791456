"""Rows of many writers are one table: each row once, while they write, and whoever is killed."""

from __future__ import annotations

import json

import pytest

from aejax.results import batches, lock, owner, shards
from aejax.results.batches import Batch
from aejax.results.claims import holders
from aejax.results.owner import Owner
from aejax.results.reader import read_rows
from aejax.results.shared import Shared, Superseded
from aejax.results.store import Store, ended

OURS = Owner("a", {"name": "test"})


def row(name, group="g"):
    return {"id": name, "group": group, "model": "m", "seed": 0, "status": "ok"}


def batch(*names, group="g"):
    members = tuple({"id": name, "hp": {}, "seed": 0} for name in names)
    return Batch(group, group, members)


def ids(rows):
    return sorted(row["id"] for row in rows)


def begin(shared, one):
    return shared.take(one, holders(shared.workdir))


def test_rows_of_two_workers_are_one_table(tmp_path):
    a, b = Shared(tmp_path, OURS), Shared(tmp_path, OURS)
    assert begin(a, batch("1", "2"))
    assert not begin(b, batch("1", "2"))
    assert begin(b, batch("3", group="h"))
    a.append([row("1"), row("2")])
    assert ids(read_rows(tmp_path)) == ["1", "2"]  # while they work
    b.append([row("3", "h")])
    b.refresh()
    assert b.done == {"1", "2", "3"} == ended(tmp_path, OURS)
    a.close()
    b.close()
    store = Store(tmp_path, OURS)
    assert ids(store.rows) == ["1", "2", "3"]
    store.close()
    assert not (tmp_path / shards.FOLDER).exists()
    assert not (tmp_path / "claims").exists()
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert ids(map(json.loads, lines)) == ["1", "2", "3"] == ids(read_rows(tmp_path))


def test_a_row_that_was_folded_when_a_kill_came_is_one_row(tmp_path):
    """Written to results.jsonl, and its shard not removed yet."""
    shared = Shared(tmp_path, OURS)
    begin(shared, batch("1", "2"))
    shared.append([row("1"), row("2")])
    shared.close()
    (tmp_path / "results.jsonl").write_text(json.dumps(row("1")) + "\n" + '{"id": "2", "gro')
    assert ids(read_rows(tmp_path)) == ["1", "2"]
    assert ended(tmp_path, OURS) == {"1", "2"}
    store = Store(tmp_path, OURS)
    store.close()
    assert ids(store.rows) == ["1", "2"] == ids(read_rows(tmp_path))


def test_who_was_superseded_writes_nothing(tmp_path):
    a = Shared(tmp_path, OURS)
    begin(a, batch("1"))
    a.check("g")
    (tmp_path / "claims" / "g.2").write_text("another")
    with pytest.raises(Superseded):
        a.append([row("1")])
    assert not (tmp_path / shards.FOLDER).exists()
    a.close()


def test_a_population_is_what_its_first_worker_made_it(tmp_path):
    """Two configs that have grown apart ask for one id; the second looks again."""
    a, b = Shared(tmp_path, OURS), Shared(tmp_path, OURS)
    batches.write(tmp_path, batch("1"))
    assert not begin(b, batch("1", "2"))
    assert [known.members[0]["id"] for known in b.begun("g")] == ["1"]
    a.close()
    b.close()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[1]", "line 1 is no row"),
        (f"{json.dumps(row('1'))}\n{json.dumps(row('1'))}", "line 2 .*stands in line 1"),
        (json.dumps(row("9")), "line 1 .*no member of 'g'"),
        (json.dumps(row("5")), "line 1 .*stands in .*a.jsonl already"),
    ],
)
def test_a_damaged_shard_is_one_line_with_its_number(tmp_path, lines, said):
    owner.write(tmp_path, OURS)
    batches.write(tmp_path, batch("1", "5"))
    shards.write(tmp_path, "a", [row("5")])
    (tmp_path / shards.FOLDER / "g.jsonl").write_text(lines + "\n")
    for use in (read_rows, lambda path: Store(path, OURS)):
        with pytest.raises(ValueError, match=rf"g.jsonl, {said}"):
            use(tmp_path)
    assert (tmp_path / shards.FOLDER / "g.jsonl").read_text() == lines + "\n"


def test_workers_and_who_is_alone_exclude_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr("aejax.results.shared.PATIENCE_SECONDS", 0.0)
    store = Store(tmp_path, OURS)
    with pytest.raises(ValueError, match=rf"in use by process \d+ of {lock.here().host}"):
        Shared(tmp_path, OURS)
    store.close()
    shared = Shared(tmp_path, OURS)
    with pytest.raises(ValueError, match=r"in use by 1 workers \(.*--launcher=local, which works"):
        Store(tmp_path, OURS)
    shared.close()
    Store(tmp_path, OURS).close()
    assert not list((tmp_path / "workers").iterdir())
