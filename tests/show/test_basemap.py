"""The background of tiles: asked for, credited, loaded from one server and only when ticked."""

import io
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from inundate.core.errors import ConfigError, GridError
from inundate.core.grid import Grid
from inundate.show.basemap import Basemap, basemap_tiles, check_basemap
from inundate.show.page import write_map

from .browser import Browser, find_browser
from .mock import make_prediction
from .test_browser import opened, settled

LEEDS = Grid("EPSG:27700", 425_000, 436_000, 50, 50, 100, 80)


def test_tiles_cover_the_map():
    found = basemap_tiles(Basemap("https://tiles.example.org/{z}/{x}/{y}.png", "© nobody"), LEEDS)
    assert found["origin"] == "https://tiles.example.org"
    assert 6 <= len(found["tiles"]) <= 48
    corners = np.array([tile["at"] for tile in found["tiles"]])
    left, bottom, right, top = LEEDS.bounds
    assert corners[:, 0].min() <= left
    assert corners[:, 2].max() >= right
    assert corners[:, 1].max() >= top
    assert corners[:, 5].min() <= bottom
    zoom, column, row = map(int, re.findall(r"\d+", found["tiles"][0]["url"]))
    assert 0 <= column < 2**zoom > row >= 0


def test_a_tile_lies_where_its_number_says():
    # zoom 1, column 1, row 0: the north-east quarter of the web map
    whole = Grid("EPSG:3857", 1e6, 1.9e7, 1e6, 1e6, 18, 18)
    found = basemap_tiles(Basemap("https://t.example.org/{z}-{x}-{y}", "©"), whole)
    zoom, column, row = map(int, re.findall(r"\d+", found["tiles"][0]["url"]))
    side = 2 * 20037508.342789 / 2**zoom
    x, y = column * side - 20037508.342789, 20037508.342789 - row * side
    assert found["tiles"][0]["at"] == pytest.approx([x, y, x + side, y, x, y - side], abs=0.2)


@pytest.mark.parametrize(("url", "credit", "words"), [
    ("http://tiles.example.org/{z}/{x}/{y}.png", "©", "expected https://SERVER"),
    ("https://tiles.example.org/{z}/{x}.png", "©", "with {z}, {x} and {y}"),
    ("https://a.org; script-src *//{z}/{x}/{y}", "©", "expected https://SERVER"),
    ("https://a.org/{z}/{x}/{y}' onload='x", "©", "expected https://SERVER"),
    ("https://tiles.example.org/{z}/{x}/{y}.png", " ", "nobody is credited"),
])  # fmt: skip
def test_wrong_backgrounds_are_told(url, credit, words):
    with pytest.raises(ConfigError) as caught:
        check_basemap(Basemap(url, credit))
    assert words in str(caught.value)


def test_no_tiles_beyond_the_web_map():
    polar = Grid("EPSG:4326", 10, 89, 0.01, 0.01, 10, 10)
    with pytest.raises(GridError, match="where web maps have no tiles"):
        basemap_tiles(Basemap("https://a.org/{z}/{x}/{y}", "©"), polar)


@pytest.mark.skipif(find_browser() is None, reason="no Chromium")
def test_nothing_is_loaded_before_it_is_ticked(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (256, 256), "#ffcc00").save(picture, "PNG")
    asked = []

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Referer")))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(picture.getvalue())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        credit = "<b>© nobody</b>"
        write_map(tmp_path / "map.html", make_prediction(40, 3),
                  basemap=Basemap(f"{address}/{{z}}/{{x}}/{{y}}.png", credit))  # fmt: skip
        with Browser(tmp_path / "profile") as browser:
            opened(browser, tmp_path / "map.html")
            assert asked == []
            note = "document.getElementById('basemap-note').textContent"
            assert "needs the network" in browser.run(note)
            assert address in browser.run("document.querySelector('.limits').textContent")
            browser.run("document.getElementById('basemap-show').click()")
            settled(browser, "[...document.querySelectorAll('.basemap img')].every("
                    "i => i.complete && i.naturalWidth === 256)", True)  # fmt: skip
            assert browser.run(note) == credit
            away = browser.run("""(() => { const { tiles } = inundateMap.data.basemap;
                const images = [...document.querySelectorAll('.basemap img')];
                const map = document.getElementById('map').getBoundingClientRect();
                return Math.max(...tiles.map(({at}, i) => {
                  const box = images[i].getBoundingClientRect();
                  const corner = inundateMap.map.latLngToContainerPoint([at[1], at[0]]);
                  return Math.min(Math.abs(box.left - map.left - corner.x),
                    Math.abs(box.right - map.left - corner.x)); })); })()""")
            assert away < 40, "a tile lies at its corner; the system is turned a little"
            assert len(asked) == browser.run("inundateMap.data.basemap.tiles.length")
            assert {referrer for _, referrer in asked} == {None}
            browser.run("document.getElementById('basemap-show').click()")
            assert browser.run("document.querySelectorAll('.basemap img').length") == 0
            assert browser.console == []
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
