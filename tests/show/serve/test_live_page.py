"""The live page in a real browser: follows, draws, and hostile texts stay texts."""

import time

import pytest

from ..browser import Browser, find_browser
from .folder import HOSTILE, add_posts, add_rain, make_folder, post, running

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
