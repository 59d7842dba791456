"""What launchers are asked for: refused in a line before anything starts, or read as meant."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from aejax import errors
from aejax.launch import choice, local, on_ray, on_slurm
from aejax.launch.choice import Launcher, parse, slurm_options
from aejax.launch.watching import WORKER, worker_arguments


@pytest.fixture
def packages(monkeypatch):
    """All extras are installed, as far as `parse` can tell."""
    monkeypatch.setattr(choice, "need", lambda module, extra: None)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("text", "slurm", "said"),
    [
        ("lcoal", None, r"launcher='lcoal' is unknown. Did you mean 'local'\? Allowed: local, ray"),
        ("", None, "launcher='' is unknown. Allowed"),
        ("local:", None, "no number of processes. Allowed: local, or local:N with N from 1"),
        ("local:0", None, "launcher='local:0' is no number"),
        ("local:-2", None, "is no number"),
        ("local:two", None, "is no number"),
        ("local:1e3", None, "is no number"),
        ("local:4096", None, "N from 1 to 1024"),
        ("slurm:gpu", None, "launcher='slurm:gpu' has a wrong target. Allowed: slurm."),
        ("ray:", None, r"has a wrong target. Allowed: ray, or ray:TARGET \(its address\)"),
        ("local:2", "jobs=2", "slurm='jobs=2' is for another launcher than 'local'"),
        ("slurm", "partitoin=a", r"Did you mean 'partition'\? Allowed: KEY=VALUE"),
        ("slurm", "jobs", "slurm='jobs' is unknown"),
        ("slurm", "jobs=0", "slurm='jobs=0' has a wrong value. Allowed: 1 or more"),
        ("slurm", "time=1:00", "has a wrong value. Allowed: 1 or more"),
        ("slurm", "partition=", "Allowed: a name"),
        ("slurm", "wait=maybe", "Allowed: yes, no"),
    ],
)
def test_bad_input_is_one_line(text, slurm, said):
    with pytest.raises(errors.ConfigError, match=said):
        parse(text, slurm)


@pytest.mark.parametrize(("name", "package"), [("slurm", "submitit"), ("ray", "ray")])
def test_a_launcher_without_its_extra_names_it(monkeypatch, name, package):
    real = importlib.import_module

    def missing(module, *rest):
        if module == package:
            raise ModuleNotFoundError(name=module)
        return real(module, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    said = rf"launcher='{name}': package '{package}' is not .*pip install 'aejax\[{name}\]'"
    with pytest.raises(errors.MissingPackageError, match=said):
        parse(name)


@pytest.mark.usefixtures("packages")
def test_good_input():
    assert parse("local") == Launcher("local", "", {})
    assert (parse("local").count, parse("local:3").count) == (1, 3)
    assert parse("ray:10.0.0.1:6379").target == "10.0.0.1:6379"
    assert slurm_options("jobs=4,time=1-02:30:01,partition=a+b,wait=no") == {
        "jobs": 4, "time": 26 * 60 + 31, "partition": "a+b", "wait": "no",
    }  # fmt: skip
    assert slurm_options("time=90") == {"time": 90}


def test_without_slurm_its_launcher_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(errors.ConfigError, match=r"no sbatch.*--slurm=cluster=local"):
        on_slurm.check(Launcher("slurm", "", {}))
    on_slurm.check(Launcher("slurm", "", {"cluster": "local"}))


def test_an_unknown_partition_is_told_from_those_that_are(monkeypatch, tmp_path):
    for name in ("sbatch", "sinfo"):
        (tmp_path / name).write_text("#!/bin/sh\necho short\necho long\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    on_slurm.check(Launcher("slurm", "", {"partition": "long"}))
    said = "partition=shrot' is unknown. Did you mean 'short'\\? Allowed: long, short"
    with pytest.raises(errors.ConfigError, match=said):
        on_slurm.check(Launcher("slurm", "", {"partition": "shrot"}))


@pytest.mark.parametrize(
    "address", ["127.0.0.1:9", "ray://127.0.0.1:9", "nowhere", "a:b", "x:99999"]
)
def test_an_address_where_nobody_is_is_one_line_at_once(monkeypatch, address):
    monkeypatch.setattr(on_ray, "need", lambda module, extra: SimpleNamespace(is_initialized=bool))
    said = rf"launcher='ray:{address}' does not answer \(.*\). Allowed: ray, or ray:ADDRESS"
    with pytest.raises(errors.ConfigError, match=said):
        on_ray.check(Launcher("ray", address, {}))


def test_a_worker_gets_the_command_without_its_launcher(tmp_path):
    argv = [
        "--config=a.py:smoke", "--launcher=local:2", "--workdir", "x", "--nofigures", "--slurm",
        "jobs=2", "--config.seed=3", "--config.workdir_like=1", "-launcher", "ray",
    ]  # fmt: skip
    assert worker_arguments(argv, tmp_path) == [
        "--config=a.py:smoke", "--config.seed=3", "--config.workdir_like=1",
        f"--workdir={tmp_path}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "devices", "shares", "memory"),
    [
        (2, ["0", "1", "2", "3"], ["0,2", "1,3"], None),
        (2, ["5"], ["5", "5"], "0.375"),
        (3, ["0", "1"], ["0", "1", "0"], "0.375"),
    ],
)
def test_workers_share_the_gpus(count, devices, shares, memory):
    for number, share in enumerate(shares):
        made = local.environment(number, count, devices, {"HOME": "/h"})
        assert made["CUDA_VISIBLE_DEVICES"] == share
        assert made.get("XLA_PYTHON_CLIENT_MEM_FRACTION") == memory
        assert (made["HOME"], made[WORKER]) == ("/h", "stay")


def test_without_gpus_nothing_is_said_of_them():
    assert local.environment(0, 2, [], {}, stay=False) == {WORKER: "leave"}
    assert local.gpus({"CUDA_VISIBLE_DEVICES": ""}) == []
    assert local.gpus({"CUDA_VISIBLE_DEVICES": "3,GPU-ab"}) == ["3", "GPU-ab"]
