"""Bad input: one line with the field, the value, what is allowed and the nearest valid name."""

from __future__ import annotations

import difflib
import operator
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class ConfigError(ValueError):
    """A wrong name, value, shape, range or file.

    Scripts turn it into exit status 2 and one line.
    """


def nearest(name: object, options: Iterable[str]) -> str:
    """Returns `" Did you mean 'x'?"` for the closest of `options`, or `""` when none is close."""
    found = difflib.get_close_matches(str(name), list(options), n=1, cutoff=0.5)
    return f" Did you mean {found[0]!r}?" if found else ""


def lookup(field: str, name: str, table: Mapping[str, T]) -> T:
    """Returns `table[name]`; the one way in which names become functions.

    Raises:
      ConfigError: `name` is not in the table; the message lists what is.
    """
    if name not in table:
        raise ConfigError(
            f"{field}={name!r} is unknown.{nearest(name, table)} "
            f"Allowed: {', '.join(sorted(table))}."
        )
    return table[name]


def check_names(field: str, names: Iterable[str], allowed: Iterable[str]) -> None:
    """Raises ConfigError for the first of `names` that is not among `allowed`."""
    allowed = list(allowed)
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"{field} {name!r} is unknown.{nearest(name, allowed)} "
                f"Allowed: {', '.join(sorted(allowed))}."
            )


def check_at_least(field: str, value: float, low: float) -> None:
    """Raises ConfigError unless `value >= low`."""
    if not value >= low:
        raise ConfigError(f"{field}={value!r} is out of range. Allowed: {low} or more.")


def check_integer(field: str, value: Any, low: int, high: int = 2**31 - 1) -> int:
    """Returns `value` as an int; Python's, NumPy's and JAX's integers are integers.

    Raises:
      ConfigError: no integer, or outside `low` to `high`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if isinstance(value, bool) or number is None or not low <= number <= high:
        raise ConfigError(f"{field}={value!r} is out of range. Allowed: integers {low} to {high}.")
    return number


def check_within(field: str, value: float, low: float, high: float) -> None:
    """Raises ConfigError unless `low <= value <= high`."""
    if not low <= value <= high:
        raise ConfigError(f"{field}={value!r} is out of range. Allowed: {low} to {high}.")


def _flag_error(error: Exception, argv: list[str]) -> str:
    """Returns one line for what a flag's parser raised."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if (
        "ConfigError: " in text
    ):  # raised in a config file; ml_collections puts a traceback before it
        text = text.rpartition("ConfigError: ")[2]
    elif isinstance(error, AttributeError | KeyError):  # ml_collections: no such field
        # Its message is the name, quoted once or twice, and a hint after a line break.
        words = re.findall(r"[A-Za-z_]\w*", text.replace("\\n", " "))
        name, hint = words[0], re.search(r"Did you mean \W*(\w+)", text)
        flag = next((arg for arg in argv if name in arg), f"--config.{name}")
        meant = f" Did you mean {hint.group(1)!r}?" if hint else ""
        text = f"{flag}: there is no field {name!r}.{meant} Allowed: the fields of the config file."
    return " ".join(text.split())


def run(main: Callable[[list[str]], int | None]) -> None:
    """Runs an absl `main`; bad input, in flags or elsewhere, ends with status 2 and one line."""
    from absl import app, flags, logging

    quiet = True

    def guarded(argv: list[str]) -> int:
        if quiet:
            logging.set_verbosity(logging.WARNING)  # Orbax tells its whole life at INFO
        try:
            return main(argv) or 0
        except ConfigError as error:
            print("error: " + " ".join(str(error).split()), file=sys.stderr)
            return 2
        except BrokenPipeError:  # `... | head` closed our output: not an error of the run
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def parse(argv: list[str]) -> list[str]:
        nonlocal quiet
        try:
            rest = flags.FLAGS(argv)
            quiet = flags.FLAGS["verbosity"].using_default_value  # absl sets it to INFO after this
            return rest
        except (flags.Error, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            print("error: " + _flag_error(error, argv), file=sys.stderr)
            sys.exit(2)

    app.run(guarded, flags_parser=parse)
