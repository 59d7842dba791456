"""Restricted Boltzmann machines: units, one machine, stacks of them, partition functions."""
