"""TensorFlow Datasets without TensorFlow: from raw files or a network to a cached table."""

import gzip
import os
import pathlib
import shutil
import socket
import sys
import time

import numpy as np
import pytest

from aejax import data
from aejax.data import raw
from aejax.errors import ConfigError

DEAD = "http://127.0.0.1:1/"  # nobody listens on port 1
NAMES = [file.filename for file in data.DATASETS["mnist"].files]


def fails(call, *says):
    with pytest.raises(ConfigError) as caught:
        call()
    assert "\n" not in str(caught.value)
    for words in says:
        assert words in str(caught.value)


def by_content(images, labels):
    return sorted(zip((image.tobytes() for image in images), map(int, labels), strict=True))


def test_from_the_network_to_the_cache(server, register, tiny_arrays, tmp_path, capfd):
    base, asked = server
    register(base)
    done = data.prepare("mnist")
    assert done.fresh
    assert done.folder == tmp_path / "data" / "mnist" / "3.0.1"
    assert len([line for line in asked if line.startswith("GET")]) == 4
    assert sorted(os.listdir(tmp_path / "data")) == ["aejax_cache", "mnist"]
    loaded = data.load("mnist")
    assert loaded.train.dtype == np.uint8
    assert loaded.train.shape == (30, 28, 28, 1)
    train, train_labels, test, test_labels = tiny_arrays
    assert by_content(loaded.train, loaded.train_labels) == by_content(train, train_labels)
    assert by_content(loaded.test, loaded.test_labels) == by_content(test, test_labels)
    assert data.state("mnist") == "prepared"
    assert data.prepare("mnist") == ("mnist", done.folder, False)
    assert "tensorflow" not in sys.modules
    assert capfd.readouterr().out == ""  # TFDS is talkative, and scripts print JSON


def test_prepared_data_needs_neither_network_nor_cache(server, register, tmp_path):
    register(server[0])
    first = data.load("mnist")
    register(DEAD)
    assert data.load("mnist").fingerprint == first.fingerprint
    shutil.rmtree(tmp_path / "data" / "aejax_cache")
    assert data.load("mnist").fingerprint == first.fingerprint


def test_damaged_prepared_data_names_the_way_out(server, register, tmp_path):
    register(server[0])
    data.prepare("mnist")
    shutil.rmtree(tmp_path / "data" / "aejax_cache")
    record = next((tmp_path / "data" / "mnist" / "3.0.1").glob("*test.array_record*"))
    os.truncate(record, 100)
    fails(lambda: data.load("mnist"), "cannot be read", "Delete", "prepare mnist --data_dir=")


def test_other_bytes_from_the_network(server, register, raw_dir, tmp_path):
    register(server[0])
    (raw_dir / NAMES[2]).write_bytes(gzip.compress(b"something else"))
    fails(lambda: data.prepare("mnist"), "sha256", NAMES[2])
    assert os.listdir(tmp_path / "data") == []


def test_no_network_fails_at_once_and_names_the_command(register, tmp_path):
    register(DEAD)
    start = time.perf_counter()
    fails(
        lambda: data.load("mnist"),
        "dataset='mnist' is not prepared",
        "ConnectionError",
        "python -m experiments.data prepare mnist --manual_dir=DIR",
        *NAMES,
        DEAD,
    )
    assert time.perf_counter() - start < 3
    assert os.listdir(tmp_path / "data") == []


def test_a_server_that_never_answers_fails_in_time(register, monkeypatch):
    monkeypatch.setattr(raw, "PROBE_SECONDS", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        register(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        start = time.perf_counter()
        fails(lambda: data.prepare("mnist"), "cannot be downloaded", "--manual_dir=DIR")
        assert time.perf_counter() - start < 3


def test_a_name_server_that_never_answers_fails_in_time(monkeypatch):
    monkeypatch.setattr("requests.head", lambda *_, **__: time.sleep(4))
    start = time.perf_counter()
    assert raw.unreachable("http://x/", 0.3) == "no answer in 0.3 s"
    assert time.perf_counter() - start < 2


def test_manual_files_that_are_missing(register, raw_dir, tmp_path):
    register(DEAD)
    (raw_dir / NAMES[1]).unlink()
    fails(lambda: data.prepare("mnist", manual_dir=raw_dir), "manual_dir=", NAMES[1], DEAD)
    fails(lambda: data.prepare("mnist", manual_dir=tmp_path / "no"), "does not exist")
    fails(lambda: data.load("mnist", data_dir=raw_dir / NAMES[0]), "data_dir=", "directory")
    assert os.listdir(tmp_path / "data") == []


def test_staged_files_come_from_the_set_s_own_folder_first(register, raw_dir, tmp_path):
    register(DEAD)
    files = data.DATASETS["mnist"].files
    own, target = raw_dir / "mnist", tmp_path / "staged"
    own.mkdir()
    target.mkdir()
    for file in files:
        shutil.copy(raw_dir / file.filename, own)
        (raw_dir / file.filename).write_bytes(b"another set's file of the same name")
    raw.stage("mnist", files, raw_dir, target, {})
    assert len(list(target.iterdir())) == 4
    fails(lambda: raw.stage("fashion_mnist", files, raw_dir, target, {}), "sha256", NAMES[0])


def test_files_of_another_set_are_recognised(register, raw_dir, tmp_path):
    register(DEAD, "fashion_mnist")
    call = lambda: data.prepare("mnist", manual_dir=raw_dir)
    fails(call, f"{NAMES[0]}' has sha256", "that is fashion_mnist's file", "440fcabf73cc546f")
    assert os.listdir(tmp_path / "data") == []


def test_a_repackaged_gzip_is_restored_to_the_byte():
    name = b"train-images-idx3-ubyte"
    plain = gzip.compress(b"pixels" * 99, mtime=7)
    published = raw._GZIP_NAMED + (1504176606).to_bytes(4, "little") + plain[8:10]
    published += name + b"\0" + plain[10:]
    assert gzip.decompress(published) == b"pixels" * 99
    file = raw.RawFile("http://x/train-images-idx3-ubyte.gz", "", 1504176606)
    assert raw.restored(plain, file) == published
    assert raw.restored(published, file) == published
    assert raw.restored(plain, file._replace(gzip_time=None)) == plain
    assert raw.restored(b"no gzip", file) == b"no gzip"


def test_debian_s_fashion_mnist_becomes_the_published_one(tmp_path):
    if not os.path.isdir("/usr/share/datasets/fashion-mnist"):
        pytest.skip("no raw data: Debian's package dataset-fashion-mnist is not installed")
    files = data.DATASETS["fashion_mnist"].files
    raw.stage("fashion_mnist", files, pathlib.Path("/usr/share/datasets"), tmp_path, {})
    images, labels = (raw.read_idx(tmp_path / file.filename, file) for file in files[:2])
    assert images.shape == (60000, 28, 28)
    assert np.bincount(labels).tolist() == [6000] * 10


def test_files_that_are_no_idx(tmp_path):
    content = gzip.compress(b"\0\0\x0d\x01\0\0\0\1\0\0\0\0")  # floats
    (tmp_path / "x.gz").write_bytes(content)
    digest = raw.hashlib.sha256(content).hexdigest()
    fails(lambda: raw.read_idx(tmp_path / "x.gz", raw.RawFile("u/x.gz", digest)), "not an IDX file")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_addresses_versions_and_checksums_are_those_of_tfds(name):
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import checksums

    known = checksums.get_all_url_infos()
    source = data.DATASETS[name]
    assert {file.url: file.sha256 for file in source.files} == {
        file.url: known[file.url].checksum for file in source.files
    }
    assert {known[file.url].filename for file in source.files} == set(NAMES)
    assert str(tfds.builder_cls(name).VERSION) == source.version


def test_data_directories(monkeypatch, tmp_path):
    from aejax.data import paths

    assert paths.data_dir() == tmp_path / "data"
    monkeypatch.delenv("AEJAX_DATA_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert paths.data_dir() == tmp_path / "xdg" / "aejax"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert paths.data_dir() == tmp_path / "home" / ".cache" / "aejax"
    assert paths.data_dir("~/mine") == tmp_path / "home" / "mine"


@pytest.fixture(scope="module")
def mnist_dir(manual_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mnist")
    data.prepare("mnist", data_dir=folder, manual_dir=manual_dir)
    return folder


def test_mnist_itself(mnist_dir):
    loaded = data.load("mnist", data_dir=mnist_dir)
    row = data.DATASETS["mnist"]
    assert (len(loaded.train), len(loaded.test)) == row.images == (60000, 10000)
    assert loaded.train.shape[1:] == row.shape == (28, 28, 1)
    assert np.bincount(loaded.train_labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert loaded.train.mean() == pytest.approx(33.3184, abs=1e-4)  # the known mean 0.1307 * 255
    assert loaded.fingerprint == "eb5622d8f88cd51c"


def test_mnist_starts_at_once_the_second_time(mnist_dir):
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        data.load("mnist", data_dir=mnist_dir)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1


def test_stock_tfds_reads_what_we_prepared(mnist_dir):
    import tensorflow_datasets as tfds

    source = tfds.data_source("mnist", data_dir=str(mnist_dir), split="test", download=False)
    loaded = data.load("mnist", data_dir=mnist_dir)
    np.testing.assert_array_equal(source[3]["image"], loaded.test[3])
    assert source[3]["label"] == loaded.test_labels[3]
