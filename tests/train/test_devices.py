"""Members spread over several devices train to the same numbers: four devices of one CPU.

Five members are two, two and one with its copy. Of one or two members, the batches are split over
the devices that are left over; losses that are no means over rows are what they were.
"""

import json
import os
import subprocess
import sys

import jax
import pytest

from aejax import backend, errors
from aejax.train import population

SCRIPT = """
import json, sys
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
    if executor not in sys.argv[1:]:
        continue
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
if "jump_relu" in sys.argv[1:]:
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
import json, sys
import jax, numpy as np
from aejax.evaluate.members import evaluator
from aejax.train.run import train
from tests.contract.cases import NAMES, case, job

report = {}
for i, name in enumerate(sys.argv[1:] or NAMES):
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


SPLIT = """
import json, sys, tempfile
from pathlib import Path
import jax, jax.numpy as jnp, numpy as np
from aejax import models
from aejax.evaluate.members import evaluator
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train
from aejax.train.stopping import EarlyStopping

X = np.random.default_rng(0).random((64, 12)).astype(np.float32)
rule = EarlyStopping(metric="loss", patience=0)

def job(model, members, split, batch=16, steps=6, executor="vmap"):
    recipe = Recipe(steps, batch)
    hp = {n: jnp.full(members, v, jnp.float32) for n, v in hparams_of(model, recipe).items()}
    seeds = jnp.arange(members, dtype=jnp.int32)
    return Job(model, recipe, hp, seeds, 3, executor=executor, split_batch=split)

def trained(*args, **fields):
    return train(job(*args, **fields), X, valid=X[:10], measure=evaluator, stopping=rule)

def apart(a, b):
    arrays = [jax.tree.leaves([d.state.variables, d.best, d.curves, d.valid]) for d in (a, b)]
    return max(
        float((np.abs(np.asarray(p) - np.asarray(q)) / (1e-2 + np.abs(np.asarray(p)))).max())
        for p, q in zip(*arrays, strict=True)
    )

dense = {"latent": 3, "widths": (8,)}
kinds = {
    "vae": models.vae(12, **dense),
    "wae_mmd": models.wae_mmd(12, **dense),
    "batch_topk": models.batch_topk(12, latent=8, k=2),
}
report = {}
for name, model in kinds.items():
    off, on = trained(model, 2, "off"), trained(model, 2, "on")
    report[name] = [off.devices, on.devices, on.ways, apart(off, on)]
for members, executor, batch in ((1, "map", 16), (1, "vmap", 6)):
    off, on = (trained(kinds["vae"], members, split, batch, 6, executor) for split in ("off", "on"))
    report[f"{members} {executor} {batch}"] = [off.devices, on.devices, on.ways, apart(off, on)]
report["auto"] = trained(kinds["vae"], 2, "auto").devices
report["loop"] = trained(kinds["vae"], 2, "on", executor="loop").ways

# A run that is stopped on its way, and goes on with its batches split.
folder, said = Path(tempfile.mkdtemp()), []
class Stopped(Exception): pass
def stop(step, means):
    if step == 6:
        raise Stopped
kept = lambda: Checkpoint(folder / "run", said.append)
try:
    train(
        job(kinds["vae"], 2, "off", steps=9),
        X,
        checkpoint=kept(),
        checkpoint_seconds=0,
        on_chunk=stop,
    )
except Stopped:
    pass
whole = train(job(kinds["vae"], 2, "off", steps=9), X)
on = train(job(kinds["vae"], 2, "on", steps=9), X, checkpoint=kept(), checkpoint_seconds=0)
report["resumed"] = [on.devices, list(on.continued), apart(whole, on)]
print("REPORT", json.dumps(report))
"""


# Losses that are no means over rows, states, players, stages, sequences, convolutions, and an
# evaluation that reads what nothing depends on, where the tests above have none of it: all cases
# take a quarter of an hour, and `AEJAX_EVERY_MODEL=1` runs them.
OFTEN = (
    "beta_tc_vae",
    "convolutional",
    "dip_vae",
    "factor_vae",
    "jump_relu",
    "seq2seq",
    "sparse_kl",
    "stacked_denoising",
    "vq_vae",
    "winner_take_all",
)
EVERY_MODEL_SPLIT = """
import json, sys
import jax, numpy as np
from aejax.train.run import train
from tests.contract.cases import NAMES, case, job

report = {}
for name in sys.argv[1:] or NAMES:
    one = case(name)
    runs = [
        train(job(one, 6, [3, 4], 3, executor="vmap", split_batch=split), one.train)
        for split in ("off", "on")
    ]
    curves = [
        float(np.abs(a - b).max() / (1e-6 + np.abs(a).max()))
        for a, b in zip(*(run.curves.values() for run in runs), strict=True)
    ]
    report[name] = [runs[1].ways, max(curves)]
    jax.clear_caches()
print("REPORT", json.dumps(report))
"""


def run(script: str, devices: str, *arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, **SETTINGS, "JAX_NUM_CPU_DEVICES": devices},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.partition("REPORT ")[2])


@pytest.mark.parametrize(("executor", "devices"), [("vmap", 4), ("map", 3)])
def test_members_are_spread_over_devices(executor, devices):
    report = run(SCRIPT, "4", executor)
    assert report["devices"] == 4
    used, worst = report[executor]
    assert used == devices
    assert worst < 1e-5


def test_an_argument_that_nothing_depends_on_lies_with_the_others():
    assert run(SCRIPT, "4", "jump_relu")["jump_relu"]


@pytest.fixture(scope="module")
def split():
    return run(SPLIT, "4")


@pytest.mark.parametrize("model", ["vae", "wae_mmd", "batch_topk"])
def test_batches_are_split_over_devices_that_are_left_over(split, model):
    """Two members, two devices each; all but the first have losses that are no means over rows."""
    before, devices, ways, apart = split[model]
    assert (before, devices, ways) == (2, 4, 2)
    assert apart < 1e-4


@pytest.mark.parametrize(("kind", "devices", "ways"), [("1 map 16", 4, 4), ("1 vmap 6", 3, 3)])
def test_as_many_devices_as_divide_the_batch(split, kind, devices, ways):
    _, on, into, apart = split[kind]
    assert (on, into) == (devices, ways)
    assert apart < 1e-4


def test_a_cpus_batches_are_whole_unless_asked_for(split):
    assert split["auto"] == 2
    assert split["loop"] == 1


@pytest.mark.parametrize(
    ("wanted", "members", "batch", "flops", "ways"),
    [
        ("auto", 2, 64, 1e10, 4),
        ("auto", 2, 64, 1e8, 1),  # too little work to repay the collectives
        ("on", 2, 64, 1.0, 4),
        ("on", 1, 6, 1.0, 6),
        ("on", 1, 15, 1.0, 5),
        ("on", 8, 64, 1.0, 1),
        ("on", 9, 64, 1.0, 1),
        ("off", 1, 64, 1e12, 1),
    ],
)
def test_over_how_many_of_eight_chips(wanted, members, batch, flops, ways):
    with backend.meant_for("tpu"), population.described(range(8)):
        assert population.ways_of(wanted, members, batch, flops) == ways


def test_an_unknown_split_is_named():
    with pytest.raises(errors.ConfigError, match=r"split_batch='yes' is unknown. Allowed: auto"):
        population.ways_of("yes", 1, 16, 1.0)


def test_a_run_goes_on_with_its_batches_split(split):
    devices, continued, apart = split["resumed"]
    assert devices == 4
    assert continued == ["step 3: 4 cpu devices, 2 cpu before"]
    assert apart < 1e-4


def asked() -> tuple[str, ...]:
    """Returns the cases that are named; without one, all are run."""
    return () if os.environ.get("AEJAX_EVERY_MODEL") else OFTEN


@pytest.mark.exhaustive
def test_every_models_batches_are_split():
    """To rounding, whatever the loss is of."""
    report = run(EVERY_MODEL_SPLIT, "4", *asked())
    assert len(report) >= len(OFTEN)
    assert {name: found for name, found in report.items() if found[0] != 2 or found[1] > 1e-4} == {}


@pytest.mark.exhaustive
def test_every_model_trains_on_two_devices():
    """Members that divide evenly and members that do not, with validation on the way."""
    report = run(EVERY_MODEL, "2", *asked())
    assert len(report) >= len(OFTEN)
    assert {name: what for name, what in report.items() if what != "trained"} == {}
