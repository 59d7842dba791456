"""The work directory that the figures' tests make."""

from tests.figures.conftest import fabricate

__all__ = ["fabricate"]
