"""Going on from a checkpoint: as the run began, on the devices that there are, or anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from aejax.errors import lookup
from aejax.train.checkpoint import Checkpoint
from aejax.train.population.devices import devices, parts, split_in

CHANGED = {
    "restart": "begin again where the program has changed",
    "continue": "go on, and say so in the rows",
}


class Setting(NamedTuple):
    """How a run is executed, from its first step to its last.

    Attributes:
      executor, chunk: from `choose`.
      parts: what the members are split in; where there are as many devices, each has one.
      on: the devices that they are on now.
      platform: of the devices.
      prints: see train/fingerprint.py.
      history: what changed where the run went on, a line each.
    """

    executor: str
    chunk: int
    parts: int
    on: int
    platform: str
    prints: dict[str, str]
    history: list[str]


class Begun(NamedTuple):
    """A setting, and the segments that are done under it."""

    setting: Setting
    done: int


def _now(
    members: int, executor: str, count: int | None, ways: Callable[[], int]
) -> tuple[int, int]:
    """Returns the parts and the devices of a population."""
    if executor == "loop":
        return 1, 1
    with split_in(count):
        return parts(members), devices(members) * ways()


def settle(
    checkpoint: Checkpoint | None,
    prints: Callable[[], dict[str, str]],
    members: int,
    choose: Callable[[], tuple[str, int]],
    steps_at: Callable[[int], int],
    ways: Callable[[], int],
) -> Begun:
    """Returns how a run is executed, and from where it goes on.

    Args:
      checkpoint: of the run, or None.
      prints: what the run would compute now.
      members: of the population.
      choose: returns (executor, chunk), for a run that begins.
      steps_at: steps done after so many segments.
      ways: devices that a part's batches are split over.

    Raises:
      ConfigError: `checkpoint.changed` is no key of CHANGED.
    """
    platform = jax.default_backend()
    if checkpoint is None:
        executor, chunk = choose()
        setting = Setting(executor, chunk, *_now(members, executor, None, ways), platform, {}, [])
        return Begun(setting, 0)
    lookup("changed", checkpoint.changed, CHANGED)
    name, ours = checkpoint.directory.name, prints()
    noted = checkpoint.note()
    done = (checkpoint.latest() or 0) if noted else 0
    if checkpoint.damaged:
        what = ", ".join(checkpoint.damaged)
        checkpoint.say(
            f"checkpoint {what} is damaged: {name} begins again at step {steps_at(done)}"
        )
    setting = _known(noted)
    if noted and (setting is None or setting.prints != ours):
        differ = _differences(setting, ours)
        if setting and checkpoint.changed == "continue":
            line = f"step {steps_at(done)}: another {differ}"
            checkpoint.say(f"checkpoint of {name}: {line} since then; it goes on")
            if done:
                setting.history.append(line)
            setting = setting._replace(prints=ours)
        else:
            if done:
                checkpoint.say(
                    f"checkpoint of {name} at step {steps_at(done)} is of another {differ}: it "
                    "begins again at step 0"
                )
            checkpoint.clear()
            setting, done = None, 0
    if setting is None:
        executor, chunk = choose()
        setting = Setting(executor, chunk, *_now(members, executor, None, ways), platform, ours, [])
    else:
        _, on = _now(members, setting.executor, setting.parts, ways)
        if done and (setting.on, setting.platform) != (on, platform):
            line = (
                f"step {steps_at(done)}: {on} {platform} devices, {setting.on} "
                f"{setting.platform} before"
            )
            setting.history.append(line)
            checkpoint.say(f"checkpoint of {name}, {line}; it goes on, equal but for rounding")
        setting = setting._replace(on=on, platform=platform)
    if setting != _known(noted) or not noted:
        checkpoint.write_note(setting._asdict())
    return Begun(setting, done)


def _known(noted: dict[str, Any] | None) -> Setting | None:
    """Returns what a note says; None where an older version wrote it."""
    if noted is None or set(noted) != set(Setting._fields):
        return None
    return Setting(**{**noted, "history": list(noted["history"])})


def _differences(setting: Setting | None, ours: dict[str, str]) -> str:
    if setting is None:
        return "version"
    theirs = setting.prints
    return ", ".join(k for k in ours if theirs.get(k) != ours[k]) or "version"
