"""What figures of tasks share: the rows of a task, and what their data sets are called."""

from __future__ import annotations

from aejax.results.rows import Row


def of_task(rows: list[Row], *tasks: str) -> list[Row]:
    """Returns the rows of some tasks; rows of a sweep have none."""
    return [row for row in rows if row.get("point", {}).get("task") in tasks]


def title(dataset: str) -> str:
    """Returns how a data set is called: its name in words, or the last part of a path."""
    return dataset.replace("\\", "/").rstrip("/").split("/")[-1].replace("_", " ")
