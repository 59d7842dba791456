"""`@builder`: a model knows what built it, so that it can be saved and built again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec

from aejax.errors import ConfigError, check_names, plain
from aejax.types import Autoencoder, Made

P = ParamSpec("P")


def _as(name: str, value: Any, default: Any) -> Any:
    """Returns 2.0 as 2 where an argument is an integer by its default: they are one model.

    Raises:
      ConfigError: another value than True or False for an argument that is one of them.
    """
    if isinstance(default, bool) and not isinstance(value, bool):
        raise ConfigError(f"{name}={value!r:.40} is no truth value. Allowed: True or False.")
    whole = type(default) is int and isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


KEPT = 64  # models of one builder


def _key(arguments: Iterable[tuple[str, Any]]) -> str | None:
    """Returns what tells arguments apart, 1 and 1.0 too; None where their text might not."""

    def plainly(value: Any) -> bool:
        if isinstance(value, (tuple, list)):
            return all(map(plainly, value))
        return value is None or type(value) in (bool, int, float, str)

    arguments = sorted(arguments)
    return repr(arguments) if all(plainly(value) for _, value in arguments) else None


def is_builder(value: Any) -> bool:
    """Returns whether a value is a function that `builder` has made."""
    return inspect.isfunction(value) and vars(value).get("makes_models", False)


# Arguments that many models take: why the others have none.
OFTEN = {
    "net": "networks are part of what it is",
    "condition": "networks or prior have no place for one",
}


def check_arguments(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ConfigError for an argument that a model does not take.

    Args:
      name: of the model.
      given: the arguments' names.
      known: those that it takes.
    """
    known = list(known)
    for argument in given:
        if argument in OFTEN and argument not in known:
            from aejax.models import taking  # the table is made of what this file decorates

            raise ConfigError(
                f"argument {argument!r} does not go with model {name!r}, whose {OFTEN[argument]}. "
                f"Allowed: the models {', '.join(taking(argument))}."
            )
    check_names(f"argument of model {name!r}:", given, known)


def builder(function: Callable[P, Autoencoder]) -> Callable[P, Autoencoder]:
    """Returns `function`, whose models record its name and arguments in `info.made`.

    For the package's builders and for the user's own: what `aejax.save` writes and `aejax.load`
    calls again. Where one builder calls another, the outer one is recorded. NumPy's and JAX's
    numbers and short arrays are taken as Python's; an unknown argument or a value of the wrong type
    is a ConfigError.

    A builder of this package returns the same model for the same arguments, so that what was
    compiled for one is there for the other; a user's may read what has changed between two calls.
    """
    signature = inspect.signature(function)
    pure = function.__module__.startswith(f"{__package__}.")
    built: dict[str | None, Autoencoder] = {}

    @functools.wraps(function)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> Autoencoder:
        check_arguments(function.__name__, kwargs, signature.parameters)
        given = signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            given.arguments[name] = _as(name, plain(value), signature.parameters[name].default)
        told = ", ".join(f"{name}={value!r}" for name, value in given.arguments.items())
        given.apply_defaults()
        key = _key(given.arguments.items()) if pure else None
        if found := built.get(key):
            return found
        try:
            model = function(*given.args, **given.kwargs)
        except (TypeError, ValueError) as error:  # a value of the wrong type, e.g. widths=3
            if isinstance(error, ConfigError):
                raise
            reason = " ".join(str(error).split())
            raise ConfigError(f"model {function.__name__!r} with {told}: {reason}") from error
        made = Made(function.__name__, dict(given.arguments))
        model = model.replace(info=model.info._replace(made=made))
        if key is not None:
            if len(built) >= KEPT:
                built.clear()
            built[key] = model
        return model

    vars(recorded)["makes_models"] = True
    return recorded
