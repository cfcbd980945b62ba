"""Bluesky: posts as searches and feeds give them, and events of Jetstream in both shapes.

The time that a post states is the author's; the server's stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from inundate.posts.importers.bluesky_record import Record, Self, record_fields
from inundate.posts.importers.record import (
    OPTED_OUT,
    UNREADABLE,
    Broken,
    Consent,
    Deletion,
    Dropped,
    Item,
    Whole,
    decode_error,
)
from inundate.posts.importers.times import from_seconds, iso_time
from inundate.posts.schema import Post

__all__ = ["NOT_A_POST", "Bluesky"]

NOT_A_POST = "not a post"
_POSTS = "app.bsky.feed.post"
_SIGNED_IN_ONLY = "!no-unauthenticated"  # authors set it against being read by outsiders


_ABSENT = msgspec.Raw(b"")


class _Struct(msgspec.Struct, gc=False):
    """Only these fields are read; all others are skipped without being looked at."""


class _Author(_Struct):
    did: str
    handle: str | None = None
    createdAt: str | None = None
    labels: list[Self] | None = None


class _View(_Struct):
    """A post with its counts."""

    uri: str
    author: _Author
    record: Record
    replyCount: Whole | None = None
    repostCount: Whole | None = None
    likeCount: Whole | None = None
    quoteCount: Whole | None = None
    indexedAt: str | None = None


class _Entry(_Struct):
    post: msgspec.Raw


class _Commit(_Struct):
    operation: str | None = None
    collection: str | None = None
    rkey: str | None = None
    record: Record | None = None


class _Payload(_Commit):
    did: str | None = None
    time: str | None = None
    time_us: Whole | None = None


class _Line(_Struct):
    """Any line: which fields there are tells which."""

    posts: list[msgspec.Raw] | None = None
    feed: list[_Entry] | None = None
    uri: str | None = None
    kind: str | None = None
    did: str | None = None
    time_us: Whole | None = None
    commit: msgspec.Raw = _ABSENT
    payload: msgspec.Raw = _ABSENT
    operation: str | None = None


_line = msgspec.json.Decoder(_Line)
_view = msgspec.json.Decoder(_View)
_commit = msgspec.json.Decoder(_Commit)
_payload = msgspec.json.Decoder(_Payload)


class Bluesky:
    """Pages of searches and feeds, single posts, and Jetstream events, one a line.

    Parameters
    ----------
    consent : Consent
    """

    name = "bluesky"

    def __init__(self, consent: Consent | None = None) -> None:
        self.consent = consent or Consent()

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        line = _line.decode(record)
        if line.posts is not None:
            return [self._view(raw) for raw in line.posts]
        if line.feed is not None:
            return [self._view(entry.post) for entry in line.feed]
        if line.uri is not None:
            return (self._view(msgspec.Raw(record)),)
        if bytes(line.payload):
            event = _payload.decode(line.payload)
            return (self._event(event, event.did, event.time_us, event.time, record),)
        if bytes(line.commit):
            return (self._event(_commit.decode(line.commit), line.did, line.time_us, None, record),)
        if line.operation is not None:
            event = _payload.decode(record)
            return (self._event(event, event.did, event.time_us, event.time, record),)
        if line.kind is not None:  # of accounts and names
            return (Dropped(NOT_A_POST),)
        return (Broken("unexpected content: neither a post nor an event", record),)

    def _view(self, raw: msgspec.Raw) -> Item:
        try:
            view = _view.decode(raw)
            return self._of_view(view)
        except UNREADABLE as error:
            return Broken(decode_error(error), bytes(raw))

    def _of_view(self, view: _View) -> Item:
        author = view.author
        labels = {label.val for label in author.labels or ()}
        if _SIGNED_IN_ONLY in labels and not self.consent.unindexed:
            return Dropped(OPTED_OUT)
        return Post(
            source="bluesky",
            format="bluesky",
            post_id=view.uri,
            server_time=iso_time(view.indexedAt),
            author_id=author.did,
            author_handle=author.handle,
            author_created_at=iso_time(author.createdAt),
            replies=view.replyCount,
            reposts=view.repostCount,
            likes=view.likeCount,
            quotes=view.quoteCount,
            **record_fields(view.record),
        )

    def _event(
        self, event: _Commit, did: str | None, micros: int | None, time: str | None, raw: bytes
    ) -> Item:
        if event.collection != _POSTS:
            return Dropped(NOT_A_POST)
        if not did or not event.rkey:
            return Broken("unexpected content: an event without did or rkey", raw)
        uri = f"at://{did}/{_POSTS}/{event.rkey}"
        if event.operation == "delete":
            return Deletion("bluesky", uri)
        if event.record is None:
            return Broken("unexpected content: an event without a record", raw)
        try:
            seen = from_seconds(micros / 1e6) if micros is not None else iso_time(time)
            return Post(
                source="bluesky",
                format="bluesky",
                post_id=uri,
                server_time=seen,
                collected_at=seen,  # events are read as they come
                author_id=did,
                is_edited=event.operation == "update",
                **record_fields(event.record),
            )
        except ValueError as error:
            return Broken(decode_error(error), raw)
