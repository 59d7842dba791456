"""Workers under Slurm, through submitit: an array of jobs, each of which takes what nobody has.

A job that reaches its time or is preempted ends its worker at the end of a chunk, and is put in the
queue again; the populations of one that died are taken over by the others.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from aejax.errors import ConfigError, nearest, need
from aejax.launch import local
from aejax.launch.choice import SLURM_OPTIONS, Launcher
from aejax.launch.watching import LOGS, Order, telling
from aejax.results.status import status
from aejax.train import signals

FOLDER = "slurm"  # of submitit's files
MOST_JOBS = 16  # where nobody says how many
MINUTES = 60
TIMES_IN_THE_QUEUE = 100
GRACE_SECONDS = 75.0  # of the 90 between the signal that submitit asks for and the end
KILL_SECONDS = 25.0  # of the 30 that Slurm leaves after SIGTERM
POLL_SECONDS = 1.0
QUEUE_SECONDS = 10.0  # between two questions to Slurm


class ArrayWorker:
    """A job of the array; calling it runs a worker to its end.

    Args:
      command: of the worker.
      log: its log.
    """

    def __init__(self, command: list[str], log: Path):
        self.command, self.log = command, log
        self._process: subprocess.Popen | None = None

    def __call__(self) -> None:
        """Runs the worker.

        Raises:
          RuntimeError: it ended before its work did.
        """
        # Slurm has given the job its devices already.
        environment = local.environment(0, 1, [], os.environ, stay=False)
        self._process = local.start(self.command, environment, self.log)
        signal.signal(signal.SIGTERM, self._preempted)
        while not local.ended(self._process):
            time.sleep(POLL_SECONDS)
        if status := self._process.wait():
            raise RuntimeError(f"the worker ended with status {status}; see {self.log}")

    def _preempted(self, number: int, frame: Any) -> None:
        """Slurm takes the node away, and queues the job again by itself."""
        if self._process is not None:
            local.stop([self._process], KILL_SECONDS)

    def checkpoint(self) -> Any:
        """Ends the worker at the end of its chunk, and asks for the job to be queued again."""
        import submitit

        if self._process is not None:
            local.stop([self._process], GRACE_SECONDS)
        return submitit.helpers.DelayedSubmission(ArrayWorker(self.command, self.log))


def check(launcher: Launcher) -> None:
    """Asks Slurm whether it is there and has the partition.

    Raises:
      ConfigError: it is not, or has not.
    """
    if launcher.options.get("cluster") == "local":
        return
    if not shutil.which("sbatch"):
        raise ConfigError(
            "launcher='slurm': this machine has no sbatch. Allowed: a machine that submits to "
            "Slurm; --slurm=cluster=local tries it without."
        )
    asked = ["sinfo", "--noheader", "--format=%R"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise ConfigError(f"launcher='slurm': no answer ({said}). Allowed: a Slurm that runs.")
    there, wanted = sorted(set(done.stdout.split())), launcher.options.get("partition")
    if wanted is not None and not set(wanted.split("+")) <= {*there}:
        raise ConfigError(
            f"slurm='partition={wanted}' is unknown.{nearest(wanted, there)} "
            f"Allowed: {', '.join(there)}."
        )


def go(job: Order) -> None:
    """Submits the array; waits until all is done, unless `wait=no`.

    Raises:
      ConfigError: Slurm refuses the array, or all jobs have ended and members are missing.
    """
    options = job.launcher.options
    executor = _executor(job)
    command = local.command(job.argv, job.workdir)
    count = options.get("jobs") or min(len(job.plan.groups), MOST_JOBS)
    logs = job.workdir / LOGS
    workers = [ArrayWorker(command, (logs / f"job-{n + 1}.log").absolute()) for n in range(count)]
    submitit = need("submitit", "slurm")
    try:
        jobs = executor.submit_array(workers)
    except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
        said = " ".join(str(error).split())[-200:]
        raise ConfigError(f"launcher='slurm': refused ({said}). Allowed: what sbatch takes.") from (
            error
        )
    names = ", ".join(sorted({str(each.job_id).split("_")[0] for each in jobs})[:4])
    job.console.print(f"{count} jobs submitted ({names}); aejax status says how far they are")
    if options.get("wait") == "no":
        return
    queue = Queue(jobs, options.get("cluster") == "local")
    with telling(job) as teller:
        while not _over(job, queue):
            teller.tell()
            signals.keep(f"jobs {names} go on, and scancel ends them")
            time.sleep(POLL_SECONDS)
    if queue.busy():  # those that would find nothing to do
        for each in jobs:
            each.cancel(check=False)


class Queue:
    """Whether jobs are in the queue; asks Slurm itself, which need not keep accounts.

    Args:
      jobs: of submitit.
      local: they are processes on this machine.
    """

    def __init__(self, jobs: list[Any], local: bool):
        self._jobs, self._local = jobs, local
        self._asked, self._said = time.monotonic(), True

    def busy(self) -> bool:
        """Returns whether there is a job that waits or runs, as of a few seconds ago."""
        if self._local:
            return not all(job.done() for job in self._jobs)
        if self._said and time.monotonic() - self._asked > QUEUE_SECONDS:
            names = ",".join({str(job.job_id).split("_")[0] for job in self._jobs})
            asked = ["squeue", "--noheader", "--format=%i", f"--jobs={names}"]
            done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
            # A job that left the queue a while ago is an error to squeue; so is a server that is
            # away, which is asked again.
            gone = done.returncode and "Invalid job id" in done.stderr
            self._said = not gone and bool(done.returncode or done.stdout.strip())
            self._asked = time.monotonic()
        return self._said


def _over(job: Order, queue: Queue) -> bool:
    """Returns whether all is done, or all jobs have ended."""
    found = status(job.workdir)
    if found.members["done"] == found.members["all"] and not job.plan.config.remake:
        return not found.workers or not queue.busy()
    return not queue.busy()


def _executor(job: Order) -> Any:
    submitit = need("submitit", "slurm")
    options = job.launcher.options
    cluster = options.get("cluster", "slurm")
    executor = submitit.AutoExecutor(
        folder=job.workdir.absolute() / FOLDER,
        cluster=cluster,
        slurm_max_num_timeout=TIMES_IN_THE_QUEUE,
    )
    given = {
        option.submitit: options[key]
        for key, option in SLURM_OPTIONS.items()
        if option.submitit and key in options
    }
    name = f"aejax-{job.plan.config.name}"
    executor.update_parameters(**{"timeout_min": MINUTES, "name": name, **given})
    return executor
