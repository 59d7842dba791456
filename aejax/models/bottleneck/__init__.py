"""Undercomplete and linear autoencoders."""
