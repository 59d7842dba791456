"""Where a row came from: commit, versions, device."""

from __future__ import annotations

import functools
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import jax

PACKAGES = ("aejax", "jax", "jaxlib", "flax", "optax", "numpy", "scikit-learn")


@functools.cache
def git_commit() -> str | None:
    """Returns the commit of this source tree, with "+dirty" where files differ.

    None outside git.
    """
    root = Path(__file__).resolve().parents[2]

    def git(*args: str) -> str:
        done = subprocess.run(
            ("git", "-C", str(root), *args), capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root:
            return None  # installed into somebody else's repository
        # What a reproduction has just written into results/ is no other code.
        differ = git("status", "--porcelain", "--", ".", ":!results")
        return git("rev-parse", "HEAD") + ("+dirty" if differ else "")
    except (OSError, subprocess.SubprocessError):
        return None


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
