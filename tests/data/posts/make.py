"""Make one small file of each format of posts, after the public lists of fields.

Nobody in them exists. ``python make.py`` writes the files beside this one; the tests hold what
the importers read against the tables ``X``, ``MASTODON``, ``BLUESKY`` and ``REDDIT``, from which
they are made. Unknown fields stand at every depth, since platforms add some every year.
"""

import csv
import io
import json
from pathlib import Path

HERE = Path(__file__).parent
NEW = {"a_new_field": {"of": ["the platform"]}}

# -- X ------------------------------------------------------------------------------------------

USERS = {
    "2001": {
        "handle": "anna_example", "location": "Hull", "made": "2012-03-04T05:06:07.000Z",
        "followers": 120,
    },
    "2002": {
        "handle": "bob_example", "location": "", "made": "2014-01-02T03:04:05.000Z",
        "followers": 7,
    },
}  # fmt: skip
LONG = "Water in the cellar again & the pump is out. " * 8
X = [
    {
        "post_id": "1204084171334832128", "created_at": "2019-12-09T16:56:26.123Z",
        "kind": "original", "author_id": "2001", "conversation_id": "1204084171334832128",
        "text": "River Hull is up < 2 m & rising @bob_example #flood https://t.co/aaa",
        "lang": "en", "hashtags": ["flood"], "urls": ["https://example.org/news/1"],
        "mention_ids": ["2002"], "mention_handles": ["bob_example"],
        "media_kinds": ["photo", "video"], "media_alts": ["a street under water"],
        "longitude": -0.3367, "latitude": 53.7457, "place_name": "Hull, England",
        "place_kind": "city", "place_country": "GB", "place_box": [-0.43, 53.72, -0.25, 53.81],
        "reposts": 3, "replies": 1, "likes": 9, "quotes": 1, "client": "Example App",
        "is_sensitive": False,
    },
    {
        "post_id": "1204084171334832129", "created_at": "2019-12-09T17:01:00.000Z",
        "kind": "reply", "author_id": "2002", "conversation_id": "1204084171334832128",
        "reply_to_id": "1204084171334832128", "reply_to_author_id": "2001",
        "text": "@anna_example stay safe", "lang": "en", "mention_ids": ["2001"],
        "mention_handles": ["anna_example"], "reposts": 0, "replies": 0, "likes": 1, "quotes": 0,
        "client": "Example App", "is_sensitive": False,
    },
    {
        "post_id": "1204084171334832130", "created_at": "2019-12-09T18:00:00.000Z",
        "kind": "quote", "author_id": "2002", "conversation_id": "1204084171334832130",
        "refers_to_id": "1204084171334832128", "refers_to_author_id": "2001", "text": LONG.strip(),
        "lang": "en", "reposts": 0, "replies": 0, "likes": 0, "quotes": 0,
        "client": "Example App", "is_sensitive": True,
    },
    {
        "post_id": "1204084171334832131", "created_at": "2019-12-10T00:00:01.000Z",
        "kind": "repost", "author_id": "2002", "conversation_id": "1204084171334832131",
        "refers_to_id": "1204084171334832128", "refers_to_author_id": "2001",
        "text": "River Hull is up < 2 m & rising @bob_example #flood https://t.co/aaa",
        "hashtags": ["flood"], "urls": ["https://example.org/news/1"], "mention_ids": ["2002"],
        "mention_handles": ["bob_example"], "media_kinds": ["photo", "video"],
        "media_alts": ["a street under water"], "lang": "en", "reposts": 3, "replies": 0,
        "likes": 0, "quotes": 0, "client": "Example App", "is_sensitive": False,
    },
]  # fmt: skip


def escaped(text):
    """The three characters that X escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def own_text(post):
    """A repost's own text is cut."""
    return f"RT @anna_example: {escaped(post['text'])[:30]}…" if post["kind"] == "repost" else (
        escaped(post["text"])
    )  # fmt: skip


def v2_user(uid):
    user = USERS[uid]
    return {
        "id": uid, "username": user["handle"], "name": "Made Up", "created_at": user["made"],
        "description": "a biography", "location": user["location"], "verified": False,
        "protected": False, "public_metrics": {"followers_count": user["followers"]}, **NEW,
    }  # fmt: skip


MEDIA = [
    {"media_key": "3_1", "type": "photo", "url": "https://pbs.example/1.jpg",
     "alt_text": "a street under water", **NEW},
    {"media_key": "7_1", "type": "video", "preview_image_url": "https://pbs.example/2.jpg"},
]  # fmt: skip
PLACE = {
    "id": "p1", "full_name": "Hull, England", "country_code": "GB", "place_type": "city",
    "geo": {"type": "Feature", "bbox": [-0.43, 53.72, -0.25, 53.81]}, **NEW,
}  # fmt: skip


CONTENT_FIELDS = {
    "hashtags", "urls", "mention_ids", "mention_handles", "media_kinds", "media_alts",
}  # fmt: skip


def v2_tweet(post):
    """A post as X API v2 gives it, without what a page includes."""
    tweet = {
        "id": post["post_id"], "text": own_text(post), "created_at": post["created_at"],
        "author_id": post["author_id"], "conversation_id": post["conversation_id"],
        "lang": post["lang"], "source": post["client"], "reply_settings": "everyone",
        "possibly_sensitive": post["is_sensitive"], "edit_history_tweet_ids": [post["post_id"]],
        "public_metrics": {
            "retweet_count": post["reposts"], "reply_count": post["replies"],
            "like_count": post["likes"], "quote_count": post["quotes"], "impression_count": 50,
        },
        "entities": {}, **NEW,
    }  # fmt: skip
    if len(tweet["text"]) > 280:
        tweet["note_tweet"] = {"text": tweet["text"]}
        tweet["text"] = tweet["text"][:270] + "…"
    if post["kind"] == "repost":  # what is reposted is told in its own place alone
        post = {key: value for key, value in post.items() if key not in CONTENT_FIELDS}
    if "hashtags" in post:
        tweet["entities"] |= {
            "hashtags": [{"start": 1, "end": 7, "tag": tag} for tag in post["hashtags"]],
            "urls": [
                *({"url": "https://t.co/aaa", "expanded_url": url} for url in post["urls"]),
                {"url": "https://t.co/b", "expanded_url": "https://x.com/a/status/1/photo/1",
                 "media_key": "3_1"},
            ],
        }  # fmt: skip
        tweet["attachments"] = {"media_keys": ["3_1", "7_1"]}
    if "place_name" in post:
        tweet["geo"] = {
            "place_id": "p1",
            "coordinates": {"type": "Point", "coordinates": [post["longitude"], post["latitude"]]},
        }
    if "mention_ids" in post:
        pairs = zip(post["mention_ids"], post["mention_handles"], strict=True)
        tweet["entities"]["mentions"] = [{"id": i, "username": name} for i, name in pairs]
    names = {"reply": "replied_to", "quote": "quoted", "repost": "retweeted"}
    if post["kind"] in names:
        other = post.get("refers_to_id") or post["reply_to_id"]
        tweet["referenced_tweets"] = [{"type": names[post["kind"]], "id": other}]
    if "reply_to_author_id" in post:
        tweet["in_reply_to_user_id"] = post["reply_to_author_id"]
    return tweet


RETRIEVED = "2020-01-01T00:00:00+00:00"


def v2_page():
    includes = {
        "users": [v2_user(uid) for uid in USERS], "tweets": [v2_tweet(X[0])], "media": MEDIA,
        "places": [PLACE], **NEW,
    }  # fmt: skip
    return {
        "data": [v2_tweet(post) for post in X],
        "includes": includes,
        "errors": [{"title": "Not Found Error", "resource_id": "9"}],
        "meta": {"result_count": len(X)},
        "__twarc": {"url": "https://api.example", "version": "2.14", "retrieved_at": RETRIEVED},
        **NEW,
    }


def flattened(post):
    """As ``twarc2 flatten`` writes it: everything inlined."""
    tweet = v2_tweet(post)
    tweet["author"] = v2_user(post["author_id"])
    tweet["__twarc"] = {"retrieved_at": RETRIEVED}
    if "attachments" in tweet:
        tweet["attachments"]["media"] = MEDIA
    if "geo" in tweet:
        tweet["geo"] |= PLACE
    for reference in tweet.get("referenced_tweets", []):
        other = next(one for one in X if one["post_id"] == reference["id"])
        reference |= v2_tweet(other) | {"author": v2_user(other["author_id"])}
        if "attachments" in reference:
            reference["attachments"]["media"] = MEDIA
    return tweet


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def v1_time(iso):
    return f"Mon {MONTHS[int(iso[5:7]) - 1]} {iso[8:10]} {iso[11:19]} +0000 {iso[:4]}"


def v1_status(post):
    """As the interface 1.1 gave it, extended."""
    user = USERS[post["author_id"]]
    status = {
        "id": int(post["post_id"]), "id_str": post["post_id"],
        "created_at": v1_time(post["created_at"]), "full_text": own_text(post),
        "truncated": False, "display_text_range": [0, 20], "lang": post["lang"],
        "source": '<a href="https://example.org" rel="nofollow">Example App</a>',
        "user": {
            "id_str": post["author_id"], "screen_name": user["handle"], "name": "Made Up",
            "location": user["location"], "followers_count": user["followers"],
            "created_at": v1_time(user["made"]), "protected": False, **NEW,
        },
        "retweet_count": post["reposts"], "favorite_count": post["likes"],
        "reply_count": post["replies"], "quote_count": post["quotes"],
        "possibly_sensitive": post["is_sensitive"], "entities": {}, **NEW,
    }  # fmt: skip
    if post["kind"] == "repost":
        post = {key: value for key, value in post.items() if key not in CONTENT_FIELDS}
    if "hashtags" in post:
        status["entities"] |= {
            "hashtags": [{"text": tag, "indices": [1, 7]} for tag in post["hashtags"]],
            "urls": [{"expanded_url": url, "url": "https://t.co/aaa"} for url in post["urls"]],
        }
        status["extended_entities"] = {
            "media": [
                {"type": "photo", "ext_alt_text": "a street under water"},
                {"type": "video"},
            ]
        }
    if "place_name" in post:
        status["coordinates"] = {"coordinates": [post["longitude"], post["latitude"]]}
        status["geo"] = {"coordinates": [post["latitude"], post["longitude"]]}
        west, south, east, north = post["place_box"]
        ring = [[west, south], [west, north], [east, north], [east, south]]
        status["place"] = {
            "full_name": post["place_name"], "place_type": "city", "country_code": "GB",
            "bounding_box": {"type": "Polygon", "coordinates": [ring]},
        }  # fmt: skip
    if "mention_ids" in post:
        pairs = zip(post["mention_ids"], post["mention_handles"], strict=True)
        status["entities"]["user_mentions"] = [{"id_str": i, "screen_name": n} for i, n in pairs]
    if post["kind"] == "reply":
        status["in_reply_to_status_id_str"] = post["reply_to_id"]
        status["in_reply_to_user_id_str"] = post["reply_to_author_id"]
    if post["kind"] in ("quote", "repost"):
        name = "quoted_status" if post["kind"] == "quote" else "retweeted_status"
        status[name] = v1_status(X[0])
    return status


def v1_streamed(post):
    """As streams sent long ones: the whole text apart."""
    status = v1_status(post)
    text = status.pop("full_text")
    status |= {"text": text[:100] + "…", "truncated": True}
    status["extended_tweet"] = {"full_text": text, "entities": status["entities"]}
    if "extended_entities" in status:
        status["extended_tweet"]["extended_entities"] = status.pop("extended_entities")
    return status


# -- tables --------------------------------------------------------------------------------------


def twarc_row(post):
    """As twarc-csv writes it."""
    user = USERS[post["author_id"]]
    other = post.get("refers_to_id", "")
    place = "place_name" in post
    return {
        "id": post["post_id"], "conversation_id": post["conversation_id"],
        "referenced_tweets.replied_to.id": post.get("reply_to_id", ""),
        "referenced_tweets.retweeted.id": other if post["kind"] == "repost" else "",
        "referenced_tweets.quoted.id": other if post["kind"] == "quote" else "",
        "author_id": post["author_id"], "in_reply_to_user_id": post.get("reply_to_author_id", ""),
        "created_at": post["created_at"], "text": post["text"], "lang": post["lang"],
        "source": post["client"], "possibly_sensitive": post["is_sensitive"],
        "public_metrics.retweet_count": post["reposts"],
        "public_metrics.reply_count": post["replies"],
        "public_metrics.like_count": post["likes"], "public_metrics.quote_count": post["quotes"],
        "entities.hashtags": json.dumps(["#" + tag for tag in post.get("hashtags", [])]),
        "entities.urls": json.dumps(post.get("urls", [])),
        "entities.mentions": json.dumps(["@" + name for name in post.get("mention_handles", [])]),
        "author.username": user["handle"], "author.location": user["location"],
        "author.created_at": user["made"], "author.protected": "False",
        "author.public_metrics.followers_count": user["followers"],
        "geo.coordinates.coordinates":
            json.dumps([post["longitude"], post["latitude"]]) if place else "",
        "geo.full_name": post.get("place_name", ""), "geo.place_type": post.get("place_kind", ""),
        "geo.country_code": post.get("place_country", ""),
        "geo.geo.bbox": json.dumps(post["place_box"]) if place else "",
    }  # fmt: skip


def fourcat_row(post):
    """As 4CAT exports posts of X."""
    yes = {True: "yes", False: "no"}
    return {
        "id": post["post_id"], "thread_id": post["conversation_id"],
        "timestamp": post["created_at"][:19].replace("T", " "), "subject": "",
        "body": post["text"], "author": USERS[post["author_id"]]["handle"],
        "author_fullname": "Made Up", "author_id": post["author_id"], "source": post["client"],
        "language_guess": post["lang"], "possibly_sensitive": yes[post["is_sensitive"]],
        "retweet_count": post["reposts"], "reply_count": post["replies"],
        "like_count": post["likes"], "quote_count": post["quotes"],
        "is_retweet": yes[post["kind"] == "repost"], "is_quote_tweet": yes[post["kind"] == "quote"],
        "is_reply": yes[post["kind"] == "reply"], "hashtags": ",".join(post.get("hashtags", [])),
        "urls": ",".join(post.get("urls", [])),
        "mentions": ",".join(post.get("mention_handles", [])),
    }  # fmt: skip


def communalytic_row(post):
    """As Communalytic exports posts of X."""
    return {
        "tweet_id": post["post_id"], "date": post["created_at"], "text": post["text"],
        "name": "Made Up", "username": USERS[post["author_id"]]["handle"],
        "userid": post["author_id"], "language": post["lang"], "quote_count": post["quotes"],
        "retweet_count": post["reposts"], "reply_count": post["replies"],
        "like_count": post["likes"],
    }  # fmt: skip


def table(rows, delimiter=","):
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


T6 = "tweet id, tweet, label\n" + "".join(
    f"'{post['post_id']}',\"{post['text']}\",{label}\n"
    for post, label in zip(X, ["on-topic", "off-topic"] * 2, strict=True)
)
T26 = "Tweet ID, Tweet Text, Information Source, Information Type, Informativeness\n" + "".join(
    f'"{post["post_id"]}","{post["text"]}",Media,Caution and advice,Related and informative\n'
    for post in X
)

# -- Mastodon ------------------------------------------------------------------------------------

HOST = "https://example.social"
MASTODON = [
    {
        "post_id": "111", "uri": f"{HOST}/users/cleo/statuses/111", "kind": "original",
        "created_at": "2023-10-20T08:00:00.000Z", "author_id": f"{HOST}/@cleo",
        "author_handle": "cleo@example.social", "community": "example.social",
        "text": "Bridge < closed & wet\nsee https://example.org/a?b=1&c=2 #Babet\nStay in",
        "title": "flood", "lang": "en", "hashtags": ["babet"],
        "urls": ["https://example.org/a?b=1&c=2"], "media_kinds": ["photo"],
        "media_alts": ["the bridge"], "poll_options": ["dry", "wet"], "reposts": 2, "replies": 1,
        "likes": 4, "is_sensitive": True, "is_edited": True, "client": "Web",
    },
    {
        "post_id": "112", "uri": f"{HOST}/users/dan/statuses/112", "kind": "reply",
        "created_at": "2023-10-20T08:05:00.000Z", "author_id": f"{HOST}/@dan",
        "author_handle": "dan@example.social", "community": "example.social",
        "text": "@cleo thanks", "reply_to_id": "111", "reply_to_author_id": f"{HOST}/@cleo",
        "mention_ids": [f"{HOST}/@cleo"], "mention_handles": ["cleo"], "lang": "en",
        "reposts": 0, "replies": 0, "likes": 0, "is_sensitive": False, "is_edited": False,
    },
]  # fmt: skip
CONTENT = (
    '<p>Bridge &lt; closed &amp; wet<br />see <a href="https://example.org/a?b=1&amp;c=2" '
    'rel="nofollow"><span class="invisible">https://</span><span>example.org/a?b=1&amp;c=2</span>'
    '</a> <a href="https://example.social/tags/babet" class="mention hashtag">#<span>Babet</span>'
    "</a></p><p>Stay in</p>"
)


def account(name, **more):
    return {
        "id": str(len(name)), "acct": name, "url": f"{HOST}/@{name}",
        "uri": f"{HOST}/users/{name}", "display_name": "Made Up", "note": "<p>a biography</p>",
        "bot": False, "locked": False, "discoverable": True, "indexable": True,
        "created_at": "2022-11-01T00:00:00.000Z", "followers_count": 20, "fields": [],
        **NEW, **more,
    }  # fmt: skip


def toot(post, **more):
    first = post["post_id"] == "111"
    html = CONTENT if first else (
        '<p><span class="h-card"><a href="https://example.social/@cleo" class="u-url mention">@'
        "<span>cleo</span></a></span> thanks</p>"
    )  # fmt: skip
    return {
        "id": post["post_id"], "uri": post["uri"], "url": post["uri"],
        "created_at": post["created_at"], "account": account(post["author_id"].split("@")[1]),
        "content": html, "spoiler_text": post.get("title", ""), "sensitive": post["is_sensitive"],
        "visibility": "public", "language": "en", "in_reply_to_id": post.get("reply_to_id"),
        "in_reply_to_account_id": "4" if "reply_to_id" in post else None, "reblog": None,
        "replies_count": post["replies"], "reblogs_count": post["reposts"],
        "favourites_count": post["likes"],
        "media_attachments": [
            {"type": "image", "url": "https://files.example/1", "description": alt, **NEW}
            for alt in post.get("media_alts", [])
        ],
        "mentions": [{"id": "4", "acct": name, "username": name, "url": f"{HOST}/@{name}"}
                     for name in post.get("mention_handles", [])],
        "tags": [{"name": tag, "url": f"{HOST}/tags/{tag}"} for tag in post.get("hashtags", [])],
        "poll": {"options": [{"title": t, "votes_count": 1} for t in post["poll_options"]]}
        if first else None,
        "application": {"name": "Web"} if first else None,
        "edited_at": "2023-10-20T09:00:00.000Z" if first else None, **NEW, **more,
    }  # fmt: skip


# of these none may be kept, and the last one is a notice of deletion
MASTODON_OUT = [
    toot(MASTODON[0], id="113", uri=f"{HOST}/113", visibility="private"),
    toot(MASTODON[0], id="114", uri=f"{HOST}/114", visibility="unlisted"),
    toot(MASTODON[0], id="115", uri=f"{HOST}/115", account=account("eve", note="<p>#nobot</p>")),
    toot(MASTODON[0], id="116", uri=f"{HOST}/116", account=account("finn", indexable=False)),
    toot(MASTODON[0], id="117", uri=f"{HOST}/117", account=account("gus", discoverable=False)),
    {"event": "delete", "payload": "111999"},
]

# -- Bluesky -------------------------------------------------------------------------------------

DID, POST = "did:plc:aaaabbbbcccc", "app.bsky.feed.post"
OTHER = f"at://did:plc:ddddeeeeffff/{POST}/3kother"
BLUESKY = [
    {
        "post_id": f"at://{DID}/{POST}/3kaaa", "kind": "quote", "author_id": DID,
        "created_at": "2024-01-02T10:00:00.000Z", "server_time": "2024-01-02T10:00:05.500Z",
        "text": "Überschwemmung @gia.example.org siehe example.org", "lang": "de",
        "refers_to_id": OTHER, "refers_to_author_id": "did:plc:ddddeeeeffff",
        "mention_ids": ["did:plc:gggghhhhiiii"], "mention_handles": ["gia.example.org"],
        "urls": ["https://example.org/x"], "hashtags": ["henk"], "media_kinds": ["photo"],
        "media_alts": ["ein Deich"], "is_sensitive": True,
    },
    {
        "post_id": f"at://{DID}/{POST}/3kbbb", "kind": "reply", "author_id": DID,
        "created_at": "2024-01-02T10:10:00.000Z", "server_time": "2024-01-02T10:10:01.000Z",
        "text": "and now rain", "lang": "en", "reply_to_id": OTHER,
        "reply_to_author_id": "did:plc:ddddeeeeffff", "conversation_id": OTHER,
    },
]  # fmt: skip


def bluesky_record(post):
    record = {
        "$type": POST, "text": post["text"], "createdAt": post["created_at"],
        "langs": [post["lang"]], **NEW,
    }  # fmt: skip
    if post["kind"] == "reply":
        ref = {"uri": OTHER, "cid": "bafy"}
        return record | {"reply": {"root": ref, "parent": ref}}
    text = post["text"].encode()

    def facet(part, feature):
        start = text.index(part)
        return {"index": {"byteStart": start, "byteEnd": start + len(part)}, "features": [feature]}

    record["facets"] = [
        facet(b"@gia.example.org", {"$type": "m", "did": post["mention_ids"][0]}),
        facet(b"example.org", {"$type": "l", "uri": post["urls"][0]}),
    ]
    image = {"alt": "ein Deich", "image": {"ref": {"$link": "bafk"}}}
    record["embed"] = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"$type": "app.bsky.embed.record", "record": {"uri": OTHER, "cid": "bafy"}},
        "media": {"$type": "app.bsky.embed.images", "images": [image]},
    }
    record["tags"] = post["hashtags"]
    record["labels"] = {"values": [{"val": "graphic-media"}]}
    return record


def bluesky_page():
    posts = [
        {
            "uri": post["post_id"], "cid": "bafy", "record": bluesky_record(post),
            "author": {"did": DID, "handle": "iris.example.org", "displayName": "Made Up",
                       "createdAt": "2023-05-05T00:00:00.000Z", "labels": []},
            "replyCount": 1, "repostCount": 2, "likeCount": 3, "quoteCount": 0,
            "indexedAt": post["server_time"], **NEW,
        }
        for post in BLUESKY
    ]  # fmt: skip
    hidden = json.loads(json.dumps(posts[1]))
    hidden["uri"] += "x"
    hidden["author"]["labels"] = [{"val": "!no-unauthenticated"}]
    return {"posts": [*posts, hidden], "cursor": "25", **NEW}


def micros(iso):
    from datetime import datetime

    return round(datetime.fromisoformat(iso).timestamp() * 1e6)


def jetstream(post, shape, operation="create"):
    commit = {
        "operation": operation, "collection": POST, "rkey": post["post_id"].rpartition("/")[2],
        "rev": "3k", "cid": "bafy",
    }  # fmt: skip
    if operation != "delete":
        commit["record"] = bluesky_record(post)
    if shape == 1:
        time = micros(post["server_time"])
        return {"did": DID, "time_us": time, "kind": "commit", "commit": commit, **NEW}
    payload = {"$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": 7, "did": DID}
    return {"$type": "message", "payload": payload | {"time": post["server_time"]} | commit}


# -- Reddit --------------------------------------------------------------------------------------

REDDIT = [
    {
        "post_id": "t3_abc1", "created_at": "2020-02-16T12:00:00.000Z", "kind": "original",
        "author_id": "jo_example", "author_handle": "jo_example", "title": "River & rain",
        "text": "ask u/kim_example > [map](https://example.org/m)", "conversation_id": "t3_abc1",
        "mention_ids": ["kim_example"], "mention_handles": ["kim_example"],
        "urls": ["https://example.org/m"], "replies": 2, "likes": 11, "community": "flooding",
        "is_sensitive": False, "is_edited": False,
    },
    {
        "post_id": "t1_abc2", "created_at": "2020-02-16T13:00:00.000Z", "kind": "reply",
        "author_id": "kim_example", "author_handle": "kim_example", "text": "still rising",
        "conversation_id": "t3_abc1", "reply_to_id": "t3_abc1", "likes": 2,
        "community": "flooding", "is_edited": True,
    },
]  # fmt: skip


def reddit_lines():
    post, comment = REDDIT
    gone = {"id": "abc3", "author": "[deleted]", "body": "[deleted]", "created_utc": 1581858000}
    return [
        {"id": "abc1", "name": "t3_abc1", "title": escaped(post["title"]), "is_self": True,
         "selftext": escaped(post["text"]), "author": post["author_id"],
         "author_fullname": "t2_x", "created_utc": micros(post["created_at"]) // 10**6,
         "subreddit": "flooding", "score": 11, "num_comments": 2, "over_18": False,
         "edited": False, "url": "https://reddit.example/abc1", "permalink": "/r/flooding", **NEW},
        {"id": "abc2", "body": comment["text"], "author": comment["author_id"],
         "created_utc": str(micros(comment["created_at"]) // 10**6), "parent_id": "t3_abc1",
         "link_id": "t3_abc1", "subreddit": "flooding", "score": 2, "edited": 1581859000.0, **NEW},
        gone | {"subreddit": "flooding", "parent_id": "t1_abc2", "link_id": "t3_abc1"},
    ]  # fmt: skip


def lines(objects):
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


def files():
    """Give name to content of every example."""
    return {
        "x-v2.jsonl": lines([v2_page()]),
        "x-twarc.jsonl": lines(flattened(post) for post in X),
        "x-academic.jsonl": lines(v2_tweet(post) for post in X),
        "x-v1.jsonl": lines(v1_status(post) for post in X),
        "x-v1-streamed.jsonl": lines(v1_streamed(post) for post in X),
        "twarc.csv": table([twarc_row(post) for post in X]),
        "4cat.csv": table([fourcat_row(post) for post in X]),
        "communalytic.csv": table([communalytic_row(post) for post in X]),
        "2019_Hull-ontopic_offtopic.csv": T6,
        "2019_Hull-tweets_labeled.csv": T26,
        "mastodon.jsonl": lines([*(toot(post) for post in MASTODON), *MASTODON_OUT]),
        "bluesky.jsonl": lines([bluesky_page()]),
        "jetstream-1.jsonl": lines(jetstream(post, 1) for post in BLUESKY),
        "jetstream-2.jsonl": lines(jetstream(post, 2) for post in BLUESKY),
        "reddit.jsonl": lines(reddit_lines()),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_text(content, encoding="utf-8")
