"""The machines that programs are compiled for, by name.

A TPU's compiler runs where there is none, against a described topology: libtpu's compile-only
client, `jax.experimental.topologies`. CUDA's needs a card; for it, programs are lowered alone.
"""

from __future__ import annotations

import re
from math import prod
from typing import Any, NamedTuple

from aejax.errors import ConfigError, need

CUDA = "cuda"
TARGETS = ("v5e:1x1", "v5e:2x2", "v5e:4x4", CUDA)  # of the committed record

# What libtpu asks for on a machine without a TPU, and no cache: seconds are those of compiling.
SETTINGS = {
    "JAX_PLATFORMS": "cpu",
    "JAX_NUM_CPU_DEVICES": "1",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}


class Target(NamedTuple):
    """A machine: its name, the backend whose forms a model takes there, and its chips."""

    name: str
    backend: str
    chips: int

    def devices(self) -> list[Any]:
        """Returns the described devices of a TPU topology.

        Raises:
          MissingPackageError: libtpu is not installed.
          ConfigError: libtpu knows no such topology.
        """
        from jax.experimental import topologies

        need("libtpu", "tpu")
        # One chip is the first of a host: a host has four.
        whole = re.sub(r":1x1$", ":2x2", self.name)
        try:
            found = topologies.get_topology_desc(whole, platform="tpu").devices
        except Exception as error:
            why = (str(error).splitlines() or [""])[0]
            raise ConfigError(
                f"topology={self.name!r} is not known to libtpu ({why}). "
                "Allowed: v5e:1x1, v5e:2x2, v5e:4x4 and others of libtpu's."
            ) from error
        return list(found[: self.chips])


def named(name: str) -> Target:
    """Returns a target by its name: `cuda`, or a topology such as v5e:2x2.

    Raises:
      ConfigError: neither.
    """
    if name == CUDA:
        return Target(CUDA, "gpu", 1)
    sizes = re.fullmatch(r"v\d\w*:(\d+(?:x\d+){1,2})", name)
    if not sizes:
        raise ConfigError(
            f"topology={name!r} is unknown. Allowed: cuda, or a TPU's such as v5e:1x1, v5e:2x2."
        )
    return Target(name, "tpu", prod(map(int, sizes[1].split("x"))))
