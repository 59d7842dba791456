"""The figure of a declared pair: its front against the definition, and what is left out."""

from __future__ import annotations

import csv
import json

import numpy as np

from aejax.figures import draw
from aejax.figures.output import declared
from aejax.figures.pareto import draw as pareto
from aejax.results.reader import Arrays, read_rows


def lines(workdir) -> list[dict[str, str]]:
    with (workdir / "figures" / "pareto.csv").open() as file:
        return list(csv.DictReader(file))


def test_its_numbers_are_the_rows(fabricate):
    workdir, rows = fabricate(values=(0.1, 1.0, 3.0), lost=[("vae", 2, 1.0)])
    draw(workdir, ["pareto"])
    found = lines(workdir)
    assert len(found) == 6
    for line in found:
        value = float(line["variant"].partition("=")[2])
        mine = [
            row["metrics"]
            for row in rows
            if (row["model"], row["hp"]["w"], row["status"]) == (line["model"], value, "ok")
        ]
        assert int(line["seeds"]) == len(mine)
        for axis, name in (("x", "test_rec_nats"), ("y", "valid_mse_per_image")):
            assert line[f"{axis}_name"] == name
            values = [metrics[name] for metrics in mine]
            np.testing.assert_allclose(float(line[axis]), np.mean(values), rtol=1e-9)
            deviation = float(line[f"{axis}_standard_deviation"])
            np.testing.assert_allclose(deviation, np.std(values, ddof=1), rtol=1e-9)
    points = [(float(line["x"]), float(line["y"])) for line in found]
    beaten = [
        any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points if q != p) for p in points
    ]
    assert [line["on_front"] == "True" for line in found] == [not b for b in beaten]
    assert any(beaten)
    plot = pareto(declared(read_rows(workdir), workdir), Arrays(workdir / "arrays", rows))
    note = "".join(text.get_text() for text in plot.figure.findobj() if hasattr(text, "get_text"))
    assert "Diverged members are left out: vae · w=1 (1)" in note.replace("\n", " ")


def test_without_a_pair_there_is_no_figure(fabricate):
    workdir, _ = fabricate()
    (workdir / "config.json").write_text(json.dumps({"config_hash": "c0ffee", "config": {}}))
    assert draw(workdir, ["pareto"]) == []
