"""Bad input: one line with the field, the value, what is allowed and the nearest valid name."""

from __future__ import annotations

import difflib
import errno
import importlib
import math
import numbers
import operator
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class ConfigError(ValueError):
    """A wrong name, value, shape, range or file.

    Scripts turn it into exit status 2 and one line.
    """


class MissingPackageError(ConfigError):
    """A package that only some users need is not installed."""


def need(module: str, extra: str) -> ModuleType:
    """Imports and returns a module that comes with an extra of ours, not with every install.

    Raises:
      MissingPackageError: it, or something it imports, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"package {error.name!r} is not installed. Allowed: pip install 'aejax[{extra}]'."
        ) from error


def command(name: str) -> str:
    """Returns how a command is called here: as a script of the clone, or as the one installed."""
    in_clone = (Path(__file__).parents[1] / "experiments" / f"{name}.py").is_file()
    return f"python -m experiments.{name}" if in_clone else f"aejax {name}"


def nearest(name: object, options: Iterable[str]) -> str:
    """Returns `" Did you mean 'x'?"` for the closest of `options`, or `""` when none is close.

    An option that begins with the name is closer than one that is spelled alike.
    """
    name, options = str(name), list(options)
    begun = [option for option in options if len(name) > 1 and option.startswith(name)]
    found = sorted(begun, key=len) or difflib.get_close_matches(name, options, n=1, cutoff=0.5)
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


def plain(value: Any) -> Any:
    """Returns NumPy's and JAX's numbers and short arrays as Python's numbers and tuples."""
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return tuple(plain(v) for v in value)
    if not (hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "tolist")):
        return value
    array = np.asarray(value)
    if array.ndim:
        return tuple(plain(v) for v in array) if array.size <= 1024 else value
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16 and others of its kind
        array = array.astype(np.float32)
    if array.dtype == np.longdouble:
        array = array.astype(np.float64)
    # Short floats are read as they print: np.float32(1e-3) is 0.001, and the same run.
    return float(str(array)) if array.dtype in (np.float16, np.float32) else array.item()


def check_number(field: str, value: Any) -> float:
    """Returns a number of Python, NumPy or JAX as a float; NaN and infinities are numbers.

    Raises:
      ConfigError: anything else, and True and False.
    """
    number = plain(value)
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise ConfigError(f"{field}={value!r} is no number. Allowed: a finite number.")
    try:
        return float(number)
    except OverflowError:  # an integer beyond all floats
        return math.copysign(math.inf, number)


def check_at_least(field: str, value: Any, low: float) -> None:
    """Raises ConfigError unless `value` is a number and `value >= low`."""
    if not check_number(field, value) >= low:
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


def check_size(field: str, value: Any, least: int = 1) -> int:
    """Returns `value` as an int, where it is a whole number of any type; see `check_integer`.

    Raises:
      ConfigError: no whole number (True, infinities and NaN are none), or below `least`.
    """
    given = number = plain(value)
    real = isinstance(given, numbers.Real) and not isinstance(given, bool)
    if not real or not math.isfinite(number) or number % 1 or number < least:
        raise ConfigError(
            f"{field}={value!r} is out of range. Allowed: an integer of {least} or more."
        )
    return int(number)


def check_within(field: str, value: Any, low: float, high: float) -> None:
    """Raises ConfigError unless `value` is a number and `low <= value <= high`."""
    if not low <= check_number(field, value) <= high:
        raise ConfigError(f"{field}={value!r} is out of range. Allowed: {low} to {high}.")


def _flag_error(error: BaseException, argv: list[str]) -> str:
    """Returns one line for what a flag's parser raised."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ConfigError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:  # raised in a config file; absl puts the flag and its value before it
        return one_line(cause)
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, AttributeError | KeyError):  # ml_collections: no such field
        # Its message is the name, quoted once or twice, and a hint after a line break.
        words = re.findall(r"[A-Za-z_]\w*", text.replace("\\n", " "))
        name, hint = words[0], re.search(r"Did you mean \W*(\w+)", text)
        flag = next((arg for arg in argv if name in arg), f"--config.{name}")
        meant = f" Did you mean {hint.group(1)!r}?" if hint else ""
        text = f"{flag}: there is no field {name!r}.{meant} Allowed: the fields of the config file."
    return " ".join(text.split())


# A path that cannot be used is bad input; a full disk or a broken one is not.
_BAD_PATHS = {
    errno.ENOENT, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM,
    errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP,
}  # fmt: skip


def one_line(error: BaseException) -> str:
    """Returns what an error says, on one line; for the system's, the file and the reason."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        files = [repr(str(name)) for name in (error.filename, error.filename2) if name is not None]
        text = ": ".join([" -> ".join(files), error.strerror][not files :])
    return " ".join(text.split()) or type(error).__name__


def tell(error: BaseException) -> None:
    """Prints an error's line to the standard error."""
    print(f"error: {one_line(error)}", file=sys.stderr)


def _let_go_of_stdout() -> None:
    """Python flushes it once more at its end, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(main: Callable[[list[str]], int | None]) -> None:
    """Runs an absl `main`; bad input, in flags or elsewhere, ends with status 2 and one line.

    So does a path that cannot be used; other errors of the system are one line and status 1.
    """
    from absl import app, flags, logging

    quiet = True

    def guarded(argv: list[str]) -> int:
        if quiet:
            logging.set_verbosity(logging.WARNING)  # Orbax logs verbosely at INFO
        try:
            status = main(argv) or 0
            sys.stdout.flush()
            return status
        except ConfigError as error:
            tell(error)
            return 2
        except BrokenPipeError:  # `... | head` closed our output: not an error of the run
            _let_go_of_stdout()
            return 0
        except OSError as error:
            tell(error)
            if error.filename is None:
                _let_go_of_stdout()  # the full disk may be under it
            return 2 if error.errno in _BAD_PATHS else 1

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
