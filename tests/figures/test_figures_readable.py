"""Figures that a reader can read: names, keys, units, and nothing beyond the paper's edge."""

from __future__ import annotations

import colorsys
import json
import math

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from aejax.figures import FIGURES, draw
from aejax.figures.keys import LINES, key_of, tinted
from aejax.figures.style import wrapped
from aejax.results.reader import Arrays
from aejax.results.rows import Variant, variants


def grid(**settings) -> list[Variant]:
    """Returns variants of all combinations, as a sweep's rows give them."""
    rows = [{}]
    for name, values in settings.items():
        rows = [{**row, name: value} for row in rows for value in values]
    return variants(
        [{"id": str(i), "model": "vae", "seed": 0, "hp": hp} for i, hp in enumerate(rows)]
    )


def test_nine_variants_of_two_settings_are_told_apart_by_hue_and_tint():
    nine = grid(lr=[0.001, 0.003, 0.01], w=[0.1, 1.0, 4.0])
    key = key_of(nine)
    assert len(set(key.colours.values())) == 9
    words = [text for text, _ in key.named]
    assert sorted(words) == ["lr=0.001", "lr=0.003", "lr=0.01", "w=0.1", "w=1", "w=4"]
    named = dict(key.named)
    for variant in nine:  # what the key shows for its words gives the colour of its curve
        hue, tint = to_rgb(named[variant.words[0]]), to_rgb(named[variant.words[1]])
        white = tint[0]  # of black and white
        expected = to_hex([(1 - white) * part + white for part in hue])
        got = to_rgb(key.colours[variant.label])
        np.testing.assert_allclose(got, to_rgb(expected), atol=0.01)


def test_nine_variants_of_one_setting_are_a_ramp_and_all_named():
    nine = grid(lr=[10.0**-i for i in range(9)])
    key = key_of(nine)
    assert [words for words, _ in key.named] == [v.words[0] for v in nine]
    light = [sum(to_rgb(key.colours[v.label])) for v in nine]
    assert light[0] < light[4] < light[-1]


@pytest.mark.parametrize("count", [12, 40])
def test_a_key_that_has_no_room_for_all_says_which_it_names(count):
    key = key_of(grid(lr=[1 / (i + 1) for i in range(count)]))
    assert len(key.named) <= LINES
    assert "every " in key.sentence
    assert len(set(key.colours.values())) == count


def test_three_settings_have_a_hue_a_value_of_the_first_and_no_ramp_over_all():
    eight = grid(a=[1, 2], b=[1, 2], c=[1, 2])
    key = key_of(eight)
    assert len(set(key.colours.values())) == 8
    hue = lambda variant: round(colorsys.rgb_to_hsv(*to_rgb(key.colours[variant.label]))[0], 1)
    assert {v.words[0]: hue(v) for v in eight} == {v.words[0]: hue(v) for v in reversed(eight)}
    assert hue(eight[0]) != hue(eight[-1])
    assert tinted("#000000", 0.5) == "#808080"


def test_the_key_of_curves_stands_off_the_curves(fabricate):
    workdir, rows = fabricate(models=("vae",), values=tuple(0.1 * i for i in range(1, 10)), seeds=1)
    figure = FIGURES["curves"](rows, Arrays(workdir / "arrays", rows)).figure
    (key,) = [axis for axis in figure.axes if axis.get_legend()]
    assert not key.lines
    assert len(key.get_legend().get_texts()) == 9


def _at(workdir, rows, shape, errors=None):
    for i, row in enumerate(rows):
        row["spec"]["shape"] = list(shape)
        if errors:
            row["metrics"]["test_mse_per_image"] = errors[i % len(errors)]
    (workdir / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _words(figure) -> str:
    from matplotlib.text import Text

    return " ".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize(("shape", "own", "other"), [
    ((6,), "example", "image"), ((6, 6, 1), "image", "example"),
])  # fmt: skip
def test_an_example_of_a_table_is_called_no_image(fabricate, shape, own, other):
    workdir, rows = fabricate(shape=shape, seeds=2)
    _at(workdir, rows, shape)
    arrays = Arrays(workdir / "arrays", rows)
    for name in ("summary", "curves", "reconstructions"):
        words = _words(FIGURES[name](rows, arrays).figure)
        assert f"per {own}" in words, name
        assert f"per {other}" not in words, name
        assert f"mean {other}" not in words, name


@pytest.mark.parametrize(
    ("shape", "values"), [((3,), (0.1,)), ((13,), tuple(range(1, 26))), ((6, 6, 1), (0.1, 1.0))]
)
def test_no_text_of_the_reconstructions_is_cut_off(fabricate, shape, values):
    """The error column above all: large errors are wide."""
    workdir, rows = fabricate(models=("vae",), shape=shape, seeds=1, values=values)
    _at(workdir, rows, shape, [123456.7, 1.5e-7, 12.0])
    plot = FIGURES["reconstructions"](rows, Arrays(workdir / "arrays", rows))
    _inside(plot.figure)


def _inside(figure) -> None:
    """Titles, names and numbers lie on the page; ticks beyond an axis' end are not drawn."""
    figure.draw_without_rendering()
    page = figure.bbox
    labels = [axis.get_yticklabels() for axis in figure.axes]
    texts = [text for axis in figure.axes for text in (axis.title, *axis.texts)]
    for text in (*figure.texts, *texts, *(label for each in labels for label in each)):
        box = text.get_window_extent()
        if text.get_text() and page.y0 <= box.y0 <= page.y1:
            assert page.x0 - 0.5 <= box.x0 <= box.x1 <= page.x1 + 0.5, text.get_text()


def test_titles_of_long_file_names_are_not_clipped(fabricate):
    workdir, rows = fabricate(models=("vae",), seeds=1, values=(0.1, 1.0))
    for row, name in zip(rows, ("a" * 70, "b" * 70), strict=True):
        row["dataset"] = f"/home/someone/data/{name}.npz"
    _at(workdir, rows, (6, 6, 1))
    arrays = Arrays(workdir / "arrays", rows)
    for name in ("codes", "samples", "filters", "sheet", "summary"):
        _inside(FIGURES[name](rows, arrays).figure)
    lines = wrapped(f"vae · dataset={'x' * 70}", 20).splitlines()
    assert max(map(len, lines)) <= 20
    assert "".join(lines).count("x") == 70


def test_a_reference_of_rounding_alone_stretches_no_axis(fabricate):
    workdir, rows = fabricate(models=("vae",), seeds=2)
    for row in rows:
        row["metrics"]["mse_pca"] = 1e-29  # as many components as features
    plot = FIGURES["summary"](rows, Arrays(workdir / "arrays", rows))
    low, high = plot.figure.axes[0].get_xlim()
    assert low > 0.5
    assert math.log10(high / low) < 2
    assert "PCA of as many components" in _words(plot.figure)
    assert all(line["mse_pca"] == 1e-29 for line in plot.table if "mse_pca" in line)


def test_a_pdf_is_the_same_for_the_same_rows(fabricate):
    workdir, _ = fabricate(models=("vae",), seeds=1)
    draw(workdir, ["summary"])
    first = (workdir / "figures" / "summary.pdf").read_bytes()
    draw(workdir, ["summary"])
    assert (workdir / "figures" / "summary.pdf").read_bytes() == first
    assert first.startswith(b"%PDF")
    assert b"/Type3" not in first
