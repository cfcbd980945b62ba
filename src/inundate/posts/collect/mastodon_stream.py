"""Mastodon's streams: posts as they come; what a break has cost is fetched from the timeline."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from inundate.core.errors import ConfigError
from inundate.posts.collect.clock import from_mastodon_id, to_mastodon_id
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Broke, GaveUp, Refused, Stopped, Tally
from inundate.posts.collect.folder import Step
from inundate.posts.collect.mastodon import MastodonClient, check_mastodon, newest
from inundate.posts.collect.match import Words
from inundate.posts.collect.notices import mastodon_deletion
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.sift import Sift
from inundate.posts.collect.socket import Socket
from inundate.posts.collect.state import Gap

__all__ = ["MastodonStream", "read_sse"]

_BATCH, _BATCH_S, _QUIET_S = 200, 5.0, 1.0
_PAGE = 40
_QUIET_TAG_S = 900.0  # a WebSocket has no heartbeats among its frames, and few use some hashtags
_STEADY_S = 30.0  # a connection that lasted so long is no failure, though nothing came
# posts of other servers come late, with the number of the time at which they were written
_REWIND_US = 15 * 60 * 1_000_000

Event = tuple[str, str]
"""Name and payload."""


class MastodonStream(MastodonClient):
    """All public posts that a server sees, or those with one hashtag.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "mastodon-stream"
    is_stream: ClassVar[bool] = True
    reads: ClassVar[frozenset[str]] = frozenset(
        ["query", "tags", "languages", "until", "unindexed", "unlisted", "server", "over"]
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context, needs_key=False)
        self.words = Words(self.settings.query)
        self.tag = self.settings.tags[0] if self.settings.tags else None
        self._cursor = dict(context.collection.state.cursor)
        self._socket: Socket | None = None

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        check_mastodon(settings, environment, MastodonStream.name, needs_key=False)
        Words(settings.query)
        if len(settings.tags or ()) > 1:
            raise ConfigError(
                f"collecting from {MastodonStream.name}: a stream has one hashtag, "
                f"{len(settings.tags or ())} are given",
                hint="give --query '#one OR #two', or a collection for each",
            )

    @property
    def tally(self) -> Tally:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        if self._socket is None:
            return self.client.tally
        mine, other = self.client.tally, self._socket.tally
        faults = {
            name: mine.faults.get(name, 0) + other.faults.get(name, 0)
            for name in {**mine.faults, **other.faults}
        }
        return Tally(mine.requests + other.requests, mine.waited_s, faults, mine.skew_s)

    def steps(self) -> Generator[Step, None, None]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        failures = 0
        while not self._cursor.get("end"):
            before, opened = dict(self._cursor), time.monotonic()
            try:
                for step in self._connected():
                    yield step
                    if step.cursor.get("end"):
                        return
            except Broke as broke:
                steady = self._cursor != before or time.monotonic() - opened > _STEADY_S
                failures = 1 if steady else failures + 1
                self.client.after_failure(failures, str(broke), broke.told_s)

    def _connected(self) -> Iterator[Step]:
        events = self._events()
        batch: list[tuple[str, Any]] = []
        since = time.monotonic()
        try:
            next(events)  # connected: what comes from now on is in the stream
            yield from self._fill_up()
            for event in events:
                if event is not None:
                    batch.append(_parsed(event))
                over = self.settings.end is not None and self._now() >= self.settings.end
                is_due = time.monotonic() - since > (_QUIET_S if event is None else _BATCH_S)
                if over or (batch and (len(batch) >= _BATCH or is_due)):
                    yield self._step(batch, end=over)
                    batch, since = [], time.monotonic()
                if over:
                    return
        except (Broke, Refused, Stopped):
            if batch:  # what has come is kept, whatever ended the connection
                yield self._step(batch)
            raise
        finally:
            events.close()

    def _now(self) -> int:
        """Give the server's clock in microseconds."""
        return int((time.time() + (self.client.tally.skew_s or 0.0)) * 1e6)

    def _events(self) -> Generator[Event | None, None, None]:
        """Give None when connected and when it is silent, and events."""
        name = "public" if self.tag is None else "hashtag"
        address = self._streaming()
        if self.settings.over == "websocket":
            params = [("stream", name)] + ([("tag", self.tag)] if self.tag else [])
            self._socket = self._socket or Socket(
                address.replace("http", "ws", 1) + "/api/v1/streaming",
                retry=self.context.retry,
                should_stop=self.context.should_stop,
                headers=self.client.headers,
                quiet_s=_QUIET_TAG_S,
            )
            for frame in self._socket.frames(params):
                yield None if frame is None else _of_frame(frame)
            return
        path = f"/api/v1/streaming/{name}"
        yield from read_sse(
            self.client.stream(path, [("tag", self.tag)] if self.tag else [], base=address)
        )

    def _streaming(self) -> str:
        """Ask the server where it streams."""
        found = self.client.get("/api/v2/instance", has="configuration").data
        urls = (found.get("configuration") or {}).get("urls") or {}
        address = str(urls.get("streaming") or self.client.base)
        address = address.replace("ws", "http", 1) if address.startswith("ws") else address
        return check_server(address, schemes=("https", "http"), has_key=True)

    def _fill_up(self) -> Iterator[Step]:
        """Fetch from the timeline what came while there was no connection."""
        last = self._cursor.get("id")
        if last is None:
            return
        micros = from_mastodon_id(last)
        low = last if micros is None else str(to_mastodon_id(max(0, micros - _REWIND_US)))
        try:
            while True:
                params = [("limit", str(_PAGE)), ("min_id", low)]
                statuses = list(self.client.get(self._timeline(), params, has="[]").data)
                highest = newest(status["id"] for status in statuses)
                if highest is None or highest == low:
                    return
                low = highest
                step = Step(cursor={})
                self.fill(step, statuses)
                yield self._moved(step, [low])
        except (Refused, GaveUp) as error:
            why = f"the stream broke, and the timeline could not be read: {error}"
            gap = Gap.of(from_mastodon_id(str(self._cursor["id"])), self._now(), why)
            yield self._moved(Step(cursor={}, gaps=[gap]), [])

    def _timeline(self) -> str:
        if self.tag is None:
            return "/api/v1/timelines/public"
        return f"/api/v1/timelines/tag/{quote(self.tag, safe='')}"

    def _step(self, batch: list[tuple[str, Any]], *, end: bool = False) -> Step:
        step = Step(cursor={})
        statuses: list[dict[str, Any]] = []
        gone: list[str] = []
        for name, payload in batch:
            if name == "delete":
                gone.append(payload)
            elif payload is not None:
                statuses.append(payload)
        self.fill(step, statuses)
        fresh = {ident.post for ident in step.idents}
        sift = Sift(self.context.collection.seen, step, gone)
        for post in dict.fromkeys(gone):
            if sift.deletes(post):
                step.lines.append(mastodon_deletion(post))
            elif post in fresh:  # came and went within one batch
                step.gone.append(post)
                step.counts.deletions += 1
                step.lines.append(mastodon_deletion(post))
        return self._moved(step, [status["id"] for status in statuses], end=end)

    def _moved(self, step: Step, ids: list[str], *, end: bool = False) -> Step:
        last = newest([*ids, *([self._cursor["id"]] if "id" in self._cursor else [])])
        if last is not None:
            self._cursor["id"] = last
        if end:
            self._cursor["end"] = True
        elif self.settings.end is not None:
            start = None if last is None else from_mastodon_id(last)
            step.rest = Gap.of(start, self.settings.end, "not collected yet", open=True)
        step.cursor = dict(self._cursor)
        return step


def _of_frame(frame: bytes) -> Event:
    try:
        found = json.loads(frame)
        return str(found["event"]), str(found.get("payload", ""))
    except (ValueError, KeyError, TypeError):
        raise Broke("a frame is no JSON, or no event") from None


def _parsed(event: Event) -> tuple[str, Any]:
    """Read the status of an event; a broken one is fetched from the timeline."""
    name, payload = event
    if name not in ("update", "status.update"):
        return name, payload if name == "delete" else None
    try:
        status = json.loads(payload)
        str(status["id"])
    except (ValueError, KeyError, TypeError):
        raise Broke("an event holds no status") from None
    return name, status


def read_sse(lines: Iterator[bytes | None]) -> Iterator[Event | None]:
    """Read server-sent events.

    Parameters
    ----------
    lines : iterator of (bytes or None)
        Without line ends; None when nothing came for a moment.

    Yields
    ------
    tuple of (str, str) or None
        Name and data of each event; None is passed on, and stands for a heartbeat.

    Examples
    --------
    >>> list(read_sse(iter([b":thump", b"event: update", b"data: {}", b""])))
    [None, ('update', '{}')]
    """
    name, data = "message", list[str]()
    for line in lines:
        if line is None or line.startswith(b":"):  # a comment: the server's heartbeat
            yield None
        elif line == b"":
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
        else:
            field, _, value = line.decode("utf-8", "replace").partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
