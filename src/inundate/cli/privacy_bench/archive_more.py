"""Synthetic posts of other platforms and in tables, with planted identifiers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from inundate.cli.privacy_bench.archives import Archives, Truth

__all__ = [
    "bluesky",
    "communalytic_row",
    "fourcat_row",
    "mastodon",
    "reddit",
    "t6_row",
    "table",
]


def mastodon(a: Archives, number: int) -> Iterator[str]:
    """Make lines of statuses of Mastodon."""
    s = a.secrets
    for _ in range(number):
        made, author, time = a.begin("mastodon")
        other = a.other("mastodon")
        page = f"https://{author['host']}/@{author['handle']}"
        yield json.dumps(a.unknown({
            "id": made, "uri": f"{page}/{made}", "url": f"{page}/{made}", "created_at": time,
            "account": {"id": author["id"], "acct": author["handle"], "username": author["handle"],
                        "url": page, "display_name": author["name"], "note": author["bio"],
                        "avatar": author["avatar"], "created_at": author["created"],
                        "followers_count": author["followers"], "bot": False,
                        "discoverable": True, "indexable": True, "locked": False,
                        "fields": [{"name": "link", "value": author["link"]}]},
            "content": f"<p><span class='h-card'><a href='https://{other['host']}/"
            f"@{other['handle']}' class='u-url mention'>@<span>{other['handle']}</span></a></span> "
            f"{a.text(raw=False)}</p>",
            "spoiler_text": a.text(), "sensitive": True, "visibility": "public", "language": "en",
            "in_reply_to_id": s.number("answered post", 18), "in_reply_to_account_id": other["id"],
            "mentions": [{"id": other["id"], "username": other["handle"], "acct":
                          f"{other['handle']}@{other['host']}",
                          "url": f"https://{other['host']}/@{other['handle']}"}],
            "tags": [{"name": "flood", "url": f"{page}/tags"}, {"name": other["handle"]}],
            "media_attachments": [{"type": "image", "url": author["avatar"],
                                   "description": a.text(), "id": s.number("media key", 16)}],
            "poll": {"id": s.number("poll id", 16), "options": [{"title": a.text()}]},
            "card": {"url": author["link"], "title": s.word("preview", 12)},
            "application": {"name": s.word("rare client", 12)}, "replies_count": 0,
            "reblogs_count": 0, "favourites_count": int(s.number("exact likes", 6)),
        }))  # fmt: skip


def bluesky(a: Archives, number: int) -> Iterator[str]:
    """Make lines of posts and events of Bluesky."""
    s = a.secrets
    for place in range(number):
        made, author, time = a.begin("bluesky")
        other = a.other("bluesky")
        key = s.word("key of a record", 13)
        start = f"at://{other['id']}/app.bsky.feed.post/{s.word('answered post', 13)}"
        record = {
            "$type": "app.bsky.feed.post", "createdAt": time, "langs": ["en"],
            "text": f"@{other['handle']}.bsky.social {a.text()}",
            "reply": {name: {"uri": start, "cid": s.word("content id", 20)}
                      for name in ("root", "parent")},
            "facets": [{"index": {"byteStart": 0, "byteEnd": 10}, "features": [
                {"$type": "app.bsky.richtext.facet#mention", "did": other["id"]}]},
                {"index": {"byteStart": 12, "byteEnd": 15}, "features": [
                    {"$type": "app.bsky.richtext.facet#link",
                     "uri": f"https://bsky.app/profile/{other['handle']}"}]}],
            "embed": {"$type": "app.bsky.embed.images", "images": [
                {"alt": a.text(), "image": {"ref": {"$link": s.word("content id", 20)}}}]},
            "tags": [other["handle"]],
        }  # fmt: skip
        if place % 2:
            yield json.dumps(a.unknown({
                "uri": f"at://{author['id']}/app.bsky.feed.post/{key}",
                "cid": s.word("content id", 20), "record": record, "indexedAt": time,
                "author": {"did": author["id"], "handle": f"{author['handle']}.bsky.social",
                           "displayName": author["name"], "avatar": author["avatar"]},
                "likeCount": int(s.number("exact likes", 6)),
            }))  # fmt: skip
        else:
            yield json.dumps(a.unknown({
                "did": author["id"], "time_us": int(datetime.fromisoformat(time).timestamp() * 1e6),
                "kind": "commit", "commit": {
                    "operation": "create", "collection": "app.bsky.feed.post", "rkey": key,
                    "rev": s.word("revision", 13), "cid": s.word("content id", 20),
                    "record": record},
            }))  # fmt: skip
        a.truths[-1] = Truth("bluesky", made, author["id"], a.truths[-1].time)


def reddit(a: Archives, number: int) -> Iterator[str]:
    """Make lines of a Reddit dump."""
    s = a.secrets
    for _ in range(number):
        made, author, time = a.begin("reddit", 12)
        other = a.other("reddit")
        yield json.dumps(a.unknown({
            "id": s.word("id of a post", 8), "name": "t3_" + made, "author": author["handle"],
            "author_fullname": "t2_" + s.word("author's id", 8), "subreddit": "flood",
            "created_utc": int(datetime.fromisoformat(time).timestamp()),
            "title": a.text(), "selftext": f"u/{other['handle']} {a.text(raw=False)}",
            "url": f"https://reddit.com/r/flood/comments/{made}/{author['handle']}",
            "permalink": f"/r/flood/comments/{made}/{author['handle']}/",
            "score": int(s.number("exact likes", 6)), "author_flair_text": author["location"],
        }))  # fmt: skip


def table(
    head: list[str], row: Callable[[Archives], list[Any]]
) -> Callable[[Archives, int], Iterator[str]]:
    """Give what makes the lines of a table."""

    def make(a: Archives, number: int) -> Iterator[str]:
        yield _line(head)
        for _ in range(number):
            yield _line(row(a))

    return make


def _line(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def fourcat_row(a: Archives) -> list[Any]:
    """Make a row of a table of 4CAT."""
    made, author, time = a.begin("other")
    return [made, a.secrets.number("conversation", 18), time[:19].replace("T", " "),
            author["handle"], author["name"], a.text(), f"{a.text()}", author["handle"],
            author["avatar"], author["location"]]  # fmt: skip


def t6_row(a: Archives) -> list[Any]:
    """Make a row of a table of CrisisLex."""
    made, _, _ = a.begin("x")
    return [f"'{made}'", a.text(), "on-topic"]


def communalytic_row(a: Archives) -> list[Any]:
    """Make a row of a table of Communalytic."""
    made, author, time = a.begin("x")
    return [made, time, a.text(), author["id"], author["handle"], author["name"],
            a.secrets.word("unknown field", 12)]  # fmt: skip
