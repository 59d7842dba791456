"""Configs: each file has get_config(scale) and, where it is a sweep, sweep(scale)."""
