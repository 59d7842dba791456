"""Greedy pre-training, layer by layer."""
