"""The laws that a test can hold: who imports what, who compiles, and documents that are true."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import runpy
import subprocess
import sys
import types
from pathlib import Path

import pytest

from aejax import models
from aejax.benchmark import report, targets
from aejax.cli.models import line
from aejax.corruptions.noise import CORRUPTIONS
from aejax.likelihoods.pixels import LIKELIHOODS
from aejax.models.catalogue import ENTRIES, LISTED
from aejax.reproduce import origin, papers, results
from tests.conftest import exhaustive_table

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for d in ("aejax", "experiments", "configs") for p in (ROOT / d).rglob("*.py"))
DOCUMENTS = [
    *[ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")],
    *sorted((ROOT / "docs").glob("*.md")),
]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def test_flax_lives_in_nets_and_tensorflow_nowhere():
    flax = {p.parent.relative_to(ROOT).as_posix() for p in SOURCES if "flax" in roots(p)}
    assert flax == {"aejax/nets"}
    assert not [p for p in SOURCES if "tensorflow" in roots(p)]


def test_matplotlib_lives_in_figures():
    assert {p.parent.relative_to(ROOT).as_posix() for p in SOURCES if "matplotlib" in roots(p)} == {
        "aejax/figures"
    }


def test_the_contracts_know_neither_flax_nor_optax():
    assert not roots(ROOT / "aejax" / "types.py") & {"flax", "optax"}


def test_no_function_hides_its_module():
    """`aejax.train.run` is one thing, whoever asks for it."""
    for path in ROOT.joinpath("aejax").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1].startswith("__"):
            continue
        importlib.import_module(".".join(parts))
        package = sys.modules[".".join(parts[:-1])]
        assert isinstance(getattr(package, parts[-1]), types.ModuleType), parts


def test_training_imports_nothing_above_it():
    above = (
        "evaluate",
        "api",
        "sweep",
        "figures",
        "results",
        "reproduce",
        "cli",
        "benchmark",
        "trackers",
    )
    for path in (ROOT / "aejax" / "train").rglob("*.py"):
        found = {name.split(".")[1] for name in imports(path) if name.startswith("aejax.")}
        names = {  # `from aejax import evaluate` too
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module == "aejax"
            for alias in node.names
        }
        assert not (found | names) & set(above), path


def test_one_room_asks_for_the_backend():
    asks = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if "default_backend()" in path.read_text() and "benchmark" not in path.parts
    ]
    # The choice of an executor hands it on; a report of seconds and a checkpoint say where they
    # were made.
    assert asks == [
        "aejax/backend/__init__.py",
        "aejax/sweep/execute.py",
        "aejax/train/population/choice.py",
        "aejax/train/resume.py",
    ]


def test_one_name_is_one_class():
    found = [
        (node.name, path.relative_to(ROOT).as_posix())
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    found = [each for each in found if each[1].startswith("aejax/")]  # a paper's file is its own
    names = [name for name, _ in found]
    assert [each for each in found if names.count(each[0]) > 1] == []


def test_one_place_compiles():
    found = [p for p in SOURCES if p.is_relative_to(ROOT / "aejax") and "jax.jit" in p.read_text()]
    assert [p.relative_to(ROOT).as_posix() for p in found] == ["aejax/train/compile.py"]


def test_no_chain_of_key_splits():
    chain = re.compile(r"\bkey\s*,\s*\w+\s*=\s*jax\.random\.split\(\s*key\b")
    assert not [p for p in SOURCES if chain.search(p.read_text())]


def test_importing_the_package_loads_no_heavy_stranger():
    """Start-up: what only some commands need is imported by them."""
    heavy = ("tensorflow", "tensorflow_datasets", "orbax", "matplotlib", "sklearn", "torch")
    code = f"import sys, aejax; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(models.MODELS))
def test_each_model_cites_its_source(name):
    text = inspect.getdoc(models.MODELS[name]) or ""
    assert re.search(r"(19|20)\d\d", text), "a paper and its year"
    assert "Equation:" in text
    model = models.build(name, *_smallest(name))
    assert model.info.name == name
    assert model.info.paper
    assert all(record.meaning for record in model.declared)


def _smallest(name: str):
    from tests.contract.cases import ROWS, Setup, dataset

    row = ROWS.get(name, Setup())
    return tuple(dataset(row.dataset).train.shape[1:]), row.args


@pytest.mark.parametrize("table", [LIKELIHOODS, CORRUPTIONS], ids=["likelihoods", "corruptions"])
def test_each_part_is_documented(table):
    for name, part in table.items():
        assert inspect.getdoc(part), name


def test_model_files_are_short():
    """84 lines, or a reason in the file's docstring beginning with "Long because"."""
    for path in (ROOT / "aejax" / "models").rglob("*.py"):
        text = path.read_text()
        if (
            path.name not in ("__init__.py", "parts.py", "catalogue.py")
            and "Long because" not in text
        ):
            assert text.count("\n") <= 84 * max(1, text.count("\ndef ")), path.name


def test_documents_name_commands_that_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    for document in DOCUMENTS:
        text = document.read_text()
        for module in re.findall(r"python -m (experiments\.\w+)", text):
            assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), (document.name, module)
        for target in re.findall(r"`make ([a-z][\w-]*)", text):
            assert target in targets, (document.name, target)
        for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (document.parent / path).exists(), (document.name, path)


def test_the_page_of_models_is_what_the_command_prints():
    """python -m experiments.models, and each property is a test that exists."""
    text = (ROOT / "docs" / "models.md").read_text().replace("](../tests/", "](tests/")
    assert set(ENTRIES) == set(models.MODELS)
    for name, entry in ENTRIES.items():
        assert line(name) in text or name not in LISTED, name
        file, _, test = entry.test.partition("::")
        assert f"def {test}(" in (ROOT / file).read_text(), entry.test


@pytest.mark.parametrize("name", ["cpu-2-cores", "applications-cpu-2-cores"])
def test_the_page_of_benchmarks_is_its_record(name):
    """python -m experiments.benchmark --show=benchmarks/NAME.json"""
    record = ROOT / "benchmarks" / f"{name}.json"
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    cases = report.read(str(record))
    assert report.markdown(cases) in text
    assert report.cost_markdown(cases) in text


def test_the_page_of_devices_is_its_record():
    """python -m experiments.devices --show=benchmarks/devices.json"""
    rows = targets.read(ROOT / "benchmarks" / "devices.json")
    assert targets.markdown(rows) in (ROOT / "docs" / "devices.md").read_text()
    wanted = {(name, target) for name in models.MODELS for target in targets.TARGETS}
    assert {(row["model"], row["target"]) for row in rows} == wanted


def test_the_pages_of_claims_and_records_are_what_the_results_say():
    """make pages"""
    made = runpy.run_path(str(ROOT / "docs" / "record_pages.py"))
    for page, tables in made["tables"]().items():
        text = (ROOT / page).read_text()
        assert all(table in text for table in tables), page
    for page, lines in made["lines"]().items():
        assert all(line in (ROOT / page).read_text() for _, line in lines), page
    for sheet, text in made["written"]().items():
        assert (ROOT / sheet).read_text() == text, sheet


def test_every_record_is_of_a_paper_or_an_application():
    folders, out = [ROOT / "configs" / group for group in papers.GROUPS], ROOT / "results"
    records = {name for folder in folders for name in papers.records(folder, out)}
    assert {f"{path.parent.name}/{path.stem}" for path in out.glob("*/*.json")} == records


def test_pages_that_count_passed_claims_say_which_trees_were_dirty():
    cell = re.compile(r"\[\d+ of \d+\]\((?:\.\./)?(results/\w+/\w+\.json)\)([^|]*)\|")
    for page in ("README.md", "docs/applications.md"):
        found = cell.findall((ROOT / page).read_text())
        assert found
        for path, rest in found:
            record = results.read(ROOT / path)
            assert ("dirty tree" in rest) == origin.is_dirty(record), (page, path)


def test_each_folder_of_tests_is_a_package():
    """Else two files of one name, in two folders, are one module, and one of them is not run."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_what_is_listed_as_exhaustive_exists():
    """A test that was renamed would silently come back, and its instances go."""
    here, table = ROOT / "tests", exhaustive_table()
    lines = [line for line in (here / "README.md").read_text().splitlines() if "` | `test_" in line]
    assert len(table) == len(lines) > 0
    missing = [
        (file, test) for file, test in table if f"def {test}(" not in (here / file).read_text()
    ]
    assert missing == []


def test_the_readme_counts_the_models_and_what_they_take():
    builders = [inspect.signature(build).parameters for build in models.MODELS.values()]
    text = " ".join((ROOT / "README.md").read_text().split())
    assert f"{len(builders)} models: " in text
    assert f"{sum('net' in taken for taken in builders)} of them take [other networks]" in text
    assert f"and {sum('condition' in taken for taken in builders)} a `condition=`" in text
