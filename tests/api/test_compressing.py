"""compress and decompress: bit for bit, in the user's shape and scale, in another process too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("constriction")

import aejax
from aejax.api.compressing import codes_of
from aejax.coding import load_tables, save_tables, tables_of
from aejax.errors import ConfigError

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).integers(0, 256, (90, 6, 5, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def fitted():
    model = aejax.models.compressive((6, 5, 1), latent=4, widths=(8,))
    return aejax.fit(
        model, X, steps=60, batch_size=32, hp={"lr": 3e-3, "w_rec_nats": 50.0}, progress=False
    )


@pytest.mark.parametrize("given", [X, X[..., 0], X.reshape(90, -1), X / np.float32(255)])
def test_it_comes_back_in_its_layout_and_on_its_scale(fitted, given):
    data = aejax.compress(fitted, given)
    again = aejax.decompress(fitted, data)
    assert again.shape == given.shape
    assert again.dtype == given.dtype
    expected = aejax.reconstruct(fitted, given)
    if given.dtype == np.uint8:
        assert np.abs(again - np.clip(expected, 0, 255)).max() < 0.51  # rounded to bytes
    else:
        np.testing.assert_allclose(again, expected, atol=1e-5)


def test_codes_are_those_that_were_written(fitted):
    codes, _ = codes_of(fitted, aejax.compress(fitted, X))
    step = fitted.model.info.space.step
    np.testing.assert_array_equal(step * codes.astype(np.float32), aejax.encode(fitted, X))
    one = [codes_of(fitted, aejax.compress(fitted, X[i : i + 1]))[0][0] for i in range(5)]
    np.testing.assert_array_equal(one, codes[:5])


def test_rows_far_from_all_training_rows_come_back(fitted):
    """Codes that no table knows."""
    far = np.full((3, 6, 5, 1), 40.0, np.float32) * np.asarray([1, -2, 5]).reshape(3, 1, 1, 1)
    free = fitted.replace(scale=fitted.scale._replace(bytes=False))
    codes, _ = codes_of(free, aejax.compress(free, far))
    np.testing.assert_array_equal(0.125 * codes.astype(np.float32), aejax.encode(free, far))
    assert (tables_of(fitted).bits(codes) > 32).all()


def test_another_process_reads_it_bit_for_bit(fitted, tmp_path):
    aejax.save(tmp_path / "model", fitted)
    save_tables(tmp_path / "tables.npz", tables_of(fitted))
    (tmp_path / "images.bin").write_bytes(aejax.compress(fitted, X))
    program = (
        "import sys, numpy, aejax\n"
        "from aejax.coding import load_tables\n"
        "from aejax.api.compressing import codes_of\n"
        "folder = sys.argv[1]\n"
        "fitted, tables = aejax.load(folder + '/model'), load_tables(folder + '/tables.npz')\n"
        "data = open(folder + '/images.bin', 'rb').read()\n"
        "numpy.save(folder + '/codes.npy', codes_of(fitted, data, tables=tables)[0])\n"
        "numpy.save(folder + '/images.npy', aejax.decompress(fitted, data, tables=tables))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    data = aejax.compress(fitted, X)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), codes_of(fitted, data)[0])
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), aejax.decompress(fitted, data))


def test_the_tables_of_another_model_are_refused(fitted, tmp_path):
    save_tables(tmp_path / "tables.npz", tables_of(fitted))
    tables = load_tables(tmp_path / "tables.npz")
    data = aejax.compress(fitted, X, tables=tables)
    other = aejax.fit(fitted.model, X, steps=30, batch_size=32, seed=1, progress=False)
    with pytest.raises(ConfigError, match="data was written with the tables") as error:
        aejax.decompress(other, data)
    assert "\n" not in str(error.value)
    vae = aejax.models.vae((6, 5, 1), latent=2, widths=(8,))
    plain = aejax.fit(vae, X, steps=5, batch_size=32, progress=False)
    with pytest.raises(ConfigError, match="model 'vae' has no codes of whole numbers"):
        aejax.compress(plain, X)
    narrow = aejax.models.compressive((6, 5, 1), latent=2, widths=(8,))
    with pytest.raises(ConfigError, match="tables are of 4 numbers"):
        aejax.compress(aejax.fit(narrow, X, steps=5, batch_size=32), X, tables=tables)


def test_a_condition_is_told_on_both_sides():
    labels = np.arange(90) % 3
    model = aejax.models.compressive((6, 5, 1), latent=3, widths=(8,), condition=3)
    fitted = aejax.fit(model, X, condition=labels, steps=40, batch_size=32, progress=False)
    data = aejax.compress(fitted, X, condition=labels)
    again = aejax.decompress(fitted, data, condition=labels)
    expected = aejax.reconstruct(fitted, X, condition=labels)
    assert np.abs(again - np.clip(expected, 0, 255)).max() < 0.51
