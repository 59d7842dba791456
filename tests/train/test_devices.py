"""Members spread over several devices train to the same numbers: four devices of one CPU.

Five members are two, two and one with its copy.
"""

import json
import os
import subprocess
import sys

import jax
import pytest

SCRIPT = """
import json
import jax, jax.numpy as jnp, numpy as np
from aejax.evaluate.members import evaluator
from aejax import models
from aejax.train.stopping import EarlyStopping
from aejax.train.plan import Job
from aejax.train.run import train
from aejax.train.recipe import Recipe, hparams_of

X = np.random.default_rng(0).random((64, 12)).astype(np.float32)
model, recipe = models.vae(12, latent=3, widths=(8,)), Recipe(10, 16)

def job(members, model=model, **fields):
    hp = {n: jnp.full(members, v, jnp.float32) for n, v in hparams_of(model, recipe).items()}
    return Job(model, recipe, hp, jnp.arange(members, dtype=jnp.int32), 5, **fields)

rule = EarlyStopping(metric="loss", patience=0)
alone = train(job(5, executor="loop"), X, valid=X[:10], measure=evaluator, stopping=rule)
report = {"devices": jax.local_device_count()}
for members, executor in ((4, "vmap"), (5, "map")):
    done = train(job(members, executor=executor), X, valid=X[:10], measure=evaluator, stopping=rule)
    apart = [
        float(np.abs(np.asarray(a) - np.asarray(b)[:members]).max())
        for a, b in zip(
            jax.tree.leaves([done.state.variables, done.best]),
            jax.tree.leaves([alone.state.variables, alone.best]),
            strict=True,
        )
    ]
    used = len(jax.tree.leaves(done.state.variables)[0].sharding.device_set)
    report[executor] = [used, max(apart)]
# Its evaluation reads a bandwidth of which nothing depends: where that lies is no one's guess.
gate = job(4, models.jump_relu(12, latent=6), executor="vmap")
jump = train(gate, X, valid=X[:10], measure=evaluator)
report["jump_relu"] = bool(np.isfinite(np.asarray(jump.valid["loss"])).all())
print("REPORT", json.dumps(report))
"""


SETTINGS = {
    "JAX_PLATFORMS": "cpu",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),  # pyright: ignore
}


EVERY_MODEL = """
import json
import jax, numpy as np
from aejax.evaluate.members import evaluator
from aejax.train.run import train
from tests.contract.cases import NAMES, case, job

report = {}
for i, name in enumerate(NAMES):
    one, seeds = case(name), [3, 4, 5, 6][: 3 + i % 2]
    try:
        done = train(job(one, 6, seeds, 3), one.train, valid=one.test, measure=evaluator)
        used = len(jax.tree.leaves(done.state.variables)[0].sharding.device_set)
        sound = bool((np.asarray(done.state.health.step) == -1).all())
        report[name] = "trained" if sound and used == 2 else f"{used} devices, sound: {sound}"
    except Exception as error:
        report[name] = str(error)
    jax.clear_caches()
print("REPORT", json.dumps(report))
"""


def run(script: str, devices: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **SETTINGS, "JAX_NUM_CPU_DEVICES": devices},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.partition("REPORT ")[2])


@pytest.fixture(scope="module")
def report():
    return run(SCRIPT, "4")


@pytest.mark.parametrize(("executor", "devices"), [("vmap", 4), ("map", 3)])
def test_members_are_spread_over_devices(report, executor, devices):
    assert report["devices"] == 4
    used, worst = report[executor]
    assert used == devices
    assert worst < 1e-5


def test_an_argument_that_nothing_depends_on_lies_with_the_others(report):
    assert report["jump_relu"]


@pytest.mark.exhaustive
def test_every_model_trains_on_two_devices():
    """Members that divide evenly and members that do not, with validation on the way."""
    report = run(EVERY_MODEL, "2")
    assert len(report) > 50
    assert {name: what for name, what in report.items() if what != "trained"} == {}
