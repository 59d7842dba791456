"""Where the seconds of a sweep go: parts that add up, and a trace that is there."""

from __future__ import annotations

import json
import time

import jax.numpy as jnp
import pytest

from aejax.errors import ConfigError
from aejax.sweep.profiling import FILE, FOLDER, Profile


def test_parts_add_up_and_a_groups_members_share_theirs(tmp_path):
    profile = Profile(tmp_path, on=True)
    with profile.sweep():
        jnp.ones(3).sum().block_until_ready()
        time.sleep(0.3)
    with profile.part("figures"):
        time.sleep(0.1)
    seconds = {"compile": 0.05, "run": 0.1, "evaluate": 0.02}
    rows = [{"group": "a", "seconds": seconds}] * 5 + [{"group": "b", "seconds": seconds}]
    lines = {line["part"]: line["seconds"] for line in profile.table(rows)}
    assert (lines["compile"], lines["train"], lines["evaluate"]) == (0.1, 0.2, 0.04)
    assert lines["figures"] >= 0.1
    assert lines["writing and waiting"] >= 0
    profile.write(rows)
    written = json.loads((tmp_path / FILE).read_text())
    assert sum(line["share"] for line in written) == pytest.approx(1, abs=0.01)
    assert list((tmp_path / FOLDER).rglob("*.xplane.pb"))


def test_one_trace_at_a_time(tmp_path):
    with (
        Profile(tmp_path / "a", on=True).sweep(),
        pytest.raises(ConfigError, match="--profile"),
        Profile(tmp_path / "b", on=True).sweep(),
    ):
        pass
