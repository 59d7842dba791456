"""The user's own `.npy`, `.npz` and folder of images, whole and broken."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from aejax import data
from aejax.errors import ConfigError

X = np.random.RandomState(0).randint(0, 256, (20, 6, 5), np.uint8)
Y = np.arange(20)


def one_line(call, *says):
    with pytest.raises(ConfigError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for words in says:
        assert words in message
    return message


def test_npy(tmp_path):
    np.save(tmp_path / "x.npy", X)
    loaded = data.load(tmp_path / "x.npy", test_fraction=0.25)
    assert loaded.train.shape == (15, 6, 5, 1)
    assert loaded.test.shape == (5, 6, 5, 1)
    assert loaded.train.dtype == np.uint8
    assert loaded.train_labels is None
    both = np.concatenate([loaded.train, loaded.test])[..., 0]
    assert sorted(x.tobytes() for x in both) == sorted(x.tobytes() for x in X)
    assert data.load(str(tmp_path / "x.npy"), test_fraction=0.25).fingerprint == loaded.fingerprint


@pytest.mark.parametrize(
    ("arrays", "sizes", "labels"),
    [
        ({"train": X[:12], "test": X[12:]}, (12, 8), None),
        ({"x_train": X[:12], "x_test": X[12:], "y_train": Y[:12], "y_test": Y[12:]}, (12, 8), 12),
        ({"train": X, "train_labels": Y}, (16, 4), 17),
        ({"image": X}, (16, 4), None),
        ({"data": X, "target": Y}, (16, 4), 17),
        ({"faces": X}, (16, 4), None),
        ({"faces": X, "labels": Y}, (16, 4), 17),
        ({"faces": X, "who": np.array(["me"] * 20), "mean": np.float32(3)}, (16, 4), None),
    ],
)
def test_npz(tmp_path, arrays, sizes, labels):
    np.savez(tmp_path / "x.npz", **arrays)
    loaded = data.load(tmp_path / "x.npz")
    assert (len(loaded.train), len(loaded.test)) == sizes
    assert (loaded.train_labels is not None) == (labels is not None)
    if labels is not None:
        rows = np.concatenate([loaded.train_labels, loaded.test_labels])
        images = np.concatenate([loaded.train, loaded.test])[..., 0]
        np.testing.assert_array_equal(images, X[rows])


def test_films_stay_frames(tmp_path):
    """Rank 3 is images of one channel, but for the arrays that are called films."""
    np.savez(tmp_path / "x.npz", films=X, y=Y)
    loaded = data.load(tmp_path / "x.npz", test_fraction=0.25)
    assert loaded.train.shape == (15, 6, 5)
    assert loaded.test_labels is not None
    np.savez(tmp_path / "y.npz", train_films=X[:12], test_films=X[12:])
    assert data.load(tmp_path / "y.npz").test.shape == (8, 6, 5)
    np.savez(tmp_path / "z.npz", films=X[..., None])
    one_line(lambda: data.load(tmp_path / "z.npz"), "'films'", "rank 4", "Allowed: [N, T, D].")


@pytest.mark.parametrize("arrays", [{"a": X, "b": X}, {"labels": Y}])
def test_npz_without_a_name_for_the_images(tmp_path, arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    one_line(lambda: data.load(tmp_path / "x.npz"), "x.npz", str(sorted(arrays)), "train", "image")


def test_nan_names_the_array_and_the_pixel(tmp_path):
    test = np.zeros((4, 6, 5), np.float32)
    test[3, 2, 1] = np.nan
    np.savez(tmp_path / "x.npz", train=np.zeros((9, 6, 5), np.float32), test=test)
    one_line(
        lambda: data.load(tmp_path / "x.npz"), "array 'test' holds nan in row 3, pixel (2, 1)."
    )


def test_fraction_is_checked_where_it_is_not_needed(tmp_path):
    np.savez(tmp_path / "x.npz", train=X, test=X)
    one_line(lambda: data.load(tmp_path / "x.npz", test_fraction=2), "test_fraction=2")


def test_labels_that_do_not_fit(tmp_path):
    np.savez(tmp_path / "x.npz", train=X, y_train=Y[:7])
    one_line(lambda: data.load(tmp_path / "x.npz"), "array 'y_train' has shape (7,)", "[20]")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("keep", [0, 3, 40, 200, 500])
def test_truncated(tmp_path, suffix, keep):
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    np.save(whole, X) if suffix == ".npy" else np.savez(whole, train=X, test=X)
    cut.write_bytes(whole.read_bytes()[:keep])
    one_line(lambda: data.load(cut), f"cut{suffix}", "cannot be read", "Allowed")


def test_flipped_byte_in_an_npz(tmp_path):
    np.savez(tmp_path / "x.npz", train=X)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[400] ^= 0xFF
    (tmp_path / "x.npz").write_bytes(content)
    one_line(lambda: data.load(tmp_path / "x.npz"), "array 'train' cannot be read", "CRC")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_foreign(tmp_path, suffix):
    text, archive = tmp_path / f"text{suffix}", tmp_path / f"zip{suffix}"
    text.write_text("name,value\n1,2\n" * 50)
    one_line(lambda: data.load(text), "cannot be read")
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("readme.txt", "hello")
    one_line(lambda: data.load(archive), f"zip{suffix}", "Allowed")


def test_pickles_are_refused(tmp_path):
    objects = np.array([[X, X]], object)[:, :2]
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", train=objects)
    one_line(lambda: data.load(tmp_path / "x.npy"), "Python objects", "numbers only")
    one_line(lambda: data.load(tmp_path / "x.npz"), "array 'train'", "Python objects")


def test_swapped_suffixes(tmp_path):
    with open(tmp_path / "a.npz", "wb") as file:
        np.save(file, X)
    with open(tmp_path / "b.npy", "wb") as file:
        np.savez(file, train=X)
    one_line(lambda: data.load(tmp_path / "a.npz"), "single array")
    one_line(lambda: data.load(tmp_path / "b.npy"), "cannot be read", "magic string")


def test_names_that_are_not_there(tmp_path):
    np.save(tmp_path / "faces.npy", X)
    (tmp_path / "faces.csv").write_text("1,2")
    one_line(lambda: data.load(tmp_path / "facse.npy"), "does not exist", "'faces.npy'?")
    one_line(lambda: data.load(tmp_path / "no" / "where.npy"), "does not exist")
    (tmp_path / "faces.txt").write_text("1,2")
    one_line(lambda: data.load(tmp_path / "faces.txt"), "a .txt file", ".npz", ".csv")
    one_line(lambda: data.load("fashon_mnist"), "unknown", "'fashion_mnist'?", "digits")
    one_line(lambda: data.load(""), "empty")
    one_line(lambda: data.load(None), "NoneType")


def draw(path, size=(5, 6), mode="L", value=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new(mode, size, value if value is not None else 7)
    image.save(path)


def test_folder_of_grey_images(tmp_path):
    for index in range(10):
        draw(tmp_path / f"class{index % 2}" / f"{index}.png", value=index + 1)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._0.png").write_text("no image: what some systems leave in archives")
    loaded = data.load(tmp_path)
    assert loaded.train.shape == (8, 6, 5, 1)  # Pillow's size is (width, height)
    assert loaded.test.shape == (2, 6, 5, 1)
    assert sorted([*loaded.train[:, 0, 0, 0], *loaded.test[:, 0, 0, 0]]) == list(range(1, 11))


def test_folder_becomes_rgb_where_one_has_colour(tmp_path):
    for index in range(4):
        draw(tmp_path / f"{index}.png")
    draw(tmp_path / "4.png", mode="RGBA", value=(1, 2, 3, 128))
    with pytest.warns(UserWarning, match="1 of 5 images have transparent pixels"):
        loaded = data.load(tmp_path)
    images = np.concatenate([loaded.train, loaded.test])
    assert images.shape == (5, 6, 5, 3)
    assert sorted(images[:, 0, 0].tolist()) == [[1, 2, 3], *[[7, 7, 7]] * 4]


def test_folder_with_its_own_splits(tmp_path):
    for index in range(3):
        draw(tmp_path / "train" / f"{index}.png", value=10 + index)
    draw(tmp_path / "test" / "0.png", value=90)
    loaded = data.load(tmp_path)
    assert loaded.train[:, 0, 0, 0].tolist() == [10, 11, 12]
    assert loaded.test[:, 0, 0, 0].tolist() == [90]


def test_folder_with_differing_sizes(tmp_path):
    draw(tmp_path / "a.png")
    draw(tmp_path / "b.png", size=(9, 8))
    one_line(lambda: data.load(tmp_path), "a.png' is 6x5", "b.png' is 8x9", "resize")
    assert data.load(tmp_path, resize=4, test_fraction=0.5).train.shape == (1, 4, 4, 1)
    assert data.load(tmp_path, resize=(4, 3), test_fraction=0.5).train.shape == (1, 4, 3, 1)
    one_line(lambda: data.load(tmp_path, resize=(4, 0)), "resize=(4, 0)")
    one_line(lambda: data.load("digits", resize=4), "resize=4", "folder")


def test_broken_folders(tmp_path):
    (tmp_path / "empty").mkdir()
    one_line(lambda: data.load(tmp_path / "empty"), "holds no images", ".png")
    draw(tmp_path / "deep" / "a.png", mode="I;16")
    one_line(lambda: data.load(tmp_path / "deep"), "a.png", "8 bits")
    draw(tmp_path / "cut" / "a.png", size=(64, 64))
    content = (tmp_path / "cut" / "a.png").read_bytes()
    (tmp_path / "cut" / "a.png").write_bytes(content[: len(content) // 2])
    one_line(lambda: data.load(tmp_path / "cut"), "a.png", "cannot be read")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.jpg").write_text("hello")
    one_line(lambda: data.load(tmp_path / "text"), "a.jpg", "cannot be read")
