"""Files that claim more than they hold, or hold more than a machine can: one line, no memory."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from aejax.data import cache, files, folder
from aejax.errors import ConfigError


def member(shape: str, data: bytes = b"\0" * 16) -> bytes:
    """The bytes of a `.npy` whose header says `shape`."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def archive(path, data: bytes, name="x.npy", flags: int = 0):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    if flags:  # bit 0 of the flags, in both headers
        raw = bytearray(path.read_bytes())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            raw[raw.index(mark) + at] |= flags
        path.write_bytes(raw)
    return path


def refused(path, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        files.load_npz(path, 0.5)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ("(4000000000, 1000)", "claims 16,000,000,000,128 bytes and has 144"),
        ("(2, 1)", "claims 136 bytes and has 144"),
        ("(True, 4)", "header has the shape"),
        ("(-1, 4)", "header has the shape"),
        ("(2, 2", "cannot be read"),
        ("'x'", "cannot be read"),
    ],
)
def test_headers_that_lie(tmp_path, shape, reason):
    refused(archive(tmp_path / "a.npz", member(shape)), reason)


def test_the_header_made_here_is_one_that_numpy_reads(tmp_path):
    path = archive(tmp_path / "a.npz", member("(2, 2)", np.ones(4, "<f4").tobytes()))
    with np.load(path) as file:
        np.testing.assert_array_equal(file["x"], np.ones((2, 2)))
    assert len(files.load_npz(path, 0.5).train) == 1


def test_an_encrypted_archive(tmp_path):
    refused(archive(tmp_path / "a.npz", member("(2, 2)"), flags=1), "array 'x' is encrypted")


def test_a_bomb_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((1000, 1000), np.float32))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(files, "_free_bytes", lambda: 3_000_000)
    refused(path, r"unpacks to 0\.0 GB, and 0\.0 GB of memory")
    monkeypatch.setattr(files, "_free_bytes", lambda: 5_000_000)
    assert files.load_npz(path, 0.5).train.shape[0] == 500


def test_images_of_too_many_pixels_are_refused_by_their_header(tmp_path, monkeypatch):
    from PIL import Image

    for i in range(4):
        Image.new("L", (40, 30)).save(tmp_path / f"{i}.png")
    monkeypatch.setattr(folder, "MOST_PIXELS", 1199)
    with pytest.raises(ConfigError, match=r"40 x 30 pixels\. .*--config\.resize=SIDE"):
        folder.load_images(tmp_path)
    assert folder.load_images(tmp_path, (8, 8)).shape == (4, 8, 8, 1)
    monkeypatch.setattr(folder, "MOST_PIXELS", 1200)
    assert folder.load_images(tmp_path).shape == (4, 30, 40, 1)


@pytest.mark.parametrize("names", [{}, {"../../secret": [1, 2]}, {"train": [1, 2]}, {"x": None}])
def test_a_cache_that_names_other_files_is_no_cache(tmp_path, names):
    """It is built again, and nothing outside is read."""
    meta = {"format": cache._FORMAT, "fingerprint": "f", "files": names}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    np.save(tmp_path / "train.npy", np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"meta\.json names the files"):
        cache.read(tmp_path, "mine")


def test_a_plain_array_that_claims_too_much(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(member("(4000000000, 1000)"))
    with pytest.raises(ConfigError, match="cannot be read"):
        files.load_npy(path, 0.5)
