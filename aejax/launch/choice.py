"""`--launcher=NAME[:TARGET]` and `--slurm=KEY=VALUE,...`: what they say, checked."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from aejax.errors import ConfigError, MissingPackageError, lookup, nearest, need

MOST_WORKERS = 1024


class Kind(NamedTuple):
    """A launcher.

    Attributes:
      does: in a line.
      target: what may stand behind its colon, or "".
      package: that it needs; its extra of ours has the launcher's name.
    """

    does: str
    target: str
    package: str | None


LAUNCHERS = {
    "local": Kind("processes on this machine", "how many, 1 by default", None),
    "slurm": Kind("an array of jobs, through submitit", "", "submitit"),
    "ray": Kind("a task a group, on a Ray cluster", "its address", "ray"),
}


class Launcher(NamedTuple):
    """A launcher as it was asked for: `options` are those of `--slurm`."""

    name: str
    target: str
    options: dict[str, Any]

    @property
    def count(self) -> int:
        """Processes of the launcher `local`."""
        return int(self.target or 1)


def _minutes(text: str) -> int:
    """Returns minutes of "90", "1:30:00" or "2-00:00:00"."""
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)", text)
    if not found:
        return _positive(text)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return _positive(str((days * 24 + hours) * 60 + minutes + (seconds > 0)))


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 10**6:
        raise ValueError("1 or more")
    return int(text)


def _text(text: str) -> str:
    if not text:
        raise ValueError("a name")
    return text


def _one_of(*allowed: str) -> Any:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(", ".join(allowed))
        return text

    return read


class Option(NamedTuple):
    """An option of `--slurm`: what it is, how it is read, and submitit's name for it."""

    what: str
    read: Any
    submitit: str | None = None


SLURM_OPTIONS = {
    "jobs": Option("workers of the array; as many as groups, up to 16", _positive),
    "time": Option("of a job, minutes or [D-]HH:MM:SS; 60", _minutes, "timeout_min"),
    "partition": Option("where", _text, "slurm_partition"),
    "account": Option("whose", _text, "slurm_account"),
    "qos": Option("quality of service", _text, "slurm_qos"),
    "constraint": Option("features of the node", _text, "slurm_constraint"),
    "gpus": Option("of a job", _positive, "gpus_per_node"),
    "cpus": Option("of a job", _positive, "cpus_per_task"),
    "memory_gb": Option("of a job", _positive, "mem_gb"),
    "wait": Option("yes: for the table at the end; no: submit and return", _one_of("yes", "no")),
    "cluster": Option(
        "slurm; local: submitit's processes on this machine, to try it", _one_of("slurm", "local")
    ),
}


def parse(text: str | None, slurm: str | None = None) -> Launcher:
    """Returns what `--launcher` and `--slurm` ask for.

    Args:
      text: NAME or NAME:TARGET; None where there is `slurm` alone.
      slurm: KEY=VALUE,...

    Raises:
      ConfigError: an unknown launcher or option, a bad number, or a package that is not installed.
    """
    if text is None:
        raise ConfigError(
            f"slurm={slurm!r} is without its launcher. Allowed: with --launcher=slurm."
        )
    name, colon, target = text.partition(":")
    kind = lookup("launcher", name, LAUNCHERS)
    if name == "local" and colon and not (target.isdecimal() and 1 <= int(target) <= MOST_WORKERS):
        raise ConfigError(
            f"launcher={text!r} is no number of processes. Allowed: local, or local:N with N from "
            f"1 to {MOST_WORKERS}."
        )
    if colon and not (kind.target and target):
        allowed = f"{name}, or {name}:TARGET ({kind.target})" if kind.target else name
        raise ConfigError(f"launcher={text!r} has a wrong target. Allowed: {allowed}.")
    if slurm is not None and name != "slurm":
        raise ConfigError(
            f"slurm={slurm!r} is for another launcher than {name!r}. Allowed: --launcher=slurm."
        )
    options = slurm_options(slurm or "")
    if kind.package:
        try:
            need(kind.package, name)
        except MissingPackageError as error:
            raise MissingPackageError(f"launcher={text!r}: {error}") from error
    return Launcher(name, target, options)


def slurm_options(text: str) -> dict[str, Any]:
    """Returns the options of `--slurm`, each as its type.

    Raises:
      ConfigError: an unknown option, or a value that it does not take.
    """
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if key not in SLURM_OPTIONS or not equals:
            raise ConfigError(
                f"slurm={part!r} is unknown.{nearest(key, SLURM_OPTIONS)} "
                f"Allowed: KEY=VALUE with a key of {', '.join(SLURM_OPTIONS)}."
            )
        try:
            found[key] = SLURM_OPTIONS[key].read(value)
        except ValueError as error:
            raise ConfigError(f"slurm={part!r} has a wrong value. Allowed: {error}.") from error
    return found
