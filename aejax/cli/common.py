"""What the commands share: JAX's settings, the config and its flags, the work directory."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from absl import flags
from ml_collections import ConfigDict, config_flags
from rich.console import Console

from aejax.cli import programs
from aejax.cli.configs import ConfigParser
from aejax.errors import ConfigError


def make_console(markup: bool = False) -> Console:
    """Returns where commands print; in a pipe or a log, lines are as long as tables need them.

    Args:
      markup: what is printed has rich's marks; a user's name or path may look like one.
    """
    console = Console(highlight=False, markup=markup)
    return console if console.is_terminal else Console(highlight=False, markup=markup, width=120)


def prepare_jax() -> None:
    """Spreads populations over the CPU's cores and keeps compiled programs on disk.

    A second start compiles nothing again. Programs are trusted code: they lie in the user's own
    cache, wherever the data is; `JAX_COMPILATION_CACHE_DIR` names another folder. Where there can
    be none, all goes on without.
    """
    import jax

    from aejax.data.paths import user_cache
    from aejax.train.population import use_cores

    use_cores()
    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        try:
            folder = (user_cache() / "xla").expanduser()
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except (OSError, RuntimeError):  # no home, or one that is not to be written
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    programs.watch(Path(getattr(jax.config, "jax_compilation_cache_dir", "")))


def define_config() -> None:
    """Defines --config=FILE[:SCALE], --config.FIELD=VALUE, --data_dir and --manual_dir."""
    flags.DEFINE_string("data_dir", None, "where prepared data is; short for --config.data_dir")
    flags.DEFINE_string("manual_dir", None, "raw files; short for --config.manual_dir")
    config_flags.DEFINE_config_file(
        "config",
        None,
        "a config file, or a shipped one's name, with :smoke, :small or :paper after it; "
        "--config.FIELD=VALUE sets a field",
    )
    flags.FLAGS["config"].parser = ConfigParser()


def read_config() -> tuple[ConfigDict, ModuleType, dict[str, Any]]:
    """Returns the config, its module, and the fields that the command line set.

    Raises:
      ConfigError: --config was not given.
    """
    flag = flags.FLAGS["config"]
    if flag.value is None:
        raise ConfigError(
            "config=None is missing. Allowed: --config=configs/quickstart.py[:SCALE]."
        )
    for name in ("data_dir", "manual_dir"):
        if flags.FLAGS[name].value is not None:
            flag.value[name] = flags.FLAGS[name].value
    parser: Any = flag.parser  # as define_config set it
    return flag.value, parser.module, dict(config_flags.get_override_values(flag))


def points_of(module: ModuleType, config: ConfigDict) -> list[dict[str, Any]]:
    """Returns the points of a config's sweep; one run where it has none."""
    sweep = getattr(module, "sweep", None)
    if sweep is None:
        return [{}]
    return list(sweep(config.scale) if inspect.signature(sweep).parameters else sweep())


def directory(field: str, given: str | None, default: str) -> Path:
    """Returns a directory that a flag names, `~` expanded; it need not exist.

    Raises:
      ConfigError: it lies in the home of nobody, is a file, or has a name that is no UTF-8: what
        writes checkpoints takes no other.
    """
    try:
        path = Path(given or default).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"{field}={given!r} has no home directory. Allowed: a path without ~."
        ) from error
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{field}={os.fsencode(path)!r} is no UTF-8. Allowed: a path in UTF-8."
        ) from error
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{field}={str(path)!r} is no directory. Allowed: a directory.")
    return path


def shown(draw: Any, *arguments: Any) -> list[Path]:
    """Calls what draws figures; says so where they are left out for want of a package."""
    from aejax.errors import MissingPackageError

    try:
        return draw(*arguments)
    except MissingPackageError as error:
        make_console().print(f"figures left out: {error}")
        return []
