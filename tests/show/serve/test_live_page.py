"""The live page in a real browser: follows, draws, and hostile texts stay texts."""

import time

import pytest

from inundate.show.serve.settings import LiveSettings

from ..browser import Browser, find_browser
from .folder import HOSTILE, add_posts, add_rain, add_shower, make_folder, post, running

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium (set INUNDATE_CHROMIUM to its path)"
)


def wait(browser, expression):
    until = time.monotonic() + 120
    while not (found := browser.run(expression)):
        assert time.monotonic() < until, expression
        time.sleep(0.05)
    return found


def test_page_follows_and_hostile_posts_are_inert(tmp_path):
    pytest.importorskip("uvicorn")
    folder = make_folder(tmp_path / "live")
    add_posts(folder, "a.jsonl", [post(1, HOSTILE), post(2, "sunny", place=None)])
    add_rain(folder, 0)
    add_rain(folder, 1)
    with running(folder) as (view, url), Browser(tmp_path / "profile") as browser:
        browser.send("Page.navigate", url=url)
        wait(browser, "document.querySelectorAll('#posts li').length === 2")
        wait(browser, "document.getElementById('line').textContent.startsWith('live')")
        wait(browser, "document.getElementById('depth').naturalWidth === 24")
        first = browser.run("document.querySelector('#posts li:last-child .text').textContent")
        assert first == HOSTILE
        assert browser.run("window.hacked === undefined")
        assert browser.run("document.querySelectorAll('#posts img, #posts script').length") == 0
        assert "15:10 UTC" in browser.run("document.getElementById('words').textContent")

        add_posts(folder, "a.jsonl", [post(3, "the river is up", place=(52.5985, -1.9982))])
        add_rain(folder, 2)
        add_rain(folder, 3)
        wait(browser, "document.querySelectorAll('#posts li').length === 3")
        wait(browser, "document.getElementById('words').textContent.includes('15:20 UTC')")
        assert browser.run("document.getElementById('slider').max") == "1"
        counts = browser.run("document.getElementById('counts').textContent")
        assert counts.startswith("3 posts, 0 say water, 1 without a place, 0 outside the map.")
        assert "keyword rule (no model was given)" in counts
        marks = browser.run("document.getElementById('marks').getAttribute('aria-label')")
        assert marks == "2 posts on the map"

        named = '<img src=x onerror="window.hacked=3">.jsonl'
        (folder / "posts" / named).write_text('{"screen_name": "raw"}\n')
        wait(browser, "document.querySelectorAll('#refused li').length === 1")
        told = browser.run("document.getElementById('refused').textContent")
        assert told.startswith(f"posts/{named}: reading posts/{named}")
        assert browser.run("document.querySelectorAll('#refused img').length") == 0
        assert browser.run("window.hacked === undefined")

        browser.run("document.getElementById('slider').focus()")
        browser.key("Home")
        wait(browser, "document.getElementById('words').textContent.includes('15:10 UTC')")
        assert browser.run("document.getElementById('follow').getAttribute('aria-pressed')") == (
            "false"
        )
        assert browser.console == []
        assert {address.split("/")[2] for address in browser.requests} == {url.split("/")[2]}
        assert view.hub.readers == 1


def test_page_shows_a_forecast_as_one(tmp_path):
    for needed in ("uvicorn", "pysteps", "cv2"):
        pytest.importorskip(needed)
    folder = make_folder(tmp_path / "live")
    settings = LiveSettings(nowcast_min=30, members=3, poll_s=0.05)
    with (
        running(folder, settings=settings) as (_, url),
        Browser(tmp_path / "profile") as browser,
    ):
        text = "document.getElementById('{}').textContent".format
        browser.send("Page.navigate", url=url)
        wait(browser, "document.getElementById('line')?.textContent.startsWith('live')")
        assert browser.run("document.getElementById('ahead').hidden") is False
        for number in range(4):
            add_shower(folder, number, rate=300.0)
        wait(browser, "document.getElementById('slider').max === '4'")
        told = browser.run(text("ahead-words"))
        assert told.startswith("Forecast issued 2030-06-14 15:20 UTC, 3 members: rain moves east")
        assert "The rain of the future is a guess." in told
        assert "15:20 UTC: " in browser.run(text("words"))  # it follows what fell, not the guess
        assert browser.run("document.getElementById('badge').hidden")
        kinds = "[...document.querySelectorAll('#axis rect')].map((r) => r.className.baseVal)"
        assert browser.run(kinds) == ["seen", "seen", "ahead", "ahead", "ahead"]

        browser.run("document.getElementById('slider').focus()")
        browser.key("End")
        wait(browser, "document.getElementById('words').textContent.includes('15:50 UTC')")
        spoken = browser.run("document.getElementById('slider').getAttribute('aria-valuetext')")
        assert spoken.startswith("Forecast for 2030-06-14 15:50 UTC, 30 min after the rain of ")
        assert browser.run(text("badge")) == "Forecast, +30 min: median depth"
        assert browser.run("document.getElementById('map').className") == "ahead"
        wait(browser, "document.getElementById('depth').naturalWidth === 24")
        assert browser.run(text("legend")).startswith("Water depth (m)")
        box = browser.run(
            "(() => { const b = document.getElementById('depth').getBoundingClientRect();"
            " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
        )
        browser.mouse(*box)
        under = wait(browser, text("under"))
        assert under.startswith("Water depth (m): ")

        browser.run(
            "const s = document.getElementById('layer'); s.value = 'chance';"
            " s.dispatchEvent(new Event('change'))"
        )
        wait(browser, "document.getElementById('depth').src.endsWith('/chance.png')")
        assert browser.run(text("badge")) == "Forecast, +30 min: probability of more than 0.3 m"
        assert browser.run(text("legend")).startswith("Probability of more than 0.3 m")

        add_shower(folder, 4, rate=300.0)
        add_shower(folder, 5, rate=300.0)
        wait(browser, "document.getElementById('ahead-words').textContent.includes('15:30 UTC')")
        assert "15:50 UTC" in browser.run(text("words"))  # the time that was looked at stays
        assert browser.run("document.getElementById('badge').textContent").startswith(
            "Forecast, +20 min"
        )
        browser.key("Home")
        wait(browser, "document.getElementById('words').textContent.includes('15:10 UTC')")
        assert browser.run(text("legend")).startswith("Water depth (m)")
        assert browser.console == []
