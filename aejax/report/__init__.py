"""`DIR/report.html`: one page of a sweep that opens from disk, without a network."""

from aejax.report.page import write

__all__ = ["write"]
