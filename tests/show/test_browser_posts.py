"""Posts on the map in a real browser, without a network: marks, list, keys, languages."""

import json
import re
from types import SimpleNamespace

import pytest

from inundate.show.language import all_words
from inundate.show.page import write_map

from .browser import Browser, find_browser
from .mock import make_prediction
from .posts_mock import HOSTILE, make_posts
from .test_browser import live, opened, screen_point, settled

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium (set INUNDATE_CHROMIUM to its path)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    data = make_prediction(60, 8)
    folder = tmp_path_factory.mktemp("pages")
    write_map(folder / "map.html", data, posts=make_posts(data, 90))
    hostile = make_posts(data, 60, texts=HOSTILE)
    words = tuple(HOSTILE[row % len(HOSTILE)] for row in range(60))
    hostile = hostile.with_columns(place=words, why=words, label=words, language=words)
    gap = hostile.gaps[0].__class__(hostile.gaps[0].start, hostile.gaps[0].end, HOSTILE[0])
    write_map(folder / "hostile.html", data, posts=hostile.with_columns(gaps=(gap,)))
    return SimpleNamespace(path=folder / "map.html", hostile=folder / "hostile.html", data=data)


def shown_rows(browser):
    return browser.run("inundateMap.posts.rows.length")


def go(browser, frame):
    browser.run(f"inundateMap.goTo({frame}, true).then(() => true)")


def test_posts_appear_with_the_clock(browser, page):
    opened(browser, page.path)
    found = browser.run("({time: inundateMap.data.posts.time, times: inundateMap.data.times})")
    seen = set()
    for frame in (0, 3, 7):
        go(browser, frame)
        now = browser.run(f"Date.parse({json.dumps(found['times'][frame])})")
        expected = sum(now - 3600e3 < time <= now for time in found["time"])
        assert shown_rows(browser) == expected
        marked = browser.run("inundateMap.posts.marks.groups.flat().length")
        assert marked == expected, "every post is in one mark"
        assert browser.run("document.querySelectorAll('.post-mark').length") > 0 or not expected
        seen.add(expected)
    assert len(seen) > 1
    assert "say water" in live(browser)
    assert browser.console == []
    browser.run("""(() => { const box = document.getElementById("posts-show");
        box.checked = false; box.dispatchEvent(new Event("change")); })()""")
    assert browser.run("document.querySelectorAll('.post-mark').length") == 0
    assert live(browser) == "Posts are hidden."


def test_window_of_the_posts(browser, page):
    opened(browser, page.path)
    go(browser, 7)
    counts = []
    for number in range(4):
        browser.run(f"""(() => {{ const choice = document.getElementById("posts-window");
            choice.value = {number}; choice.dispatchEvent(new Event("change")); }})()""")
        counts.append(shown_rows(browser))
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == browser.run("inundateMap.data.posts.time.length")


def test_pointing_at_a_post_draws_its_circle(browser, page):
    opened(browser, page.path)
    go(browser, 7)
    row = browser.run("(inundateMap.posts.marks.groups.find(g => g.length === 1) ?? [null])[0]")
    assert row is not None
    x, y = browser.run(f"[inundateMap.data.posts.x[{row}], inundateMap.data.posts.y[{row}]]")
    browser.mouse(*screen_point(browser, x, y))
    settled(browser, "inundateMap.posts.marks.circles.getLayers().length", 1)
    circle = browser.run("""(() => { const c = inundateMap.posts.marks.circles.getLayers()[0];
        return c.getRadius(); })()""")
    assert circle == browser.run(f"inundateMap.data.posts.radius_m[{row}]")
    said = browser.run("document.querySelector('#readout b').textContent")
    assert said.startswith(("says water", "says no water", "says neither"))
    browser.mouse(5, 5)
    settled(browser, "inundateMap.posts.marks.circles.getLayers().length", 0)


def test_posts_are_read_by_keys(browser, page):
    opened(browser, page.path)
    go(browser, 7)
    browser.run("document.getElementById('posts-window').focus()")
    browser.key("Tab")
    assert browser.run("document.activeElement.className") == "post"
    assert browser.run("inundateMap.posts.marks.circles.getLayers().length") == 1
    name = browser.run("document.activeElement.innerText")
    assert "probability" in name or "neither" in name
    assert "UTC" in name
    browser.key("Enter", text="\r")
    settled(browser, "document.activeElement.getAttribute('aria-pressed')", "true")
    assert live(browser).startswith("Chosen post: says ")
    before = browser.run("inundateMap.state.frame")
    browser.key(" ", "Space", " ")
    settled(browser, "document.querySelectorAll('.post[aria-pressed=true]').length", 0)
    assert browser.run("inundateMap.state.frame") == before, "space on a post does not play"
    browser.key("Enter", text="\r")
    browser.key("Escape")
    settled(browser, "document.querySelectorAll('.post[aria-pressed=true]').length", 0)


def test_a_mark_of_several_falls_apart_or_is_listed(browser, page):
    opened(browser, page.path)
    go(browser, 7)
    rows = browser.run("inundateMap.posts.marks.groups.find(g => g.length > 1)")
    assert rows
    before = browser.run("inundateMap.map.getZoom()")
    browser.run(f"inundateMap.posts.chooseOf({json.dumps(rows)})")
    zoomed = browser.run("inundateMap.map.getZoom()") > before
    assert zoomed or browser.run("inundateMap.posts.chosen") == rows[0]


def test_long_lists_are_shown_piece_by_piece(browser, page):
    opened(browser, page.path)
    browser.run("""(() => { const choice = document.getElementById("posts-window");
        choice.value = 3; choice.dispatchEvent(new Event("change")); })()""")
    go(browser, 7)
    total = shown_rows(browser)
    assert browser.run("document.querySelectorAll('#posts-list li').length") == 20 < total
    browser.run("document.getElementById('posts-more').click()")
    assert browser.run("document.querySelectorAll('#posts-list li').length") == min(40, total)
    assert browser.run("document.activeElement.closest('li') !== null"), "focus goes on reading"


def test_gaps_are_drawn_and_said(browser, page):
    opened(browser, page.path)
    assert browser.run("document.querySelectorAll('#strip rect[fill=\"#fde6d0\"]').length") == 1
    assert "no posts collected" in browser.run("document.getElementById('strip-words').textContent")
    go(browser, 4)
    assert "not collected for a part of this time (stream lost)" in live(browser)


def test_hostile_posts_are_inert(browser, page):
    opened(browser, page.hostile)
    for frame in range(8):
        go(browser, frame)
        browser.run("inundateMap.posts.rows.forEach(row => inundateMap.posts.choose(row, true))")
        browser.run("inundateMap.posts.marks.groups.forEach(g => "
                    "inundateMap.posts.marks.point(g))")  # fmt: skip
    browser.run("inundateMap.speakIn('de').then(() => true)")
    assert browser.run("window.hacked ?? 'safe'") == "safe"
    assert browser.run("document.querySelectorAll('img[src=x], [onerror], [onload]').length") == 0
    assert browser.run("document.scripts.length") == 3
    assert browser.console == []
    assert [url for url in browser.requests if not url.startswith(("data:", "file:"))] == []
    wide = browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert wide, "very long words do not widen the page"
    assert "\u202e" not in browser.run("document.body.textContent")


def test_the_page_changes_its_language(browser, page):
    opened(browser, page.path)
    go(browser, 7)
    english, german = (dict(all_words(language)) for language in ("en", "de"))
    browser.run("""(() => { const choice = document.getElementById("language");
        choice.value = "de"; choice.dispatchEvent(new Event("change")); })()""")
    settled(browser, "document.documentElement.lang", "de")
    settled(browser, "document.querySelector('#legend h2').textContent", "Wassertiefe (m)")
    shown = browser.run("document.body.innerText + document.body.textContent")
    for key in ("page.limits", "limit.film", "posts.title", "posts.water", "page.exact",
                "page.opacity", "table.deepest", "key.zoom", "legend.unknown"):  # fmt: skip
        assert german[key] in shown
    seen = browser.run("[...document.querySelectorAll('body *:not(script):not(option)')].flatMap("
                       "e => [...e.childNodes]).filter(n => n.nodeType === 3)"
                       ".map(n => n.textContent.trim())")  # fmt: skip
    mine = {words for key, words in english.items() if not key.startswith("head.kind")}
    left = mine.intersection(seen) - set(german.values())
    assert left == set(), "nothing of the page stays English"
    go(browser, 6)
    assert "überflutete Fläche" in live(browser)
    browser.run("inundateMap.speakIn('en').then(() => true)")
    assert browser.run("document.querySelector('#legend h2').textContent") == "Water depth (m)"
    assert browser.console == []


def test_names_contrast_and_focus(browser, page):
    opened(browser, page.path)
    unnamed = browser.run("""
        [...document.querySelectorAll("button, input, select, a, [role]")].filter(e =>
          !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.length
            || e.textContent.trim() || e.getAttribute("role") === "alert"))
        .map(e => e.outerHTML.slice(0, 80))""")
    assert unnamed == []
    pairs = browser.run("""(() => {
        const paper = (e) => getComputedStyle(e).backgroundColor;
        const own = (e) => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        const under = (e) =>
          paper(e) === "rgba(0, 0, 0, 0)" && e.parentElement ? under(e.parentElement) : paper(e);
        return [...document.querySelectorAll("body *")].filter(e => e.offsetParent && own(e))
          .map(e => [getComputedStyle(e).color, under(e)]); })()""")
    assert len(pairs) > 50
    for colours in sorted(set(map(tuple, pairs))):
        assert contrast(*colours) >= 4.5, colours
    browser.run("document.getElementById('language').focus()")
    browser.key("Tab")
    ring = browser.run("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid", "what has the focus is seen"


def contrast(first, second):
    """Contrast of two CSS colours, by WCAG 2.2."""
    bright, dark = sorted(map(luminance, (first, second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour):
    red, green, blue, *alpha = (float(part) for part in re.findall(r"[\d.]+", colour))
    if alpha and alpha[0] == 0:
        red = green = blue = 255.0  # nothing beneath the page but paper
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (red / 255, green / 255, blue / 255)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_print_shows_the_posts_of_the_frame(browser, page, tmp_path):
    opened(browser, page.path)
    go(browser, 7)
    assert browser.pdf(tmp_path / "map.pdf").read_bytes().startswith(b"%PDF")
    browser.send("Emulation.setEmulatedMedia", media="print")
    shown = browser.run("""["#posts-summary", ".post .text", "#map", ".limits", "#posts-more",
        "#language", "#play"].map(s => document.querySelector(s).getClientRects().length > 0)""")
    browser.send("Emulation.setEmulatedMedia", media="")
    assert shown == [True, True, True, True, False, False, False]


def test_small_screens_show_everything(browser, page):
    browser.send("Emulation.setDeviceMetricsOverride", width=420, height=800,
                 deviceScaleFactor=1, mobile=False)  # fmt: skip
    opened(browser, page.path)
    assert browser.run("document.documentElement.scrollWidth") <= 420
    box = browser.run("document.getElementById('map').getBoundingClientRect().toJSON()")
    grid = browser.run("inundateMap.data.grid")
    for x, y in ((grid["left"], grid["top"]), (grid["right"], grid["bottom"])):
        px, py = screen_point(browser, x, y)
        assert box["left"] <= px <= box["right"]
        assert box["top"] <= py <= box["bottom"]
    browser.send("Emulation.setDeviceMetricsOverride", width=1280, height=860,
                 deviceScaleFactor=1, mobile=False)  # fmt: skip
