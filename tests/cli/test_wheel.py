"""What a wheel holds: the package `aejax`, with the configs inside it, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("aejax", "configs", "experiments")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def can_build() -> bool:
    """Tells whether the build's needs are here: it gets none from a network."""
    try:
        return int(version("setuptools").split(".")[0]) >= 77 and find_spec("pip") is not None
    except PackageNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not can_build(), reason="needs pip, and setuptools 77 or newer")
def test_a_wheel_holds_the_package_alone(tmp_path):
    clone = tmp_path / "clone"  # a build leaves files beside the sources
    for name in SOURCES:
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, clone)
    options = "--quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index"
    command = [sys.executable, "-m", "pip", "wheel", *options.split(), "-w", tmp_path, clone]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        (entry,) = (name for name in held if name.endswith("entry_points.txt"))
        assert "aejax = aejax.cli.main:main" in archive.read(entry).decode()
    tops = {name.split("/")[0] for name in held}
    assert tops == {"aejax", entry.split("/")[0]}
    for source in ROOT.glob("aejax/**/*.py"):
        assert source.relative_to(ROOT).as_posix() in held
    for source in ROOT.glob("configs/**/*.py"):
        assert f"aejax/{source.relative_to(ROOT).as_posix()}" in held
