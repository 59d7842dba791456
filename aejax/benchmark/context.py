"""What all suites share: the peers' Python, the number of rounds, the limits of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from aejax.benchmark.contest import ROUNDS, Contestant
from aejax.benchmark.peers import Peer, has
from aejax.train.population import available_cores

LIBRARIES = ("pythae", "pyod", "cornac")  # whose scripts have their name first


@dataclass
class Bench:
    """The setting of one run of the benchmark.

    Attributes:
      folder: scratch, for what the peers are given.
      peers: the peers' Python, or None to measure without them.
      rounds: counted rounds of each contest.
      data_dir, manual_dir: where prepared data and raw files are.
      say: prints a line of progress.
    """

    folder: Path
    peers: str | None = None
    rounds: int = ROUNDS
    data_dir: str | None = None
    manual_dir: str | None = None
    say: Any = print

    def torch(self, what: str, script: str, **settings: Any) -> list[Contestant]:
        """Returns PyTorch in each of its modes: eager, compiled, and CUDA graphs on a GPU."""
        on_gpu = jax.default_backend() == "gpu"
        graphs = {"CUDA graphs": "graphs"} if on_gpu and script == "train.py" else {}
        return [
            contestant
            for words, mode in {"eager": "eager", "compiled": "compiled", **graphs}.items()
            for contestant in self.peer(
                f"{what} {words}", script, mode=mode, allow_tf32=on_gpu, **settings
            )
        ]

    def peer(self, name: str, script: str, **settings: Any) -> list[Contestant]:
        """Returns the peer, in a list; empty, and said, where its library is missing."""
        if self.peers is None:
            return []
        named = script.partition("_")[0]  # pythae_train.py; what names no library is PyTorch's
        package = named if named in LIBRARIES else "torch"
        if not has(self.peers, package):
            self.say(f"{name}: left out, {package} is not installed for {self.peers}")
            return []
        return [Peer(name, self.peers, script, {"threads": available_cores(), **settings})]
