"""A sweep's work directory, opened: rows, the best member, any member as a trained model."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from aejax import models
from aejax.api.fitted import Fitted
from aejax.errors import ConfigError, lookup, nearest, need
from aejax.results.reader import Arrays, read_rows
from aejax.results.rows import HIGHER_IS_BETTER, Row, diverged, number
from aejax.results.variables import load_scale, load_variables
from aejax.train.recipe import Recipe


class Workdir:
    """What a sweep left: `open(path)`.

    Attributes:
      path: the folder.
      rows: one dict a member, in the order in which they ended (`results.jsonl`).
    """

    def __init__(self, path: str | os.PathLike[str]):
        """Reads the rows.

        Raises:
          ConfigError: no folder, no results in it, or a damaged row.
        """
        self.path = Path(path).expanduser()
        self.rows: list[Row] = read_rows(self.path)
        self._by_id = {str(row["id"]): row for row in self.rows}
        self._arrays = Arrays(self.path / "arrays", self.rows)

    def __repr__(self) -> str:
        names = sorted({row["model"] for row in self.rows})
        return f"Workdir {self.path}: {len(self.rows)} members of {', '.join(names)}"

    def __len__(self) -> int:
        return len(self.rows)

    def frame(self) -> Any:
        """Returns the rows as a pandas DataFrame, nested names dotted: `hp.lr`, `metrics.mse`.

        Raises:
          ConfigError: pandas is not installed.
        """
        pandas = need("pandas", "pandas")
        return pandas.json_normalize(self.rows)

    def where(self, **values: Any) -> list[Row]:
        """Returns the rows with these values of row fields, arguments or hyper-parameters.

        Args:
          **values: e.g. model="vae", seed=3, latent=16, lr=0.001.

        Raises:
          ConfigError: a name that no row has, or no such row.
        """
        known = [name for row in self.rows for name in _fields(row)]
        for name in values:
            lookup("where", name, dict.fromkeys(known))
        found = [
            row
            for row in self.rows
            if all(_same(_fields(row).get(name), value) for name, value in values.items())
        ]
        if not found:
            raise ConfigError(f"no row of {self.path} has {values}. Allowed: values of its rows.")
        return found

    def best(self, metric: str = "valid_mse_per_image", **where: Any) -> Fitted:
        """Returns the member with the best value of a metric, as a trained model.

        Args:
          metric: a name of the rows' metrics; lower is better, but for bounds and accuracies.
          **where: as in `where`; without any, of all members.

        Raises:
          ConfigError: an unknown metric, a test metric (selection reads validation), no member
            that ended well, or variables that were not kept.
        """
        rows = self.where(**where) if where else self.rows
        names = dict.fromkeys(n for row in rows for n in row["metrics"])
        lookup("metric", metric, names)
        if metric.startswith("test_"):
            raise ConfigError(
                f"metric={metric!r} is of the test rows, by which nothing is selected. "
                f"Allowed: {', '.join(n for n in names if n.startswith('valid_')) or 'valid_*'}."
            )
        sign = -1.0 if metric.endswith(HIGHER_IS_BETTER) else 1.0
        ranked = [r for r in rows if not diverged(r) and not math.isnan(number(r, metric))]
        if not ranked:
            raise ConfigError(f"no member of {self.path} ended well with a {metric!r}.")
        return self.member(min(ranked, key=lambda row: sign * number(row, metric))["id"])

    def member(self, id: str) -> Fitted:
        """Returns a member as a trained model (without its optimiser's state).

        Raises:
          ConfigError: no such member, it diverged, or its variables were not kept.
        """
        if str(id) not in self._by_id:
            raise ConfigError(
                f"member={id!r} is not in {self.path}.{nearest(id, self._by_id)} "
                f"Allowed: an id of its {len(self.rows)} rows."
            )
        row = self._by_id[str(id)]
        if diverged(row):
            failed = row.get("failed") or {}
            raise ConfigError(
                f"member={id!r} diverged at step {failed.get('step')} in {failed.get('term')!r}. "
                "Allowed: a member that ended well."
            )
        file = self.path / "variables" / f"{row['group']}.npz"
        scale, stacked = load_scale(file), load_variables(file, [str(id)])
        return _fitted(row, jax.tree.map(lambda leaf: leaf[0], stacked), scale, self._curves(id))

    def _curves(self, id: str) -> Mapping[str, np.ndarray]:
        return self._arrays.get(id, {})


def open_workdir(path: str | os.PathLike[str]) -> Workdir:
    """Returns a sweep's work directory, opened; raises ConfigError as `Workdir` does."""
    return Workdir(path)


def _fields(row: Row) -> dict[str, Any]:
    spec = row["spec"]
    top = {name: row[name] for name in ("id", "model", "dataset", "seed", "status", "group")}
    static = {n: spec[n] for n in ("steps", "batch_size", "optimizer", "schedule") if n in spec}
    return {**static, **spec.get("args", {}), **row.get("hp", {}), **top}


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, int | float) and isinstance(wanted, int | float | np.number):
        return math.isclose(found, float(wanted), rel_tol=1e-6)
    return found == (list(wanted) if isinstance(wanted, tuple) else wanted)


def _fitted(row: Row, variables: Any, scale: Any, arrays: Mapping[str, np.ndarray]) -> Fitted:
    spec = row["spec"]
    args = {n: tuple(v) if isinstance(v, list) else v for n, v in spec["args"].items()}
    recipe = Recipe(**{name: spec[name] for name in Recipe._fields})

    def curves(prefix: str) -> dict[str, np.ndarray]:
        found = {
            n.removeprefix(f"{prefix}/"): arrays[n] for n in arrays if n.startswith(prefix + "/")
        }
        step = f"{prefix}_step"
        return {"step": arrays[step], **found} if found and step in arrays else {}

    return Fitted(
        model=models.build(spec["model"], tuple(spec["shape"]), args),
        variables=variables,
        recipe=recipe,
        seed=row["seed"],
        hp=dict(row["hp"]),
        history=curves("curve"),
        valid=curves("valid"),
        diverged=None,
        best_step=None,
        scale=scale,
    )
