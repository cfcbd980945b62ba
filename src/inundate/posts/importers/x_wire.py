"""The objects of X API v2, as far as they are read."""

from __future__ import annotations

import msgspec

from inundate.posts.importers.record import Whole

__all__ = [
    "Attachments",
    "Box",
    "Count",
    "Entities",
    "Geo",
    "Includes",
    "Media",
    "Mention",
    "Note",
    "Option",
    "Page",
    "Place",
    "Point",
    "Poll",
    "Reference",
    "Struct",
    "Tag",
    "Twarc",
    "Tweet",
    "Url",
    "User",
]


class Struct(msgspec.Struct, gc=False):
    """Only these fields are read; all others are skipped without being looked at."""


class Url(Struct):
    """A link."""

    url: str | None = None
    expanded_url: str | None = None
    unwound_url: str | None = None
    media_key: str | None = None


class Tag(Struct):
    """A hashtag."""

    tag: str


class Mention(Struct):
    """An account that is mentioned."""

    username: str | None = None
    id: str | None = None


class Entities(Struct):
    """What a text holds."""

    urls: list[Url] | None = None
    hashtags: list[Tag] | None = None
    mentions: list[Mention | str] | None = None  # texts: the original's hashes


class Count(Struct):
    """Public counts of a post or a user."""

    retweet_count: Whole | None = None
    reply_count: Whole | None = None
    like_count: Whole | None = None
    quote_count: Whole | None = None
    impression_count: Whole | None = None
    followers_count: Whole | None = None


class User(Struct):
    """An author."""

    id: str
    username: str | None = None
    location: str | None = None
    created_at: str | None = None
    protected: bool | None = None
    public_metrics: Count | None = None


class Media(Struct):
    """A picture or film."""

    media_key: str | None = None
    type: str | None = None
    alt_text: str | None = None


class Option(Struct):
    """A choice of a poll."""

    label: str


class Poll(Struct):
    """A poll."""

    id: str | None = None
    options: list[Option] | None = None


class Box(Struct):
    """Bounds of a place."""

    bbox: list[float] | None = None


class Point(Struct):
    """Longitude and latitude."""

    coordinates: list[float] | None = None


class Place(Struct):
    """A place."""

    id: str | None = None
    full_name: str | None = None
    place_type: str | None = None
    country_code: str | None = None
    geo: Box | None = None


class Geo(Place):
    """Where a post is from; a whole place in flattened lines."""

    place_id: str | None = None
    coordinates: Point | None = None


class Attachments(Struct):
    """Media and polls."""

    media_keys: list[str] | None = None
    poll_ids: list[str] | None = None
    media: list[Media] | None = None
    poll: Poll | None = None


class Note(Struct):
    """The whole text of a long post."""

    text: str | None = None


class Reference(Struct):
    """A post that is referred to; whole in flattened lines."""

    id: str
    type: str
    text: str | None = None  # from here on only in flattened lines
    note_tweet: Note | None = None
    author_id: str | None = None
    entities: Entities | None = None
    attachments: Attachments | None = None


class Twarc(Struct):
    """What twarc adds."""

    retrieved_at: str | None = None


class Tweet(Struct):
    """A post."""

    id: str
    text: str
    created_at: str | None = None
    author_id: str | None = None
    conversation_id: str | None = None
    in_reply_to_user_id: str | None = None
    referenced_tweets: list[Reference] | None = None
    edit_history_tweet_ids: list[str] | None = None
    note_tweet: Note | None = None
    lang: str | None = None
    possibly_sensitive: bool | None = None
    source: str | None = None
    public_metrics: Count | None = None
    entities: Entities | None = None
    attachments: Attachments | None = None
    geo: Geo | None = None
    author: User | None = None
    twarc: Twarc | None = msgspec.field(name="__twarc", default=None)


class Includes(Struct):
    """Context of a page."""

    users: list[User] | None = None
    tweets: list[Tweet] | None = None
    media: list[Media] | None = None
    places: list[Place] | None = None
    polls: list[Poll] | None = None


class Page(Struct):
    """A page of posts, or one post with context."""

    data: list[Tweet] | Tweet | None = None
    includes: Includes | None = None
    meta: msgspec.Raw = msgspec.Raw(b"")
    errors: msgspec.Raw = msgspec.Raw(b"")
    twarc: Twarc | None = msgspec.field(name="__twarc", default=None)
