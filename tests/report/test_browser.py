"""The report in headless Chromium: sorted, filtered, explored, and nothing to complain of."""

from __future__ import annotations

import zlib
from base64 import b64decode

import numpy as np
import pytest

from aejax import report
from aejax.report.content import content
from tests.report import chromium, work

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.slow,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium is installed"),
]
COLUMN = "[...document.querySelectorAll('#results tbody tr')]"
LABELS = f"{COLUMN}.map(row => row.querySelector('th').textContent)"
ERRORS = f"{COLUMN}.map(row => row.querySelectorAll('td.number')[1].dataset.value)"
HEAD = '#results th[data-column="valid_mse_per_image"] button'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / 'w "x" <y>'
    rows = work.make(path)
    report.write(path)
    return path, rows, content(path)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    page = chromium.Page(tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture(params=[(1440, "light"), (400, "dark")], ids=["wide", "narrow"])
def page(request, browser, made):
    """The page, opened; at the end nothing was complained of and nothing was fetched."""
    width, scheme = request.param
    browser.errors.clear()
    browser.requests.clear()
    browser.look(width, 900, scheme)
    browser.open(made[0] / report.page.FILE)
    yield browser
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []


def test_it_is_sorted_by_a_click(page, made):
    _, _, held = made
    means = sorted(v["metrics"]["valid_mse_per_image"]["mean"] for v in held["variants"])
    np.testing.assert_allclose([float(v) for v in page.run(ERRORS)], means, rtol=1e-9)
    page.click(HEAD)
    np.testing.assert_allclose([float(v) for v in page.run(ERRORS)], means[::-1], rtol=1e-9)
    sort = "document.querySelector('#results th[aria-sort=descending]').dataset.column"
    assert page.run(sort) == "valid_mse_per_image"
    page.click('#results th[data-column="label"] button')
    labels = page.run(LABELS)
    assert labels == sorted(labels)
    first = page.run("document.querySelector('tr.best th').textContent")
    best = next(i for i, mark in held["marks"].items() if mark == "best of all")
    member = next(m for m in held["members"] if m["id"] == best)
    assert first.startswith(held["variants"][member["variant"]]["label"])


def test_it_is_filtered_by_words_and_lists_members(page, made):
    page.click('#results input[type="search"]')
    page.write("vae 0.5")
    assert [label.startswith("vae · w_kl_nats=0.5") for label in page.run(LABELS)] == [True]
    page.run(
        "(() => { const box = document.querySelector('#results input[type=search]');"
        " box.value = 'diverged'; box.dispatchEvent(new Event('input')); })()"
    )
    (label,) = page.run(LABELS)
    assert "seed 2 diverged at step 5 in rec_nats" in label
    page.run(
        "(() => { const box = document.querySelector('#results select');"
        " box.value = 'members'; box.dispatchEvent(new Event('change')); })()"
    )
    assert "1 of 15 members" in page.run(
        "document.querySelector('#results [role=status]').innerText"
    )


def test_a_row_leads_to_its_reconstructions(page, made):
    _, _, held = made
    row = "#results tbody tr:last-child"
    label = page.run(f"document.querySelector('{row} th').firstChild.textContent")
    page.run(f"document.querySelector('{row}').scrollIntoView({{inline: 'end'}})")
    page.click(f"{row} td.link a")
    shown = page.run("document.querySelector('.strips').dataset.member")
    variant = next(v for v in held["variants"] if v["best"] == shown)
    assert variant["label"].startswith(label)
    page.until("document.querySelectorAll('.strips canvas[data-drawn]').length === 2")


def pixels(page, selector: str) -> np.ndarray:
    """Returns the grey values of a canvas [H, W]."""
    held = page.run(  # through a copy: reading a canvas again and again makes Chromium complain
        f"(() => {{ const c = document.querySelector('{selector}');"
        " const d = new OffscreenCanvas(c.width, c.height).getContext('2d');"
        " d.drawImage(c, 0, 0);"
        " return [c.height, c.width, [...d.getImageData(0, 0, c.width, c.height)"
        ".data].filter((_, i) => i % 4 === 0)]; })()"
    )
    return np.asarray(held[2], np.uint8).reshape(held[0], held[1])


def choose(page, kind: str, held) -> dict:
    members = held["explorers"]["members"]
    place = next(i for i, each in enumerate(members) if each["kind"] == kind)
    page.run(
        "(() => { const box = document.querySelector('#explorer select');"
        f" box.value = '{place}'; box.dispatchEvent(new Event('change')); }})()"
    )
    return members[place]


def images(packed) -> np.ndarray:
    raw = zlib.decompress(b64decode(packed["data"]))
    return np.frombuffer(raw, np.uint8).reshape(packed["n"], packed["height"], packed["width"])


def test_the_plane_is_decoded_under_the_pointer(page, made):
    member = choose(page, "plane", made[2])
    plane = "[data-explorer=plane]"
    seen = {page.run(f"document.querySelector('{plane}').dataset.at")}
    for across, down in ((0.3, 0.3), (0.6, 0.5)):
        page.hover(plane, across, down)
        page.until(f"!{sorted(seen)}.includes(document.querySelector('{plane}').dataset.at)")
        at = page.run(f"document.querySelector('{plane}').dataset.at")
        seen.add(at)
        i, j = map(int, at.split(","))
        assert abs(i / (len(member["x"]) - 1) - across) < 0.25
        assert abs(1 - j / (len(member["y"]) - 1) - down) < 0.3
        place = j * len(member["x"]) + i
        page.until(f"document.querySelector('#explorer .big').dataset.drawn === '{place}'")
        expected = images(member["pictures"])[place]
        np.testing.assert_array_equal(pixels(page, "#explorer .big"), expected)
    page.run(f"document.querySelector('{plane}').focus()")
    page.press("ArrowRight")
    page.press("ArrowDown")
    assert page.run(f"document.querySelector('{plane}').dataset.at") == f"{i + 1},{j - 1}"


def test_a_slider_moves_its_latent(page, made):
    member = choose(page, "sliders", made[2])
    page.run("document.querySelectorAll('#explorer input[type=range]')[1].focus()")
    steps = len(member["values"][0])
    before = int(page.run("document.querySelectorAll('#explorer input[type=range]')[1].value"))
    page.press("ArrowRight")
    place = steps + before + 1
    page.until(f"document.querySelector('#explorer .big').dataset.drawn === '{place}'")
    np.testing.assert_array_equal(pixels(page, "#explorer .big"), images(member["pictures"])[place])
    page.click("#explorer button")
    still = len(member["latents"]) * steps
    page.until(f"document.querySelector('#explorer .big').dataset.drawn === '{still}'")


def test_curves_say_the_values_under_the_pointer(page, made):
    held = made[2]
    page.hover("#curves .chart", 0.55, 0.4)
    tip = "document.querySelector('#curves .tip')"
    page.until(f"!!{tip}")
    said = page.run(f"{tip}.innerText")
    step = float(said.split("\n")[0].removeprefix("step "))
    assert step in (4, 8)
    vae = next(i for i, v in enumerate(held["variants"]) if v["label"] == "vae · w_kl_nats=0.5")
    line = next(
        c for c in held["curves"]["lines"] if c["variant"] == vae and c["term"] == "mse_per_image"
    )
    value = line["mean"][line["step"].index(step)]
    assert f"{value:.4g}" in said


def test_a_range_of_the_parallel_coordinates_filters_the_table(page, made):
    held = made[2]
    box = page.box("#settings .chart")
    wide = box["width"] > 600
    # The last axis is the metric's: of it the lower half in sight.
    if wide:
        x = box["x"] + box["width"] - 90
        start, end = (x, box["y"] + 370), (x, box["y"] + 200)
    else:
        y = box["y"] + box["height"] - 64
        start, end = (box["x"] + 30, y), (box["x"] + 150, y)
    page.drag(start, end)
    page.until("document.querySelector('#results [role=status]').innerText.includes('ranges')")
    found = [float(v) for v in page.run(ERRORS)]
    means = sorted(v["metrics"]["valid_mse_per_image"]["mean"] for v in held["variants"])
    assert 0 < len(found) < len(means)
    np.testing.assert_allclose(sorted(found), means[: len(found)], rtol=1e-9)
    page.click("#results [role=status] button")
    assert len(page.run(LABELS)) == len(means)


def test_the_heat_map_is_the_mean_of_its_members(page, made):
    _, rows, _ = made
    found = page.run("R.heatmap.table('model', 'hp.lr', 'valid_mse_per_image')")
    cells = {
        (found["across"]["texts"][c["at"][0]], float(found["down"]["texts"][c["at"][1]])): c
        for c in found["found"]
    }
    for (model, lr), cell in cells.items():
        values = [
            row["metrics"]["valid_mse_per_image"]
            for row in rows
            if (row["model"], row["hp"]["lr"], row["status"]) == (model, lr, "ok")
        ]
        assert cell["n"] == len(values)
        np.testing.assert_allclose(cell["mean"], np.mean(values), rtol=1e-9)
    assert len(cells) == 4


def test_no_name_became_markup_and_nothing_is_too_wide(page):
    assert page.run("document.querySelectorAll('#results img, h1 img').length") == 0
    assert page.run("document.title") == f"{work.HOSTILE} · report"
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.run(wide)


def test_everything_has_a_name_for_those_who_do_not_see_it(page):
    nameless = page.run(
        "[...document.querySelectorAll('canvas, .chart, input, select, button, [role=img],"
        " [role=region]')].filter(e => !(e.getAttribute('aria-label') || e.closest('label')"
        " || e.textContent.trim())).map(e => e.outerHTML.slice(0, 200))"
    )
    assert nameless == []
