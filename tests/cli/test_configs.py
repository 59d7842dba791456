"""Config files: by path or by name, run once, and what is said of a broken one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aejax.cli import configs
from aejax.errors import ConfigError

ROOT = Path(__file__).parents[2]


def test_shipped_configs_have_names():
    assert {"quickstart", "zoo", "papers/linear"} <= set(configs.names())
    for name in configs.names():
        assert configs.find(name) == ROOT / "configs" / f"{name}.py"


def test_a_path_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart").write_text("")
    assert configs.find("quickstart") == Path("quickstart")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("quikstart", "Did you mean 'quickstart'"),
        ("papers/liner", "Did you mean 'papers/linear'"),
        ("/no/such/file.py", "is no file"),
    ],
)
def test_no_such_config(name, says):
    with pytest.raises(ConfigError, match=says):
        configs.load(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ny = nowhere\n", "line 2: NameError: name 'nowhere' is not defined"),
        ("x = 1\n\ndef f(:\n", "line 3: SyntaxError"),
        ("x = 1\n", "has no get_config"),
        ("def get_config():\n    return {}['a']\n", "line 2: KeyError: 'a'"),
        ("def get_config():\n    return 3\n", "AttributeError"),
    ],
)
def test_a_broken_config_names_its_line(tmp_path, text, says):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        configs.ConfigParser().parse(str(path))


def test_a_config_file_runs_once_and_its_errors_are_one_line(tmp_path):
    config, log = tmp_path / "mine.py", tmp_path / "log"
    config.write_text(
        f"open({str(log)!r}, 'a').write('run ')\nfrom aejax.sweep import base\n"
        "def get_config(scale='small'):\n    return base(scale, name='mine')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "experiments.sweep", f"--config={config}", "--config.model=vea"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Did you mean 'vae'?" in done.stderr
    assert log.read_text() == "run "
