"""Mastodon: periods by number or by page, threads, streams over both ways, deletions."""

import json

import pytest
from fault_jetstream import MastodonSocketServer
from fault_server import START, STEP, FaultServer
from fault_worlds import MastodonWorld, lines_of, micros_of, stamp
from ways import Way

from inundate.posts.collect.clock import to_mastodon_id
from inundate.posts.collect.folder import collection_files
from inundate.posts.collect.mastodon_stream import read_sse
from inundate.posts.collect.run import collect
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.ingest import import_posts
from inundate.posts.schema import to_posts
from inundate.posts.store import open_raw


def run(source, world, folder, retry, environment, **settings):
    with FaultServer(world) as server:
        world.streaming = world.streaming or server.address
        asked = CollectSettings(server=server.address, **settings)
        figures = collect(source, folder, settings=asked, retry=retry, environment=environment)
        return figures, server


class Flakes(MastodonWorld):
    """Other software: ids that rise, and tell no time."""

    def _status(self, index):
        return {**super()._status(index), "id": str(1000 + index)}


@pytest.mark.parametrize(("world", "jumps"), [(MastodonWorld, True), (Flakes, False)])
def test_a_period(tmp_path, retry, environment, world, jumps):
    since, until = stamp(START + 150 * STEP), stamp(START + 200 * STEP)
    figures, server = run(
        "mastodon-tag", world(300), tmp_path / "c", retry, environment,
        tags=["flood"], since=since, until=until,
    )  # fmt: skip
    times = sorted(micros_of(line["created_at"]) for line in lines_of(tmp_path / "c"))
    assert times[0] == START + 150 * STEP
    assert times[-1] == START + 199 * STEP
    assert figures["complete"]
    pages = [params for path, params, *_ in server.requests if params.get("limit") == ["40"]]
    if jumps:
        assert pages[0]["max_id"] == [str(to_mastodon_id(START + 200 * STEP))]
        assert len(pages) == 3
    else:
        assert not any("since_id" in params for params in pages)
        assert len(pages) < 8  # ends at the first page before the period


def test_several_tags_and_languages(tmp_path, retry, environment):
    world = MastodonWorld(60)
    for status in world.posts[::2]:
        status["language"] = "de"
    figures, server = run(
        "mastodon-tag", world, tmp_path / "c", retry, environment,
        tags=["flood", "Überflutung"], languages=["de"],
    )  # fmt: skip
    assert {line["language"] for line in lines_of(tmp_path / "c")} == {"de"}
    assert figures["counts"]["not_wanted"] == 56
    assert figures["counts"]["duplicates"] == figures["counts"]["posts"] == 29
    assert "/api/v1/timelines/tag/Überflutung" in {path for path, *_ in server.requests}


@pytest.mark.parametrize(
    ("consent", "users"), [({}, {7, 8, 9}), ({"unindexed": True, "unlisted": True}, {7})]
)
def test_who_is_left_out(tmp_path, retry, environment, consent, users):
    run(
        "mastodon-tag", MastodonWorld(100), tmp_path / "c", retry, environment,
        tags=["flood"], **consent,
    )  # fmt: skip
    found = {int(line["account"]["id"]) for line in lines_of(tmp_path / "c")}
    assert set(range(100)) - found == users


@pytest.mark.parametrize("source", ["mastodon-tag", "mastodon-search"])
def test_threads(tmp_path, retry, environment, source):
    world = MastodonWorld(30)
    for status in world.posts[::10]:
        status["replies_count"] = 1
    given = {"tags": ["flood"]} if source == "mastodon-tag" else {"query": "flood"}
    figures, server = run(source, world, tmp_path / "c", retry, environment, replies=True, **given)
    assert figures["counts"]["posts"] == len(world.allowed) + 3
    answers = [line for line in lines_of(tmp_path / "c") if line["uri"].endswith("/answer")]
    assert len(answers) == 3
    contexts = [path for path, *_ in server.requests if path.endswith("/context")]
    assert len(contexts) == len(set(contexts)) == 3


def test_a_search_asks_for_whole_days(tmp_path, retry, environment):
    since, until = stamp(START + 10 * STEP), stamp(START + 20 * STEP)
    figures, server = run(
        "mastodon-search", MastodonWorld(40), tmp_path / "c", retry, environment,
        query="flood", since=since, until=until,
    )  # fmt: skip
    assert server.requests[0][1]["q"] == ["flood after:2025-06-14 before:2025-06-16"]
    assert figures["counts"]["posts"] == 10


class Changing(MastodonWorld):
    """Streams deletions and edits among the posts."""

    def next_event(self):
        events = super().next_event()
        number = self.published - 1
        if events and number == 20:
            events.append(("delete", self.posts[10]["id"]))  # in the same batch or an earlier one
            events.append(("delete", self.posts[10]["id"]))
            events.append(("delete", "999"))
        if events and number == 21:
            edited = {**self.posts[12], "edited_at": stamp(START), "content": "<p>edited</p>"}
            events.append(("status.update", json.dumps(edited)))
            events.append(("announcement", "{}"))
        return events


@pytest.mark.parametrize("over", ["sse", "websocket"])
def test_deletions_and_edits_of_a_stream(tmp_path, retry, environment, over):
    world = Changing(40, 0)
    with MastodonSocketServer(world) as socket:
        world.streaming = socket.address if over == "websocket" else None
        figures, _ = run(
            "mastodon-stream", world, tmp_path / "c", retry, environment,
            tags=["flood"], over=over, limit=37,
        )  # fmt: skip
    lines = list(lines_of(tmp_path / "c"))
    deleted = [line for line in lines if line.get("event") == "delete"]
    assert deleted == [{"event": "delete", "payload": world.posts[10]["id"]}]
    versions = [line["content"] for line in lines if line.get("id") == world.posts[12]["id"]]
    assert versions == [world.posts[12]["content"], "<p>edited</p>"]
    assert figures["counts"]["deletions"] == 1
    assert figures["counts"]["edits"] == 1
    (imported,) = import_posts(collection_files(tmp_path / "c"), tmp_path / "raw")
    assert imported.entry.counts.deletions == 1
    kept = {
        post.post_id for batch in open_raw(tmp_path / "raw").batches() for post in to_posts(batch)
    }
    assert world.posts[10]["id"] not in kept
    assert world.posts[12]["id"] in kept


def test_a_stream_of_all_with_words(tmp_path, retry, environment):
    world = MastodonWorld(60, 0)
    for index, status in enumerate(world.posts):
        status["content"] = f"<p>the <b>river</b> has #floods {index}</p>" if index % 5 else "dry"
    figures, server = run(
        "mastodon-stream", world, tmp_path / "c", retry, environment,
        query='"river has" OR deluge', limit=20,
    )  # fmt: skip
    assert {path for path, *_ in server.requests} >= {"/api/v1/streaming/public"}
    assert figures["counts"]["posts"] >= 20
    assert figures["counts"]["not_wanted"] >= 5


def test_a_stream_ends_by_the_server_s_clock(tmp_path, retry, environment):
    figures, _ = run(
        "mastodon-stream", MastodonWorld(20, 0), tmp_path / "c", retry, environment,
        tags=["flood"], until="2025-06-16",
    )  # fmt: skip
    assert figures["complete"]


def test_a_stopped_stream_is_filled_up(tmp_path, retry, environment):
    """What came between two runs is fetched from the timeline: no gap."""
    with Way("mastodon-stream", 90) as way:
        way.run(tmp_path / "c", retry, environment, limit=30)
        way.world.published = 70
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    assert figures["gaps"] == []


def test_server_sent_events():
    lines = [b":)", b"event: delete", b"data:1", b"data: 2", b"", b"id: 7", b"data: x", b"", None]
    assert list(read_sse(iter(lines))) == [None, ("delete", "1\n2"), ("message", "x"), None]
