"""A compiler in a process of its own, with a time limit: it may take for ever, or end its process.

libtpu serves one process at a time, so one process compiles model after model, and says a line of
JSON of each; after a limit or an abort another one goes on with the next.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aejax.benchmark.targets.machines import SETTINGS

START_SECONDS = 60.0  # of a process, beside the limit of its first model


def answers(
    command: Callable[[Sequence[str]], list[str]], names: Sequence[str], limit: float
) -> Iterator[dict[str, Any]]:
    """Yields an answer for each name, in their order.

    Args:
      command: for names that are left, starts what prints a line of JSON for each, {"model": ...}.
      names: to ask for.
      limit: seconds for each.

    Yields:
      The process's answers; {"model", "status", "why"} where it was too slow, or died.
    """
    left = list(names)
    while left:
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                command(left),
                env={**os.environ, **SETTINGS},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            try:
                wait = limit + START_SECONDS
                while left:
                    line = _line(process, wait)
                    if line is None:
                        yield {"model": left.pop(0), "status": "slow", "why": f"over {limit:g} s"}
                        break
                    if not line:
                        log.seek(0)
                        why = f"its process ended with status {process.wait()}: {_last(log.read())}"
                        yield {"model": left.pop(0), "status": "died", "why": why}
                        break
                    yield json.loads(line)
                    left.pop(0)
                    wait = limit
            finally:
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()


def _line(process: subprocess.Popen[bytes], seconds: float) -> str | None:
    """Returns the next line of JSON, "" at the end, None where the time is over."""
    assert process.stdout is not None
    until, read = time.monotonic() + seconds, b""
    while True:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        got = os.read(process.stdout.fileno(), 1)
        if not got:
            return ""
        read += got
        if got == b"\n":
            if read.startswith(b"{"):
                return read.decode()
            read = b""  # a library's remark


def _last(log: bytes) -> str:
    lines = [line for line in log.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "nothing said"
