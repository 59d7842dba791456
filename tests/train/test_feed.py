"""Rows that the host streams: the same run as with a table on the device, bit for bit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aejax
from aejax import models
from aejax.data.sparse import pack
from aejax.errors import ConfigError
from aejax.evaluate.members import evaluator
from aejax.train import feed, run
from aejax.train.checkpoint import Checkpoint
from aejax.train.feed import FeedSpec, joined
from aejax.train.plan import Job, Segment
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train

X = np.random.default_rng(0).random((90, 12)).astype(np.float32)
STEP = 16 * 12 * 4  # bytes of a batch
SEEDS = [0, 1, 1, 0, 0]  # two orders of the data


def job(model, stream, steps=24, executor="vmap", seeds=SEEDS):
    recipe = Recipe(steps, 16)
    hp = {n: jnp.full(len(seeds), v, jnp.float32) for n, v in hparams_of(model, recipe).items()}
    return Job(model, recipe, hp, np.array(seeds, np.int32), 12, executor=executor, stream=stream)


def assert_same(a, b):
    """Of two runs, but for the curves, whose windows may be means of means."""
    for part in ("state", "valid"):
        for one, other in zip(*(jax.tree.leaves(getattr(r, part)) for r in (a, b)), strict=True):
            if jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
                one, other = jax.random.key_data(one), jax.random.key_data(other)
            np.testing.assert_array_equal(one, other)
    for name, curve in a.curves.items():
        np.testing.assert_allclose(curve, b.curves[name], rtol=1e-5)


# Whole chunks; several windows of a chunk a piece; one step a piece, which is part of a window.
@pytest.mark.parametrize("size", [2**27, 2 * 3 * STEP, STEP])
@pytest.mark.parametrize("executor", ["vmap", "map", "loop"])
def test_a_streamed_run_is_the_other_bit_for_bit(monkeypatch, executor, size):
    monkeypatch.setattr(run, "PIECE_BYTES", size)
    model = models.vae(12, latent=3, widths=(8,))
    whole, streamed = (
        train(job(model, stream, executor=executor), X, valid=X[:10], measure=evaluator)
        for stream in ("off", "on")
    )
    assert (whole.streamed, streamed.streamed) == (False, True)
    assert streamed.recompiles == 0
    assert_same(whole, streamed)


def conditioned():
    from aejax.conditions import with_condition

    model = models.vae(12, latent=3, widths=(8,), condition=3)
    return model, with_condition(model.info.nets.condition, X, np.arange(90) % 3, "vae", "c")


def sparse():
    from scipy import sparse

    counts = sparse.csr_matrix((X > 0.8).astype(np.float32))
    return models.mult_dae(12, latent=3), pack(counts)


def bytes_():
    return models.undercomplete(12, latent=3), (X * 255).astype(np.uint8)


@pytest.mark.parametrize("case", [conditioned, sparse, bytes_])
def test_whatever_a_table_is_made_of(case):
    model, table = case()
    assert_same(*(train(job(model, stream), table) for stream in ("off", "on")))


def test_a_member_that_diverges_is_frozen_as_it_was():
    model = models.undercomplete(12, latent=3)

    def wild(stream):
        made = job(model, stream)
        lr = jnp.array([1e-3, 1e-3, 1e30, 1e-3, 1e-3], jnp.float32)
        return train(made._replace(hp={**made.hp, "lr": lr}), X)

    whole, streamed = wild("off"), wild("on")
    assert int(whole.state.health.step[2]) >= 0
    assert_same(whole, streamed)


def test_it_goes_on_from_a_checkpoint_streamed_or_not(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "PIECE_BYTES", 2 * 2 * STEP)
    model = models.vae(12, latent=3, widths=(8,))
    whole = train(job(model, "off"), X)

    class Stopped(Exception):
        pass

    def stop(step, means):
        if step == 24:
            raise Stopped

    kept = lambda: Checkpoint(tmp_path / "run", print)
    with pytest.raises(Stopped):
        train(job(model, "on"), X, checkpoint=kept(), checkpoint_seconds=0, on_chunk=stop)
    on = train(job(model, "off"), X, checkpoint=kept(), checkpoint_seconds=0)
    assert_same(whole, on)
    assert not on.continued


def test_a_memory_mapped_file_is_read_where_it_lies(tmp_path):
    np.save(tmp_path / "x.npy", X)
    rows = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = models.undercomplete(12, latent=3)
    one = aejax.fit(model, X, steps=20, batch_size=16)
    other = aejax.fit(model, rows, steps=20, batch_size=16, stream="on")
    np.testing.assert_array_equal(aejax.encode(one, X), aejax.encode(other, rows))
    with pytest.raises(ConfigError, match=r"stream='yes' is unknown. Allowed: auto, off, on"):
        aejax.fit(model, X, steps=20, batch_size=16, stream="yes")


def test_a_table_larger_than_what_is_free_is_streamed(monkeypatch):
    monkeypatch.setattr(feed, "available_bytes", lambda: X.nbytes)
    assert not feed.streams("auto", X)
    monkeypatch.setattr(feed, "available_bytes", lambda: X.nbytes - 1)
    assert feed.streams("auto", X)


def test_a_folder_of_arrays_is_mapped_and_not_copied(tmp_path):
    for name, part in (("train", X[:60]), ("valid", X[60:70]), ("test", X[70:])):
        np.save(tmp_path / f"{name}.npy", part)
    found = aejax.data.load(tmp_path, valid_fraction=0.1)
    np.testing.assert_array_equal(found.train, X[:60])
    np.testing.assert_array_equal(found.valid, X[60:70])
    base = found.train
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    with pytest.raises(ConfigError, match="is for a folder of images only"):
        aejax.data.load(tmp_path, resize=8)
    (tmp_path / "train.npy").write_bytes(b"no")
    with pytest.raises(ConfigError, match="the array 'train' cannot be read"):
        aejax.data.load(tmp_path)


@given(
    windows=st.integers(1, 12),
    window=st.integers(1, 12),
    steps=st.integers(1, 200),
    start=st.integers(0, 5),
)
def test_pieces_are_equal_and_keep_the_windows(windows, window, steps, start):
    segment = Segment(0, start, windows * window, windows)
    shape = jax.ShapeDtypeStruct((90, 12), np.float32)
    cut = FeedSpec(shape, 16, 1, piece_bytes=steps * STEP).pieces(segment)
    assert len({(p.length, p.points) for p in cut}) == 1
    assert [p.start for p in cut] == list(range(start, start + segment.length, cut[0].length))
    assert cut[0].length <= steps
    assert [p.measured for p in cut] == [False] * (len(cut) - 1) + [True]
    values = np.arange(segment.length, dtype=np.float32)[None]
    means = lambda v, points: {"loss": v.reshape(1, points, -1).mean(-1)}
    parts = [means(values[:, p.start - start : p.start - start + p.length], p.points) for p in cut]
    wanted = means(values, windows)["loss"]
    np.testing.assert_allclose(joined(parts, windows)["loss"], wanted, rtol=1e-6)
