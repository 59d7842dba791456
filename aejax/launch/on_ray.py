"""Workers on a Ray cluster: a task a group of the plan, tried again where a node dies."""

from __future__ import annotations

import functools
import os
import re
import socket
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import aejax
from aejax.errors import ConfigError, need, one_line
from aejax.launch.choice import Launcher
from aejax.launch.watching import LOGS, Order, telling, worker_arguments
from aejax.results.store import ended

RETRIES = 10  # of a task whose node or process died
POLL_SECONDS = 0.5


def check(launcher: Launcher) -> None:
    """Asks the cluster whether it is there; starts one on this machine where no address is given.

    Raises:
      ConfigError: nobody answers at the address.
    """
    ray = need("ray", "ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if ray.is_initialized():
        return
    _reached(launcher.target)
    source = str(Path(aejax.__file__).parents[1])
    path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*fork.*", RuntimeWarning)  # it starts its daemons
            ray.init(
                address=launcher.target or None,
                runtime_env={"env_vars": {"PYTHONPATH": path}},
                include_dashboard=None if launcher.target else False,
                log_to_driver=False,
                logging_level="error",
            )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise _silent(launcher.target, error) from error


def _silent(target: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"launcher='ray:{target}' does not answer ({one_line(error)[:160]}). Allowed: ray, or "
        "ray:ADDRESS of a cluster that runs: auto, HOST:PORT or ray://HOST:PORT."
    )


def _reached(target: str) -> None:
    """Asks whether anybody is at HOST:PORT: Ray itself would try for minutes.

    Raises:
      ConfigError: nobody is, or it is no such address.
    """
    if target in ("", "auto", "local"):
        return
    found = re.fullmatch(r"(?:ray://)?([^:/]+|\[[^]]+\]):(\d{1,5})", target)
    try:
        if not found:
            raise ValueError("no HOST:PORT")
        socket.create_connection((found[1].strip("[]"), int(found[2])), timeout=10.0).close()
    except (ValueError, OSError, OverflowError) as error:
        raise _silent(target, error) from error


def go(job: Order) -> None:
    """Runs a task for each group that is not done, and waits for all.

    Raises:
      ConfigError: a task died again and again.
    """
    ray = need("ray", "ray")
    there = ended(job.workdir, job.plan.owner)
    groups = [
        group.id
        for group in job.plan.groups
        if job.plan.config.remake or any(member.id not in there for member in group.members)
    ]
    resources = {"num_gpus": 1} if ray.cluster_resources().get("GPU") else {"num_cpus": 1}
    task = ray.remote(max_retries=RETRIES, **resources)(train_one)
    argv = worker_arguments(job.argv, job.workdir)
    left = {task.options(name=name).remote(argv, os.getcwd(), name): name for name in groups}
    try:
        with telling(job) as teller:
            while left:
                done, _ = ray.wait(list(left), timeout=POLL_SECONDS)
                for reference in done:
                    _fetched(ray, reference, left.pop(reference))
                teller.tell()
    finally:
        for reference in left:
            ray.cancel(reference, force=True)


def _fetched(ray: Any, reference: Any, name: str) -> None:
    try:
        ray.get(reference)
    except ray.exceptions.RayError as error:
        raise ConfigError(f"launcher='ray': group {name}: {one_line(error)[:300]}") from error


def train_one(argv: list[str], folder: str, group: str) -> int:
    """Trains a group, on the node where it is called; returns how many populations that were.

    Args:
      argv: arguments of the command `aejax sweep`.
      folder: where it was called.
      group: its id.
    """
    from aejax.cli.common import make_console
    from aejax.cli.sweep import tracking_of
    from aejax.sweep.working import work

    plan, workdir = _planned(tuple(argv), folder)
    (workdir / LOGS).mkdir(exist_ok=True)
    with (workdir / LOGS / f"ray-{group}.log").open("a") as log:
        console = make_console()
        console.file = log
        console.print(time.strftime("%Y-%m-%d %H:%M:%S"), os.uname().nodename, os.getpid())
        tracking = tracking_of(plan, workdir, console, check=False)
        return work(plan, workdir, console, only=group, tracking=tracking).groups


@functools.cache
def _planned(argv: tuple[str, ...], folder: str) -> Any:
    """Returns the plan and its work directory; a process of Ray's reads them once."""
    from absl import flags

    from aejax.cli import sweep
    from aejax.cli.common import prepare_jax

    os.chdir(folder)
    sys.argv = ["aejax sweep", *argv]
    sweep.define()
    prepare_jax()
    flags.FLAGS(sys.argv)
    return sweep.asked()
