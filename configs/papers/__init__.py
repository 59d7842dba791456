"""The papers: each has PAPER, get_config(scale), claims(), and sweep(scale) or tasks(scale)."""
