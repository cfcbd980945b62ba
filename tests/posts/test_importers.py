"""Each format's example gives the posts that it was made from, and nothing of it is lost."""

import html
import json
from datetime import datetime
from pathlib import Path

import pytest

from inundate.core.errors import DataError
from inundate.posts.importers.formats import FORMATS, ImportSettings, choose
from inundate.posts.ingest import import_posts
from inundate.posts.schema import FIELDS, Post, to_posts
from inundate.posts.store import open_raw

EXAMPLES = Path(__file__).parents[1] / "data" / "posts"
TIMES = {"created_at", "server_time"}
PLACE = {"longitude", "latitude", "place_name", "place_kind", "place_country", "place_box"}
# format, table of the truth, fields that the format cannot carry, unit of its times in us
CASES = {
    "x-v2.jsonl": ("x-v2", "X", set(), 1),
    "x-twarc.jsonl": ("x-twarc", "X", set(), 1),
    # without includes: no alternative texts, no names of places, no author of what is quoted
    "x-academic.jsonl": (
        "x-academic", "X",
        {"media_kinds", "media_alts", "refers_to_author_id", *PLACE - {"longitude", "latitude"}},
        1,
    ),
    "x-v1.jsonl": ("x-v1", "X", {"conversation_id"}, 10**6),
    "x-v1-streamed.jsonl": ("x-v1", "X", {"conversation_id"}, 10**6),
    "twarc.csv": ("twarc-csv", "X", {"media_kinds", "media_alts", "refers_to_author_id",
                                     "mention_ids"}, 1),
    "4cat.csv": (
        "4cat-x", "X",
        {"media_kinds", "media_alts", "refers_to_author_id", "refers_to_id", "reply_to_id",
         "reply_to_author_id", "mention_ids", *PLACE},
        10**6,
    ),
    "communalytic.csv": (
        "communalytic-x", "X",
        {"media_kinds", "media_alts", "refers_to_author_id", "refers_to_id", "reply_to_id", "kind",
         "reply_to_author_id", "mention_ids", "mention_handles", "hashtags", "urls", "client",
         "conversation_id", "is_sensitive", *PLACE},
        1,
    ),
    "mastodon.jsonl": ("mastodon", "MASTODON", set(), 1),
    "bluesky.jsonl": ("bluesky", "BLUESKY", set(), 1),
    "jetstream-1.jsonl": ("bluesky", "BLUESKY", set(), 1),
    "jetstream-2.jsonl": ("bluesky", "BLUESKY", set(), 1),
    "reddit.jsonl": ("reddit", "REDDIT", set(), 1),
}  # fmt: skip


def stored(path, folder, **settings):
    import_posts([path], folder, ImportSettings(**settings))
    store = open_raw(folder)
    return {post.post_id: post for table in store.batches() for post in to_posts(table)}, store


def wanted(truth, field, unit):
    value = truth.get(field)
    if field in TIMES and value is not None:
        return round(datetime.fromisoformat(value).timestamp() * 1e6) // unit * unit
    if value is None and field.startswith(("mention_", "hashtags", "urls", "media_", "poll_")):
        return []
    return value


@pytest.mark.parametrize("name", CASES)
def test_example_round_trips(name, examples, tmp_path):
    format_, table, cannot, unit = CASES[name]
    posts, store = stored(EXAMPLES / name, tmp_path / "raw")
    truths = getattr(examples, table)
    assert set(posts) == {truth["post_id"] for truth in truths}
    for truth in truths:
        post = posts[truth["post_id"]]
        assert post.format == format_
        told = {field for row in truths for field in row} - cannot
        found = {field: getattr(post, field) for field in told}
        if format_ == "x-academic" and post.kind == "repost":  # its whole text is nowhere
            assert found["text"] == html.unescape(examples.own_text(truth))
            told -= {"text", *examples.CONTENT_FIELDS}
            found = {field: found[field] for field in told}
        assert found == {field: wanted(truth, field, unit) for field in told}
    assert store.counts().is_conserved


def test_examples_are_what_make_writes(examples):
    for name, content in examples.files().items():
        assert (EXAMPLES / name).read_text(encoding="utf-8") == content


def test_every_json_format_has_an_example():
    covered = {case[0] for case in CASES.values()}
    assert set(FORMATS) - covered == {"x-compliance"}  # no posts: see the deletions


@pytest.mark.parametrize(
    ("name", "handle", "followers"),
    [("x-v2.jsonl", "anna_example", 120), ("x-twarc.jsonl", "anna_example", 120),
     ("x-v1.jsonl", "anna_example", 120), ("twarc.csv", "anna_example", 120),
     ("x-academic.jsonl", None, None)],
)  # fmt: skip
def test_author_of_x(name, handle, followers, tmp_path):
    posts, _ = stored(EXAMPLES / name, tmp_path / "raw")
    post = posts["1204084171334832128"]
    assert post.author_handle == handle
    assert post.author_followers == followers
    made = None if handle is None else datetime.fromisoformat("2012-03-04T05:06:07Z").timestamp()
    assert post.author_created_at == (made and made * 1e6)


@pytest.mark.parametrize(
    ("name", "label"),
    [("2019_Hull-ontopic_offtopic.csv", ("relevance", "on-topic")),
     ("2019_Hull-tweets_labeled.csv", ("informativeness", "Related and informative"))],
)  # fmt: skip
def test_crisislex_tables(name, label, examples, tmp_path):
    posts, _ = stored(EXAMPLES / name, tmp_path / "raw")
    assert [post.text for post in posts.values()] == [post["text"] for post in examples.X]
    first = posts["1204084171334832128"]
    assert label in zip(first.label_names, first.label_values, strict=True)
    assert first.event == "2019_Hull"
    assert first.source == "x"
    # such tables tell no time; the id does
    assert datetime.fromtimestamp(first.created_at / 1e6).year == 2019


def test_out_of_consent_is_dropped_and_counted(tmp_path):
    _, store = stored(EXAMPLES / "mastodon.jsonl", tmp_path / "raw")
    assert store.counts().dropped == {"not public": 2, "author opted out": 3}
    assert store.counts().deletions == 1
    _, store = stored(EXAMPLES / "bluesky.jsonl", tmp_path / "sky")
    assert store.counts().dropped == {"author opted out": 1}
    _, store = stored(EXAMPLES / "reddit.jsonl", tmp_path / "red")
    assert store.counts().dropped == {"deleted by the author": 1}


def test_consent_can_be_widened_but_not_past_nobot_and_private(tmp_path):
    settings = {"unindexed": True, "unlisted": True}
    posts, store = stored(EXAMPLES / "mastodon.jsonl", tmp_path / "raw", **settings)
    assert set(posts) == {"111", "112", "114", "116", "117"}
    assert store.counts().dropped == {"not public": 1, "author opted out": 1}


def test_table_of_ones_own(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('when;words;flood\n2020-02-16T10:00;"a ""b""\nc";yes\n;dry;no\n')
    posts, _ = stored(
        path,
        tmp_path / "raw",
        columns={"text": "words", "created_at": "when"},
        labels={"flood": "flood"},
        source="mastodon",
        event="Dennis",
    )
    by_text = {post.text: post for post in posts.values()}
    assert set(by_text) == {'a "b"\nc', "dry"}
    assert by_text["dry"].created_at is None
    assert by_text["dry"].label_values == ["no"]
    assert by_text["dry"].event == "Dennis"
    assert by_text["dry"].source == "mastodon"
    assert by_text["dry"].post_id.startswith("row-")


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith(".jsonl")])
def test_unknown_fields_are_not_stored(name, tmp_path):
    posts, _ = stored(EXAMPLES / name, tmp_path / "raw")
    for post in posts.values():
        text = repr([getattr(post, field) for field in FIELDS])
        assert "the platform" not in text
        assert "Made Up" not in text
        assert "a biography" not in text


def test_defaults_are_unknown_not_zero():
    post = Post(source="x", format="x-v2", post_id="1")
    assert (post.likes, post.created_at, post.author_is_bot) == (None, None, None)


def test_formats_are_told_by_their_records():
    for name, case in CASES.items():
        assert choose(EXAMPLES / name, ImportSettings()).settings["format"] == case[0]


def test_mastodon_in_lists_searches_and_streams(examples, tmp_path):
    first, second = (examples.toot(post) for post in examples.MASTODON)
    shapes = [
        json.dumps([first, second]),
        json.dumps({"accounts": [], "statuses": [first, {"id": 5}], "hashtags": []}),
        json.dumps({"stream": ["public"], "event": "update", "payload": json.dumps(second)}),
        json.dumps({"event": "filters_changed", "payload": ""}),
        "[\n" + json.dumps(first) + ",\n" + json.dumps(second) + "\n]",
    ]
    for number, shape in enumerate(shapes):
        path = tmp_path / f"{number}.json"
        path.write_text(shape + "\n")
        posts, store = stored(path, tmp_path / "raw")
    counts = store.counts()
    assert set(posts) == {"111", "112"}
    assert (counts.read, counts.kept, counts.duplicate) == (7, 2, 4)
    assert counts.broken == {"unexpected content: $.id": 1}


def test_an_edited_copy_is_kept(examples, tmp_path):
    old = examples.toot(examples.MASTODON[1])
    new = old | {"content": "<p>changed</p>", "edited_at": "2023-10-20T09:00:00.000Z"}
    for order in ([old, new], [new, old]):
        folder = tmp_path / str(order[0]["edited_at"])[:4]
        for number, status in enumerate(order):
            path = tmp_path / f"{number}.json"
            path.write_text(json.dumps(status) + "\n")
            posts, _ = stored(path, folder)
        assert posts["112"].text == "changed"


def test_a_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / "book.csv"
    path.write_bytes("text,id\nrain,1\n".encode("utf-16"))
    with pytest.raises(DataError, match=r"book\.csv: its first line is not UTF-8"):
        choose(path, ImportSettings())
