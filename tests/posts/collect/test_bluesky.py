"""Bluesky: the server's time beside the author's, searches without an end, both frame shapes."""

import gzip
import json

import pytest
from fault_jetstream import POSTS, JetstreamServer
from fault_server import START, STEP, FaultServer
from fault_worlds import BlueskyWorld, lines_of, stamp
from ways import Way

from inundate.posts.collect.jetstream import Jetstream
from inundate.posts.collect.retry import Retry
from inundate.posts.collect.run import collect
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.importers.bluesky import Bluesky
from inundate.posts.importers.record import Deletion
from inundate.posts.schema import Post


def items_of(folder):
    """What the importer makes of a collection."""
    for path in sorted(folder.glob("pages-*.jsonl.gz")):
        with gzip.open(path) as stream:
            for line in stream:
                yield from Bluesky().parse(line.rstrip(b"\n"))


@pytest.mark.parametrize("name", ["bluesky-search", "bluesky-jetstream v1", "bluesky-jetstream v2"])
def test_the_server_s_time_stands_beside_the_author_s(tmp_path, retry, environment, name):
    with Way(name, 100) as way:
        figures = way.run(tmp_path / "c", retry, environment)
    posts = [item for item in items_of(tmp_path / "c") if isinstance(item, Post)]
    assert len(posts) == figures["counts"]["posts"]
    claimed = [post for post in posts if post.created_at > post.server_time + 10**12]
    assert len(claimed) >= 1  # the author says 2031
    assert figures["last"] < "2026"  # and is not believed
    assert all(START <= post.server_time < START + 110 * STEP for post in posts)


def test_a_search_goes_beyond_its_last_page(tmp_path, retry, environment):
    """The server gives two pages a search; the next begins where they end."""
    with Way("bluesky-search", 900) as way:
        figures = way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    assert figures["complete"]
    until = [params["until"] for path, params, *_ in way.server.requests if "until" in params]
    assert len({tuple(one) for one in until}) >= 4


def test_a_login_that_ends_is_made_anew(tmp_path, retry, environment):
    with Way("bluesky-search", 1200) as way:
        way.run(tmp_path / "c", retry, environment)
        way.check(tmp_path / "c")
    assert way.world.logins >= 2


def test_threads(tmp_path, retry, environment):
    world = BlueskyWorld(40)
    for post in world.posts[::20]:
        post["replyCount"] = 1
    with FaultServer(world) as server:
        settings = CollectSettings(server=server.address, query="flood", replies=True)
        figures = collect(
            "bluesky-search",
            tmp_path / "c",
            settings=settings,
            retry=retry,
            environment=environment,
        )
    found = [line["uri"] for line in lines_of(tmp_path / "c")]
    assert {post["uri"] + "a" for post in world.posts[::20]} <= set(found)
    assert len(found) == len(set(found)) == figures["counts"]["posts"] == 39 + 2


def jetstream(folder, retry, server, **settings):
    with server:
        asked = CollectSettings(
            server=server.address,
            frames=server.shape,
            since=stamp(START),
            until=stamp(server.events[-1][0]),
            **settings,
        )
        return collect("bluesky-jetstream", folder, settings=asked, retry=retry, environment={})


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_what_is_asked_of_jetstream(tmp_path, retry, shape):
    server = JetstreamServer(10, shape)
    jetstream(tmp_path / "c", retry, server)
    expected = {
        "v1": f"/subscribe?wantedCollections={POSTS}&cursor={START}",
        "v2": f"/xrpc/network.bsky.jetstream.subscribeEvents?collections={POSTS}"
        f"&kinds=commit&kinds=account&cursor={START}",
    }
    assert server.requests == [expected[shape]]


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_deletions_are_kept_of_what_is_kept(tmp_path, retry, shape):
    server = JetstreamServer(120, shape)
    figures = jetstream(tmp_path / "c", retry, server)
    gone = [item.post_id for item in items_of(tmp_path / "c") if isinstance(item, Deletion)]
    assert gone == server.uris("delete")
    assert figures["counts"]["deletions"] == 3
    again = tmp_path / "none"
    assert jetstream(again, retry, JetstreamServer(120, shape), query="x")["counts"]["posts"] == 0
    assert list(items_of(again)) == []  # nothing of the rest of the network


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_an_account_that_closes_takes_its_posts_along(tmp_path, retry, shape):
    server = JetstreamServer(340, shape, close_author=True)
    server._add("create", 341)
    jetstream(tmp_path / "c", retry, server)
    gone = {item.post_id for item in items_of(tmp_path / "c") if isinstance(item, Deletion)}
    mine = {f"at://did:plc:0005/{POSTS}/k{index}" for index in (5, 105, 205, 305)}
    assert gone - set(server.uris("delete")) == mine


class Editing(JetstreamServer):
    """Two versions of one post."""

    def __init__(self, shape):
        super().__init__(10, shape)
        _, did, _, rkey, record = self.events[3]
        self.events[7] = (self.events[7][0], did, "update", rkey, {**record, "text": "better"})

    def _frame(self, number):
        frame = super()._frame(number)
        if self.events[number][2] != "update":
            return frame
        found = json.loads(frame)
        commit = found["payload"] if self.shape == "v2" else found["commit"]
        commit["record"] = self.events[number][4]
        return json.dumps(found)


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_an_edit_is_written_beside(tmp_path, retry, shape):
    figures = jetstream(tmp_path / "c", retry, Editing(shape))
    texts = [post.text for post in items_of(tmp_path / "c") if post.post_id.endswith("/k3")]
    assert texts == ["Made-up post 3 about a flood", "better"]
    assert figures["counts"]["edits"] == 1


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_words_and_languages(tmp_path, retry, shape):
    server = JetstreamServer(60, shape)
    for index, event in enumerate(server.events):
        event[4]["langs"] = [["en-GB", "de"], ["fr"], None][index % 3]
    figures = jetstream(tmp_path / "c", retry, server, languages=["en"], query='"about a flood"')
    counts = figures["counts"]
    assert (counts["posts"], counts["not_wanted"]) == (20, 39)


def test_a_forgotten_number_is_asked_for_by_time(tmp_path, retry):
    """Numbers of v2 hold on one server, for some time."""

    class Forgetful(JetstreamServer):
        def _check(self, connection, request):
            self.requests.append(request.path)
            cursor = request.path.rpartition("=")[2]
            if cursor.isdigit() and int(cursor) < 10**15:
                return connection.respond(400, "cursor too old")
            return None

        def _serve(self, connection):
            if self.connections == 0:
                self.connections += 1
                for number in range(20):
                    connection.send(self._frame(number))
                connection.close(1001, "going away")
                return
            super()._serve(connection)

    server = Forgetful(50, "v2")
    figures = jetstream(tmp_path / "c", retry, server)
    assert figures["gaps"] == []
    assert figures["counts"]["posts"] == 49
    asked = [int(path.rpartition("=")[2]) for path in server.requests]
    assert asked[0] == START
    assert asked[1] == 10
    assert asked[2] == server.events[19][0] - 5_000_000


def test_both_shapes_name_a_post_alike():
    lines = [JetstreamServer(1, shape)._frame(0).encode() for shape in ("v1", "v2")]
    assert Jetstream.idents_of(lines[0]) == Jetstream.idents_of(lines[1])


class Stalling(JetstreamServer):
    """Begins a message at its first connection and never ends it."""

    def _serve(self, connection):
        if self.connections == 0:
            self.connections += 1
            for number in range(5):
                connection.send(self._frame(number))
            connection.send(self._fragments(self._frame(5)))
            return
        super()._serve(connection)

    def _fragments(self, frame):
        for letter in frame:
            yield letter
            if self.closing.wait(0.2):
                return


def test_a_frame_that_drips(tmp_path):
    retry = Retry(base_s=0.01, most_s=0.05, quiet_s=1.0)
    figures = jetstream(tmp_path / "c", retry, Stalling(20))
    assert figures["counts"]["faults"]["silence"] >= 1
    assert figures["counts"]["posts"] == 19
