"""Trackers: the members of a sweep as runs of TensorBoard, Weights & Biases, MLflow or trackio.

They are told what the rows and arrays hold, and nothing is read from them: the rows stay the truth.
"""

from aejax.trackers.choice import TRACKERS, opened, parse
from aejax.trackers.protocol import Point, Tracked, Tracker
from aejax.trackers.sending import Tracking

__all__ = ["TRACKERS", "Point", "Tracked", "Tracker", "Tracking", "opened", "parse"]
