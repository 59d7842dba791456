"""Signals that end a command: one line, the status that shells expect, the terminal as it was.

SIGTERM and SIGHUP, which batch systems and closed terminals send, wait for the end of a chunk of
training and its checkpoint; a second one does not wait. SIGINT (Ctrl-C) ends at once.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SHOW_CURSOR = "\x1b[?25h"
PATIENT = ("SIGTERM", "SIGHUP")
HANDLED = (*PATIENT, "SIGINT")


class Stopped(BaseException):  # no Exception: nothing that goes on after errors may go on after it
    """A signal asked the process to end.

    Attributes:
      signal: its name.
      status: 128 and its number.
    """

    def __init__(self, number: int):
        self.signal = signal.Signals(number).name
        self.status = 128 + number
        super().__init__(self.signal)


class _State:
    received: int | None = None
    holding = 0
    kept = ""


_state = _State()


def _handle(number: int, frame: FrameType | None) -> None:
    first, _state.received = _state.received is None, number
    if first and _state.holding and signal.Signals(number).name in PATIENT:
        return
    raise Stopped(number)


def waiting() -> bool:
    """Returns whether a signal waits for the end of what is `held`."""
    return _state.received is not None


def keep(what: str) -> None:
    """Notes what the user is told to be kept."""
    _state.kept = what


@contextmanager
def held() -> Iterator[None]:
    """Lets signals of PATIENT wait until its end."""
    _state.holding += 1
    try:
        yield
    finally:
        _state.holding -= 1
    if waiting() and not _state.holding:
        raise Stopped(_state.received or signal.SIGTERM)


@contextmanager
def ending() -> Iterator[None]:
    """Within it, the signals of HANDLED end the process with a line and a status.

    Those that the caller ignores (`nohup`) stay ignored.
    """
    _state.received, _state.holding, _state.kept = None, 0, ""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in HANDLED:
            number = getattr(signal, name, None)  # there is no SIGHUP on Windows
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _handle)
    try:
        yield
    except SystemExit:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            _state.received = signal.SIGINT
        if _state.received is None:
            raise
        # Also where a library turned it into an error of its own.
        stopped = Stopped(_state.received)
        if sys.stdout.isatty():
            sys.stdout.write(SHOW_CURSOR)
        what = f": {_state.kept}; the same command goes on there" if _state.kept else ""
        print(f"stopped by {stopped.signal}{what}", file=sys.stderr)
        sys.exit(stopped.status)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _state.received = None
