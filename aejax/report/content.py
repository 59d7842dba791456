"""All that the page shows, as one JSON object."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aejax.figures.output import declared
from aejax.report.curves import curves
from aejax.report.explorers import explorers
from aejax.report.pictures import reconstructions
from aejax.report.plans import config_of, environment_of, groups_of
from aejax.report.tables import tables
from aejax.results.pareto import Trade, said, sign, trade
from aejax.results.reader import Arrays, read_rows
from aejax.results.rows import Row, variants


def content(workdir: Path) -> dict[str, Any]:
    """Returns the report of a work directory as it stands; members may still be missing.

    Args:
      workdir: holds `results.jsonl`; arrays, figures and variables are shown where they are.

    Raises:
      ConfigError: no such directory, no results in it, or a damaged file.
    """
    rows = declared(read_rows(workdir), workdir)
    arrays = Arrays(workdir / "arrays", rows)
    groups = variants(rows)
    config = config_of(workdir)
    return {
        "title": str(config["fields"].get("name") or workdir.resolve().name),
        "scale": config["fields"].get("scale"),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        **tables(rows),
        "groups": groups_of(workdir, rows),
        "curves": curves(groups, arrays),
        "pareto": pareto_of(rows),
        "pictures": reconstructions(groups, arrays),
        "explorers": explorers(workdir, rows, arrays),
        "figures": figures_of(workdir),
        "config": config,
        "environment": environment_of(rows),
    }


def pareto_of(rows: list[Row]) -> dict[str, Any] | None:
    """Returns the declared pair's points and front; None where none was declared."""
    pair = next((row["pareto"] for row in rows if row.get("pareto")), None)
    if pair is None:
        return None
    found = trade(rows, pair)
    places = {variant.label: i for i, variant in enumerate(variants(rows))}
    return {
        "names": found.read,
        "notes": said(found),
        "points": [
            {
                "variant": places[p.label],
                "dataset": p.dataset,
                "x": _spread(p.x),
                "y": _spread(p.y),
                "ids": list(p.ids),
                "front": p.on_front,
            }
            for p in found.points
        ],
        "fronts": _fronts(found, places),
    }


def _spread(of: Any) -> dict[str, Any]:
    sd = None if of.deviation != of.deviation else of.deviation
    return {"mean": of.mean, "sd": sd, "values": list(of.values)}


def _fronts(found: Trade, places: dict[str, int]) -> dict[str, list[int]]:
    """Returns data set -> the variants on its front, from the best first quantity on."""
    fronts: dict[str, list[tuple[float, int]]] = {}
    for point in found.points:
        if point.on_front:
            at = (sign(found.read[0]) * point.x.mean, places[point.label])
            fronts.setdefault(point.dataset, []).append(at)
    return {dataset: [place for _, place in sorted(on)] for dataset, on in fronts.items()}


def figures_of(workdir: Path) -> list[dict[str, str]]:
    """Returns the figures that were drawn, `figures/*.png`, as data addresses."""
    return [
        {
            "name": path.stem,
            "src": "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode(),
        }
        for path in sorted((workdir / "figures").glob("*.png"))
        if not path.name.startswith(".")
    ]
