"""What is in the report's JSON: against NumPy, the rows' own text, and the decoder itself."""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from aejax import report
from aejax.api import applying
from aejax.api.workdir import open_workdir
from aejax.errors import ConfigError
from aejax.figures.greys import GreyScale
from aejax.report import pictures, tables
from aejax.report.content import content
from aejax.report.page import SCRIPTS, as_json
from tests.report import work


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The work directory, its rows, and what the report holds of it."""
    path = tmp_path_factory.mktemp("report") / "w"
    rows = work.make(path)
    return path, rows, content(path)


def unpacked(packed) -> np.ndarray:
    raw = zlib.decompress(base64.b64decode(packed["data"]))
    size = (packed["n"], packed["height"], packed["width"], packed["channels"])
    return np.frombuffer(raw, np.uint8).reshape(size)


def test_means_and_standard_deviations_are_numpys(made):
    _, rows, held = made
    assert len(held["variants"]) == 5
    for variant in held["variants"]:
        name, _ = work.SWEPT[variant["model"]]
        value = variant["settings"][f"hp.{name}"]
        mine = [
            row["metrics"]
            for row in rows
            if row["model"] == variant["model"]
            and row["hp"][name] == value
            and row["status"] == "ok"
        ]
        assert variant["ended"] == len(mine) > 1
        for metric in ("valid_mse_per_image", "test_rec_nats"):
            values = [each[metric] for each in mine]
            found = variant["metrics"][metric]
            np.testing.assert_allclose(found["mean"], np.mean(values), rtol=1e-12)
            np.testing.assert_allclose(found["sd"], np.std(values, ddof=1), rtol=1e-12)
            assert found["n"] == len(values)
    assert tables.spread([2.0]) == {"mean": 2.0, "sd": None, "n": 1}
    assert tables.spread([math.nan]) == {"mean": None, "sd": None, "n": 0}


def test_best_is_the_least_validation_error_of_the_file(made):
    path, _, held = made
    lines = [json.loads(line) for line in (path / "results.jsonl").read_text().splitlines()]
    ended = [line for line in lines if line["status"] == "ok"]
    ranked = sorted(ended, key=lambda line: line["metrics"]["valid_mse_per_image"])
    firsts = {m: next(r["id"] for r in ranked if r["model"] == m) for m in work.SWEPT}
    expected = {name: "best of its model" for name in firsts.values()}
    assert held["marks"] == {**expected, ranked[0]["id"]: "best of all"}


def test_nothing_is_best_without_validation_rows(made):
    _, rows, _ = made
    kept = [
        {**r, "metrics": {k: v for k, v in r["metrics"].items() if not k.startswith("valid_")}}
        for r in rows
    ]
    found = tables.tables(kept)
    assert found["marks"] == {}
    assert found["selected"] is False


def test_diverged_members_are_named_with_step_and_term(made):
    _, _, held = made
    lost = [each for variant in held["variants"] for each in variant["diverged"]]
    assert [(each["seed"], each["step"], each["term"]) for each in lost] == [(2, 5, "rec_nats")]
    assert [m["id"] for m in held["members"] if m["lost"]] == [lost[0]["id"]]


def test_settings_are_those_in_which_members_differ(made):
    """Not `w_kl_nats` against its absence in another model, and no setting that all share."""
    _, rows, held = made
    assert held["settings"] == ["model", "args.latent", "hp.lr", "hp.w_kl_nats", "seed"]
    constant = [{**row, "hp": {**row["hp"], "same": 1.0}} for row in rows]
    assert tables.differing(constant) == held["settings"]


def test_curves_are_means_over_the_seeds_that_ended(made):
    _, _, held = made
    one = next(c for c in held["curves"]["lines"] if c["split"] == "train" and c["seeds"] == 3)
    base = 30.0 / (1 + np.arange(work.STEPS))
    np.testing.assert_allclose(one["mean"], base + 1, rtol=1e-5)
    np.testing.assert_allclose(one["low"], base, rtol=1e-5)
    np.testing.assert_allclose(one["high"], base + 2, rtol=1e-5)
    lost = [c for c in held["curves"]["lines"] if c["lost"] and c["split"] == "train"]
    assert [c["seeds"] for c in lost] == [2]
    assert lost[0]["lost"][0]["step"] == [0, 1, 2, 3, 4]


def test_the_plan_counts_what_was_begun_and_has_not_ended(made):
    _, _, held = made
    counts = {g["group"]: (g["members"], g["there"], g["diverged"]) for g in held["groups"]}
    assert counts == {"g-vae": (7, 6, 0), "g-undercomplete": (9, 9, 1)}
    assert held["groups"][0]["seconds"] == {"compile": 2.0, "run": 1.5, "evaluate": 0.5}


def test_pictures_come_back_as_they_were():
    images = np.random.default_rng(0).uniform(-2, 2, (5, 4, 3, 3))
    found = unpacked(pictures.packed(images, GreyScale(-1.0, 1.0)))
    np.testing.assert_allclose(found / 255 * 2 - 1, images.clip(-1, 1), atol=1 / 255)
    vectors = unpacked(pictures.packed(np.eye(3), GreyScale(0.0, 1.0)))
    np.testing.assert_array_equal(vectors[:, 0, :, 0], 255 * np.eye(3))


def test_each_member_links_to_its_own_reconstructions(made, monkeypatch):
    path, rows, held = made
    ended = {row["id"] for row in rows if row["status"] == "ok"}
    assert set(held["pictures"]["members"]) == ended
    assert len(held["pictures"]["inputs"]) == 1  # both groups' are the same
    with np.load(path / "arrays" / "g-vae.npz") as file:
        place = list(file["ids"]).index("vae-1.0-1")
        expected = file["reconstructions"][place]
    found = unpacked(held["pictures"]["members"]["vae-1.0-1"]["reconstructions"])
    np.testing.assert_allclose(found / 255, expected, atol=1 / 255)
    monkeypatch.setattr(pictures, "BUDGET", 100)
    few = content(path)["pictures"]
    assert set(few["members"]) == {v["best"] for v in held["variants"]}
    assert "best member by validation" in few["note"]


def test_the_explorers_grids_are_the_decoders(made):
    path, _, held = made
    by_kind = {each["kind"]: each for each in held["explorers"]["members"]}
    opened = open_workdir(path)
    plane = by_kind["plane"]
    shown = unpacked(plane["pictures"])
    i, j = 3, len(plane["y"]) - 2
    expected = applying.decode(opened.member(plane["id"]), [[plane["x"][i], plane["y"][j]]])[0]
    at = shown[j * len(plane["x"]) + i]
    np.testing.assert_allclose(at / 255, expected, atol=1.5 / 255)
    codes = np.asarray(plane["codes"])
    assert plane["x"][0] < codes[:, 0].min()
    assert codes[:, 1].max() < plane["y"][-1]

    sliders = by_kind["sliders"]
    shown, steps = unpacked(sliders["pictures"]), len(sliders["values"][0])
    code = np.asarray(sliders["code"])
    assert sliders["latents"] == [0, 1, 2]
    moved = code.copy()
    moved[1] = sliders["values"][1][4]
    expected = applying.decode(opened.member(sliders["id"]), [moved, code])
    found = shown[[steps + 4, 3 * steps]]
    np.testing.assert_allclose(found / 255, expected, atol=1.5 / 255)


def test_without_variables_the_reason_is_said(made, tmp_path):
    path, _, _ = made
    (tmp_path / "results.jsonl").write_bytes((path / "results.jsonl").read_bytes())
    bare = content(tmp_path)
    assert bare["explorers"]["members"] == []
    assert bare["curves"]["lines"] == []
    (tmp_path / "arrays").mkdir()
    for file in (path / "arrays").iterdir():
        (tmp_path / "arrays" / file.name).write_bytes(file.read_bytes())
    without = content(tmp_path)["explorers"]["without"]
    assert len(without) == 5
    assert all("do not exist" in why for why in without.values())


class Elements(HTMLParser):
    """Collects tags, the text of scripts and the title, as a browser would."""

    def __init__(self):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: dict[int, str] = {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        place = len(self.tags) - 1
        self.texts[place] = self.texts.get(place, "") + data


def test_a_hostile_name_stays_a_name(made):
    path, _, held = made
    written = report.write(path)
    assert written == path / "report.html"
    text = written.read_text(encoding="utf-8")
    page = Elements()
    page.feed(text)
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == len(SCRIPTS) + 1
    assert "img" not in names
    title = page.texts[names.index("title")].strip()
    assert title == f"{work.HOSTILE} · report"
    place = next(i for i, (_, given) in enumerate(page.tags) if given.get("id") == "data")
    found = json.loads(page.texts[place])
    assert found["variants"] == json.loads(as_json(held["variants"]))
    assert found["variants"][0]["dataset"] == work.HOSTILE
    assert [figure["name"] for figure in found["figures"]] == ['a "quoted" <b>']


def test_json_has_no_markup_and_no_nan():
    text = as_json({"</script>": [math.nan, math.inf, 1.5], "a": "<!-- & \u2028 \"'"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"</script>": [None, None, 1.5], "a": "<!-- & \u2028 \"'"}


def test_the_page_asks_for_nothing(made):
    path, _, _ = made
    page = Elements()
    page.feed(report.write(path).read_text(encoding="utf-8"))
    for tag, given in page.tags:
        for name in ("src", "href"):
            assert str(given.get(name, "data:")).startswith("data:"), (tag, given)
    policy = next(g["content"] for _, g in page.tags if g.get("http-equiv"))
    assert "default-src 'none'" in policy


def test_no_results_are_one_line(tmp_path):
    with pytest.raises(ConfigError, match="has no results"):
        report.write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    done = subprocess.run(
        [sys.executable, "-m", "experiments.report", f"--workdir={tmp_path}/no"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is not a directory" in done.stderr
