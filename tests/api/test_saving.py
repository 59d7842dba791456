"""Save and load: equal bits in a new process; what is damaged, foreign or newer is refused."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError

X = np.random.default_rng(0).normal(size=(64, 9)).astype(np.float32)


def trained(model=None, **options):
    model = model or aejax.models.vae(9, latent=2, widths=(8,), likelihood="gaussian")
    return aejax.fit(model, X, **({"steps": 6, "batch_size": 16} | options))


@pytest.fixture(scope="module")
def fitted():
    return trained(valid=0.25, eval_every=2, patience=0)


def test_a_new_process_encodes_to_the_same_bits(fitted, tmp_path):
    aejax.save(tmp_path / "model", fitted)
    np.save(tmp_path / "x.npy", X)
    script = (
        "import sys, numpy as np, aejax\n"
        "at = sys.argv[1]\n"
        "codes = aejax.encode(aejax.load(at + '/model'), np.load(at + '/x.npy'))\n"
        "np.save(at + '/codes.npy', codes)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), aejax.encode(fitted, X))


def test_everything_comes_back(fitted, tmp_path):
    aejax.save(tmp_path / "model", fitted)
    again = aejax.load(tmp_path / "model")
    assert repr(again) == repr(fitted)
    assert (again.hp, again.recipe, again.scale) == (fitted.hp, fitted.recipe, fitted.scale)
    for name, values in fitted.history.items():
        np.testing.assert_array_equal(again.history[name], values)
    for name, values in fitted.valid.items():
        np.testing.assert_array_equal(again.valid[name], values)
    assert {p.name for p in (tmp_path / "model").iterdir()} == {
        "fitted.json", "variables.safetensors", "state.safetensors",
    }  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["topk", "deep_rbm", "vq_vae", "k_sparse", "linear_tied"])
def test_models_with_state_and_stages_come_back(name, tmp_path):
    model = aejax.models.build(name, (8, 8, 1), {})
    x = np.random.default_rng(1).random((48, 8, 8, 1)).astype(np.float32)
    fitted = aejax.fit(model, x, steps=8, batch_size=16)
    aejax.save(tmp_path / "m", fitted)
    again = aejax.load(tmp_path / "m")
    np.testing.assert_array_equal(aejax.encode(again, x), aejax.encode(fitted, x))


def test_a_models_of_ones_own_loads_with_its_builder(tmp_path):
    @aejax.builder
    def mine(features, size=2):
        return aejax.models.undercomplete(features, latent=size, widths=(), likelihood="gaussian")

    fitted = trained(mine(9, size=3))
    aejax.save(tmp_path / "m", fitted)
    with pytest.raises(ConfigError, match=r"builder 'mine'.*load\(path, builder=...\)"):
        aejax.load(tmp_path / "m")
    again = aejax.load(tmp_path / "m", builder=mine)
    np.testing.assert_array_equal(aejax.encode(again, X), aejax.encode(fitted, X))
    with pytest.raises(ConfigError, match="of shape"):
        aejax.load(tmp_path / "m", builder=lambda features, size: mine(features + 1, size))


def change(path, **facts):
    file = path / "fitted.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: (p / "fitted.json").unlink(), "is no saved model"),
        (lambda p: (p / "fitted.json").write_text("{"), "is damaged"),
        (lambda p: (p / "fitted.json").write_text("[]"), "is damaged"),
        (lambda p: (p / "variables.safetensors").unlink(), "is damaged"),
        (lambda p: (p / "variables.safetensors").write_bytes(b"x" * 50), "checksum"),
        (lambda p: change(p, format=99), "another version of aejax"),
        (lambda p: change(p, args={"features": 9, "latnt": 2}), "Did you mean 'latent'"),
        (lambda p: change(p, args={"features": 9, "latent": 5}), "the model has"),
        (lambda p: change(p, recipe={"steps": 3}), "is damaged"),
    ],
)
def test_damage_is_one_line(fitted, tmp_path, harm, message):
    aejax.save(tmp_path / "m", fitted)
    harm(tmp_path / "m")
    with pytest.raises(ConfigError, match=message) as caught:
        aejax.load(tmp_path / "m")
    assert "\n" not in str(caught.value)


def test_save_replaces_a_saved_model_and_nothing_else(fitted, tmp_path):
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="is no saved model"):
        aejax.save(other, fitted)
    assert (other / "chapter.txt").read_text() == "years of work"
    for _ in range(2):
        aejax.save(tmp_path / "m", fitted, state=False)
    assert aejax.load(tmp_path / "m").state is None
