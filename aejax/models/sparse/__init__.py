"""Sparse codes by penalties and by selection."""
