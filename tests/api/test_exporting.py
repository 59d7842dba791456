"""An exported part runs under JAX alone and gives the package's numbers, for any batch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError

BYTES = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 1), dtype=np.uint8)
ALONE = """
import sys, numpy as np
sys.modules["aejax"] = None  # an import of this package would fail
from jax import export
at = sys.argv[1]
run = export.deserialize(open(at + "/part.jax", "rb").read()).call
x = np.load(at + "/x.npy")
np.save(at + "/out.npy", np.concatenate([run(x[:1]), run(x[1:])]))
"""


@pytest.fixture(scope="module")
def fitted():
    model = aejax.models.vae((8, 8, 1), latent=3, widths=(8,))
    return aejax.fit(model, BYTES, steps=3, batch_size=4)


@pytest.mark.parametrize("part", ["encoder", "decoder", "reconstruct"])
def test_a_part_runs_without_this_package(fitted, part, tmp_path):
    codes = aejax.encode(fitted, BYTES)
    given = codes if part == "decoder" else BYTES
    right = {
        "encoder": lambda: codes,
        "decoder": lambda: aejax.decode(fitted, codes),
        "reconstruct": lambda: aejax.reconstruct(fitted, BYTES),
    }[part]()
    aejax.export(tmp_path / "part.jax", fitted, part)
    np.save(tmp_path / "x.npy", given)
    subprocess.run([sys.executable, "-c", ALONE, str(tmp_path)], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), right, atol=1e-3)


def test_what_cannot_be_exported_is_said(fitted, tmp_path):
    with pytest.raises(ConfigError, match="Did you mean 'encoder'"):
        aejax.export(tmp_path / "p", fitted, "encode")
    with pytest.raises(ConfigError, match="platform='gpu' is unknown"):
        aejax.export(tmp_path / "p", fitted, platforms=["gpu"])
    assert not list(tmp_path.iterdir())
