"""The libraries themselves, where they are installed: what their readers find is what was told."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from aejax.trackers import Point, on_mlflow, opened
from aejax.trackers.on_tensorboard import last_step
from aejax.trackers.points import tracked

MEMBER = tracked(
    "0123456789", "vae-aa.2", {"model": "vae", "args": {"latent": 2, "widths": [8]}, "clip": None},
    {"lr": 0.1}, 3,
)  # fmt: skip
POINTS = [Point(4, {"train/loss": 3.5, "valid/mse": 0.25}), Point(8, {"valid/mse": 0.125})]
LAST = Point(12, {"train/loss": 1.5, "valid/mse": 0.0625})
FINAL = {"test_mse": 0.5, "valid_mse": 0.0625}


def tell(make):
    """Points, a stop, the last point, the end; then the end again, as after a stop behind it."""
    first = make()
    assert first.begin(MEMBER) == -1
    first.log(MEMBER, POINTS)
    first.close()
    second = make()
    assert second.begin(MEMBER) == 8
    second.log(MEMBER, [LAST])
    second.end(MEMBER, 12, FINAL, "ok")
    second.close()
    third = make()
    assert third.begin(MEMBER) >= 12
    third.end(MEMBER, 12, FINAL, "ok")
    third.close()


def wanted(prefix="final/"):
    """Returns name -> [(step, value)]."""
    found = {}
    for step, values in [*POINTS, LAST, Point(12, {f"{prefix}{n}": v for n, v in FINAL.items()})]:
        for name, value in values.items():
            found.setdefault(name, []).append((step, value))
    return found


def test_tensorboard_reads_each_point_once(tmp_path):
    pytest.importorskip("tensorboardX")
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tell(lambda: opened(["tensorboard"], tmp_path, "p")["tensorboard"])
    read = reader.EventAccumulator(str(tmp_path / "tensorboard" / "vae-0123456789"))
    read.Reload()
    tags = read.Tags()["scalars"]
    assert {n: [(e.step, e.value) for e in read.Scalars(n)] for n in tags} == wanted()
    text = read.Tensors("config/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "| hp.lr | 0.1 |" in text
    assert "_hparams_/session_start_info" in read.summary_metadata


def test_a_file_that_was_cut_off_keeps_its_whole_points(tmp_path):
    pytest.importorskip("tensorboardX")
    make = lambda: opened(["tensorboard"], tmp_path, "p")["tensorboard"]
    first = make()
    first.begin(MEMBER)
    first.log(MEMBER, [*POINTS, LAST])
    (path,) = (tmp_path / "tensorboard" / "vae-0123456789").iterdir()
    data = path.read_bytes()
    steps = []
    for length in range(len(data), len(data) // 3, -7):
        path.write_bytes(data[:length])
        steps.append(last_step(path.parent)[0])
    assert steps == sorted(steps, reverse=True)
    assert set(steps) == {12, 8, 4, -1}
    first.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of SQLAlchemy, about MLflow
def test_mlflow_has_each_point_once(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    pytest.importorskip("alembic")
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    tell(lambda: opened(["mlflow"], tmp_path, "p")["mlflow"])
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("p").experiment_id])
    history = lambda n: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, n)]
    assert {name: history(name) for name in run.data.metrics} == wanted()
    assert run.info.status == "FINISHED"
    assert run.data.params["args.widths"] == "[8]"
    assert run.data.tags["aejax.member"] == MEMBER.id


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_store_of_mlflow_is_whole_or_not_there(tmp_path, monkeypatch):
    """MLflow leaves a store that it refuses for ever where two make it, or one is killed."""
    pytest.importorskip("mlflow")
    pytest.importorskip("alembic")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    stopped = SimpleNamespace(MlflowClient=lambda uri: Path(uri[10:]).write_text("half") / 0)
    with pytest.raises(ZeroDivisionError):
        on_mlflow._make_store(stopped, tmp_path / "mlflow.db")
    assert list(tmp_path.iterdir()) == []
    first, second = (opened(["mlflow"], tmp_path, "p")["mlflow"] for _ in range(2))
    is_file, asked = Path.is_file, []

    def late(path):  # another has made it between the question and the making
        if path.name == "mlflow.db" and not asked:
            asked.append(path)
            first.begin(MEMBER)
            first.log(MEMBER, POINTS)
            return False
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", late)
    assert second.begin(MEMBER) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def records(path):
    """Yields the records of a file of Weights & Biases: a LevelDB log of one block, after 7 bytes.

    A record has a checksum (4 bytes), its length (2) and 1 for "whole" before it.
    """
    data, at = path.read_bytes(), 7
    assert data[:4] == b":W&B"
    assert len(data) < 2**15
    while at < len(data):
        length, kind = struct.unpack_from("<HB", data, at + 4)
        assert kind == 1
        yield data[at + 7 : at + 7 + length]
        at += 7 + length


def test_weights_and_biases_off_line_goes_on_in_the_same_run(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    tell(lambda: opened(["wandb"], tmp_path, "p")["wandb"])
    found: dict = {}
    for path in sorted((tmp_path / "wandb").glob("offline-run-*/*.wandb")):
        assert path.stem == f"run-{MEMBER.id}"
        for data in records(path):
            record = wandb_internal_pb2.Record.FromString(data)
            values = {"/".join(i.nested_key) or i.key: i.value_json for i in record.history.item}
            values |= {i.key: i.value_json for i in record.summary.update if i.key in FINAL}
            for name, value in values.items():
                if not name.startswith("_"):
                    found.setdefault(name, []).append((int(values.get("_step", 12)), float(value)))
    assert {name: sorted(set(points)) for name, points in found.items()} == wanted("")
    assert all(len(points) == len(set(points)) for name, points in found.items() if "/" in name)


def test_trackio_has_each_point_once(tmp_path, monkeypatch):
    pytest.importorskip("trackio")
    from trackio import sqlite_storage

    monkeypatch.setattr(sqlite_storage, "TRACKIO_DIR", tmp_path)
    tell(lambda: opened(["trackio"], tmp_path, "p")["trackio"])
    logs = sqlite_storage.SQLiteStorage.get_logs("p", run_id=MEMBER.id)
    assert [log["step"] for log in logs] == [4, 8, 12, 13]
    assert logs[2]["valid/mse"] == 0.0625
    assert logs[3]["final/test_mse"] == 0.5
