"""Broken entries of the compile cache are made anew, by the start that finds them."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.compilation_cache import compilation_cache

from aejax.cli import programs


@pytest.fixture
def cache(tmp_path):
    """A cache of this test's own, and a function that is compiled through it."""
    before = jax.config.jax_compilation_cache_dir  # pyright: ignore
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    compilation_cache.reset_cache()

    def compiled():
        jax.clear_caches()

        def broken_entry(x):
            return jnp.sin(x) * 3 + 1

        return jax.jit(broken_entry)(jnp.ones(5))

    yield tmp_path, compiled
    jax.config.update("jax_compilation_cache_dir", before)
    compilation_cache.reset_cache()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b""])
def test_a_broken_entry_is_replaced_at_once(cache, damage, capsys, monkeypatch):
    folder, compiled = cache
    right = compiled()
    (entry,) = folder.glob("jit_broken_entry-*-cache")
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        shown = []
        monkeypatch.setattr(warnings, "showwarning", lambda *args, **named: shown.append(args[0]))
        programs.watch(folder)
        assert (compiled() == right).all()
        assert "1 broken entries of jit_broken_entry made again" in capsys.readouterr().err
        assert len(entry.read_bytes()) > len(whole) / 2
        compiled()
        assert capsys.readouterr().err == ""
        warnings.warn("another", stacklevel=1)
    assert [str(message) for message in shown] == ["another"]


def test_others_stay(tmp_path):
    for name in ("jit_a-1-cache", "jit_ab-1-cache"):
        (tmp_path / name).write_bytes(b"\x28\xb5")
    assert [path.name for path in programs.mend(tmp_path, "jit_a")] == ["jit_a-1-cache"]
    assert (tmp_path / "jit_ab-1-cache").exists()
