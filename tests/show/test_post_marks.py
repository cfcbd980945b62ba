"""Posts on a map: which are drawn, which are counted, and that their texts are inert."""

import json
import re

import numpy as np
import pytest
from pyproj import Transformer

from inundate.core.errors import ConfigError
from inundate.core.grid import grid_of
from inundate.show.page import write_map
from inundate.show.post_marks import LONGEST_NAME, LONGEST_TEXT, place_posts, plain_text
from inundate.show.summary import iso_times

from .html_check import check_page
from .mock import make_prediction
from .posts_mock import HOSTILE, make_posts


@pytest.fixture(scope="module")
def data():
    return make_prediction(60, 8)


def placed(data, posts, **settings):
    return place_posts(posts, grid_of(data), iso_times(data), **settings)


def page_of(path, data, posts, **settings):
    result = write_map(path, data, posts=posts, **settings)
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return result, text, json.loads(found.group(1))["posts"]


def test_every_post_is_drawn_or_counted(data):
    posts = make_posts(data, 60)
    found = placed(data, posts)
    counts = found.counts
    assert counts["read"] == 60
    assert (counts["unlocated"], counts["late"]) == (1, 1)
    assert counts["outside"] >= 1
    left_out = ("unlocated", "outside", "early", "late", "thinned")
    assert counts["drawn"] + sum(counts[kind] for kind in left_out) == 60
    assert all(len(found.payload[name]) == counts["drawn"] for name in ("time", "x", "radius"))
    told = " ".join(found.notes)
    assert "Without a place, so not drawn: 1." in told
    assert "After the time of this map, so not drawn: 1." in told


def test_posts_lie_where_they_are(data):
    posts = make_posts(data, 40)
    found = placed(data, posts).payload
    to_map = Transformer.from_crs("EPSG:4326", grid_of(data).crs, always_xy=True)
    x, y = to_map.transform(posts.longitude[:20], posts.latitude[:20])
    left, bottom, right, top = grid_of(data).bounds
    inside = np.flatnonzero((x > left) & (x < right) & (y > bottom) & (y < top))
    assert inside.size > 10
    drawn = np.array([found["x"], found["y"]])
    for row in inside:
        away = np.hypot(drawn[0] - x[row], drawn[1] - y[row])
        assert away.min() <= 0.01
        nearest = int(away.argmin())
        assert found["radius_m"][nearest] == posts.radius_m[row]
    assert found["radius"] == pytest.approx(found["radius_m"])  # a CRS in metres


def test_early_posts_are_told_by_the_window(data):
    posts = make_posts(data, 30)
    shifted = posts.with_columns(time=posts.time - np.timedelta64(3, "h"))
    assert placed(data, shifted).counts["drawn"] == 1  # the late one comes into the map's time
    assert placed(data, shifted).counts["early"] > 20
    assert placed(data, shifted, window_min=400).counts["early"] == 0


def test_a_post_without_a_time_is_not_drawn(data):
    posts = make_posts(data, 10)
    time = posts.time.copy()
    time[0] = np.datetime64("NaT")
    assert placed(data, posts.with_columns(time=time)).counts["timeless"] == 1


def test_thinning_is_even_and_said(data):
    posts = make_posts(data, 200)
    found = placed(data, posts, most=50)
    assert found.counts["drawn"] == 50
    assert f"50 of {50 + found.counts['thinned']} posts are drawn" in " ".join(found.notes)
    steps = np.diff(np.searchsorted(np.sort(posts.time.astype("datetime64[ms]").astype(int)),
                                    found.payload["time"]))  # fmt: skip
    assert steps.max() <= 8, "none of the times is left out"
    small = placed(data, posts, budget=8_000)
    assert len(json.dumps(small.payload)) < 12_000


def test_texts_are_kept_or_not(data, tmp_path):
    posts = make_posts(data, 30, texts=("a secret word",))
    _, text, kept = page_of(tmp_path / "a.html", data, posts)
    assert "a secret word" in kept["text"]
    _, text, none = page_of(tmp_path / "b.html", data, posts, post_text="none")
    assert none["text"] is None
    assert "a secret word" not in text
    assert "Texts: none are in this file." in text
    assert "p1" not in none, "no pseudonym goes into the page"


def test_hostile_posts_are_inert_in_the_file(data, tmp_path):
    posts = make_posts(data, 40, texts=HOSTILE)
    words = tuple(HOSTILE[0] for _ in range(40))
    posts = posts.with_columns(place=words, why=words, label=words, language=words)
    posts = posts.with_columns(origin={HOSTILE[0]: HOSTILE[0]})
    _, text, kept = page_of(tmp_path / "a.html", data, posts, language="de")
    found = check_page(text)
    assert len(found.scripts) == 2
    assert not {"img", "b"} & {tag for tag, _ in found.tags}
    assert "<img src=x" not in text
    assert "<svg onload" not in text
    assert "\u202e" not in text
    assert max(map(len, kept["text"])) == LONGEST_TEXT
    names = posts.with_columns(label=("L" * 900,) * 40)
    assert placed(data, names).payload["label"]["words"] == ["L" * (LONGEST_NAME - 1) + "…"]


def test_gaps_are_told_in_words_and_kept_within_the_map(data):
    posts = make_posts(data, 20)
    found = placed(data, posts)
    assert len(found.payload["gaps"]) == 1
    told = " ".join(found.limits)
    assert "From 2026-03-01 12:35 to 2026-03-01 13:00 UTC no posts were collected" in told
    none = placed(data, make_posts(data, 20, gaps=False))
    assert "does not prove that there was none" in " ".join(none.limits)
    endless = posts.with_columns(gaps=(posts.gaps[0].__class__(
        np.datetime64("NaT", "us"), np.datetime64("NaT", "us"), "never heard"),))  # fmt: skip
    gap = placed(data, endless).payload["gaps"][0]
    assert gap["to"] == int(data["time"].values[-1].astype("datetime64[ms]").astype(int))


def test_no_posts_are_drawn_as_none(data, tmp_path):
    nobody = make_posts(data, 10).take(np.zeros(10, dtype=bool))
    result, text, kept = page_of(tmp_path / "a.html", data, nobody)
    assert result.posts["read"] == result.posts["drawn"] == 0
    assert kept["time"] == []
    assert "Posts read: 0." in text


@pytest.mark.parametrize(("settings", "words"), [
    ({"window_min": 0.0}, "window of 0 minutes"),
    ({"window_min": float("nan")}, "expected a positive number"),
    ({"text": "all"}, "expected 'stored' or 'none'"),
])  # fmt: skip
def test_wrong_settings_are_told(data, settings, words):
    with pytest.raises(ConfigError, match=words):
        placed(data, make_posts(data, 5), **settings)


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u0000", "\x9b", "\ud800", "\u200b"])
def test_signs_that_hide_or_turn_are_shown(sign):
    shown = plain_text(f"a{sign}b")
    assert shown == "a\N{REPLACEMENT CHARACTER}b"
    shown.encode()


def test_what_belongs_to_a_script_stays():
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL} किताब خانه‌ها"
    assert plain_text(family) == family
    assert len(plain_text("a" * 9000)) == LONGEST_TEXT
