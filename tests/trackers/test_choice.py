"""What `--tracker` says: read as meant, or refused in a line that names the tracker."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import SimpleNamespace

import pytest

from aejax import errors
from aejax.trackers import TRACKERS, choice, on_mlflow, on_wandb, opened, parse


def test_names_repeat_and_share_a_flag(monkeypatch):
    monkeypatch.setattr(choice, "need", lambda module, extra: None)
    assert parse([]) == ()
    assert parse(["wandb,mlflow", "trackio", "wandb"]) == ("wandb", "mlflow", "trackio")
    said = r"tracker='tensorbord' is unknown. Did you mean 'tensorboard'\? Allowed: mlflow, "
    for given in (["tensorbord"], ["wandb,tensorbord"]):
        with pytest.raises(errors.ConfigError, match=said):
            parse(given)
    with pytest.raises(errors.ConfigError, match="tracker='' is unknown"):
        parse(["wandb,"])


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_without_its_extra_names_it(monkeypatch, name):
    package = TRACKERS[name].packages[0]

    def missing(module, *rest):
        raise ModuleNotFoundError(name=module)

    monkeypatch.setattr(importlib, "import_module", missing)
    said = rf"tracker='{name}': package '{package}' is not .*pip install 'aejax\[{name}\]'"
    with pytest.raises(errors.MissingPackageError, match=said):
        parse([name])


def test_a_server_that_is_not_there_is_one_line_without_its_password(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    (tracker,) = opened(["mlflow"], tmp_path, "p").values()
    with pytest.raises(errors.ConfigError, match=r"tracker='mlflow': http://127.0.0.1:9 does not"):
        tracker.check()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    on_mlflow.Mlflow(tmp_path, "p").check()  # a file needs no server
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "answer", "refused"),
    [
        ("offline", None, None),
        ("online", lambda **_: True, None),
        ("online", lambda **_: False, "no API key"),
        ("online", lambda **_: 1 / 0, "division by zero"),
    ],
)
def test_weights_and_biases_is_asked_only_on_line(monkeypatch, tmp_path, mode, answer, refused):
    settings = SimpleNamespace(settings=SimpleNamespace(mode=mode))
    fake = SimpleNamespace(setup=lambda: settings, login=answer)
    monkeypatch.setattr(on_wandb, "need", lambda module, extra: fake)
    tracker = on_wandb.Wandb(tmp_path, "p")
    if refused is None:
        tracker.check()
        return
    said = rf"tracker='wandb' does not answer \({refused}\).*WANDB_MODE=offline"
    with pytest.raises(errors.ConfigError, match=said):
        tracker.check()


def test_a_file_in_the_way_of_tensorboards_folder(tmp_path):
    (tmp_path / "tensorboard").touch()
    with pytest.raises(errors.ConfigError, match=r"tracker='tensorboard': .* is no directory"):
        opened(["tensorboard"], tmp_path, "p")["tensorboard"].check()


def test_bad_input_is_one_line_and_status_2(tmp_path):
    command = [sys.executable, "-m", "aejax.cli", "sweep", "--config=quickstart:smoke"]
    more = [f"--workdir={tmp_path / 'run'}", "--tracker=tensorbord"]
    done = subprocess.run([*command, *more], capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (tmp_path / "run").exists()
