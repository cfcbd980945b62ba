"""One post: every field, what it holds, and what becomes of it when names are taken away.

:class:`Post` is the single truth for both kinds of store. Its annotations give each field's
Arrow type and fate, and the columns of the pseudonymised store that are made of it;
:data:`NEVER_STORED` lists what importers do not even read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_type_hints

import msgspec
import pyarrow as pa

__all__ = [
    "FIELDS",
    "KINDS",
    "NEVER_STORED",
    "POSTS",
    "POSTS_RAW",
    "RAW_SCHEMA",
    "SAFE_SCHEMA",
    "SCHEMA_VERSION",
    "SOURCES",
    "Fate",
    "Field",
    "Post",
    "to_posts",
    "to_table",
]

SCHEMA_VERSION = 1
POSTS_RAW = "posts-raw"  # kind of a store with names, ids and places in clear
POSTS = "posts"  # kind of a store that later stages open
SOURCES = ("bluesky", "mastodon", "other", "reddit", "x")
KINDS = ("original", "quote", "reply", "repost")

Fate = Literal["kept", "coarsened", "pseudonymised", "scrubbed", "dropped"]

_TEXT, _TIME, _TEXTS = pa.string(), pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
_BIN, _COUNT = pa.timestamp("ms", tz="UTC"), pa.int64()  # Parquet knows no seconds


@dataclass(frozen=True)
class Field:
    """What a field of a post is, and what is left of it.

    Parameters
    ----------
    arrow : DataType
        Type in a raw store.
    fate : str
        ``kept`` as it is; ``coarsened`` to bins or a grid; ``pseudonymised`` by a keyed token;
        ``scrubbed``: text without names, numbers and links; ``dropped`` in whole.
    becomes : tuple of (str, DataType)
        Columns of the pseudonymised store that are made of this field alone or first.
    doc : str
        Meaning and unit.
    """

    arrow: pa.DataType
    fate: Fate
    becomes: tuple[tuple[str, pa.DataType], ...]
    doc: str


def _kept(name: str, arrow: pa.DataType, doc: str) -> Field:
    return Field(arrow, "kept", ((name, arrow),), doc)


def _token(name: str, doc: str) -> Field:
    return Field(_TEXT, "pseudonymised", ((name, _TEXT),), doc)


def _binned(name: str, doc: str) -> Field:
    return Field(_COUNT, "coarsened", ((name, pa.int64()),), doc)


def _dropped(arrow: pa.DataType, doc: str) -> Field:
    return Field(arrow, "dropped", (), doc)


class Post(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One post as a platform gave it, in the units and names of this package.

    Times are microseconds since 1970 in UTC, ids are text. Two posts are the same when ``source``
    and ``uri``, or without one ``post_id``, are. What a platform did not say is None, never 0 or
    an empty text.
    """

    source: Annotated[str, _kept("source", _TEXT, "platform, one of SOURCES")]
    format: Annotated[str, _kept("format", _TEXT, "format of the file it was imported from")]
    post_id: Annotated[str, _token("post", "the platform's id of the post")]
    uri: Annotated[
        str | None,
        _dropped(_TEXT, "name of the post that all servers share; finds its copies (Mastodon)"),
    ] = None
    created_at: Annotated[
        int | None,
        Field(_TIME, "coarsened", (("created_bin", _BIN),), "time that the author's side states"),
    ] = None
    server_time: Annotated[
        int | None,
        Field(
            _TIME,
            "coarsened",
            (("server_bin", _BIN),),
            "time at which the server saw it, where that is another (Bluesky)",
        ),
    ] = None
    collected_at: Annotated[
        int | None,
        Field(
            _TIME,
            "coarsened",
            (("collected_day", _BIN),),
            "time of retrieval as the file states it",
        ),
    ] = None
    kind: Annotated[str, _kept("kind", _TEXT, "one of KINDS; a quote in a reply is a quote")] = (
        "original"
    )
    text: Annotated[
        str, Field(_TEXT, "scrubbed", (("text", _TEXT),), "whole text, plain, markup removed")
    ] = ""
    title: Annotated[
        str | None,
        Field(_TEXT, "scrubbed", (("title", _TEXT),), "title, subject or content warning"),
    ] = None
    lang: Annotated[
        str | None,
        Field(_TEXT, "coarsened", (("lang", _TEXT),), "language as the platform states it"),
    ] = None
    author_id: Annotated[str | None, _token("author", "the platform's id of the author")] = None
    author_handle: Annotated[
        str | None, _dropped(_TEXT, "handle without @; serves to find the author in texts")
    ] = None
    author_location: Annotated[
        str | None, _dropped(_TEXT, "place that the profile names; may be geoparsed before")
    ] = None
    author_created_at: Annotated[
        int | None,
        Field(
            _TIME, "coarsened", (("author_year", pa.int64()),), "time at which the account was made"
        ),
    ] = None
    author_followers: Annotated[
        int | None, _binned("author_followers_bin", "followers of the author")
    ] = None
    author_is_bot: Annotated[
        bool | None, _kept("author_is_bot", pa.bool_(), "whether the account says it is a robot")
    ] = None
    conversation_id: Annotated[str | None, _token("conversation", "first post of the thread")] = (
        None
    )
    reply_to_id: Annotated[str | None, _token("reply_to", "post that this one answers")] = None
    reply_to_author_id: Annotated[
        str | None, _token("reply_to_author", "author of the post that this one answers")
    ] = None
    refers_to_id: Annotated[
        str | None, _token("refers_to", "post that this one quotes or repeats")
    ] = None
    refers_to_author_id: Annotated[
        str | None, _token("refers_to_author", "author of the post that is quoted or repeated")
    ] = None
    mention_ids: Annotated[
        list[str | None],
        Field(
            _TEXTS,
            "pseudonymised",
            (("mentions", _TEXTS),),
            "ids of accounts mentioned, None where unknown",
        ),
    ] = []
    mention_handles: Annotated[
        list[str | None], _dropped(_TEXTS, "their handles, in the same order")
    ] = []
    hashtags: Annotated[
        list[str],
        Field(_TEXTS, "coarsened", (("hashtags", _TEXTS),), "without #; rare ones are removed"),
    ] = []
    urls: Annotated[
        list[str],
        Field(_TEXTS, "coarsened", (("domains", _TEXTS),), "links, expanded where known"),
    ] = []
    media_kinds: Annotated[
        list[str], _kept("media_kinds", _TEXTS, "photo, video, gif, audio or other")
    ] = []
    media_alts: Annotated[
        list[str],
        Field(_TEXTS, "scrubbed", (("media_alts", _TEXTS),), "descriptions of media by the author"),
    ] = []
    poll_options: Annotated[
        list[str],
        Field(_TEXTS, "scrubbed", (("poll_options", _TEXTS),), "choices of a poll"),
    ] = []
    latitude: Annotated[
        float | None,
        Field(
            pa.float64(),
            "coarsened",
            (("latitude", pa.float64()), ("geo_cell_degrees", pa.float64())),
            "of a point, degrees north, WGS 84",
        ),
    ] = None
    longitude: Annotated[
        float | None,
        Field(
            pa.float64(),
            "coarsened",
            (("longitude", pa.float64()),),
            "of a point, degrees east, WGS 84",
        ),
    ] = None
    place_name: Annotated[
        str | None, _dropped(_TEXT, "place that the post is tagged with, down to an address")
    ] = None
    place_kind: Annotated[
        str | None, _kept("place_kind", _TEXT, "poi, neighborhood, city, admin, country")
    ] = None
    place_country: Annotated[
        str | None,
        Field(_TEXT, "coarsened", (("place_country", _TEXT),), "two letters, ISO 3166"),
    ] = None
    place_box: Annotated[
        list[float] | None,
        _dropped(
            pa.list_(pa.float64()),
            "west, south, east, north of the place in degrees; its centre stands in for a point",
        ),
    ] = None
    reposts: Annotated[int | None, _binned("reposts_bin", "times repeated")] = None
    replies: Annotated[int | None, _binned("replies_bin", "times answered")] = None
    likes: Annotated[int | None, _binned("likes_bin", "times liked; score on Reddit")] = None
    quotes: Annotated[int | None, _binned("quotes_bin", "times quoted")] = None
    views: Annotated[int | None, _binned("views_bin", "times shown")] = None
    client: Annotated[
        str | None,
        Field(_TEXT, "coarsened", (("client", _TEXT),), "programme that the author used"),
    ] = None
    community: Annotated[
        str | None,
        Field(_TEXT, "coarsened", (("community", _TEXT),), "subreddit, or host of the server"),
    ] = None
    is_sensitive: Annotated[
        bool | None, _kept("is_sensitive", pa.bool_(), "whether marked as sensitive")
    ] = None
    is_edited: Annotated[
        bool | None, _kept("is_edited", pa.bool_(), "whether edited after posting")
    ] = None
    event: Annotated[
        str | None, _kept("event", _TEXT, "flood or other event that the import was told")
    ] = None
    label_names: Annotated[
        list[str], _kept("label_names", _TEXTS, "what people have judged, such as relevance")
    ] = []
    label_values: Annotated[
        list[str], _kept("label_values", _TEXTS, "their judgements, in the same order")
    ] = []


def _fields() -> dict[str, Field]:
    hints = get_type_hints(Post, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Post.__struct_fields__}


FIELDS: dict[str, Field] = _fields()
RAW_SCHEMA = pa.schema([(name, field.arrow) for name, field in FIELDS.items()])
SAFE_SCHEMA = pa.schema([column for field in FIELDS.values() for column in field.becomes])

NEVER_STORED = (
    ("author's display name", "says who it is, and serves no analysis"),
    ("biography, profile, banner and avatar links", "as above"),
    ("pinned post, lists, verification", "as above"),
    ("media links, keys, sizes and files", "show faces, and a link leads to the author"),
    ("link previews, cards and their pictures", "not the author's words"),
    ("offsets of handles, links and tags in the text", "tell the length of what was removed"),
    ("edit history", "ids of earlier versions; that a post was edited is kept"),
    ("context annotations", "a platform's guess, which names persons, politics and faith"),
    ("withholding by country", "serves no analysis"),
    ("signatures, cryptographic ids, facets", "find the post again"),
    ("everything that a platform adds later", "only known fields are read"),
)


def to_table(posts: Sequence[Post]) -> pa.Table:
    """Make an Arrow table with the columns of a raw store.

    Parameters
    ----------
    posts : sequence of Post

    Returns
    -------
    Table
        One row a post, :data:`RAW_SCHEMA`.

    Examples
    --------
    >>> to_table([Post(source="x", format="x-v2", post_id="1", text="rain")]).num_rows
    1
    """
    columns = zip(*map(msgspec.structs.astuple, posts), strict=True) if posts else ()
    rows: Iterable[Sequence[object]] = columns or [()] * len(FIELDS)
    arrays = [
        pa.array(column, type=field.arrow)
        for column, field in zip(rows, FIELDS.values(), strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=RAW_SCHEMA)


def to_posts(table: pa.Table) -> list[Post]:
    """Make posts of a table with :data:`RAW_SCHEMA`; the inverse of :func:`to_table`.

    Examples
    --------
    >>> post = Post(source="x", format="x-v2", post_id="1", created_at=1_371_800_000_000_000)
    >>> to_posts(to_table([post])) == [post]
    True
    """
    columns = [
        (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        for column in (table[name] for name in FIELDS)
    ]
    return [Post(**dict(zip(FIELDS, row, strict=True))) for row in zip(*columns, strict=True)]
