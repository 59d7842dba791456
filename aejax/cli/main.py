"""The commands by name, and running one: help, flags, one line where the input is bad."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple

from absl import flags

from aejax import errors
from aejax.train import signals


class Command(NamedTuple):
    """What a command does, in a line, and whether it computes anything with JAX."""

    does: str
    computes: bool


# name -> the file aejax/cli/NAME.py, imported when the command is called.
COMMANDS: dict[str, Command] = {
    name: command
    for name, command in {
        "sweep": Command("run a sweep, or what is missing of it", computes=True),
        "status": Command("say how far a sweep is, and who works on it", computes=False),
        "train": Command("train one run: a config without its sweep", computes=True),
        "apply": Command("apply a trained member to new data", computes=True),
        "figures": Command("draw a sweep's figures again", computes=False),
        "report": Command("write a sweep's report, one page for a browser", computes=True),
        "reproduce": Command("reproduce a paper's tables, or run an application", computes=True),
        "benchmark": Command("measure speed against peers and limits", computes=True),
        "devices": Command("compile for TPUs and CUDA that are not here", computes=False),
        "gallery": Command("train every model and draw what it is for", computes=True),
        "data": Command("list data sets, or prepare one", computes=False),
        "models": Command("print the table of models", computes=False),
    }.items()
    if find_spec(f"aejax.cli.{name}")
}

HELP = ("--help", "-help", "-h", "-?", "--helpshort")


def usage() -> str:
    """Returns the page of `aejax --help`."""
    lines = [f"  {name:<11}{command.does}" for name, command in COMMANDS.items()]
    head = "aejax COMMAND [FLAGS]; aejax COMMAND --help says more.\n"
    return "\n".join([head, *lines])


def command_help(name: str, called: str, module: ModuleType) -> str:
    """Returns a command's page: its file's docstring, and its flags.

    Args:
      name: of the command.
      called: what the user called it by.
      module: its file, with its flags defined.
    """
    text = (module.__doc__ or "").strip().replace(f"aejax {name}", called)
    mine = [
        flag
        for where, found in flags.FLAGS.flags_by_module_dict().items()
        if where.startswith("aejax.cli")
        for flag in found
    ]
    lines = []
    for flag in sorted(mine, key=lambda flag: flag.name):
        default = "" if flag.default is None else f" (default {flag.default_as_str})"
        shown = f"[no]{flag.name}" if flag.boolean else flag.name
        lines.append(f"  --{shown}: {flag.help}{default}")
    return "\n".join([text, "", "flags:", *lines] if lines else [text])


def script(name: str, called: str | None = None) -> None:
    """Runs a command with the flags of `sys.argv`, and ends the process with its status.

    Args:
      name: a key of COMMANDS.
      called: what the user called it by, for its help.
    """
    with signals.ending():
        _script(name, called)


def _script(name: str, called: str | None) -> None:
    # Imports and tracing make a few hundred thousand objects that stay. Looking through them for
    # garbage again and again is a tenth of a start.
    gc.set_threshold(500_000, 20, 100)
    module = import_module(f"aejax.cli.{name}")
    if hasattr(module, "define"):
        module.define()
    if any(argument in HELP for argument in sys.argv[1:]):
        print(command_help(name, called or errors.command(name), module))
        sys.exit(0)
    if COMMANDS[name].computes:
        from aejax.cli.common import prepare_jax

        # Before the flags: a config file builds models, which computes, while they are read.
        prepare_jax()
    errors.run(module.main)


def main() -> None:
    """The installed command, `aejax`."""
    _, *arguments = sys.argv
    if not arguments:
        errors.tell(errors.ConfigError(f"command is missing. Allowed: {', '.join(COMMANDS)}."))
        sys.exit(2)
    name = arguments[0]
    if name in HELP:
        print(usage())
        sys.exit(0)
    if name == "--version":
        print(version("aejax"))
        sys.exit(0)
    try:
        errors.lookup("command", name, COMMANDS)
    except errors.ConfigError as error:
        errors.tell(error)
        sys.exit(2)
    sys.argv = [f"aejax {name}", *arguments[1:]]
    script(name, f"aejax {name}")
