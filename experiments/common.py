"""What the scripts share: reading a config file, its sweep, and what the command line set."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
from absl import flags
from ml_collections import ConfigDict, config_flags
from rich.console import Console

from aejax.data.paths import data_dir
from aejax.errors import ConfigError
from aejax.train.population import use_cores


def make_console() -> Console:
    """Returns where scripts print; in a pipe or a log, lines are as long as tables need them."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def _prepare_jax() -> None:
    """Spreads populations over the CPU's cores and keeps compiled programs on disk.

    A second start compiles nothing again. `JAX_COMPILATION_CACHE_DIR` names another folder.
    Programs are trusted code: never share one.
    """
    use_cores()
    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        jax.config.update("jax_compilation_cache_dir", str(data_dir(None) / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


# On import: config files build models, which computes, while the command line is parsed.
_prepare_jax()


def define_config() -> flags.FlagHolder:
    """Defines --config=FILE[:SCALE], --config.FIELD=VALUE, --data_dir and --manual_dir."""
    flags.DEFINE_string("data_dir", None, "where prepared data is; short for --config.data_dir")
    flags.DEFINE_string("manual_dir", None, "raw files; short for --config.manual_dir")
    return config_flags.DEFINE_config_file(
        "config", None, "a config file, with :smoke, :small or :paper after it", lock_config=True
    )


def module_of(path: str) -> ModuleType:
    """Imports a config file by its path.

    Raises:
      ConfigError: there is no such file.
    """
    if not Path(path).is_file():
        raise ConfigError(
            f"config={path!r} is no file. Allowed: a path such as configs/quickstart.py."
        )
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_config(holder: flags.FlagHolder) -> tuple[ConfigDict, ModuleType, dict[str, Any]]:
    """Returns the config, its module, and the fields that the command line set.

    Raises:
      ConfigError: --config was not given.
    """
    if holder.value is None:
        raise ConfigError(
            "config=None is missing. Allowed: --config=configs/quickstart.py[:SCALE]."
        )
    flag = flags.FLAGS[holder.name]
    path = config_flags.get_config_filename(flag).partition(":")[0]
    for name in ("data_dir", "manual_dir"):
        if flags.FLAGS[name].value is not None:
            holder.value[name] = flags.FLAGS[name].value
    return holder.value, module_of(path), dict(config_flags.get_override_values(flag))


def points_of(module: ModuleType, config: ConfigDict) -> list[dict[str, Any]]:
    """Returns the points of a config's sweep; one run where it has none."""
    sweep = getattr(module, "sweep", None)
    if sweep is None:
        return [{}]
    return list(sweep(config.scale) if inspect.signature(sweep).parameters else sweep())
