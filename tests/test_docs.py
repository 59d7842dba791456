"""The documentation: it builds without a warning or a network, and its code is true."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aejax.cli import configs
from aejax.gallery import page
from aejax.gallery.pictures import KINDS, NAMED, picture_of
from aejax.models.catalogue import ENTRIES, LISTED

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
# Pages whose blocks are one program each, run in this order; the others' need more than a minute.
PROGRAMS = ("getting_started", "own_data", "nets", "sweeps", "search", "extending")


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it."""
    pytest.importorskip("sphinx")
    out = tmp_path_factory.mktemp("site")
    done = run("-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(out))
    assert done.returncode == 0, done.stderr[-4000:]
    assert not done.stderr.strip(), done.stderr[-4000:]
    return out


@pytest.mark.slow
def test_the_site_has_every_public_name(site):
    """Derived from the packages; a new module needs no page of its own."""
    sys.path.insert(0, str(DOCS))
    try:
        import api_pages
    finally:
        sys.path.remove(str(DOCS))
    from sphinx.util.inventory import InventoryFile

    held = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    listed = {name for entries in held.data.values() for name in entries}
    public = api_pages.public()
    missing = [f"{m}.{n}" for m, names in public.items() for n in names if f"{m}.{n}" not in listed]
    assert not missing
    # And `public` leaves nothing out that a package offers.
    shown = {id(getattr(sys.modules[m], n)) for m, names in public.items() for n in names}
    for module in api_pages.modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if callable(value):
                assert id(value) in shown, (module.__name__, name)
    assert {"aejax.fit", "aejax.models.vae", "aejax.types.Autoencoder"} <= listed
    assert "aejax.sklearn.AutoencoderTransformer" in listed


@pytest.mark.slow
def test_the_site_fetches_nothing(site):
    """No font, script, style or picture of another host, so that it works without a network."""
    fetched = re.compile(r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=\"(https?:)?//[^\"]*\"")
    for path in site.rglob("*.html"):
        assert not fetched.search(path.read_text()), path.name
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\((['\"]?)(https?:)?//", path.read_text()), path.name


@pytest.mark.slow
def test_every_link_of_the_site_ends_somewhere(site):
    for path in site.rglob("*.html"):
        for target in re.findall(r"<a\b[^>]*href=\"([^\"#?]+)[\"#?]", path.read_text()):
            if not re.match(r"[a-z]+:", target):
                assert (path.parent / target).exists(), (path.name, target)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.slow
def test_the_code_of_a_page_is_true(name, tmp_path):
    blocks = BLOCK.findall((DOCS / f"{name}.md").read_text())
    if name == "sweeps":  # the blocks that it includes are of the README
        blocks = [block for block in blocks if "runs/smoke" in block]
    assert blocks
    program = tmp_path / f"{name}.py"
    program.write_text("\n".join(blocks))
    ast.parse(program.read_text())
    done = run("-W", "error", str(program), cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_gallery_shows_every_model():
    """python -m experiments.gallery"""
    rows = configs.load("gallery").ROWS
    record = page.read(DOCS / "gallery")
    assert set(LISTED) <= set(rows) <= set(ENTRIES)
    assert set(LISTED) <= set(record) <= set(ENTRIES)
    assert {entry.kind for entry in ENTRIES.values()} == set(KINDS)
    assert set(NAMED) <= set(ENTRIES)
    assert all(callable(picture_of(name)) for name in ENTRIES)
    pictures = {path.stem: path.stat().st_size for path in (DOCS / "gallery").glob("*.png")}
    assert set(pictures) == set(record)
    assert max(pictures.values()) < 60_000, max(pictures, key=pictures.__getitem__)
    assert sum(pictures.values()) < 3_000_000


def test_the_gallery_of_applications_has_each_once():
    text = (DOCS / "application_gallery.md").read_text()
    folder = DOCS.parent / "configs" / "applications"
    names = sorted(path.stem for path in folder.glob("[a-z]*.py"))
    assert sorted(re.findall(r"^python -m experiments\.reproduce (\w+)$", text, re.M)) == names
    shown = re.findall(r"^!\[[^]]+\]\(\.\./results/(\w+)/(figures/\S+)\)$", text, re.M)
    assert sorted(name for name, _ in shown) == names
    assert all((DOCS.parent / "results" / name / figure).exists() for name, figure in shown)


def test_the_page_of_the_gallery_is_its_record():
    row_of = configs.load("gallery").row_of
    record = page.read(DOCS / "gallery")
    text = page.text(
        record,
        {name: row_of(name).sees for name in record},
        {name: done["paper"] for name, done in record.items()},
    )
    assert (DOCS / "gallery.md").read_text() == text
    for name, done in record.items():
        kept = {"args": done["args"], "hp": done["hp"], "steps": done["steps"]}
        row = json.loads(json.dumps({"args": row_of(name).args, "hp": row_of(name).hp}))
        assert kept == {**row, "steps": row_of(name).steps}, name


@pytest.mark.slow
def test_the_command_trains_draws_and_goes_on(tmp_path):
    arguments = [
        "-m", "experiments.gallery", "--dataset=digits", "--steps=20",
        "--models=linear,topk,planar_vae,beta_vae,seq2seq_future,sentence_vae",
        f"--workdir={tmp_path / 'work'}", f"--output={tmp_path / 'gallery'}",
    ]  # fmt: skip
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "gallery").glob("*.png"))) == 6
    assert "### `topk`" in (tmp_path / "gallery.md").read_text()
    before = (tmp_path / "work" / "topk.json").read_text()
    again = run(*arguments[:4], "--models=topk", *arguments[5:])
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "work" / "topk.json").read_text() == before


def test_the_command_refuses_what_it_does_not_know():
    for flag in ("--models=vea", "--dataset=planted_features", "--steps=0"):
        done = run("-m", "experiments.gallery", flag)
        assert done.returncode == 2, flag
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
