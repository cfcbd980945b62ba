"""Objects of X's interface 1.1: extended, reposts, quotes; and its notices of deletion."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from inundate.posts.importers.record import (
    NOT_PUBLIC,
    Broken,
    Deletion,
    Dropped,
    Item,
    Whole,
    decode_error,
)
from inundate.posts.importers.times import from_snowflake, v1_time
from inundate.posts.schema import Post

__all__ = ["XV1", "XCompliance"]

_MEDIA = {"photo": "photo", "video": "video", "animated_gif": "gif"}
_TAG = re.compile(r"<[^>]*>")


class _Struct(msgspec.Struct, gc=False):
    """Only these fields are read; all others are skipped without being looked at."""


class _Tag(_Struct):
    text: str


class _Url(_Struct):
    expanded_url: str | None = None
    url: str | None = None


class _Mention(_Struct):
    screen_name: str | None = None
    id_str: str | None = None


class _Media(_Struct):
    type: str | None = None
    ext_alt_text: str | None = None


class _Entities(_Struct):
    hashtags: list[_Tag] | None = None
    urls: list[_Url] | None = None
    user_mentions: list[_Mention] | None = None
    media: list[_Media] | None = None


class _User(_Struct):
    id_str: str | None = None
    screen_name: str | None = None
    location: str | None = None
    created_at: str | None = None
    followers_count: Whole | None = None
    protected: bool | None = None


class _Point(_Struct):
    coordinates: list[float] | None = None


class _Ring(_Struct):
    coordinates: list[list[list[float]]] | None = None


class _Place(_Struct):
    full_name: str | None = None
    place_type: str | None = None
    country_code: str | None = None
    bounding_box: _Ring | None = None


class _Long(_Struct):
    full_text: str
    entities: _Entities | None = None
    extended_entities: _Entities | None = None


class _Status(_Struct):
    id_str: str | None = None
    id: int | None = None
    full_text: str | None = None
    text: str | None = None
    extended_tweet: _Long | None = None
    created_at: str | None = None
    user: _User | None = None
    entities: _Entities | None = None
    extended_entities: _Entities | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_user_id_str: str | None = None
    quoted_status_id_str: str | None = None
    quoted_status: _Status | None = None
    retweeted_status: _Status | None = None
    coordinates: _Point | None = None  # longitude, latitude
    geo: _Point | None = None  # latitude, longitude
    place: _Place | None = None
    lang: str | None = None
    retweet_count: Whole | None = None
    favorite_count: Whole | None = None
    reply_count: Whole | None = None
    quote_count: Whole | None = None
    possibly_sensitive: bool | None = None
    source: str | None = None
    delete: _Notice | None = None
    limit: msgspec.Raw = msgspec.Raw(b"")


class _Notice(_Struct):
    status: _Status


class _Action(_Struct):
    id: str
    action: str
    reason: str | None = None


_status = msgspec.json.Decoder(_Status)
_action = msgspec.json.Decoder(_Action)


class XV1:
    """One object a line, as the interface 1.1, its streams and twarc 1 wrote them."""

    name = "x-v1"

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        status = _status.decode(record)
        if status.delete is not None:
            gone = _id(status.delete.status)
            return (Deletion("x", gone),) if gone else (Broken("a deletion without id", record),)
        if bytes(status.limit):  # the stream's count of what it left out
            return ()
        return (_item(status, record),)


class XCompliance:
    """Results of X's compliance jobs: posts that must be deleted, whatever the reason."""

    name = "x-compliance"

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        action = _action.decode(record)
        if action.action not in ("delete", "redact"):
            return (Broken("unexpected content: action", record),)
        return (Deletion("x", action.id),)


def _id(status: _Status) -> str | None:
    return status.id_str or (str(status.id) if status.id is not None else None)


def _item(status: _Status, record: bytes) -> Item:
    try:
        return _post(status, record)
    except ValueError as error:  # a time
        return Broken(decode_error(error), record)


def _post(status: _Status, record: bytes) -> Item:
    post_id, text = _id(status), _text(status)
    if post_id is None or text is None:
        return Broken(f"unexpected content: no {'id' if post_id is None else 'text'}", record)
    user = status.user or _User()
    if user.protected:
        return Dropped(NOT_PUBLIC)
    other = status.retweeted_status or status.quoted_status
    whole = status.retweeted_status or status  # what a repost says stands there uncut
    entities = _entities(whole)
    media = _media(whole)
    mentions = entities.user_mentions or []
    created = v1_time(status.created_at)
    return Post(
        source="x",
        format="x-v1",
        post_id=post_id,
        created_at=from_snowflake(post_id) if created is None else created,
        kind=_kind(status),
        text=html.unescape(text) if "&" in text else text,
        lang=status.lang,
        author_id=user.id_str,
        author_handle=user.screen_name,
        author_location=user.location or None,
        author_created_at=v1_time(user.created_at),
        author_followers=user.followers_count,
        reply_to_id=status.in_reply_to_status_id_str,
        reply_to_author_id=status.in_reply_to_user_id_str,
        refers_to_id=_id(other) if other else status.quoted_status_id_str,
        refers_to_author_id=other.user.id_str if other and other.user else None,
        mention_ids=[mention.id_str for mention in mentions],
        mention_handles=[mention.screen_name for mention in mentions],
        hashtags=[tag.text for tag in entities.hashtags or ()],
        urls=[link for url in entities.urls or () if (link := url.expanded_url or url.url)],
        media_kinds=[_MEDIA.get(item.type or "", "other") for item in media],
        media_alts=[item.ext_alt_text for item in media if item.ext_alt_text],
        reposts=status.retweet_count,
        replies=status.reply_count,
        likes=status.favorite_count,
        quotes=status.quote_count,
        client=_TAG.sub("", status.source) if status.source else None,
        is_sensitive=status.possibly_sensitive,
        **_geo(status),
    )


def _kind(status: _Status) -> str:
    if status.retweeted_status is not None:
        return "repost"
    if status.quoted_status is not None or status.quoted_status_id_str is not None:
        return "quote"
    return "original" if status.in_reply_to_user_id_str is None else "reply"


def _text(status: _Status) -> str | None:
    whole = status.retweeted_status or status
    if whole.extended_tweet is not None:
        return whole.extended_tweet.full_text
    found = whole.full_text if whole.full_text is not None else whole.text
    return found if found is not None else status.full_text or status.text


def _entities(status: _Status) -> _Entities:
    return (
        (status.extended_tweet and status.extended_tweet.entities) or status.entities or _Entities()
    )


def _media(status: _Status) -> list[_Media]:
    extended = status.extended_entities
    if status.extended_tweet is not None and status.extended_tweet.extended_entities is not None:
        extended = status.extended_tweet.extended_entities
    return (extended or _entities(status)).media or []


def _geo(status: _Status) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if status.coordinates and status.coordinates.coordinates:
        found["longitude"], found["latitude"] = _pair(status.coordinates.coordinates)
    elif status.geo and status.geo.coordinates:
        found["latitude"], found["longitude"] = _pair(status.geo.coordinates)
    place = status.place
    if place is not None:
        found |= {
            "place_name": place.full_name,
            "place_kind": place.place_type,
            "place_country": place.country_code or None,
            "place_box": _box(place.bounding_box),
        }
    return found


def _pair(numbers: list[float]) -> tuple[float, float] | tuple[None, None]:
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (None, None)


def _box(ring: _Ring | None) -> list[float] | None:
    corners = ring.coordinates[0] if ring and ring.coordinates else []
    if not corners or any(len(corner) != 2 for corner in corners):
        return None
    x, y = zip(*corners, strict=True)
    return [min(x), min(y), max(x), max(y)]
