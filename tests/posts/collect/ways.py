"""Each collector with a server that goes wrong, and what must come out."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

from fault_jetstream import POSTS, JetstreamServer, MastodonSocketServer
from fault_server import HTTP_FAULTS, SOCKET_FAULTS, START, Faults, FaultServer
from fault_worlds import BlueskyWorld, MastodonWorld, XWorld, lines_of, micros_of, stamp

from inundate.posts.collect.run import collect
from inundate.posts.collect.settings import CollectSettings

WAYS = (
    "x-recent", "x-archive", "mastodon-tag", "mastodon-search", "mastodon-stream",
    "mastodon-stream websocket", "bluesky-search", "bluesky-jetstream v1", "bluesky-jetstream v2",
)  # fmt: skip
# slow ones need a bound on the time of a request that a busy machine may break: a test of its own
QUICK_FAULTS = tuple(kind for kind in HTTP_FAULTS if kind != "loris") + SOCKET_FAULTS


class Way:
    """One collector and its server.

    Parameters
    ----------
    name : str
        Of ``WAYS``.
    number : int
        Posts in the world.
    """

    def __init__(self, name, number, faults=None, **settings):
        self.source, _, self.variant = name.partition(" ")
        self.faults = faults or Faults()
        self.settings = settings
        self._stack = ExitStack()
        self._number = number

    def __enter__(self):
        make = {"x": self._x, "mastodon": self._mastodon, "bluesky": self._bluesky}
        make[self.source.partition("-")[0]]()
        return self

    def __exit__(self, *error):
        self._stack.__exit__(*error)

    def _x(self):
        self.world = XWorld(self._number)
        self._http(query="flood", budget_usd=1e6)
        self.wanted = set(self.world.allowed)

    def _mastodon(self):
        is_stream = self.source == "mastodon-stream"
        self.world = MastodonWorld(self._number, 0 if is_stream else None)
        self.wanted = set(self.world.allowed)
        given = {"query": "flood"} if self.source == "mastodon-search" else {"tags": ["flood"]}
        if is_stream:
            given["limit"] = len(self.wanted)
            given["max_minutes"] = 2 + self._number / 200  # a collector that loses some must end
        self._http(**given)
        self.world.streaming = self.server.address
        if self.variant == "websocket":
            self.settings["over"] = "websocket"
            socket = self._stack.enter_context(MastodonSocketServer(self.world, self.faults))
            self.world.streaming = socket.address

    def _bluesky(self):
        if self.source == "bluesky-search":
            self.world = BlueskyWorld(self._number, pages=2)
            self._http(query="flood")
            self.wanted = set(self.world.allowed)
            return
        server = JetstreamServer(self._number, self.variant, self.faults)
        self.server = self._stack.enter_context(server)
        end = stamp(server.events[-1][0])
        self.settings = {"since": stamp(START), "until": end, "frames": self.variant} | (
            self.settings
        )
        self.wanted = set(server.uris("create"))
        if server.events[-1][2] == "create":
            self.wanted.discard(server.uris("create")[-1])  # until is exclusive

    def _http(self, **given):
        self.server = self._stack.enter_context(FaultServer(self.world, self.faults))
        self.settings = {**given, **self.settings}

    def run(self, output, retry, environment, **more):
        settings = CollectSettings(server=self.server.address, **{**self.settings, **more})
        return collect(self.source, output, settings=settings, retry=retry, environment=environment)

    def found(self, output):
        """Count the posts in the files, by name."""
        return Counter(name for line in lines_of(output) for name in self._names(line))

    def _uris(self):
        """Name every event, also those that are no posts."""
        return [
            f"at://{e[1]}/{POSTS}/{e[3]}" if e[2] == "create" else f"{e[2]} {e[3]}"
            for e in self.server.events
        ]

    def _names(self, line):
        if self.source.startswith("x-"):
            return [post["id"] for post in line["data"]]
        if self.source.startswith("mastodon"):
            return [] if "event" in line else [line["id"]]
        if "uri" in line:
            return [line["uri"]]
        commit = line.get("payload") or line["commit"]
        did = commit.get("did") or line["did"]
        uri = f"at://{did}/{POSTS}/{commit['rkey']}"
        return [uri] if commit["operation"] == "create" else []

    def check(self, output, gaps=()):
        """Check that nothing is lost but in gaps, that these hold nothing, and nothing doubled."""
        found = self.found(output)
        missing = self.wanted - set(found)
        if gaps:
            events = {uri: e[0] for uri, e in zip(self._uris(), self.server.events, strict=True)}
            times = [(micros_of(gap["from"]), micros_of(gap["to"])) for gap in gaps]
            inside = {uri for uri in events for a, b in times if a < events[uri] < b}
            within = {uri for uri in events for a, b in times if a <= events[uri] < b}
            assert missing, "a gap without need"
            assert missing - within == set(), "lost, and in no gap"
            assert inside & set(found) == set(), "found, and in a gap"
        else:
            assert missing == set(), "lost"
        assert set(found) - self.wanted == set(), "not allowed, or not there"
        assert {name: n for name, n in found.items() if n > 1} == {}, "doubled"
