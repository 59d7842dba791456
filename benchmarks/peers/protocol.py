"""What every peer's script shares: settings in, a line of JSON out for every line in."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch


def settings() -> dict[str, Any]:
    """Returns the settings, a JSON object as the only argument; sets the number of threads."""
    given = json.loads(sys.argv[1])
    torch.set_num_threads(given["threads"])
    torch.manual_seed(0)
    return given


def device() -> torch.device:
    """Returns the GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def arrays(path: str) -> dict[str, np.ndarray]:
    """Returns the arrays of an .npz file."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def wait() -> None:
    """Waits for the device."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _peak_bytes() -> int:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(one_round: Callable[[], float], **facts: Any) -> None:
    """Answers "round" with seconds and value, until "close".

    Args:
      one_round: does a round's work and returns the mean loss, or the value.
      **facts: what is to stand in the record.
    """
    print(json.dumps({"torch": torch.__version__, "device": str(device()), **facts}), flush=True)
    for line in sys.stdin:
        if line.strip() == "close":
            print(json.dumps({"peak_bytes": _peak_bytes()}), flush=True)
            return
        wait()
        begun = time.perf_counter()
        value = one_round()
        wait()
        print(json.dumps({"seconds": time.perf_counter() - begun, "value": value}), flush=True)
