"""Where there is an NVIDIA GPU: every model's first steps on it are those on the CPU beside it.

Both in processes of their own, products in full float32 (`jax_default_matmul_precision`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHARDS = int(os.environ.get("AEJAX_GPU_SHARDS", "4"))  # processes that share the GPU
# Share of a curve's largest value. Where the order of a sum decides which unit is among the
# largest, or which word is nearest, steps part: those models are measured and not held to it.
LIMIT = 1e-3
PART = {"batch_topk", "fsq", "k_sparse", "topk", "vq_vae", "winner_take_all"}

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(not shutil.which("nvidia-smi"), reason="no NVIDIA GPU"),
]

SCRIPT = """
import json, sys
import jax, numpy as np
from aejax.evaluate.members import evaluator
from aejax.train.run import train
from tests.contract.cases import NAMES, case, job

jax.config.update("jax_default_matmul_precision", "highest")
part, parts = map(int, sys.argv[1:])
report = {}
for name in NAMES[part::parts]:
    one = case(name)
    try:
        done = train(job(one, 6, [3, 4], 3), one.train, valid=one.test, measure=evaluator)
    except Exception as error:
        report[name] = f"{type(error).__name__}: {error}"[:300]
        continue
    assert jax.tree.leaves(done.state.variables)[0].devices() <= set(jax.devices())
    curves = {**done.curves, **{f"valid {n}": v for n, v in done.valid.items()}}
    report[name] = {n: np.asarray(v, float).tolist() for n, v in curves.items()}
    jax.clear_caches()
print("REPORT", json.dumps([jax.devices()[0].device_kind, report]))
"""


def start(platform: str, part: int) -> subprocess.Popen:
    share = f"{0.7 / SHARDS:.3f}"
    settings = {"JAX_PLATFORMS": platform, "XLA_PYTHON_CLIENT_MEM_FRACTION": share}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(part), str(SHARDS)],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def curves():
    """{"cuda" or "cpu": (kind of device, {model: {curve: values}, or what went wrong})}."""
    started = {p: [start(p, i) for i in range(SHARDS)] for p in ("cuda", "cpu")}
    found = {}
    for platform, processes in started.items():
        kind, merged = "", {}
        for process in processes:
            out, err = process.communicate()
            assert process.returncode == 0, err[-3000:]
            kind, report = json.loads(out.partition("REPORT ")[2])
            merged |= report
        found[platform] = kind, merged
    return found


def apart(ours: dict[str, list], theirs: dict[str, list]) -> float:
    """Returns the largest difference of two models' curves, as a share of a curve's largest value.

    Infinity where one is not a number and the other is.
    """
    worst = 0.0
    for name, one in ours.items():
        pairs = [
            (a, b)
            for row, other in zip(one, theirs[name], strict=True)
            for a, b in zip(row, other, strict=True)
        ]
        size = max(1e-3, *(abs(b) for _, b in pairs if b == b)) if pairs else 1.0
        for a, b in pairs:
            if (a != a) != (b != b):
                return float("inf")
            worst = max(worst, abs(a - b) / size if a == a else 0.0)
    return worst


def test_every_models_first_steps_are_a_cpus(curves):
    (kind, gpu), (_, cpu) = curves["cuda"], curves["cpu"]
    assert gpu.keys() == cpu.keys()
    broken = {n: v for found in (gpu, cpu) for n, v in found.items() if isinstance(v, str)}
    assert broken == {}
    shares = {name: apart(gpu[name], cpu[name]) for name in gpu}
    if "AEJAX_GPU_RECORD" in os.environ:
        record = {"device": kind, "steps": 6, "largest difference, share of a curve": shares}
        Path(os.environ["AEJAX_GPU_RECORD"]).write_text(json.dumps(record, indent=1) + "\n")
    assert {n: s for n, s in shares.items() if s > LIMIT and n.split()[0] not in PART} == {}
