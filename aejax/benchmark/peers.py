"""Peers in an environment of their own: a script that does a round for every line that it reads.

The peers are no dependencies. `make bench-peers` builds their environment; a script of
`benchmarks/peers/` gets one JSON object as its argument, says what it is once it is built, and
answers each line "round" with {"seconds": ..., "value": ...} and "close" with what else it
has to say of itself.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from aejax.benchmark.contest import Round
from aejax.errors import ConfigError

SCRIPTS = Path(__file__).resolve().parents[2] / "benchmarks" / "peers"


def peer_python(path: str | None) -> str | None:
    """Returns the peers' Python, or None where there is none and none was named.

    Raises:
      ConfigError: a named interpreter that is no file, or no clone with the peers' scripts.
    """
    if path is None:
        found = SCRIPTS.parents[1] / ".venv-peers" / "bin" / "python"
        return str(found) if found.is_file() else None
    if not Path(path).is_file():
        raise ConfigError(
            f"peers={path!r} is no file. Allowed: the Python of an environment with the peers "
            "(`make bench-peers` makes .venv-peers/bin/python), or none to measure without them."
        )
    if not SCRIPTS.is_dir():
        raise ConfigError(
            f"peers={path!r} has no scripts to run: benchmarks/peers/ is no part of the installed "
            "package. Allowed: a clone of the repository, or no --peers to measure without them."
        )
    return path


@functools.cache
def has(python: str, package: str) -> bool:
    """Tells whether the peers' environment holds a package."""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", look], check=False).returncode == 0


class Peer:
    """A peer's process.

    Args:
      name: for the table.
      python: the peers' interpreter.
      script: a file of `benchmarks/peers/`.
      settings: what it is to do.
    """

    def __init__(self, name: str, python: str, script: str, settings: dict[str, Any]):
        self.name = name
        self._process = subprocess.Popen(
            [python, str(SCRIPTS / script), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        self._ready = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:  # what a library prints of its own is no answer
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(
            f"peer {self.name} ended with status {self._process.wait()}; its errors are above"
        )

    def _ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._answer()

    def round(self) -> Round:
        """Asks for one round."""
        said = self._ask("round")
        return Round(said["seconds"], said["value"])

    def close(self) -> dict[str, Any]:
        """Ends the process; returns what it says of itself."""
        said = self._ask("close")
        self._process.communicate()
        return {**self._ready, **said}
