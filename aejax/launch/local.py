"""Workers on this machine: one is this process; more are processes, which end with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from aejax.errors import ConfigError
from aejax.launch.choice import Launcher
from aejax.launch.watching import LOGS, WORKER, Order, telling, worker_arguments
from aejax.results.status import status
from aejax.sweep.working import work

POLL_SECONDS = 0.2
RESTARTS = 5  # of a worker that signals killed, while no group ends: its group may be too large
GRACE_SECONDS = 120.0  # for a worker to reach the end of its chunk, before it is killed
IGNORED = ("SIGUSR1", "SIGUSR2")  # Slurm's, for who started the worker


def check(launcher: Launcher) -> None:
    """All that it needs is there."""


def go(job: Order) -> None:
    """Trains what is missing, by one or more workers.

    Raises:
      ConfigError: a worker found its input bad, or all were killed again and again.
    """
    if job.launcher.count == 1:
        work(job.plan, job.workdir, job.console, tracking=job.tracking)
        return
    slots: list[Slot] = []
    try:
        slots += (Slot(job, number) for number in range(job.launcher.count))
        with telling(job) as teller:
            while any([slot.poll() for slot in slots]):
                teller.tell()
                time.sleep(POLL_SECONDS)
    except BaseException:
        stop([slot.process for slot in slots])
        for slot in slots:
            slot.process.wait()
        raise
    for slot in slots:
        if slot.process.returncode and missing(job.workdir):
            raise ConfigError(slot.reason())


def missing(workdir: Path) -> bool:
    """Returns whether there is anything left to train, that has not broken off."""
    groups = status(workdir).groups
    return groups["waiting"] + groups["running"] > 0


class Slot:
    """A worker, and those that follow where signals killed it."""

    def __init__(self, job: Order, number: int):
        self._workdir = job.workdir
        self._command = command(job.argv, job.workdir)
        self._log = job.workdir / LOGS / f"worker-{number + 1}.log"
        self._environment = environment(number, job.launcher.count, gpus(os.environ), os.environ)
        self._restarts, self._done = 0, 0
        self.process = start(self._command, self._environment, self._log)

    def poll(self) -> bool:
        """Returns whether it works; starts it again where it was killed."""
        code = self.process.poll()
        if code is None or code >= 0:
            return code is None
        groups = status(self._workdir).groups
        if groups["done"] > self._done:
            self._done, self._restarts = groups["done"], 0
        if self._restarts >= RESTARTS or not groups["waiting"] + groups["running"]:
            return False
        self._restarts += 1
        self.process = start(self._command, self._environment, self._log)
        return True

    def reason(self) -> str:
        """Returns the last error that its log tells, or its status."""
        lines = self._log.read_text(errors="replace").splitlines()
        said = [line for line in lines if line.startswith("error: ")]
        if said:
            return said[-1].removeprefix("error: ")
        return f"a worker ended with status {self.process.returncode}; see {self._log}"


def command(argv: list[str], workdir: Path) -> list[str]:
    """Returns the command of a worker."""
    return [sys.executable, "-m", "aejax.cli", "sweep", *worker_arguments(argv, workdir)]


def start(command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen:
    """Starts a worker, which ends when its standard input does: with this process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        # A session of its own: Ctrl-C is for this process, which then lets workers end.
        return subprocess.Popen(
            command,
            env={**environment},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(processes: list[subprocess.Popen], seconds: float = GRACE_SECONDS) -> None:
    """Ends workers: each at the end of its chunk, with a checkpoint; those that do not are killed.

    A second signal to this process kills them. May be called by a handler of signals.
    """
    try:
        for process in processes:
            if not ended(process):
                os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + seconds
        while not all(map(ended, processes)) and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
    finally:
        for process in processes:
            if not ended(process):
                os.kill(process.pid, signal.SIGKILL)


def ended(process: subprocess.Popen) -> bool:
    """Returns whether a child has ended; unlike `poll`, while a `poll` is interrupted by a signal.

    `subprocess` holds a lock then, for which a handler would wait for ever.
    """
    if process.returncode is not None:
        return True
    try:
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:
        return True


def environment(
    number: int, count: int, devices: list[str], base: Mapping[str, str], stay: bool = True
) -> dict[str, str]:
    """Returns the environment of a worker.

    Args:
      number: from 0.
      count: of workers.
      devices: names of the GPUs here; each worker gets its share of them, or its share of one.
      base: of this process.
      stay: while others train.
    """
    mine = {**base, WORKER: "stay" if stay else "leave"}
    if devices:
        share = devices[number::count] or [devices[number % len(devices)]]
        mine["CUDA_VISIBLE_DEVICES"] = ",".join(share)
        on_one = -(-count // len(devices))
        if on_one > 1:
            mine.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{0.75 / on_one:.3f}")
    return mine


def gpus(base: Mapping[str, str]) -> list[str]:
    """Returns the names of the NVIDIA GPUs that processes of this machine see."""
    if "CUDA_VISIBLE_DEVICES" in base:
        return [name for name in base["CUDA_VISIBLE_DEVICES"].split(",") if name]
    if not shutil.which("nvidia-smi"):
        return []
    asked = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    return done.stdout.split() if done.returncode == 0 else []


def end_with_parent() -> None:
    """In a worker: ends it, as SIGTERM does, once who started it is gone."""
    for name in IGNORED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)

    def watch() -> None:
        os.read(0, 1)  # without Python's buffers, which are taken down while this waits
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
