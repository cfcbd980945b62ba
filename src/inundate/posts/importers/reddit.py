"""Reddit dumps: submissions and comments, one JSON object a line."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import msgspec

from inundate.posts.importers.record import Broken, Dropped, Item, Whole, decode_error
from inundate.posts.importers.times import Unreadable, from_seconds
from inundate.posts.schema import Post

__all__ = ["Reddit"]

_GONE = {
    "[deleted]": "deleted by the author",
    "[removed]": "removed by a moderator",
    "[ Removed by Reddit ]": "removed by a moderator",
}
_USER = re.compile(r"(?<![\w/])/?u/([A-Za-z0-9_-]{3,20})(?![\w-])")
_LINK = re.compile(r"https?://[^\s<>()\[\]]+")


class _Line(msgspec.Struct, gc=False):
    """Only these fields are read; all others are skipped without being looked at."""

    id: str
    created_utc: float | str
    author: str | None = None
    subreddit: str | None = None
    body: str | None = None
    title: str | None = None
    selftext: str | None = None
    url: str | None = None
    is_self: bool | None = None
    parent_id: str | int | None = None
    link_id: str | None = None
    crosspost_parent: str | None = None
    score: Whole | None = None
    num_comments: Whole | None = None
    over_18: bool | None = None
    edited: bool | float | None = None
    is_video: bool | None = None
    post_hint: str | None = None
    author_created_utc: float | None = None


_line = msgspec.json.Decoder(_Line)


class Reddit:
    """Lines of the monthly dumps and of what tools cut from them.

    On Reddit the name is the account: it stands for the id of the author.
    """

    name = "reddit"

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        line = _line.decode(record)
        text = line.body if line.body is not None else line.selftext
        if line.body is None and line.title is None:
            return (Broken("unexpected content: neither body nor title", record),)
        gone = _GONE.get(text or "") or _GONE.get(line.author or "")
        if gone:
            return (Dropped(gone),)
        try:
            return (_post(line, text or ""),)
        except ValueError as error:
            return (Broken(decode_error(error), record),)


def _post(line: _Line, text: str) -> Post:
    is_comment = line.body is not None
    plain = html.unescape(text) if "&" in text else text
    mentioned = list(dict.fromkeys(_USER.findall(plain)))
    prefix = "t1_" if is_comment else "t3_"
    parent = line.parent_id if isinstance(line.parent_id, str) else None  # old dumps: a number
    crossed = line.crosspost_parent is not None
    return Post(
        source="reddit",
        format="reddit",
        post_id=prefix + line.id,
        created_at=from_seconds(_number(line.created_utc)),
        kind="reply" if is_comment else "repost" if crossed else "original",
        text=plain,
        title=html.unescape(line.title) if line.title else None,
        author_id=line.author,
        author_handle=line.author,
        author_created_at=from_seconds(line.author_created_utc),
        conversation_id=line.link_id if is_comment else prefix + line.id,
        reply_to_id=(parent or line.link_id) if is_comment else None,
        refers_to_id=line.crosspost_parent,
        mention_ids=[*mentioned],
        mention_handles=[*mentioned],
        urls=_links(line, plain, is_comment),
        media_kinds=_media(line),
        replies=line.num_comments,
        likes=line.score,
        community=line.subreddit,
        is_sensitive=line.over_18,
        is_edited=None if line.edited is None else bool(line.edited),
    )


def _number(value: float | str) -> float:
    try:
        return float(value)
    except ValueError:
        raise Unreadable("a time of no known form") from None


def _links(line: _Line, text: str, is_comment: bool) -> list[str]:
    links = _LINK.findall(text)
    if not is_comment and line.is_self is False and line.url:
        links.append(line.url)
    return links


def _media(line: _Line) -> list[str]:
    if line.is_video:
        return ["video"]
    return ["photo"] if line.post_hint == "image" else []
