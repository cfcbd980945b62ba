"""Synthetic posts of X in its four formats, with planted identifiers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from inundate.cli.privacy_bench.archives import Archives

__all__ = ["x_academic", "x_twarc", "x_v1", "x_v2"]


def _x_user(person: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": person["id"], "username": person["handle"], "name": person["name"],
        "description": person["bio"], "location": person["location"], "url": person["link"],
        "profile_image_url": person["avatar"], "pinned_tweet_id": person["pinned"],
        "created_at": person["created"], "protected": False, "verified": False,
        "public_metrics": {"followers_count": person["followers"]},
    }  # fmt: skip


def _x_post(a: Archives, *, tells: bool = True) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make a post; a name without @ is planted only where the file tells that it is a handle."""
    s = a.secrets
    made, author, time = a.begin("x")
    other = a.other("x")
    quoted = s.number("quoted post", 18)
    bare = f"{author['handle']} #{other['handle']}" if tells else ""
    link = f"https://twitter.com/{other['handle']}/status/{quoted}/photo/1"
    post = {
        "id": made, "text": f"@{other['handle']} {a.text(raw=False)} {bare}",
        "created_at": time, "author_id": author["id"],
        "conversation_id": s.number("conversation", 18), "in_reply_to_user_id": other["id"],
        "lang": "en", "source": s.word("rare client", 12), "possibly_sensitive": False,
        "edit_history_tweet_ids": [made, s.number("earlier version", 18)],
        "referenced_tweets": [{"type": "quoted", "id": quoted},
                              {"type": "replied_to", "id": s.number("answered post", 18)}],
        "public_metrics": {"like_count": int(s.number("exact likes", 6))},
        "withheld": {"country_codes": [s.word("withheld")]},
        "context_annotations": [{"entity": {"name": s.word("guess of the platform", 12)}}],
        "entities": {
            "urls": [{"url": "https://t.co/" + s.word("short link"), "expanded_url": link,
                      "display_url": f"x.com/{other['handle']}", "start": 3, "end": 26,
                      "unwound_url": link, "title": s.word("preview", 12)}],
            "hashtags": [{"tag": "flood"}, {"tag": other["handle"]}, {"tag": s.word("rare tag")}],
            "mentions": [{"username": other["handle"], "id": other["id"], "start": 0, "end": 9}],
        },
        "attachments": {"media_keys": [s.number("media key", 16)],
                        "poll_ids": [s.number("poll id", 16)]},
        "geo": {"place_id": s.word("place id", 12), "coordinates": _point(a)},
    }  # fmt: skip
    return post, [author, other]


def _point(a: Archives) -> dict[str, Any]:
    first, second = (a.secrets.number("exact place", 7) for _ in "ab")
    return {"type": "Point", "coordinates": [float(f"-0.{first}"), float(f"53.{second}")]}


def _x_media(a: Archives, key: str) -> dict[str, Any]:
    return {"media_key": key, "type": "photo", "alt_text": a.text(),
            "url": f"https://pbs.example.com/{a.secrets.word('media link', 16)}.jpg"}  # fmt: skip


def _x_poll(a: Archives, key: str) -> dict[str, Any]:
    return {"id": key, "options": [{"position": 1, "label": a.text()}]}


def _x_place(a: Archives, key: str) -> dict[str, Any]:
    full = f"{a.secrets.word('name of a place', 12)}, England"
    return {"id": key, "full_name": full, "country_code": "GB", "place_type": "poi",
            "geo": {"bbox": [-0.31, 53.71, -0.3, 53.72]}}  # fmt: skip


def x_v2(a: Archives, number: int) -> Iterator[str]:
    """Make lines of X API v2 pages."""
    per = 25
    for start in range(0, number, per):
        posts, media, polls, places = [], [], [], []
        people: dict[str, Any] = {}
        for _ in range(min(per, number - start)):
            post, known = _x_post(a)
            posts.append(post)
            people |= {one["id"]: _x_user(one) for one in known}
            media += [_x_media(a, key) for key in post["attachments"]["media_keys"]]
            polls += [_x_poll(a, key) for key in post["attachments"]["poll_ids"]]
            places.append(_x_place(a, post["geo"]["place_id"]))
        includes = {
            "users": list(people.values()),
            "media": media,
            "polls": polls,
            "places": places,
        }
        yield json.dumps(a.unknown({"data": posts, "includes": includes, "meta": {}}))


def x_twarc(a: Archives, number: int) -> Iterator[str]:
    """Make lines of flattened X API v2."""
    for _ in range(number):
        post, (author, other) = _x_post(a)
        attached = post["attachments"]
        attached["media"] = [_x_media(a, key) for key in attached["media_keys"]]
        attached["poll"] = _x_poll(a, attached["poll_ids"][0])
        post["geo"] |= _x_place(a, post["geo"]["place_id"])
        post["referenced_tweets"][0] |= {"text": a.text(), "author_id": other["id"],
                                         "author": _x_user(other)}  # fmt: skip
        yield json.dumps(a.unknown(post | {"author": _x_user(author)}))


def x_academic(a: Archives, number: int) -> Iterator[str]:
    """Make lines of the original's JSON lines."""
    for _ in range(number):
        post, (_, other) = _x_post(a, tells=False)
        post["entities"]["mentions"] = [other["handle"]]  # the original's own hashes are no ids
        yield json.dumps(a.unknown(post))


def x_v1(a: Archives, number: int) -> Iterator[str]:
    """Make lines of interface 1.1 of X."""
    s = a.secrets
    for _ in range(number):
        made, author, time = a.begin("x")
        other = a.other("x")
        shown = datetime.fromisoformat(time).strftime("%a %b %d %H:%M:%S +0000 %Y")
        user, second = (
            {
                "id_str": one["id"], "screen_name": one["handle"], "name": one["name"],
                "description": one["bio"], "location": one["location"], "url": one["link"],
                "profile_image_url_https": one["avatar"], "followers_count": one["followers"],
                "created_at": shown, "protected": False,
            }
            for one in (author, other)
        )  # fmt: skip
        quoted = {"id_str": s.number("quoted post", 18), "full_text": a.text(), "user": second,
                  "created_at": shown}  # fmt: skip
        yield json.dumps(a.unknown({
            "id_str": made, "created_at": shown,
            "full_text": f"@{other['handle']} {a.text(raw=False)}",
            "user": user, "lang": "en", "source": f"<a href='x'>{s.word('rare client', 12)}</a>",
            "in_reply_to_status_id_str": s.number("answered post", 18),
            "in_reply_to_user_id_str": other["id"], "in_reply_to_screen_name": other["handle"],
            "is_quote_status": True, "quoted_status": quoted, "display_text_range": [10, 80],
            "coordinates": _point(a),
            "entities": {
                "hashtags": [{"text": "flood"}, {"text": other["handle"]}],
                "user_mentions": [{"screen_name": other["handle"], "id_str": other["id"],
                                   "name": other["name"], "indices": [0, 10]}],
                "urls": [{"expanded_url": f"https://x.com/{other['handle']}/status/1",
                          "display_url": f"x.com/{other['handle']}", "url": "https://t.co/x"}],
                "media": [{"media_url_https": author["avatar"], "type": "photo",
                           "ext_alt_text": a.text()}],
            },
        }))  # fmt: skip
