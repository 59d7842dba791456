"""The CPU's cores as devices: they wait for each other, and the user's own flags stay."""

from __future__ import annotations

import os
import subprocess
import sys

import jax
import pytest

from aejax.backend import cores

FLAG = "--xla_cpu_collective_call_terminate_timeout_seconds"
SOON = " ".join(f"{flag}=1" for flag in cores.PATIENCE)

# One device is done at once, the other takes longer than XLA would wait, and then they meet.
UNEVEN = """
import os, sys
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
from aejax.backend.cores import use_cores
use_cores()
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.asarray(jax.devices()), ("member",))

def work(steps):
    step = lambda i, x: jnp.sin(x) @ x * 0.01
    return jax.lax.fori_loop(0, steps[0], step, jnp.ones((200, 200)))[None]

def run(steps):
    done = jax.shard_map(work, mesh=mesh, in_specs=P("member"), out_specs=P("member"))(steps)
    return jax.lax.with_sharding_constraint(done + 0, NamedSharding(mesh, P()))

jax.block_until_ready(jax.jit(run)(jnp.array([1, 20_000])))
print("together")
"""


@pytest.fixture
def flags(monkeypatch):
    def given(text):
        monkeypatch.setenv("XLA_FLAGS", text)
        cores.be_patient()
        return os.environ["XLA_FLAGS"]

    return given


def test_flags_are_added_and_the_users_own_stay(flags):
    assert FLAG in flags("")
    assert flags("--xla_cpu_enable_fast_math=false").startswith("--xla_cpu_enable_fast_math=false ")
    assert flags(f"{FLAG}=2").count(FLAG) == 1
    assert f"{FLAG}=2" in flags(f"{FLAG}=2")


def test_a_version_that_was_not_tried_is_told_nothing(flags, monkeypatch):
    monkeypatch.setattr(jax, "__version_info__", (0, 12, 0))
    assert flags("") == ""


@pytest.mark.parametrize(("seconds", "ends"), [("", "together"), (SOON, "Termination")])
def test_devices_of_uneven_work_wait_for_each_other(seconds, ends):
    done = subprocess.run(
        [sys.executable, "-c", UNEVEN], env={**os.environ, "XLA_FLAGS": seconds},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ends in done.stdout + done.stderr
