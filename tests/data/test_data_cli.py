"""`python -m experiments.data`, as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "experiments.data", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_list(tmp_path):
    done = run("list", f"--data_dir={tmp_path}")
    assert done.returncode == 0
    for words in (
        "digits",
        "embedded",
        "60,000 + 10,000",
        "28x28x1",
        "not prepared",
        str(tmp_path),
    ):
        assert words in done.stdout
    assert "python -m experiments.data prepare fashion_mnist" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["prepare", "mnits"], "dataset='mnits' is unknown. Did you mean 'mnist'?"),
        (["prepair", "mnist"], "Did you mean 'prepare'?"),
        (["prepare"], "prepare NAME"),
        ([], "command is missing"),
        (["list", "digits"], "Allowed: list, or prepare NAME."),
        (["prepare", "mnist", "--manual_dir=/no/such/folder"], "manual_dir='/no/such/folder'"),
        (["prepare", "mnist", "--manual_dri=/x"], "manual_dir"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, says):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert says in done.stderr


def test_no_network_and_no_files(tmp_path):
    dead = {key: "http://127.0.0.1:1" for key in ("http_proxy", "https_proxy", "all_proxy")}
    done = run("prepare", "mnist", f"--data_dir={tmp_path}", **dead, no_proxy="")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "prepare mnist --manual_dir=DIR" in done.stderr
    assert "t10k-images-idx3-ubyte.gz" in done.stderr
    assert os.listdir(tmp_path) == []


def test_nothing_to_prepare_is_status_0():
    done = run("prepare", "digits")
    assert (done.returncode, done.stderr) == (0, "")
    assert "embedded" in done.stdout
