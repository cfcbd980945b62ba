"""X API v2: pages with includes, one post a line as twarc2 flattens them, the original's lines.

A repost's own text is cut by the platform: the whole one is taken from what the page includes.
Posts that are included as context alone are read for that, and are not counted as collected.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from inundate.posts.importers.record import (
    NOT_PUBLIC,
    UNREADABLE,
    Broken,
    Dropped,
    Item,
    decode_error,
)
from inundate.posts.importers.times import from_snowflake, iso_time
from inundate.posts.importers.x_wire import (
    Attachments,
    Count,
    Entities,
    Geo,
    Includes,
    Media,
    Mention,
    Page,
    Place,
    Poll,
    Reference,
    Struct,
    Twarc,
    Tweet,
    User,
)
from inundate.posts.schema import Post

__all__ = ["XV2", "XAcademic", "XTwarc"]

_KINDS = {"retweeted": "repost", "quoted": "quote", "replied_to": "reply"}
_ORDER = ("retweeted", "quoted", "replied_to")  # a quote in a reply is a quote
_MEDIA = {"photo": "photo", "video": "video", "animated_gif": "gif"}


class _RawPage(Struct):
    data: msgspec.Raw = msgspec.Raw(b"[]")
    includes: dict[str, msgspec.Raw] | None = None
    twarc: msgspec.Raw = msgspec.field(name="__twarc", default=msgspec.Raw(b"{}"))


_page = msgspec.json.Decoder(Page)
_raw_page = msgspec.json.Decoder(_RawPage)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_twarc = msgspec.json.Decoder(Twarc)
_tweet = msgspec.json.Decoder(Tweet)
_INCLUDED: dict[str, Any] = {
    "users": msgspec.json.Decoder(User),
    "tweets": _tweet,
    "media": msgspec.json.Decoder(Media),
    "places": msgspec.json.Decoder(Place),
    "polls": msgspec.json.Decoder(Poll),
}


class _Context:
    """What a page includes, by id."""

    def __init__(self, includes: Includes | None, collected: str | None) -> None:
        found = includes or Includes()
        self.users = {user.id: user for user in found.users or ()}
        self.tweets = {tweet.id: tweet for tweet in found.tweets or ()}
        self.media = {item.media_key: item for item in found.media or ()}
        self.places = {place.id: place for place in found.places or ()}
        self.polls = {poll.id: poll for poll in found.polls or ()}
        self.collected_at = iso_time(collected)


class XV2:
    """Pages of X API v2, one a line; also what the filtered stream sends."""

    name = "x-v2"

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        try:
            page = _page.decode(record)
        except msgspec.ValidationError:
            return self._one_by_one(record)
        if page.data is None:  # a search without results
            is_page = bytes(page.meta) or bytes(page.errors)
            return () if is_page else (Broken("unexpected content: neither data nor meta", record),)
        context = _Context(page.includes, page.twarc.retrieved_at if page.twarc else None)
        tweets = page.data if isinstance(page.data, list) else [page.data]
        return [_item(tweet, context, self.name) for tweet in tweets]

    def _one_by_one(self, record: bytes) -> Iterator[Item]:
        """Save what is good of a page that holds something unexpected."""
        page = _raw_page.decode(record)
        includes: dict[str, list[Any]] = {}
        for kind, items in (page.includes or {}).items():
            if kind in _INCLUDED:
                decoded = (_or_none(_INCLUDED[kind], item) for item in _list(items))
                includes[kind] = [item for item in decoded if item is not None]
        twarc = _or_none(_twarc, page.twarc)
        context = _Context(Includes(**includes), twarc.retrieved_at if twarc else None)
        for raw in _list(page.data):
            try:
                tweet = _tweet.decode(raw)
            except UNREADABLE as error:
                yield Broken(decode_error(error), bytes(raw))
            else:
                yield _item(tweet, context, self.name)


def _list(raw: msgspec.Raw) -> list[msgspec.Raw]:
    return _raws.decode(raw) if bytes(raw).lstrip().startswith(b"[") else [raw]


def _or_none(decoder: Any, raw: msgspec.Raw) -> Any:
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        return None


class XTwarc:
    """Posts of X API v2 one a line, with the author inside: ``twarc2 flatten``."""

    name = "x-twarc"

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        tweet = _tweet.decode(record)
        context = _Context(None, tweet.twarc.retrieved_at if tweet.twarc else None)
        return (_item(tweet, context, self.name),)


class XAcademic(XTwarc):
    """``tweets.jsonl`` of the twitter-academic-downloader, as collected or as it anonymises."""

    name = "x-academic"


def _item(tweet: Tweet, context: _Context, name: str) -> Item:
    try:
        return _post(tweet, context, name)
    except ValueError as error:  # a time
        return Broken(decode_error(error), msgspec.json.encode(tweet))


def _post(tweet: Tweet, context: _Context, name: str) -> Item:
    author = tweet.author or context.users.get(tweet.author_id or "")
    if author is not None and author.protected:
        return Dropped(NOT_PUBLIC)
    reference, kind, refers = None, "original", None
    if tweet.referenced_tweets:
        reference = _reference(tweet)
        kind = _KINDS.get(reference.type, kind) if reference else kind
        refers = reference if kind in ("quote", "repost") else None
    if reference is None and tweet.in_reply_to_user_id is not None:
        kind = "reply"
    shown = _shown(tweet, reference, context)
    text = (shown.note_tweet and shown.note_tweet.text) or shown.text or tweet.text
    count, entities = tweet.public_metrics or _NO_COUNT, shown.entities or _NO_ENTITIES
    ids, handles = _mentions(entities.mentions) if entities.mentions else ([], [])
    media = _media_of(shown.attachments, context) if shown.attachments else ()
    edits = tweet.edit_history_tweet_ids
    created = iso_time(tweet.created_at)
    return Post(
        source="x",
        format=name,
        post_id=tweet.id,
        created_at=from_snowflake(tweet.id) if created is None else created,
        collected_at=context.collected_at,
        kind=kind,
        text=html.unescape(text) if "&" in text else text,
        lang=tweet.lang,
        author_id=tweet.author_id or (author.id if author else None),
        conversation_id=tweet.conversation_id,
        reply_to_id=_answered(tweet) if reference else None,
        reply_to_author_id=tweet.in_reply_to_user_id,
        refers_to_id=refers.id if refers else None,
        refers_to_author_id=(context.tweets.get(refers.id) or refers).author_id if refers else None,
        mention_ids=ids,
        mention_handles=handles,
        hashtags=[tag.tag for tag in entities.hashtags or ()],
        urls=[
            link
            for url in entities.urls or ()
            if not url.media_key and (link := url.unwound_url or url.expanded_url or url.url)
        ],
        media_kinds=[_MEDIA.get(item.type or "", "other") for item in media] if media else [],
        media_alts=[item.alt_text for item in media if item.alt_text] if media else [],
        poll_options=_poll_of(shown.attachments, context) if shown.attachments else [],
        reposts=count.retweet_count,
        replies=count.reply_count,
        likes=count.like_count,
        quotes=count.quote_count,
        views=count.impression_count,
        client=tweet.source,
        is_sensitive=tweet.possibly_sensitive,
        is_edited=len(edits) > 1 if edits else None,
        **_author_of(author),
        **_geo_of(tweet.geo, context),
    )


_NO_COUNT, _NO_ENTITIES = Count(), Entities()
_NOTHING: dict[str, Any] = {}


def _reference(tweet: Tweet) -> Reference | None:
    """Give the reference that makes the kind of a post."""
    by_type = {reference.type: reference for reference in tweet.referenced_tweets or ()}
    return next((by_type[name] for name in _ORDER if name in by_type), None)


def _shown(tweet: Tweet, reference: Reference | None, context: _Context) -> Tweet | Reference:
    """Give whose text, links and media a post shows: of a repost, those of what is reposted."""
    if reference is None or reference.type != "retweeted":
        return tweet
    other = context.tweets.get(reference.id) or reference
    return tweet if other.text is None else other


def _answered(tweet: Tweet) -> str | None:
    found = (one.id for one in tweet.referenced_tweets or () if one.type == "replied_to")
    return next(found, None)


def _mentions(mentions: list[Mention | str]) -> tuple[list[str | None], list[str | None]]:
    ids: list[str | None] = []
    handles: list[str | None] = []
    for mention in mentions:
        known = (mention, None) if isinstance(mention, str) else (mention.id, mention.username)
        ids.append(known[0])
        handles.append(known[1])
    return ids, handles


def _media_of(attachments: Attachments, context: _Context) -> list[Media]:
    if attachments.media is not None:
        return attachments.media
    return [context.media.get(key) or Media() for key in attachments.media_keys or ()]


def _poll_of(attachments: Attachments, context: _Context) -> list[str]:
    polls = [attachments.poll] + [context.polls.get(key) for key in attachments.poll_ids or ()]
    return [option.label for poll in polls if poll for option in poll.options or ()]


def _author_of(author: User | None) -> dict[str, Any]:
    if author is None:
        return _NOTHING
    return {
        "author_handle": author.username,
        "author_location": author.location,
        "author_created_at": iso_time(author.created_at),
        "author_followers": author.public_metrics and author.public_metrics.followers_count,
    }


def _geo_of(geo: Geo | None, context: _Context) -> dict[str, Any]:
    if geo is None:
        return _NOTHING
    place = context.places.get(geo.place_id) or geo
    point = geo.coordinates.coordinates if geo.coordinates else None
    has_point = point is not None and len(point) == 2
    box = place.geo.bbox if place.geo else None
    return {
        "longitude": point[0] if point and has_point else None,
        "latitude": point[1] if point and has_point else None,
        "place_name": place.full_name,
        "place_kind": place.place_type,
        "place_country": place.country_code,
        "place_box": box if box and len(box) == 4 else None,
    }
