"""python -m experiments.figures: what it prints, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experiments.figures", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_it_prints_what_it_wrote_and_what_it_could_not_draw(fabricate):
    workdir, _ = fabricate(models=("denoising",))
    done = script(f"--workdir={workdir}", "--figures=samples,summary")
    assert done.returncode == 0
    folder = workdir / "figures"
    assert done.stdout.splitlines() == [
        str(folder / f"summary.{kind}") for kind in ("png", "pdf", "csv")
    ]
    assert "samples: nothing to draw" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workdir={workdir}", "--figures=summary,cods"], "Did you mean 'codes'?"),
        (["--workdir={workdir}/nowhere"], "is not a directory"),
        (["--workdir={workdir}/arrays"], "no results"),
        ([], "--workdir is missing"),
    ],
)
def test_bad_input_ends_with_status_2_and_one_line(fabricate, arguments, said):
    workdir, _ = fabricate(models=("denoising",), seeds=1)
    done = script(*(argument.format(workdir=workdir) for argument in arguments))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert not (workdir / "figures").exists()
