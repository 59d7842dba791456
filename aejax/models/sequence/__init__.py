"""Sequence autoencoders: films and sentences."""
