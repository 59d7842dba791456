"""Config files: the shipped ones by name, all by path, and a flag that runs a file once."""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from absl import flags
from ml_collections import config_dict

from aejax.errors import ConfigError, nearest
from aejax.sweep.config import lock

_PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Returns the shipped configs' folder: in a wheel inside the package, in a clone beside it."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"


def names() -> list[str]:
    """Returns the shipped configs' names: quickstart, zoo, papers/linear, ..."""
    found = (path.relative_to(folder()) for path in sorted(folder().rglob("*.py")))
    return [path.with_suffix("").as_posix() for path in found if path.name != "__init__.py"]


def find(name: str) -> Path:
    """Returns the file of a config: a path as it is, or a shipped config's name.

    Raises:
      ConfigError: neither a file nor such a name.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if name in names():
        return folder() / f"{name}.py"
    raise ConfigError(
        f"config={name!r} is no file.{nearest(name, names())} Allowed: a path such as "
        "configs/quickstart.py, or a name such as quickstart or papers/linear."
    )


def load(name: str) -> ModuleType:
    """Imports a config file by its path or name.

    Raises:
      ConfigError: there is no such file, or it breaks off.
    """
    path = find(name)
    spec = importlib.util.spec_from_file_location(f"aejax_config_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"config={name!r} is no Python file. Allowed: a file NAME.py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _broken(path, error) from error
    return module


def _broken(path: Path, error: Exception) -> ConfigError:
    """Returns an error of a config file as one that names the file and the line."""
    if isinstance(error, ConfigError):
        return error
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path.absolute()) or frame.filename == str(path)
    ]
    line = error.lineno if isinstance(error, SyntaxError) else (lines or [None])[-1]
    what = error.msg if isinstance(error, SyntaxError) else str(error)
    where = f"config={str(path)!r}" + (f", line {line}" if line else "")
    return ConfigError(f"{where}: {type(error).__name__}: {what}")


def _opened(config: Any) -> Any:
    """Gives the config a field for each --config.hp.NAME of the command line.

    Which names there are, the plan knows, and says so with the models' own.
    """
    for arg in sys.argv:
        found = re.match(r"--?config\.hp\.(\w+)", arg)
        if found and "hp" in config and found.group(1) not in config.hp:
            with config.hp.unlocked():
                config.hp[found.group(1)] = config_dict.placeholder(float)
    return config


class ConfigParser(flags.ArgumentParser):
    """Reads --config=FILE[:SCALE]: runs the file once, and keeps its module for its sweep."""

    module: ModuleType | None = None

    def parse(self, argument: str) -> Any:
        """Returns the file's config, locked."""
        name, colon, scale = argument.partition(":")
        self.module = load(name)
        if not hasattr(self.module, "get_config"):
            raise ConfigError(f"config={name!r} has no get_config. Allowed: a config file.")
        try:
            return lock(_opened(self.module.get_config(*[scale] * bool(colon))))
        except Exception as error:
            raise _broken(find(name), error) from error

    def flag_type(self) -> str:
        """Returns the name of the type, for absl."""
        return "config file"
