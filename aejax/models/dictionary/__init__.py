"""Sparse dictionaries, as trained on activations."""
