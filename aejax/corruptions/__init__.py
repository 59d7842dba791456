"""Corruptions of the input: noise, and masks that hide a part of it."""
