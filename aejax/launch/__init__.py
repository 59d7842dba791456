"""Launchers: the same sweep by several processes, on this machine, under Slurm or on Ray."""

from aejax.launch.choice import LAUNCHERS, Launcher, parse
from aejax.launch.run import Launched, launched

__all__ = ["LAUNCHERS", "Launched", "Launcher", "launched", "parse"]
