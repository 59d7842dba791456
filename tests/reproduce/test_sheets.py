"""Sheets: each record's figures and verdicts stand in results/NAME/README.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "results"
NAMES = sorted(path.name for path in RESULTS.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_and_figures_are_those_of_the_records(name):
    folder = RESULTS / name
    text = (folder / "README.md").read_text()
    sections = dict(re.findall(r"^## Claims at `(\w+)`\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    assert set(sections) == {path.stem for path in folder.glob("*.json")}
    for scale, section in sections.items():
        record = json.loads((folder / f"{scale}.json").read_text())
        judged = [claim["passed"] for claim in record["claims"] if claim["passed"] is not None]
        lines = section.splitlines()
        assert sum(line.endswith("| holds |") for line in lines) == sum(judged)
        assert sum(line.endswith("| **does not** |") for line in lines) == judged.count(False)
    shown = set(re.findall(r"\]\((figures/[^)]+)\)", text))
    assert all((folder / path).is_file() for path in shown)
    assert {path for path in shown if path.endswith(".png")} == {
        f"figures/{path.name}" for path in (folder / "figures").glob("*.png")
    }
