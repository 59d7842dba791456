"""The same sweep by every launcher is the same table, bit for bit, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aejax.results import workers
from aejax.results.status import status
from tests.sweep.test_kill import contents

ROOT = Path(__file__).parents[2]
# Ctrl-C is ignored below a shell's background job, such as a suite that runs in one. (In the child:
# `preexec_fn` would fork this process, which JAX warns of.)
HEARS_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "aejax.cli", *sys.argv[1:]])
"""
STEPS = 1200  # of the slower form, long enough to be killed in


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("launch") / "xla"


def start(workdir, cache, *flags, steps=40, **environment):
    command = [
        sys.executable, "-c", HEARS_CTRL_C, "sweep", "--config=tests/sweep/many_groups.py:smoke",
        f"--workdir={workdir}", "--nofigures", f"--config.steps={steps}", *flags,
    ]  # fmt: skip
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache)} | environment
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def finish(process) -> str:
    said, _ = process.communicate(timeout=500)
    assert process.returncode == 0, said
    return said


def table(said: str) -> str:
    """Returns the lines of the table that a sweep ends with."""
    return "\n".join(line for line in said.splitlines() if line and line[0] in "┃│┏┡└")


@pytest.fixture(scope="module")
def alone(tmp_path_factory, cache):
    """By number of steps: what one process leaves, and the table that it prints."""
    found = {}
    for steps in (40, STEPS):
        workdir = tmp_path_factory.mktemp("alone")
        said = finish(start(workdir, cache, steps=steps))
        found[steps] = contents(workdir), table(said)
    assert found[40] != found[STEPS]
    return found


def wait_for(what, seconds=240.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def busy(workdir) -> list[workers.Said]:
    """Returns the workers that are in the middle of a population."""
    return [said for said in workers.listed(workdir) if said.unit and said.step > 0]


@pytest.mark.slow
def test_two_processes(alone, cache, tmp_path):
    said = finish(start(tmp_path, cache, "--launcher=local:2"))
    assert (contents(tmp_path), table(said)) == alone[40]
    assert "8 members trained, 0 were there" in said
    command = [sys.executable, "-m", "experiments.status", f"--workdir={tmp_path}"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == (
        "many:smoke: 4 groups: 4 done, 0 running, 0 waiting; 8 of 8 members; 0 workers\n"
    )
    command.append("--json")
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["member_steps"] == {"done": 320, "all": 320}
    again = finish(start(tmp_path, cache, "--launcher=local:2"))
    assert "0 members trained, 8 were there" in again
    assert table(again) == table(said)


@pytest.mark.slow
def test_a_second_command_works_along(alone, cache, tmp_path):
    first = start(tmp_path, cache, "--launcher=local", steps=STEPS)
    wait_for(lambda: busy(tmp_path))
    alone_too = start(tmp_path, cache, steps=STEPS)
    said, _ = alone_too.communicate()
    assert alone_too.returncode == 2
    assert "in use by 1 workers" in said
    second = start(tmp_path, cache, "--launcher=local:2", steps=STEPS)
    assert "working along" in finish(second)
    finish(first)
    finish(start(tmp_path, cache, steps=STEPS))
    assert contents(tmp_path) == alone[STEPS][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_workers_end_with_who_started_them(alone, cache, tmp_path, name):
    """With checkpoints, and no process left; the same command goes on."""
    crew = start(tmp_path, cache, "--launcher=local:2", steps=STEPS)
    wait_for(lambda: len(busy(tmp_path)) == 2)
    there = list(workers.listed(tmp_path))
    crew.send_signal(getattr(signal, name))
    said, _ = crew.communicate(timeout=120)
    number = getattr(signal, name)
    assert crew.returncode == (-number if name == "SIGKILL" else 128 + number)
    wait_for(lambda: not any(workers.running(one.pid, one.since) for one in there), 60)
    if name != "SIGKILL":
        assert said.splitlines()[-1].startswith(f"stopped by {name}: ")
        assert "Traceback" not in said
    assert status(tmp_path).workers == 0
    logs = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert logs.count("stopped by SIGTERM: checkpoint of ") == 2
    finish(start(tmp_path, cache, "--launcher=local:2", steps=STEPS))
    assert contents(tmp_path) == alone[STEPS][0]


@pytest.mark.slow
def test_a_worker_of_a_machine_that_fell_silent_is_taken_over_from(alone, cache, tmp_path):
    """SIGSTOP stands for a machine that is gone: its process is there, and is not heard."""
    slow = start(tmp_path, cache, "--launcher=local", steps=STEPS)
    wait_for(lambda: busy(tmp_path))
    slow.send_signal(signal.SIGSTOP)
    other = start(tmp_path, cache, "--launcher=local:2", steps=STEPS, AEJAX_SILENT_SECONDS="5")
    finish(other)
    slow.send_signal(signal.SIGCONT)  # it was only asleep, and finds its group taken
    assert "another has taken it over" in finish(slow)
    finish(start(tmp_path, cache, steps=STEPS))
    assert contents(tmp_path) == alone[STEPS][0]


@pytest.mark.slow
def test_submitits_local_executor_with_a_job_that_is_preempted(alone, cache, tmp_path):
    """The signal that Slurm sends before the time is over, or the node is another's."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'aejax[slurm]'")
    flags = ("--launcher=slurm", "--slurm=cluster=local,jobs=2")
    crew = start(tmp_path, cache, *flags, steps=STEPS)
    wait_for(lambda: len(busy(tmp_path)) == 2)
    pid = busy(tmp_path)[0].pid
    submitits = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(submitits, signal.SIGUSR2)
    said = finish(crew)
    logs = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert logs.count("stopped by SIGTERM: checkpoint of ") == 1
    assert (contents(tmp_path), table(said)) == alone[STEPS]


@pytest.mark.slow
def test_slurm_itself_with_jobs_that_are_queued_again(alone, cache, tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'aejax[slurm]'")
    if not shutil.which("sbatch") or subprocess.run(["sinfo"], capture_output=True).returncode:
        pytest.skip("no Slurm answers here")
    flags = ("--launcher=slurm", "--slurm=jobs=2,cpus=1,time=10")
    crew = start(tmp_path, cache, *flags, steps=STEPS)
    wait_for(lambda: len(busy(tmp_path)) == 2)
    queue = ["squeue", "--noheader", "--array", "--format=%i", "--name=aejax-many"]
    first, second = sorted(subprocess.run(queue, capture_output=True, text=True).stdout.split())
    subprocess.run(["scontrol", "requeue", first], check=True)  # SIGTERM, as a preemption
    subprocess.run(["scancel", "--signal=USR2", second], check=True)  # as the end of its time
    said = finish(crew)
    logs = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert logs.count("stopped by SIGTERM: checkpoint of ") == 2
    assert (contents(tmp_path), table(said)) == alone[STEPS]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_ray_cluster_of_two_nodes_of_which_one_dies(alone, cache, tmp_path):
    pytest.importorskip("ray", reason="ray is not installed: pip install 'aejax[ray]'")
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False},
    )
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        cluster.wait_for_nodes()
        flags = f"--launcher=ray:{cluster.address}"
        crew = start(tmp_path, cache, flags, steps=STEPS, RAY_USAGE_STATS_ENABLED="0")
        out: list[str] = []
        reader = threading.Thread(target=lambda: out.append(crew.communicate()[0]))
        reader.start()
        wait_for(lambda: len(busy(tmp_path)) == 2 or crew.poll() is not None)
        assert crew.poll() is None, out
        there = list(workers.listed(tmp_path))
        cluster.remove_node(nodes[0], allow_graceful=False)
        wait_for(lambda: not all(workers.running(one.pid, one.since) for one in there))
        reader.join(400)
        assert crew.returncode == 0, out
        assert (contents(tmp_path), table(out[0])) == alone[STEPS]
    finally:
        cluster.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--launcher=lcoal:2"], "launcher='lcoal' is unknown. Did you mean 'local'?"),
        (["--launcher=local:0"], "launcher='local:0' is no number of processes"),
        (["--slurm=jobs=2"], "slurm='jobs=2' is without its launcher"),
    ],
)
def test_bad_input_is_one_line_and_status_2(cache, tmp_path, flags, said):
    process = start(tmp_path / "sweep", cache, *flags)
    out, _ = process.communicate()
    assert process.returncode == 2
    (line,) = out.splitlines()
    assert line.startswith(f"error: {said}")
    assert not (tmp_path / "sweep").exists()
