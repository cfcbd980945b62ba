"""The map in a real browser, without a network: place, values, keys, print, hostile text."""

import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from pyproj import Transformer

from inundate.core.grid import Grid, attach_grid
from inundate.show.page import write_map
from inundate.show.palette import DEPTH, MISSING_COLOURS, to_rgb
from inundate.show.report import write_report

from .browser import Browser, find_browser
from .mock import make_evaluation, make_prediction

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium (set INUNDATE_CHROMIUM to its path)"
)

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=2</script>'
MARK = (4, 31)  # row, column of the only wet cell of the marked map
GRID = Grid("EPSG:27700", 512_300.0, 431_700.0, 50.0, 50.0, 48, 36)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


def opened(browser, path):
    browser.console.clear()
    browser.requests.clear()
    browser.open(path)
    browser.run("inundateMap.ready.then(() => true)")
    browser.run("""(() => { const slider = document.getElementById("opacity");
        slider.value = 100; slider.dispatchEvent(new Event("input")); })()""")
    return browser


def marked():
    """Dry ground with one cell of 1.7 m that fills at the last of four times; a hole in the SW."""
    values = np.zeros((4, *GRID.shape), np.float32)
    values[3, MARK[0], MARK[1]] = 1.7
    values[:, 30:, :6] = np.nan
    times = np.datetime64("2026-03-28T23:30", "ns") + np.arange(4) * np.timedelta64(30, "m")
    wet = xr.DataArray(
        values, dims=("time", "y", "x"), coords={"time": times}, attrs={"units": "m"}
    )
    ground = xr.DataArray(np.ones(GRID.shape, np.float32), dims=("y", "x"), attrs={"units": "m"})
    data = xr.Dataset({"water_depth": wet, "elevation": ground}, {}, {"kind": "simulation"})
    return attach_grid(data, GRID)


@pytest.fixture(scope="module")
def marked_page(folder):
    write_map(folder / "marked.html", marked(), title="Marked")
    return folder / "marked.html"


@pytest.fixture(scope="module")
def full_page(folder):
    data = make_prediction(60, 8, quantiles=True).assign_attrs(terrain_name=HOSTILE)
    truth = make_prediction(60, 8)
    write_map(folder / "full.html", data, truth=truth, max_bytes=2_000_000)
    return SimpleNamespace(path=folder / "full.html", data=data)


def screen_point(browser, x, y):
    box = browser.run("document.getElementById('map').getBoundingClientRect().toJSON()")
    at = browser.run(f"(() => {{ const p = inundateMap.map.latLngToContainerPoint([{y}, {x}]);"
                     " return [p.x, p.y]; })()")  # fmt: skip
    return round(box["x"] + at[0]), round(box["y"] + at[1])


def pixels(browser, path):
    with Image.open(browser.screenshot(path)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def live(browser):
    return browser.run("document.getElementById('live').textContent")


def frame(browser):
    return browser.run("inundateMap.state.frame")


def settled(browser, expression, expected, seconds=10.0):
    until = time.monotonic() + seconds
    while (found := browser.run(expression)) != expected:
        assert time.monotonic() < until, f"{expression}: {found!r}, expected {expected!r}"
        time.sleep(0.03)


def test_marked_cell_is_drawn_and_read_at_its_coordinate(browser, marked_page, tmp_path):
    opened(browser, marked_page)
    settled(browser, "inundateMap.state.frame", 3)
    x, y = float(GRID.x[MARK[1]]), float(GRID.y[MARK[0]])
    px, py = screen_point(browser, x, y)
    image = pixels(browser, tmp_path / "marked.png")
    colour = np.array(to_rgb(DEPTH.colours[4]))
    assert np.abs(image[py, px] - colour).max() <= 2
    box = browser.run("document.getElementById('map').getBoundingClientRect().toJSON()")
    stage = image[: int(box["bottom"]), : int(box["right"])]
    rows, columns = np.nonzero(np.abs(stage - colour).max(axis=-1) <= 2)
    cell = (screen_point(browser, x + 50, y)[0] - px) / 2 + 2
    assert np.abs(rows - py).max() <= cell, "wet nowhere else"
    assert np.abs(columns - px).max() <= cell
    browser.mouse(px, py)
    shown = browser.run("document.getElementById('readout').textContent")
    value, half = map(float, re.match(r"([\d.]+) m \(±\u2009([\d.]+)\)", shown).groups())
    assert abs(value - 1.7) <= half <= 0.02
    told = re.search(r"E (\d+) +N (\d+).*?([\d.]+)° N, ([\d.]+)° W", shown)
    assert abs(int(told[1]) - x) <= 25
    assert abs(int(told[2]) - y) <= 25
    lon, lat = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True).transform(x, y)
    assert float(told[3]) == pytest.approx(lat, abs=3e-4)
    assert float(told[4]) == pytest.approx(-lon, abs=5e-4)


def test_unknown_is_hatched_and_told_from_dry(browser, marked_page, tmp_path):
    opened(browser, marked_page)
    dry, unknown = (screen_point(browser, float(GRID.x[c]), float(GRID.y[33])) for c in (20, 3))
    image = pixels(browser, tmp_path / "hole.png")
    around = image[unknown[1] - 12 : unknown[1] + 12, unknown[0] - 12 : unknown[0] + 12]
    found = {tuple(pixel) for pixel in around.reshape(-1, 3)}
    assert {to_rgb(colour) for colour in MISSING_COLOURS} <= found
    for (px, py), words in ((dry, "dry: less than 0.01 m"), (unknown, "unknown")):
        browser.mouse(px, py)
        assert browser.run("document.querySelector('#readout b').textContent") == words


def test_values_and_place_agree_with_the_data(browser, full_page):
    opened(browser, full_page.path)
    data, rng = full_page.data, np.random.default_rng(3)
    for _ in range(12):
        row, column, step = rng.integers(60), rng.integers(60), rng.integers(8)
        browser.run(f"inundateMap.goTo({step}).then(() => true)")
        x, y = float(data.x[column]), float(data.y[row])
        found = browser.run(f"inundateMap.valueAt({x}, {y})")
        true = float(data["water_depth"][step, row, column])
        if np.isnan(true):
            assert found["words"] == "unknown"
        else:
            assert abs(found["value"] - true) <= found["half"] * 2.001
    grid_x, grid_y = float(data.x[7]), float(data.y[50])
    lon, lat = browser.run(f"inundateMap.lonLat({grid_x}, {grid_y})")
    exact = Transformer.from_crs("EPSG:32616", "EPSG:4326", always_xy=True)
    assert (lon, lat) == pytest.approx(exact.transform(grid_x, grid_y), abs=1e-6)


def test_every_layer_is_drawn_with_its_legend(browser, full_page, tmp_path):
    opened(browser, full_page.path)
    names = browser.run("inundateMap.data.layers.map(layer => layer.name)")
    assert len(names) == 11
    seen = set()
    for name in names:
        browser.run(f"inundateMap.showNamed({json.dumps(name)}).then(() => true)")
        legend = browser.run("document.querySelector('#legend').innerText")
        assert "unknown: no data, not dry" in legend
        seen.add(pixels(browser, tmp_path / "layer.png").tobytes())
    assert len(seen) == len(names)
    heading = browser.run("document.querySelector('#legend h2').textContent")
    assert heading == "Error of depth (m)"


def test_keys_move_through_time(browser, full_page):
    opened(browser, full_page.path)
    browser.run("document.activeElement.blur()")
    browser.key("Home")
    settled(browser, "inundateMap.state.frame", 0)
    browser.key("ArrowRight")
    settled(browser, "inundateMap.state.frame", 1)
    settled(browser, "document.getElementById('live').textContent.slice(0, 20)",
            "2026-03-01 12:20 UTC")  # fmt: skip
    assert "flooded area" in live(browser)
    assert "12:20 UTC" in browser.run("document.getElementById('time').textContent")
    browser.key("ArrowLeft")
    browser.key("ArrowLeft")
    settled(browser, "inundateMap.state.frame", 0)
    browser.key("End")
    settled(browser, "inundateMap.state.frame", 7)


def test_space_plays_and_stops(browser, full_page):
    opened(browser, full_page.path)
    browser.run("document.activeElement.blur()")
    browser.key("Home")
    settled(browser, "inundateMap.state.frame", 0)
    browser.key(" ", "Space", " ")
    settled(browser, "document.getElementById('play').getAttribute('aria-pressed')", "true")
    settled(browser, "inundateMap.state.frame >= 2", True)
    browser.key(" ", "Space", " ")
    settled(browser, "document.getElementById('play').getAttribute('aria-pressed')", "false")
    stopped = frame(browser)
    time.sleep(0.6)
    assert frame(browser) == stopped < 7


def test_map_is_read_by_keys(browser, full_page):
    opened(browser, full_page.path)
    browser.run("document.getElementById('map').focus()")
    before = frame(browser)
    browser.key("ArrowRight")
    browser.key("ArrowDown", shift=True)
    assert browser.run("inundateMap.state.cell") == {"row": 40, "column": 31}
    assert frame(browser) == before, "arrows on the map do not move the clock"
    assert re.search(r"E 7\d{5} +N 40\d{5}, 36\.\d+° N", live(browser))
    browser.key("Enter", text="\r")
    settled(browser, "!document.getElementById('cell').hidden", True)
    assert browser.run("document.querySelector('#cell path').getAttribute('d').length") > 20
    label = browser.run("document.querySelector('#cell svg').getAttribute('aria-label')")
    assert label.startswith("highest ")


def test_focus_order_and_names(browser, full_page):
    opened(browser, full_page.path)
    browser.run("document.activeElement.blur()")
    order = []
    for _ in range(12):
        browser.key("Tab")
        order.append(browser.run(
            "document.activeElement.id || document.activeElement.className || 'x'"))  # fmt: skip
    expected = ["skip", "map", "back", "play", "next", "slider", "opacity"]
    assert [name for name in order if name in expected] == expected
    unnamed = browser.run("""[...document.querySelectorAll("button, input, a, [role]")].filter(e =>
        !(e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim()
          || e.getAttribute("role") === "alert")).map(e => e.outerHTML.slice(0, 80))""")
    assert unnamed == []


def test_zoom_keeps_the_cell_in_its_place(browser, marked_page, tmp_path):
    opened(browser, marked_page)
    x, y = float(GRID.x[MARK[1]]), float(GRID.y[MARK[0]])
    browser.run(f"void inundateMap.map.setView([{y}, {x}], -1, {{animate: false}})")
    browser.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(1))))")
    px, py = screen_point(browser, x, y)
    image, colour = pixels(browser, tmp_path / "zoom.png"), np.array(to_rgb(DEPTH.colours[4]))
    half = abs(screen_point(browser, x + 25, y)[0] - px)
    assert half >= 10
    inside = image[py - half + 2 : py + half - 2, px - half + 2 : px + half - 2]
    assert np.abs(inside - colour).max() <= 2
    for dx, dy in ((half + 3, 0), (-half - 3, 0), (0, half + 3), (0, -half - 3)):
        assert np.abs(image[py + dy, px + dx] - colour).max() > 30


def test_nothing_is_fetched_and_nothing_complains(browser, full_page):
    opened(browser, full_page.path)
    for name in ("rain", "error", "depth_max"):
        browser.run(f"inundateMap.showNamed({json.dumps(name)}).then(() => true)")
    assert browser.console == []
    others = [url for url in browser.requests if not url.startswith(("data:image/png", "file:"))]
    assert others == []
    assert sum(url.startswith("file:") for url in browser.requests) == 1
    blocked = browser.run(
        "new Promise(r => fetch('https://example.org/').then(() => r('open'), () => r('closed')))"
    )
    assert blocked == "closed"


def test_hostile_text_is_inert(browser, full_page):
    opened(browser, full_page.path)
    assert HOSTILE in browser.run("document.title")
    assert HOSTILE in browser.run("document.querySelector('h1').textContent")
    assert browser.run("window.hacked ?? 'safe'") == "safe"
    assert browser.run("document.querySelectorAll('img[src=x]').length") == 0


def test_times_stay_utc_in_another_time_zone(browser, marked_page):
    browser.send("Emulation.setTimezoneOverride", timezoneId="Europe/London")
    opened(browser, marked_page)  # the night in which British clocks go forward
    browser.run("inundateMap.goTo(3).then(() => true)")
    assert "2026-03-29 01:00 UTC" in browser.run("document.getElementById('time').textContent")
    browser.send("Emulation.setTimezoneOverride", timezoneId="")


def test_gaps_are_shown_on_the_time_axis(browser, folder):
    data = make_prediction(40, 10).isel(time=[0, 1, 2, 3, 7, 8, 9])
    write_map(folder / "gap.html", data)
    opened(browser, folder / "gap.html")
    words = browser.run("document.getElementById('strip-words').textContent")
    assert "hatched: no frames" in words
    assert browser.run("document.querySelectorAll('#strip rect[fill=\"#ddd\"]').length") == 1


def test_print_view(browser, full_page, tmp_path):
    opened(browser, full_page.path)
    pdf = browser.pdf(tmp_path / "map.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2
    assert browser.run("document.body.classList.contains('printing')") is False


def test_report_opens_without_complaint(browser, folder):
    path = write_report(
        folder / "report.html", evaluation=make_evaluation(regimes={"steep": 1.4}), title=HOSTILE
    )
    browser.console.clear()
    browser.open(path)
    assert browser.console == []
    assert browser.run("document.querySelectorAll('script').length") == 0
    assert browser.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    first = browser.run("document.querySelector('.verdict p').textContent")
    assert first == "Mode H does NOT beat Untrained hybrid"
