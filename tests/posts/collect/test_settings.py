"""What is asked is checked before anything is sent or written, and said in whole sentences."""

import pytest
from ways import Way

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, RunError
from inundate.posts.collect.match import Words
from inundate.posts.collect.run import COLLECTORS, collect, estimate, find_collector
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.x_query import box_tiles, search_query, thread_query

MASTODON = "https://mastodon.social"


@pytest.mark.parametrize(
    ("source", "given", "says"),
    [
        (
            "mastodon-tog",
            {},
            "collecting from 'mastodon-tog': no such collector; did you mean 'mastodon-tag'?",
        ),
        (
            "x-recent",
            {"query": "flood"},
            "collecting from x-recent: X bills every post and author that is read, and no budget "
            "is given",
        ),
        ("x-recent", {"budget_usd": 1}, "collecting from X: nothing is asked for"),
        (
            "mastodon-tag",
            {"server": MASTODON, "tags": ["a"], "box": (0, 1, 2, 3), "query": "flood"},
            "collecting from mastodon-tag: it cannot heed --query, --box",
        ),
        ("mastodon-tag", {"tags": ["flood"]}, "collecting from mastodon-tag: no server is given"),
        ("mastodon-tag", {"server": MASTODON}, "collecting from mastodon-tag: no hashtag is given"),
        (
            "mastodon-search",
            {"server": MASTODON},
            "collecting from mastodon-search: no words are given",
        ),
        ("bluesky-search", {}, "collecting from bluesky-search: no words are given"),
        (
            "mastodon-stream",
            {"server": MASTODON, "tags": ["a", "b"]},
            "collecting from mastodon-stream: a stream has one hashtag, 2 are given",
        ),
        (
            "bluesky-jetstream",
            {"query": "flood from:me"},
            "the words 'flood from:me': 'from:me' is an operator of a search; a stream is filtered "
            'here, by words, "words in quotes" and OR',
        ),
        (
            "mastodon-tag",
            {"server": "http://mastodon.social", "tags": ["a"]},
            "the server 'http://mastodon.social': the key would go over the network in clear",
        ),
    ],
)
def test_what_cannot_be_collected(tmp_path, environment, source, given, says):
    with pytest.raises(ConfigError) as caught:
        collect(source, tmp_path / "c", settings=CollectSettings(**given), environment=environment)
    assert str(caught.value) == says
    assert caught.value.hint is None or caught.value.hint
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"since": "yesterday"}, "since = 'yesterday': a time that is not ISO 8601"),
        (
            {"since": "2025-01-02", "until": "2025-01-01"},
            "since 2025-01-02 is not before until 2025-01-01",
        ),
        ({"languages": ["english"]}, "'english' is no language; expected letters such as 'en'"),
        ({"tags": ["#flood"]}, "'#flood' is no hashtag; expected letters, digits and _, no #"),
        ({"box": (2, 0, 1, 1)}, "expected west < east in -180..180 and south < north in -90..90"),
    ],
)
def test_settings_that_make_no_sense(given, says):
    with pytest.raises(ConfigError) as caught:
        resolve_settings(CollectSettings, flags=given)
    assert says in str(caught.value)


def test_languages_are_lower_case():
    assert CollectSettings(languages=["EN"]).languages == ["en"]


@pytest.mark.parametrize(
    "address", ["mastodon.social", "ftp://a.org", "https://u:p@a.org", "https://a.org/?x=1"]
)
def test_what_is_no_address(address):
    with pytest.raises(ConfigError, match="is no address; expected https:// and a name"):
        check_server(address, schemes=("https", "http"), has_key=False)


def test_addresses():
    schemes = ("https", "http")
    assert check_server("https://a.org/", schemes=schemes, has_key=True) == "https://a.org"
    assert check_server("http://localhost:1", schemes=schemes, has_key=True) == "http://localhost:1"
    with pytest.raises(ConfigError, match="the query would go over the network in clear"):
        check_server("ws://a.org", schemes=("wss", "ws"), has_key=False)


def test_another_query_is_another_collection(tmp_path, retry, environment):
    with Way("mastodon-tag", 20) as way:
        way.run(tmp_path / "c", retry, environment)
        with pytest.raises(RunError) as caught:
            way.run(tmp_path / "c", retry, environment, tags=["rain"], languages=["en"])
    assert str(caught.value) == (
        f"going on with the collection {tmp_path / 'c'}: languages is None there and ['en'] here; "
        "tags is ['flood'] there and ['rain'] here"
    )


def test_bounds_may_change(tmp_path, retry, environment):
    with Way("mastodon-tag", 90) as way:
        first = way.run(tmp_path / "c", retry, environment, limit=10)
        second = way.run(tmp_path / "c", retry, environment, limit=50)
        last = way.run(tmp_path / "c", retry, environment)
        requests = len(way.server.requests)
        again = way.run(tmp_path / "c", retry, environment)
        assert len(way.server.requests) == requests
        way.check(tmp_path / "c")
    assert first["stopped"] == second["stopped"] == "limit reached"
    assert last["stopped"] == again["stopped"] == "complete"
    assert first["counts"]["posts"] < second["counts"]["posts"] < last["counts"]["posts"]


def test_a_bound_of_time(tmp_path, retry, environment):
    with Way("mastodon-tag", 90) as way:
        figures = way.run(tmp_path / "c", retry, environment, max_minutes=1e-9)
    assert figures["stopped"] == "max-minutes reached"


def test_only_x_has_a_price(environment):
    with pytest.raises(ConfigError, match="that platform bills nothing"):
        estimate("mastodon-tag", settings=CollectSettings(), environment=environment)


def test_every_collector_can_be_named():
    from typing import get_args

    from inundate.cli.posts_collect import Source

    assert set(get_args(Source)) == set(COLLECTORS)
    assert all(find_collector(name).name == name for name in COLLECTORS)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        (None, "anything", True),
        ("flood", "A FLOOD!", True),
        ("flood", "flooding", False),
        ("flood", "#Flood", True),
        ("#flood", "flood", False),
        ("#flood", "a #flood.", True),
        ("ﬂood", "flood", True),  # one letter for two
        ('"river burst"', "the river  burst its banks", True),
        ('"river burst"', "burst river", False),
        ("flood OR hochwasser rhein", "Hochwasser am Rhein", True),
        ("flood OR hochwasser rhein", "Hochwasser an der Elbe", False),
        ("überflutung", "U\u0308berflutung", True),  # the accent as a letter of its own
        ("洪水", "洪水", True),
    ],
)
def test_words(query, text, expected):
    assert Words(query).match(text) is expected


@pytest.mark.parametrize("query", ["", " OR ", "flood OR -dry", "(flood)", "lang:en", '""'])
def test_words_that_are_none(query):
    with pytest.raises(ConfigError):
        Words(query)


def test_filters_reach_every_word():
    found = search_query("a OR b", languages=["en"], box=None, archive="all")
    assert found == "(a OR b) lang:en"


def test_a_box_is_cut_into_boxes_that_x_takes():
    tiles = [tuple(map(float, tile.split())) for tile in box_tiles((-1.0, 53.0, 0.0, 54.0))]
    assert len(tiles) == 2 * 3
    assert min(tile[0] for tile in tiles) == -1
    assert max(tile[2] for tile in tiles) == 0
    assert all(111.7 * (tile[3] - tile[1]) < 40.2 for tile in tiles)
    assert all(111.7 * 0.602 * (tile[2] - tile[0]) < 40.2 for tile in tiles)  # cos 53 degrees
    found = search_query(None, languages=None, box=(-0.5, 53.7, -0.2, 53.9), archive="recent")
    assert found == "bounding_box:[-0.5 53.7 -0.2 53.9]"


def test_a_query_that_is_too_long():
    with pytest.raises(ConfigError) as caught:
        search_query("flood", languages=None, box=(-5, 50, 2, 56), archive="all")
    assert str(caught.value).endswith("X takes 1024 of the all search")
    assert caught.value.hint == "give a smaller --box, or several collections"


def test_threads_fill_a_query_and_no_more():
    threads = [str(10**18 + i) for i in range(100)]
    query, number = thread_query(threads, "recent")
    assert len(query) <= 512 < len(query) + len(" OR conversation_id:") + 19
    assert query.count(" OR ") == number - 1
