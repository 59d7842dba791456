"""The page: a frame, a style, scripts, a plotting library and the data, in one file."""

from __future__ import annotations

import html
import json
import math
import os
from importlib import resources
from pathlib import Path
from typing import Any

from aejax.io import write_whole
from aejax.report.content import content

FILE = "report.html"
# In this order; the plotting library is Apache ECharts, see assets/echarts.txt.
SCRIPTS = (
    "echarts.js", "common.js", "pictures.js", "table.js", "curves.js", "parallel.js", "heatmap.js",
    "pareto.js", "explorer.js", "facts.js", "start.js",
)  # fmt: skip


def asset(name: str) -> str:
    """Returns a file of the page, as it is shipped with the package."""
    return resources.files("aejax.report").joinpath("assets", name).read_text(encoding="utf-8")


def as_json(value: Any) -> str:
    """Returns JSON that can stand in a `<script>`: whatever a name holds, it ends no element.

    NaN and infinities, which JSON has not, are null.
    """
    text = json.dumps(_finite(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(held) for held in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def page(data: dict[str, Any]) -> str:
    """Returns the page of `content(workdir)`."""
    scripts = "\n".join(f"<script>\n{asset(name)}\n</script>" for name in SCRIPTS)
    parts = {
        "{{TITLE}}": html.escape(str(data["title"])),
        "{{STYLE}}": asset("page.css"),
        "{{DATA}}": as_json(data),
        "{{SCRIPTS}}": scripts,
    }
    frame = asset("page.html")
    for place, text in parts.items():  # each place once: what was put in is not looked through
        before, _, after = frame.partition(place)
        parts[place] = before + text
        frame = after
    return "".join(parts.values()) + frame


def write(workdir: str | os.PathLike[str]) -> Path:
    """Writes `workdir/report.html`, whole or not at all, and returns its path.

    Args:
      workdir: of a sweep, done or not.

    Raises:
      ConfigError: no such directory, no results in it, or a damaged file.
    """
    path = Path(workdir)
    write_whole(path / FILE, page(content(path)))
    return path / FILE
