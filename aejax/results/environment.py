"""Where a row came from: commit, versions, device, machine."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from aejax.backend.cores import available_cores

PACKAGES = ("aejax", "jax", "jaxlib", "flax", "optax", "numpy", "scikit-learn")
ROOT = Path(__file__).resolve().parents[2]  # of this source tree
DIRTY = "+dirty"


def _git(root: Path, *args: str) -> str:
    command = ("git", "-C", str(root), *args)
    return subprocess.run(
        command, capture_output=True, text=True, timeout=10, check=True
    ).stdout.strip()


def commit_of(root: Path) -> str | None:
    """Returns the commit of a source tree, with "+dirty" where files differ; None outside git."""
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return None  # installed into somebody else's repository
        # What a reproduction has just written into results/ is no other code.
        differ = _git(root, "status", "--porcelain", "--", ".", ":!results")
        return _git(root, "rev-parse", "HEAD") + (DIRTY if differ else "")
    except (OSError, subprocess.SubprocessError):
        return None


@functools.cache
def git_commit() -> str | None:
    """Returns the commit of this source tree as this process found it; see `commit_of`."""
    return commit_of(ROOT)


def belongs_to_clone(root: Path, path: Path) -> bool:
    """Returns whether a file at `path` would be part of the clone at `root`: there, not ignored."""
    if not path.resolve().is_relative_to(root.resolve()):
        return False
    try:
        _git(root, "check-ignore", "--quiet", str(path.resolve()))
        return False
    except (OSError, subprocess.SubprocessError):
        return True


def processor() -> str:
    """Returns the processor's name, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    """Returns the processor's name, the cores that we may use, and the load of the last minute.

    The load counts processes that run or wait; None where the system does not tell.
    """
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {"processor": processor(), "cores": available_cores(), "load": load}


@functools.cache
def versions() -> dict[str, str]:
    """Returns versions of Python and of what numbers depend on, and the matmul precision."""
    found = {name: metadata.version(name) for name in PACKAGES}
    precision = getattr(jax.config, "jax_default_matmul_precision", None) or "default"
    return {"python": platform.python_version(), **found, "matmul_precision": precision}


def device() -> str:
    """Returns the default device in words, e.g. "cpu" or "gpu: NVIDIA H100"."""
    first = jax.devices()[0]
    kind = first.device_kind
    return first.platform if kind.lower() == first.platform else f"{first.platform}: {kind}"
