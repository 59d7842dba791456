"""A tiny MNIST on a server of our own: the whole road from network to cache, without a network."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from aejax.data import DATASETS
from aejax.data.raw import RawFile

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path, monkeypatch):
    """No test reads or writes the user's own cache."""
    monkeypatch.setenv("AEJAX_DATA_DIR", str(tmp_path / "data"))


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.fixture
def tiny_arrays():
    """Train images, train labels, test images, test labels; each image tells its own label."""
    labels = [np.arange(n, dtype=np.uint8) % 10 for n in (30, 10)]
    images = [np.random.RandomState(n).randint(0, 256, (n, 28, 28), np.uint8) for n in (30, 10)]
    for image, label in zip(images, labels, strict=True):
        image[:, 0, 0] = label
    return images[0], labels[0], images[1], labels[1]


@pytest.fixture
def raw_dir(tmp_path, tiny_arrays) -> Path:
    """A folder with the four raw files."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, array in zip(NAMES, tiny_arrays, strict=True):
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array), mtime=0))
    return folder


@pytest.fixture
def register(monkeypatch, raw_dir):
    """Puts the tiny files into the table as `mnist`, published at a base address of choice."""

    def put(base: str, name: str = "mnist") -> None:
        files = tuple(
            RawFile(f"{base}{n}.gz", hashlib.sha256((raw_dir / f"{n}.gz").read_bytes()).hexdigest())
            for n in NAMES
        )
        monkeypatch.setitem(DATASETS, name, DATASETS[name]._replace(files=files))

    return put


@pytest.fixture
def server(raw_dir):
    """Serves `raw_dir`; yields the base address and the list of requests."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.requestline)

    handler = functools.partial(Handler, directory=str(raw_dir))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/", asked
        running.shutdown()


@pytest.fixture(scope="session")
def manual_dir() -> str:
    """The folder of raw files that a developer or CI has; it holds `mnist/`."""
    folder = os.environ.get("AEJAX_MANUAL_DIR")
    if not folder:
        pytest.skip("no raw data: set AEJAX_MANUAL_DIR")
    return folder
