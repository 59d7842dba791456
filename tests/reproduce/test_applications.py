"""Applications: found beside the papers, judged like them, and run on the user's own files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from aejax.baselines import CLASSIFIERS
from aejax.errors import ConfigError
from aejax.evaluate.detection import detection
from aejax.figures import late
from aejax.reproduce import Application, papers, table
from aejax.reproduce.claim import check_paper
from aejax.reproduce.results import expand, judge, read
from aejax.reproduce.tasks import Context, run_tasks
from tests.sweep.common import quiet

ROOT = Path(__file__).parents[2]
PAPERS, FOLDER = (ROOT / "configs" / name for name in papers.GROUPS)
NAMES = sorted(papers.names(FOLDER))


def script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experiments.reproduce", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_names_of_both_groups_are_found_and_completed():
    assert papers.find([PAPERS, FOLDER], "linear").kind == "paper"
    assert papers.find([PAPERS, FOLDER], "anomaly_detection").kind == "application"
    for wrong, near in (("anomaly", "anomaly_detection"), ("linea", "linear")):
        with pytest.raises(ConfigError, match=f"Did you mean '{near}'"):
            papers.find([PAPERS, FOLDER], wrong)


def test_an_application_says_cost_and_data_of_smoke_and_small():
    costs, sets = {"smoke": "1 s", "small": "1 s"}, {"smoke": ("digits",), "small": ("mnist",)}
    facts = Application("t", costs, sets)
    assert check_paper("mine", facts, "application").scales == ("smoke", "small")
    with pytest.raises(ConfigError, match="application 'mine': the cost of scale 'small'"):
        check_paper("mine", Application("t", {"smoke": "1 s"}, sets), "application")
    with pytest.raises(ConfigError, match="application 'mine': the data sets of scale 'small'"):
        check_paper("mine", Application("t", costs, {"smoke": ("digits",)}), "application")


def test_a_paper_takes_no_data_of_the_user():
    with pytest.raises(ConfigError, match="paper 'linear' has data of its own"):
        papers.check_own(papers.load(PAPERS, "linear"))


@pytest.mark.parametrize("name", NAMES)
def test_every_application_can_be_planned_and_has_three_seeds(name):
    entry = papers.load(FOLDER, name)
    for scale in entry.paper.scales:
        assert papers.configure(entry, scale).scale == scale
        assert all(task.point["task"] for task in papers.tasks_of(entry, scale))
    assert entry.module.SCALES["small"].seeds >= 3
    own = {str(task.point["dataset"]) for task in papers.tasks_of(entry, "small", "mine.npz")}
    assert own == {"mine.npz"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_is_what_the_claims_say(name):
    entry = papers.load(FOLDER, name)
    paths = list((ROOT / "results" / name).glob("*.json"))
    assert paths
    for path in paths:
        found = read(path)
        assert found is not None
        again = judge(entry.claims, path.stem, expand(found["common"], found["rows"]))
        assert {v.claim.text: v.passed for v in again} == {
            each["claim"]: each["passed"] for each in found["claims"]
        }
        assert {v.claim.criterion.text for v in again} == {c["criterion"] for c in found["claims"]}
        assert all(v.seeds >= 3 for v in again if v.passed is not None)


def context(name: str, path: Path, folder: Path) -> tuple[papers.PaperFile, Context]:
    entry = papers.load(FOLDER, name)
    config = papers.configure(entry, "smoke", dataset=str(path))
    return entry, Context(config, folder, None, [])


def own_rows(name: str, path: Path, folder: Path, *methods: str):
    entry, given = context(name, path, folder)
    listed = [t for t in papers.tasks_of(entry, "smoke", str(path)) if t.point["method"] in methods]
    return run_tasks(name, listed, given, folder, quiet(100))


def csv(path: Path, labels) -> Path:
    random = np.random.RandomState(0)
    lines = ["a,b,c" + (",label" if labels is not None else "")]
    for i in range(200):
        odd = labels is not None and labels[i] == "odd"
        cells = [f"{v:.4f}" for v in random.normal(size=3) * (3 if odd else 1)]
        lines.append(",".join(cells + ([labels[i]] if labels is not None else [])))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_of_the_users_is_judged_by_its_labels(tmp_path):
    labels = ["odd" if i % 4 == 0 else "usual" for i in range(200)]
    path = csv(tmp_path / "mine.csv", labels)
    rows = own_rows("anomaly_detection", path, tmp_path, "nearest_neighbour")
    tested = [row for row in rows if row["point"]["task"] == "detect"]
    assert [row["point"]["class"] for row in tested] == [1, 1]  # "usual": the more frequent
    # The same by hand, for seed 0: the split, standardised columns, mean distances.
    entry, given = context("anomaly_detection", path, tmp_path)
    split = entry.module.split(given, str(path), 1, 0)
    np.testing.assert_allclose(split.train.mean(0), 0, atol=1e-5)
    k = int(tested[0]["point"]["setting"].split("=")[1])
    far = np.sqrt(np.square(split.test[:, None] - split.train[None]).sum(-1))
    scores = np.sort(far, 1)[:, :k].mean(1)
    expected = detection(scores, split.test_odd)["auroc"]
    assert tested[0]["metrics"]["auroc"] == pytest.approx(expected, abs=1e-6)
    assert expected > 0.7
    shown = Console(file=io.StringIO(), width=120)
    shown.print(table.measured_table("mine", rows, entry.paper.shown))
    assert "nearest_neighbour" in shown.file.getvalue()


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        ("anomaly_detection", None, "has 0 classes"),
        ("anomaly_detection", ["usual"] * 200, "has 1 classes"),
        ("anomaly_detection", ["odd"] * 4 + ["usual"] * 4 + ["other"] * 192, "rows of a class"),
        ("features", None, "has no labels of two classes"),
        ("features", ["usual"] * 200, "has no labels of two classes"),
        ("features", ["odd"] * 4 + ["usual"] * 196, "training rows of a class"),
        ("image_denoising", None, "Allowed: images"),
        ("inpainting", None, "Allowed: images"),
        ("audio_denoising", None, "is no folder. Allowed: a folder of .wav files"),
        ("compression", None, "Allowed: images"),
        ("retrieval", [f"kind {i}" for i in range(200)], "queries of which anything"),
    ],
)
def test_what_an_application_cannot_use_is_said_in_one_line(name, labels, said, tmp_path):
    path = csv(tmp_path / "mine.csv", labels)
    with pytest.raises(ConfigError, match=said) as error:
        own_rows(
            name, path, tmp_path, "nearest_neighbour", "median", "raw", "mean_fill", "nothing",
            "jpeg", "pca",
        )  # fmt: skip
    assert "\n" not in str(error.value)


def test_images_of_the_users_are_denoised(tmp_path):
    pytest.importorskip("skimage")
    pixels = np.zeros((60, 24, 24, 3), np.uint8)
    pixels[:, 4:20, 5:18] = 200
    np.save(tmp_path / "mine.npy", pixels)
    rows = own_rows("image_denoising", tmp_path / "mine.npy", tmp_path, "median", "nothing")
    found = {row["point"]["method"]: row["metrics"]["psnr"] for row in rows}
    assert found["median"] > found["nothing"]


def test_holes_in_images_of_the_users_are_filled(tmp_path):
    pytest.importorskip("skimage")
    pixels = np.zeros((60, 24, 24, 3), np.uint8)
    pixels += np.linspace(0, 200, 24, dtype=np.uint8)[:, None]
    np.save(tmp_path / "mine.npy", pixels)
    methods = ("mean_fill", "biharmonic", "nearest_neighbour")
    rows = own_rows("inpainting", tmp_path / "mine.npy", tmp_path, *methods)
    found = {row["point"]["method"]: row["metrics"]["psnr"] for row in rows}
    # A ramp is its own biharmonic extension; and a training image like it is among the neighbours.
    assert found["biharmonic"] > 40 > found["mean_fill"]
    assert found["nearest_neighbour"] > 60


def test_images_of_the_users_are_coded_and_read_at_a_rate(tmp_path):
    pytest.importorskip("constriction")
    pytest.importorskip("skimage")
    light = np.linspace(0, 200, 12)[:, None, None] * np.random.RandomState(0).rand(120, 1, 1, 3)
    pixels = np.zeros((120, 12, 12, 3), np.uint8) + light.astype(np.uint8)
    np.save(tmp_path / "mine.npy", pixels)
    rows = own_rows("compression", tmp_path / "mine.npy", tmp_path, "pca", "webp")
    coded = [row for row in rows if row["point"]["task"] == "code"]
    for method in ("pca", "webp"):
        mine = [r["metrics"] for r in coded if r["point"]["method"] == method and r["seed"] == 0]
        assert [m["valid_psnr"] for m in mine] == sorted(m["valid_psnr"] for m in mine)
        bits = mine[0]["bytes_per_image"] * 8 / 12**2
        assert mine[0]["bits_per_pixel"] == pytest.approx(bits)
    at = {(r["point"]["method"], r["point"]["rate"]): r["metrics"]["psnr"] for r in rows
          if r["point"]["task"] == "at_rate" and r["seed"] == 0}  # fmt: skip
    assert any(value is not None for value in at.values())


def test_a_table_of_the_users_is_classified_by_few_labels(tmp_path):
    labels = ["odd" if i % 4 == 0 else "usual" for i in range(200)]
    path = csv(tmp_path / "mine.csv", labels)
    rows = own_rows("features", path, tmp_path, "raw", "k_sparse", "autoencoder")
    assert {row["point"]["labels"] for row in rows} == {10}  # there are no hundred odd ones
    entry, given = context("features", path, tmp_path)
    split = entry.module.split(given, str(path))
    drawn = entry.module.labelled(split.train_labels, 10, 1)
    assert sorted(split.train_labels[drawn]) == [0] * 10 + [1] * 10
    found = {(row["point"]["method"], row["seed"]): row for row in rows}
    assert found["autoencoder", 1]["metrics"] == found["k_sparse", 1]["metrics"]
    assert found["autoencoder", 1]["point"]["kind"] == "k_sparse"
    # The chosen setting by hand, for seed 1.
    strength = float(found["raw", 1]["point"]["setting"].split("=")[1])
    fit = CLASSIFIERS["linear"].fit(split.train[drawn], split.train_labels[drawn], 1, strength)
    expected = np.mean(fit(split.test) != split.test_labels)
    assert found["raw", 1]["metrics"]["error"] == pytest.approx(expected)


def test_rows_without_labels_are_mapped_without_accuracy(tmp_path):
    path = csv(tmp_path / "mine.csv", None)
    rows = own_rows("dimensionality_reduction", path, tmp_path, "pca")
    assert len(rows) == 2
    assert all(0.5 < row["metrics"]["trustworthiness"] <= 1 for row in rows)
    assert all("accuracy" not in row["metrics"] for row in rows)


def test_the_accuracy_of_codes_is_by_the_nearest_others():
    accuracy = papers.load(FOLDER, "dimensionality_reduction").module.accuracy
    codes = np.r_[np.arange(8.0), 100 + np.arange(8.0)].reshape(-1, 1)
    labels = np.r_[np.zeros(8), np.ones(8)].astype(int)
    assert accuracy(codes, labels) == 1
    labels[0] = 1  # alone among zeros; its neighbours have four others
    assert accuracy(codes, labels) == pytest.approx(15 / 16)


def ratings(path: Path, users: range, items: int = 12, extra: str = "") -> Path:
    """Two tastes: users of even numbers like the first half of the items, the others the second."""
    random = np.random.RandomState(users.start)
    lines = ["userId,movieId,rating"]
    for u in users:
        half = random.permutation(items // 2)[:5] + (u % 2) * (items // 2)
        lines += [f"u{u},m{i},5" for i in half] + [f"u{u},m{(half[0] + items // 2) % items},1"]
    path.write_text("\n".join([*lines, extra]))
    return path


def test_ratings_of_the_users_are_ranked_by_taste(tmp_path):
    path = ratings(tmp_path / "mine.csv", range(80))
    rows = own_rows("recommendation", path, tmp_path, "ease", "popularity")
    found = {(r["point"]["method"], r["seed"]): r["metrics"]["ndcg_at_100"] for r in rows}
    assert all(found["ease", seed] > found["popularity", seed] + 0.2 for seed in (0, 1))
    assert all(row["data"] for row in rows)
    # The same by hand, for seed 0 and without a choice: the one item left of a taste's six or so.
    entry, given = context("recommendation", path, tmp_path)
    users = entry.module.protocol(given, str(path), 0)
    assert users.train.shape == (80 - 2 * 16, 12)
    assert (users.test.held_out.sum(1) == 1).all()


def test_a_folder_of_ratings_has_test_users_of_its_own(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    ratings(folder / "train.csv", range(60))
    test = ratings(folder / "test.csv", range(100, 110))
    (row, _) = own_rows("recommendation", folder, tmp_path / "w", "popularity")
    assert row["metrics"]["test_users"] == 10
    assert len(row["data"][str(folder)]) == 2
    ratings(test, range(100, 110), extra="u7,m99,4")
    with pytest.raises(ConfigError, match="line 62 has the item 'm99'") as error:
        own_rows("recommendation", folder, tmp_path / "v", "popularity")
    assert "\n" not in str(error.value)
    test.unlink()
    with pytest.raises(ConfigError, match=r"has 0 files test"):
        own_rows("recommendation", folder, tmp_path / "u", "popularity")


def test_documents_of_the_users_are_found_by_topic(tmp_path):
    # Words of a topic's own, and words that all topics share.
    random = np.random.RandomState(0)
    topics = random.randint(0, 3, 240)
    counts = random.poisson(0.03, (240, 90))
    for i, topic in enumerate(topics):
        counts[i] += np.bincount(random.randint(0, 12, 6) + 12 * topic, minlength=90)
    np.savez(tmp_path / "mine.npz", x=counts.astype(np.float32), labels=topics)
    rows = own_rows("retrieval", tmp_path / "mine.npz", tmp_path, "pca", "cosine")
    found = {row["point"]["method"]: row["metrics"] for row in rows}
    assert found["cosine"]["map"] > 0.8
    # Signs of its components, most of which are noise, tell less than the rows do.
    assert found["pca"]["map"] > found["pca"]["relevant_share"] + 0.1
    entry, given = context("retrieval", tmp_path / "mine.npz", tmp_path)
    held = entry.module.library_of(given, {"dataset": str(tmp_path / "mine.npz")})
    assert held.likelihood == "multinomial"
    np.testing.assert_allclose(np.linalg.norm(held.base, axis=1), 1, rtol=1e-5)  # TF-IDF


def test_rows_without_labels_are_found_by_nearness(tmp_path):
    path = csv(tmp_path / "mine.csv", None)
    rows = own_rows("retrieval", path, tmp_path, "pca", "random_hyperplanes")
    assert all(row["metrics"]["relevant_share"] == pytest.approx(0.01, abs=0.005) for row in rows)
    assert all(row["metrics"]["map"] > 0.05 for row in rows)


@pytest.mark.parametrize("arguments", [("linear", "--dataset=x.csv"), ("linear", "--resize=8")])
def test_bad_input_ends_with_status_2_and_one_line(arguments):
    done = script(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_smoke_of_an_application_ends_with_figures(name, tmp_path):
    pytest.importorskip("skimage")
    pytest.importorskip("usearch")
    done = script(name, "--scale=smoke", f"--workdir={tmp_path}/w", f"--results_dir={tmp_path}/r")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "r" / name / "smoke.json").read_text())
    assert found["rows"]
    drawn = {path.name for path in (tmp_path / "r" / name / "figures").glob("*.png")}
    assert drawn == {f"{each}-smoke.png" for each in papers.load(FOLDER, name).paper.figures}


def gapped(path: Path) -> Path:
    """Three numbers of one factor and a category of its sign, with gaps of the user's own."""
    random = np.random.RandomState(0)
    factor = random.normal(size=150)
    lines = ["a,b,c,sign"]
    for f in factor:
        cells = [f"{f + 0.1 * random.normal():.4f}" for _ in range(3)] + ["up" if f > 0 else "down"]
        lines.append(",".join("" if random.rand() < 0.1 else cell for cell in cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_with_gaps_of_the_users_is_judged_and_completed(tmp_path):
    path = gapped(tmp_path / "mine.csv")
    rows = own_rows("imputation", path, tmp_path, "miwae", "iterated_linear", "column_mean")
    found = {}
    for row in rows:
        found.setdefault((row["point"]["task"], row["point"]["method"]), row["metrics"])
    linear, mean = found["impute", "iterated_linear"], found["impute", "column_mean"]
    assert linear["rmse"] < 0.5 * mean["rmse"]
    assert linear["category_accuracy"] > mean["category_accuracy"]
    given = path.read_text().splitlines()
    gaps = sum(not cell for line in given for cell in line.split(","))
    assert found["complete", "miwae"]["gaps"] == gaps > 30
    for method in ("miwae", "iterated_linear", "column_mean"):
        done = (tmp_path / "figures" / f"completed-{method}.csv").read_text().splitlines()
        assert done[0] == given[0]
        assert len(done) == len(given)
        for before, after in zip(given, done, strict=True):
            cells = list(zip(before.split(","), after.split(","), strict=True))
            assert all(new for _, new in cells)
            assert all(not old or old == new or float(old) == float(new) for old, new in cells)


def test_a_table_of_categories_alone_is_judged_by_them(tmp_path):
    random = np.random.RandomState(0)
    kinds = random.randint(0, 2, 80)
    lines = ["kind,same"] + [f"{'ab'[k]},{'xy'[k] if random.rand() > 0.1 else ''}" for k in kinds]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n")
    rows = own_rows("imputation", path, tmp_path, "neighbours")
    (first, *_) = rows
    assert first["metrics"]["rmse"] is None
    assert first["metrics"]["category_accuracy"] > 0.6
    done = (tmp_path / "figures" / "completed-neighbours.csv").read_text().split()[1:]
    assert set(done) == {"a,x", "b,y"}
    assert late("imputation_errors")(rows, {}) is None


def test_a_broken_table_with_gaps_leaves_nothing(tmp_path):
    path = gapped(tmp_path / "mine.csv")
    path.write_text(path.read_text().replace("\n", "\n1,2,tall,up\n", 1))
    with pytest.raises(ConfigError, match="column 'c' holds 'tall' in row 0") as error:
        own_rows("imputation", path, tmp_path / "w", "column_mean")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "w" / "figures").exists()
