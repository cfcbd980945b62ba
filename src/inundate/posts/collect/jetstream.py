"""Bluesky's Jetstream: all posts of the network as they come, and a day or so back."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from typing import ClassVar

from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Broke, Refused, Stopped, Tally
from inundate.posts.collect.folder import Step
from inundate.posts.collect.jetstream_event import POSTS, Event, read_event
from inundate.posts.collect.match import Words
from inundate.posts.collect.notices import bluesky_deletion
from inundate.posts.collect.seen import Ident
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.sift import Sift
from inundate.posts.collect.socket import Socket
from inundate.posts.collect.state import Gap

__all__ = ["Jetstream"]

_SERVERS = {
    "v1": "wss://jetstream2.us-east.bsky.network",
    "v2": "wss://jetstream.us-east.bsky.network",
}
_PATHS = {"v1": "/subscribe", "v2": "/xrpc/network.bsky.jetstream.subscribeEvents"}
_SUBPROTOCOL = {"v1": None, "v2": "xrpc.v1.json"}
# a replay begins a little before what is known: if nothing known comes again, it is incomplete
_REWIND_US, _REWIND_SEQ = 5_000_000, 10
_LATE_US = 60_000_000  # of a network that posts every few milliseconds
_BATCH, _BATCH_S, _QUIET_S = 500, 5.0, 1.0
_UNREADABLE = 3  # times that a frame comes broken, before it is taken for what the server has


class Jetstream:
    """Posts whose words and languages match; deletions of those that were kept.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "bluesky-jetstream"
    source: ClassVar[str] = "bluesky"
    is_stream: ClassVar[bool] = True
    reads: ClassVar[frozenset[str]] = frozenset(
        ["query", "languages", "since", "until", "server", "frames"]
    )

    def __init__(self, context: Context) -> None:
        self.context, self.settings = context, context.settings
        self.frames = self.settings.frames or "v2"
        server = self.settings.server or _SERVERS[self.frames]
        self.socket = Socket(
            check_server(server, schemes=("wss", "ws"), has_key=False) + _PATHS[self.frames],
            retry=context.retry,
            should_stop=context.should_stop,
            subprotocol=_SUBPROTOCOL[self.frames],
        )
        self.words = Words(self.settings.query)
        self._cursor = dict(context.collection.state.cursor)
        self._high = int(self._cursor.get("time_us", 0))  # latest event that was read
        self._broken: tuple[int | None, int] = (None, 0)  # event before it, and how often
        self._hole: int | None = None

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        Words(settings.query)
        server = settings.server or _SERVERS[settings.frames or "v2"]
        check_server(server, schemes=("wss", "ws"), has_key=False)

    @property
    def spent_usd(self) -> float | None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        return None

    @property
    def tally(self) -> Tally:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        return self.socket.tally

    def close(self) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""

    @staticmethod
    def idents_of(line: bytes) -> list[Ident]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        event = read_event(line)
        return [_ident(event)] if event and event.uri and event.operation != "delete" else []

    def steps(self) -> Generator[Step, None, None]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        failures = 0
        while not self._cursor.get("end"):
            before = dict(self._cursor)
            try:
                for step in self._connected():
                    yield step
                    if step.cursor.get("end"):
                        return
            except Broke as broke:
                failures = 1 if self._cursor != before else failures + 1
                self.socket.wait(failures, broke)
            except Refused as refused:
                if refused.status != 400 or "seq" not in self._cursor:
                    raise
                # the server has forgotten that number: its oldest event tells how much is lost
                self._cursor.pop("seq")
                failures += 1
                self.socket.wait(failures, Broke(str(refused)))

    def _params(self) -> list[tuple[str, str]]:
        names = ("wantedCollections",) if self.frames == "v1" else ("collections",)
        params = [(name, POSTS) for name in names]
        if self.frames == "v2":
            params += [("kinds", "commit"), ("kinds", "account")]
        if self.frames == "v2" and "seq" in self._cursor:
            return [*params, ("cursor", str(max(1, self._cursor["seq"] - _REWIND_SEQ)))]
        if "time_us" in self._cursor:
            return [*params, ("cursor", str(self._cursor["time_us"] - _REWIND_US))]
        start = self.settings.start
        return params if start is None else [*params, ("cursor", str(start))]

    def _connected(self) -> Iterator[Step]:
        """Give the batches of one connection."""
        batch: list[Event] = []
        first, since, heard = True, time.monotonic(), time.monotonic()
        gaps: list[Gap] = []
        last, self._hole = self._cursor.get("time_us"), None
        try:
            for frame in self.socket.frames(self._params()):
                event = None if frame is None else self._event(frame, last)
                if event is None and self._is_over(heard):
                    yield self._step(batch, gaps, end=True)
                    return
                if event is not None:
                    heard = time.monotonic()
                    if first:
                        gaps, first = self._gaps(event), False
                    gaps, last = [*gaps, *self._hole_before(event)], event.micros
                    if self.settings.end is not None and event.micros >= self.settings.end:
                        yield self._step(batch, gaps, end=True)
                        return
                    batch.append(event)
                is_due = time.monotonic() - since > (_QUIET_S if frame is None else _BATCH_S)
                if batch and (len(batch) >= _BATCH or is_due):
                    yield self._step(batch, gaps)
                    batch, gaps, since = [], [], time.monotonic()
        except (Broke, Refused, Stopped):
            if batch:  # what has come is kept, whatever ended the connection
                yield self._step(batch, gaps)
            raise

    def _is_over(self, heard: float) -> bool:
        """Whether the period has ended, though no event tells so."""
        end = self.settings.end
        if end is None or time.time() * 1e6 < end + _LATE_US:
            return False
        return time.monotonic() - heard > _LATE_US / 1e6

    def _event(self, frame: bytes, last: int | None) -> Event | None:
        """Read a frame; one that is broken comes again, and the third time it is passed over."""
        try:
            return read_event(frame)
        except (ValueError, KeyError, TypeError, AttributeError):
            self.socket.tally.count("unreadable frame")
        place, times = self._broken
        times = times + 1 if place == last else 1
        self._broken = (last, times)
        if times < _UNREADABLE:  # the replay brings it again
            raise Broke("a frame is no JSON, or no event")
        self._hole = max(last or 0, self._high)
        return None

    def _hole_before(self, event: Event) -> list[Gap]:
        """Say what is missing before an event because a frame was passed over."""
        hole, self._hole = self._hole, None
        is_new = event.micros > self._high
        self._high = max(self._high, event.micros)
        if hole is None or not is_new:
            return []
        return [Gap.of(hole, event.micros, "a frame that could not be read, three times")]

    def _after(self, event: Event) -> bool:
        if event.seq is not None and "seq" in self._cursor:
            return event.seq > int(self._cursor["seq"])
        return event.micros > int(self._cursor.get("time_us", -1))

    def _gaps(self, event: Event) -> list[Gap]:
        """Say what is missing before the first event of a connection."""
        last = self._cursor.get("time_us")
        if last is None:
            start = self.settings.start
            if start is None or event.micros - start < _LATE_US:
                return []
            return [Gap.of(start, event.micros, "before what the server still has")]
        if not self._after(event):  # the replay reaches back to what is known
            return []
        return [Gap.of(last, event.micros, "no longer on the server when it was connected again")]

    def _step(self, batch: list[Event], gaps: list[Gap], *, end: bool = False) -> Step:
        step = Step(cursor={}, gaps=gaps)
        sift = Sift(self.context.collection.seen, step, (event.uri for event in batch if event.uri))
        for event in batch:
            if event.hides:
                self._hide(event, step)
            elif event.uri and event.operation == "delete":
                if sift.deletes(event.uri):
                    step.lines.append(event.line)
            elif event.uri and sift.keeps(
                _ident(event), micros=event.micros, wanted=self._wants(event)
            ):
                step.lines.append(event.line)
            if self._after(event):
                self._cursor = {"time_us": event.micros}
                if event.seq is not None:
                    self._cursor["seq"] = event.seq
        step.cursor = {**self._cursor, "end": True} if end else dict(self._cursor)
        if not end and self.settings.end is not None:
            last = self._cursor.get("time_us")
            step.rest = Gap.of(last, self.settings.end, "not collected yet", open=True)
        return step

    def _wants(self, event: Event) -> bool:
        languages = event.record.get("langs") or [None]
        return (
            self.context.in_period(event.micros)
            and any(self.context.in_languages(language) for language in languages)
            and self.words.match(event.record.get("text"), *(event.record.get("tags") or ()))
        )

    def _hide(self, event: Event, step: Step) -> None:
        """Write a deletion of each post that is kept of an account that is gone."""
        fresh = [ident.post for ident in step.idents if ident.author == event.did]
        for uri in [*self.context.collection.seen.of_author(event.did), *fresh]:
            if uri in step.gone:
                continue
            step.gone.append(uri)
            step.counts.deletions += 1
            step.lines.append(bluesky_deletion(uri, event.micros))


def _ident(event: Event) -> Ident:
    return Ident(event.uri or "", event.did, event.version)
