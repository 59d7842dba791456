"""Folders as people have them: splits, classes, hidden files, depths, frames, alpha."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aejax import data
from aejax.cli.apply import read_input
from aejax.errors import ConfigError
from aejax.sweep import make_plan
from aejax.sweep.config import base

RNG = np.random.default_rng(0)


def one_line(call, *says):
    with pytest.raises(ConfigError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for words in says:
        assert words in message


def draw(path: Path, value: int | None = None, shape: tuple[int, ...] = (4, 5)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8) if value is None else np.full(
        shape, value, np.uint8)  # fmt: skip
    Image.fromarray(pixels).save(path)


def values(rows: np.ndarray | None) -> list[int]:
    assert rows is not None
    return rows[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    "names",
    [
        ("train", "test", "valid"),
        ("Train", "Test", "Val"),
        ("TRAINING", "testing", "validation"),
    ],
)
def test_splits_by_any_of_their_names(tmp_path, names):
    for start, name in zip((0, 100, 200), names, strict=True):
        for i in range(3):
            draw(tmp_path / name / f"{i}.png", start + i)
    loaded = data.load(tmp_path)
    assert values(loaded.train) == [0, 1, 2]
    assert values(loaded.test) == [100, 101, 102]
    assert values(loaded.valid) == [200, 201, 202]
    assert loaded.train_labels is None


def test_validation_rows_do_not_leak_into_train_or_test(tmp_path):
    """A folder of train/ and val/ was mixed and split again."""
    for i in range(10):
        draw(tmp_path / "train" / f"{i}.png", i)
        draw(tmp_path / "val" / f"{i}.png", 100 + i)
    loaded = data.load(tmp_path, test_fraction=0.3)
    assert values(loaded.valid) == list(range(100, 110))
    assert sorted(values(loaded.train) + values(loaded.test)) == list(range(10))
    assert len(loaded.test) == 3


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("test", "val"), "no 'train'"),
        (("train", "Train"), "both the train split"),
        (("train", "val", "validation"), "both the valid split"),
        (("train", "test", "extra"), "'extra' beside them"),
        (("bus", "train"), "'bus' beside them"),
    ],
)
def test_splits_that_cannot_be_told_are_refused(tmp_path, names, says):
    for name in names:
        draw(tmp_path / name / "0.png")
    one_line(lambda: data.load(tmp_path), says, str(tmp_path))
    draw(tmp_path / "loose.png")


def test_a_loose_image_beside_the_splits_is_refused(tmp_path):
    draw(tmp_path / "train" / "0.png")
    (tmp_path / "labels.txt").write_text("no image")
    (tmp_path / "docs").mkdir()
    draw(tmp_path / "loose.png")
    one_line(lambda: data.load(tmp_path), "'loose.png' beside them")


def test_classes_are_labels(tmp_path):
    for name, start in (("cat", 0), ("dog", 100)):
        for i in range(4):
            draw(tmp_path / name / "deeper" / f"{i}.png", start + i)
    loaded = data.load(tmp_path)
    for rows, labels in ((loaded.train, loaded.train_labels), (loaded.test, loaded.test_labels)):
        assert labels is not None
        assert labels.dtype == np.int32
        assert [value >= 100 for value in values(rows)] == labels.astype(bool).tolist()


def test_classes_of_splits_share_their_numbers(tmp_path):
    """A class that one split lacks does not move the numbers of the others."""
    for split, names in (("train", "abc"), ("test", "ac"), ("val", "c")):
        for name in names:
            draw(tmp_path / split / name / "0.png", ord(name))
    loaded = data.load(tmp_path)
    found = [loaded.train_labels, loaded.test_labels, loaded.valid_labels]
    assert [None if f is None else f.tolist() for f in found] == [[0, 1, 2], [0, 2], [2]]


def test_no_labels_where_classes_are_not_all(tmp_path):
    draw(tmp_path / "a" / "0.png")
    draw(tmp_path / "b" / "0.png")
    draw(tmp_path / "loose.png")
    assert data.load(tmp_path).train_labels is None


HIDDEN = (".ipynb_checkpoints/0.png", "a/.cache/0.png", "__MACOSX/0.png", "a/._0.png")


@pytest.mark.parametrize("hidden", HIDDEN)
def test_hidden_entries_are_no_images(tmp_path, hidden):
    for name in "ab":
        for i in range(3):
            draw(tmp_path / name / f"{i}.png", 7)
    draw(tmp_path / hidden, 200, (9, 9))
    loaded = data.load(tmp_path)
    assert values(loaded.train) + values(loaded.test) == [7] * 6
    assert set(np.unique(loaded.train_labels)) <= {0, 1}
    assert len(read_input(str(tmp_path))) == 6


def test_a_folder_inside_a_hidden_one_is_read(tmp_path):
    """Hidden is what lies below the folder that was named, and not what it lies in."""
    for i in range(3):
        draw(tmp_path / ".data" / "mine" / f"{i}.png")
    assert len(data.load(tmp_path / ".data" / "mine").train) == 2


def deep_png(path: Path, channels: int) -> None:
    """Writes 16 bits a channel, which Pillow reads as 8 where there are several."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    pixels = RNG.integers(0, 65536, (4, 5, channels)).astype(">u2")
    chunk = lambda name, body: (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    )
    head = struct.pack(">IIBBBBB", 5, 4, 16, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_refused(tmp_path, channels):
    deep_png(tmp_path / "a.png", channels)
    one_line(lambda: data.load(tmp_path), "a.png", "more than 8 bits", ".npy")


@pytest.mark.parametrize("kind", ["tif", "gif", "png", "webp"])
def test_stacks_and_animations_are_refused(tmp_path, kind):
    frames = [Image.fromarray(RNG.integers(0, 256, (16, 16), dtype=np.uint8)) for _ in range(3)]
    frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:])
    one_line(lambda: data.load(tmp_path), f"a.{kind}", "has 3 frames", "one image a file")


def test_palettes_are_grey_where_they_show_greys(tmp_path):
    grey = Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5) * 12)
    for i in range(3):
        grey.convert("P").save(tmp_path / f"{i}.png")
        grey.save(tmp_path / f"{i}.gif")
    loaded = data.load(tmp_path)
    assert loaded.train.shape == (4, 4, 5, 1)
    np.testing.assert_array_equal(loaded.train[0, ..., 0], np.asarray(grey))
    colour = Image.new("P", (5, 4), 1)
    colour.putpalette([0, 0, 0, 200, 10, 10])
    colour.save(tmp_path / "c.png")
    assert data.load(tmp_path).train.shape[-1] == 3


def test_transparency_is_dropped_and_said(tmp_path):
    for i in range(4):
        pixels = np.full((4, 5, 4), 9, np.uint8)
        pixels[..., 3] = 255
        pixels[0, 0, 3] = 255 if i else 100
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    with pytest.warns(
        UserWarning, match=r"1 of 4 images have transparent pixels, such as '0\.png'"
    ):
        assert (data.load(tmp_path).train == 9).all()
    (tmp_path / "0.png").unlink()
    data.load(tmp_path)  # opaque: nothing to say


@pytest.mark.parametrize("resize", [np.int64(4), (4, 4), [4, 4], np.array([4, 4])])
def test_mixed_sizes_with_a_resize(tmp_path, resize):
    for i in range(4):
        draw(tmp_path / f"{i}.png", i, (5 + i, 6))
    assert data.load(tmp_path, resize=resize).train.shape == (3, 4, 4, 1)


@pytest.mark.parametrize("resize", ["x", 4.0, True, 0, -1, (4,), (4, 4, 4), (4, 2.5), 10**6])
def test_resizes_that_are_none(tmp_path, resize):
    draw(tmp_path / "0.png")
    one_line(lambda: data.load(tmp_path, resize=resize), "resize=", "Allowed: pixels a side")


def test_the_command_line_resizes_as_the_message_says(tmp_path):
    for i in range(8):
        draw(tmp_path / f"{i}.png", i, (5 + i, 6))
    config = base(dataset=str(tmp_path), batch_size=2, valid_fraction=0.25)
    one_line(lambda: make_plan(config), "--config.resize=N")
    config = base(dataset=str(tmp_path), batch_size=2, valid_fraction=0.25, resize=4)
    assert make_plan(config).groups[0].model.info.shape == (4, 4, 1)
