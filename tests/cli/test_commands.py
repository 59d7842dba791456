"""The command `aejax`: help, unknown names, what an import does, and how errors end."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from absl import flags

from aejax import errors
from aejax.cli import main as cli
from aejax.cli.common import directory
from aejax.figures import FIGURES

ROOT = Path(__file__).parents[2]


def process(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls `aejax ARGUMENTS` in this process, up to where absl takes over."""
    before = gc.get_threshold()

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["aejax", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    yield run
    gc.set_threshold(*before)
    for where, found in flags.FLAGS.flags_by_module_dict().items():
        if where.startswith("aejax.cli"):
            for flag in list(found):
                delattr(flags.FLAGS, flag.name)


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_every_command_has_help(call, name, asked):
    status, out, err = call(name, asked)
    assert (status, err) == (0, "")
    assert f"aejax {name}" in out
    for flag in flags.FLAGS.flags_by_module_dict().get(f"aejax.cli.{name}", ()):
        assert f"{flag.name}: " in out


def test_the_page_of_commands(call):
    status, out, err = call("--help")
    assert (status, err) == (0, "")
    assert {"sweep", "train", "figures", "reproduce", "benchmark", "data", "models"} <= set(
        cli.COMMANDS
    )
    assert all(f"  {name}" in out for name in cli.COMMANDS)


def test_every_command_is_a_script_of_the_clone_too():
    for name in cli.COMMANDS:
        assert f'script("{name}")' in (ROOT / "experiments" / f"{name}.py").read_text()


def test_a_script_of_the_clone_says_what_it_is_called():
    done = process("-m", "experiments.sweep", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "python -m experiments.sweep --config=FILE" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sweeep"], "command='sweeep' is unknown. Did you mean 'sweep'?"),
        (["reproduse", "linear"], "Did you mean 'reproduce'?"),
        ([], "command is missing. Allowed: "),
    ],
)
def test_an_unknown_command_is_one_line_and_status_2(call, arguments, says):
    status, out, err = call(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert says in err


def test_the_version_needs_an_installed_package(call):
    try:
        status, out, _ = call("--version")
    except PackageNotFoundError:
        pytest.skip("not installed")
    assert status == 0
    assert out.count(".") >= 2


def test_an_import_defines_and_configures_nothing():
    code = """
import gc, importlib, sys
import jax
from absl import flags
before = gc.get_threshold(), dict(jax.config.values)
import aejax
from aejax.cli.main import COMMANDS
for name in COMMANDS:
    for module in (f"aejax.cli.{name}", f"experiments.{name}"):
        importlib.import_module(module)
assert (gc.get_threshold(), dict(jax.config.values)) == before
mine = ("aejax", "experiments")
print([w for w in flags.FLAGS.flags_by_module_dict() if w.startswith(mine)])
"""
    done = process("-c", code)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_bad_paths_are_one_line_and_status_2(tmp_path):
    (tmp_path / "file").write_text("")
    done = process(
        "-m", "experiments.train", "--config=quickstart:smoke", f"--workdir={tmp_path}/file/w"
    )
    assert done.returncode == 2
    assert done.stderr == f"error: '{tmp_path}/file/w': Not a directory\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_name_that_is_no_utf_8_is_one_line():
    """What writes checkpoints takes no other; it is said before training."""
    with pytest.raises(errors.ConfigError, match=r"workdir=b'/tmp/\\xff' is no UTF-8"):
        directory("workdir", os.fsdecode(b"/tmp/\xff"), "runs/x")


def test_a_full_disk_is_one_line_and_status_1():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "experiments.data", "list"]
        done = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


def test_errors_of_the_system_name_the_file():
    assert errors.one_line(OSError(28, "No space left", "a\nb")) == "'a\\nb': No space left"
    assert (
        errors.one_line(OSError(18, "Cross-device", "a", None, "b")) == "'a' -> 'b': Cross-device"
    )
    assert errors.one_line(OSError("as it\n comes")) == "as it comes"
    assert errors.one_line(OSError()) == "OSError"


def test_a_work_directory_may_begin_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert directory("workdir", "~/x", "runs") == tmp_path / "x"
    assert directory("workdir", None, "runs/here") == Path("runs/here")
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.ConfigError, match="is no directory"):
        directory("workdir", "~/file", "runs")
    with pytest.raises(errors.ConfigError, match="has no home directory"):
        directory("workdir", "~no-such-user-of-ours/x", "runs")


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(errors.MissingPackageError, match=r"pip install 'aejax\[figures\]'"):
        FIGURES["summary"]([], {})
