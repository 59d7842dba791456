"""Figure 2 of Kingma & Welling: curves, and the paper's ends, from rows of the task `bound`."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.figures.kingma_bound import draw


def member(model: str, seed: int, panel: str = "mnist", latent: int = 20):
    point = {"task": "bound", "panel": panel, "model": model, "latent": latent}
    row = {"id": f"{panel}{latent}{model}{seed}", "model": model, "seed": seed, "point": point}
    row |= {"metrics": {"paper_nats": -99.8 if seed == 0 else None}, "status": "ok"}
    arrays = {
        "bound_train_step": np.arange(1.0, 41),
        "bound_train": -205.0 + np.arange(40),
        "bound_step": np.array([20.0, 40.0]),
        "bound_test": np.array([-190.0, -170.0 - seed]),
    }
    return row, arrays


def drawn(made):
    return draw([row for row, _ in made], {row["id"]: arrays for row, arrays in made})


def test_test_is_drawn_through_training_in_samples():
    plot = drawn([member(model, seed) for model in ("vae", "wake_sleep") for seed in (0, 1)])
    assert plot is not None
    mine = [e for e in plot.table if e["method"] == "vae" and e["seed"] == 1]
    tested = [e for e in mine if e["split"] == "test"]
    assert [(e["samples"], e["bound_nats"]) for e in tested] == [(2000.0, -190.0), (4000.0, -171.0)]
    assert sum(e["split"] == "train" for e in mine) == 40


def test_axes_are_the_papers_unless_a_line_ends_below():
    plot = drawn([member("vae", 0), member("vae", 0, "faces", 2)])
    assert plot is not None
    mnist, faces = plot.figure.axes
    assert mnist.get_xlim() == faces.get_xlim() == (1e5, 1e8)
    assert mnist.get_ylim()[0] < -170
    assert mnist.get_ylim()[1] == -100
    ends = [line.get_ydata() for line in mnist.lines if line.get_marker() == "<"]
    assert np.ravel(ends) == pytest.approx([-99.8])


def test_the_plane_of_digits_is_not_in_figure_2():
    assert drawn([member("vae", 0, latent=2)]) is None
