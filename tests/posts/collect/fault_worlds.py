"""Made-up posts of each platform, and how its interface pages through them."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fault_server import START, STEP

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(micros):
    return (_ZERO + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def micros_of(text):
    return int(datetime.fromisoformat(text).timestamp() * 1e6)


class World:
    """Base: nothing streams."""

    def stream(self, path, params, handler):
        return False


class XWorld(World):
    """X API v2. Every 50th author is protected or wants no robots; every 10th post has answers."""

    def __init__(self, number, answers=False):
        self.posts = [self._post(index, answers) for index in range(number)]
        self.token_dies = False
        self.answers = answers

    def _post(self, index, answers):
        micros = START + index * STEP
        post_id = str(((micros // 1000 - 1288834974657) << 22) + index % 1000)
        return {
            "id": post_id,
            "text": f"Made-up post {index} about a flood",
            "created_at": stamp(micros),
            "author_id": str(1000 + index % 100),
            "lang": "en",
            "conversation_id": post_id,
            "public_metrics": {"reply_count": 1 if answers and index % 10 == 0 else 0},
        }

    def user(self, number):
        bio = {7: "I farm #nobot", 8: "hello"}.get(int(number) % 50, "hello")
        protected = int(number) % 50 == 8
        return {
            "id": number, "username": f"user{number}", "description": bio, "protected": protected
        }  # fmt: skip

    @property
    def allowed(self):
        return {p["id"]: p for p in self.posts if int(p["author_id"]) % 50 not in (7, 8)}

    def answer(self, path, params, headers, twice, body):
        if headers.get("Authorization") != "Bearer canary-key-31415":
            return 401, {"title": "Unauthorized", "detail": headers.get("Authorization", "")}
        if "/counts/" in path:
            return 200, {"meta": {"total_tweet_count": len(self.posts)}}
        query = params["query"][0]
        posts = self.posts[::-1]
        if query.startswith("conversation_id"):
            posts = self._answers(query)
        if "until_id" in params:
            posts = [post for post in posts if int(post["id"]) < int(params["until_id"][0])]
        if "start_time" in params:
            first = micros_of(params["start_time"][0])
            posts = [post for post in posts if micros_of(post["created_at"]) >= first]
        return self._page(posts, params, twice)

    def _answers(self, query):
        roots = [term.partition(":")[2] for term in query.split(" OR ")]
        found = []
        for root in roots:
            post = next(post for post in self.posts if post["id"] == root)
            answer = {**post, "id": root[:-1] + "1", "text": "an answer", "author_id": "2000"}
            answer["public_metrics"] = {"reply_count": 0}
            found += [answer, post]
        return found

    def _page(self, posts, params, twice):
        size = int(params["max_results"][0])
        token = params.get("next_token", [None])[0]
        if token is not None and self.token_dies:
            self.token_dies = False
            return 400, {"title": "Invalid Request", "detail": "next_token is not valid"}
        start = int(token) if token else 0
        if twice and start:
            start = max(0, start - size)
        page = posts[start : start + size]
        users = sorted({post["author_id"] for post in page})
        meta = {"result_count": len(page)}
        if start + size < len(posts):
            meta["next_token"] = str(start + size)
        found = {"data": page, "includes": {"users": [self.user(u) for u in users]}, "meta": meta}
        return 200, found if page else {"meta": meta}


class MastodonWorld(World):
    """Mastodon: hashtag timeline, search, threads, streams over SSE.

    A post is there once it is published: a stream publishes what it sends, and a break of it
    publishes a few more, which only the timeline shows.
    """

    def __init__(self, number, published=None):
        self.posts = [self._status(index) for index in range(number)]
        self.published = number if published is None else published
        self.lock = threading.Lock()
        self.unheard = 5
        self.streaming = None

    def _status(self, index):
        micros = START + index * STEP
        user = index % 100
        return {
            "id": str((micros // 1000) << 16),
            "uri": f"https://social.example/users/u{user}/statuses/{index}",
            "created_at": stamp(micros),
            "account": {
                "id": str(user),
                "acct": f"u{user}",
                "uri": f"https://social.example/users/u{user}",
                "note": "<p>I say #nobot</p>" if user == 7 else "",
                "discoverable": False if user == 8 else None,
            },
            "content": f"<p>Made-up post {index} #flood</p>",
            "visibility": "unlisted" if user == 9 else "public",
            "language": "en",
            "tags": [{"name": "flood"}],
            "replies_count": 0,
        }

    @property
    def allowed(self):
        return {
            post["id"]: post for post in self.posts if int(post["account"]["id"]) not in (7, 8, 9)
        }

    def answer(self, path, params, headers, twice, body):
        if path == "/api/v2/instance":
            return 200, {"configuration": {"urls": {"streaming": self.streaming}}}
        if path == "/api/v2/search":
            return self._search(params, twice)
        if path.endswith("/context"):
            post_id = path.split("/")[4]
            root = next(post for post in self.posts if post["id"] == post_id)
            micros = micros_of(root["created_at"]) + STEP // 2
            answer = {**root, "id": str((micros // 1000) << 16), "uri": root["uri"] + "/answer"}
            return 200, {"ancestors": [], "descendants": [{**answer, "in_reply_to_id": post_id}]}
        return self._timeline(params, twice)

    def _timeline(self, params, twice):
        with self.lock:
            posts = self.posts[: self.published]
        size = int(params["limit"][0])
        low = int(params.get("since_id", ["0"])[0])
        if "min_id" in params:
            low = int(params["min_id"][0])
            found = [post for post in posts if int(post["id"]) > low][:size]
            return 200, found[::-1]
        high = int(params.get("max_id", [str(2**63)])[0])
        found = [post for post in posts[::-1] if low < int(post["id"])]
        start = next((i for i, post in enumerate(found) if int(post["id"]) < high), len(found))
        if twice:
            start = max(0, start - size)
        return 200, found[start : start + size]

    def _search(self, params, twice):
        size, start = int(params["limit"][0]), int(params["offset"][0])
        if twice:
            start = max(0, start - size + 10)
        return 200, {"statuses": self.posts[::-1][start : start + size]}

    def next_event(self):
        """Publish one more post and give its events, or None at the end."""
        with self.lock:
            if self.published >= len(self.posts):
                return None
            status = self.posts[self.published]
            self.published += 1
        return [("update", json.dumps(status))]

    def lose(self):
        """Publish while nobody listens."""
        with self.lock:
            self.published = min(len(self.posts), self.published + self.unheard)

    def stream(self, path, params, handler):
        if not path.startswith("/api/v1/streaming"):
            return False
        faults = handler.owner.faults
        handler.send_response_only(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b":)\n")
        handler.close_connection = True
        try:
            while not handler.owner.closing.is_set():
                events = self.next_event()
                if events is None:
                    handler.wfile.write(b":thump\n")
                    handler.wfile.flush()
                    handler.owner.closing.wait(0.05)
                    continue
                for name, payload in events:
                    fault = faults.draw(("drop", "garbage"), faults.chance / 10)
                    if fault == "garbage":
                        payload = payload[: len(payload) // 2]
                    if fault == "drop":
                        self.lose()
                        return True
                    handler.wfile.write(f"event: {name}\ndata: {payload}\n\n".encode())
        except OSError:
            self.lose()
        return True


class BlueskyWorld(World):
    """Bluesky: login and search that goes back so many pages, and no more."""

    def __init__(self, number, pages=5):
        self.posts = [self._view(index) for index in range(number)]
        self.pages, self.logins, self.valid_for = pages, 0, 10**9

    def _view(self, index):
        micros, did = START + index * STEP, f"did:plc:{index % 100:04d}"
        labels = [{"val": "!no-unauthenticated"}] if index % 100 == 7 else []
        return {
            "uri": f"at://{did}/app.bsky.feed.post/k{index}",
            "cid": f"c{index}",
            "author": {"did": did, "handle": f"u{index % 100}.example", "labels": labels},
            "record": {
                "text": f"Made-up post {index} about a flood",
                "createdAt": "2031-01-01T00:00:00.000Z" if index % 60 == 0 else stamp(micros),
                "langs": ["en"],
            },
            "replyCount": 0,
            "indexedAt": stamp(micros),
        }

    @property
    def allowed(self):
        return {p["uri"]: p for p in self.posts if not p["author"]["labels"]}

    def answer(self, path, params, headers, twice, body):
        if path.endswith("createSession"):
            given = json.loads(body)
            if given != {"identifier": "me.example", "password": "canary-pass-27182"}:
                return 401, {"error": "AuthenticationRequired", "message": str(given)}
            self.logins += 1
            self.valid_for = 7
            return 200, {"accessJwt": f"jwt{self.logins}"}
        self.valid_for -= 1
        if headers.get("Authorization") != f"Bearer jwt{self.logins}" or self.valid_for < 0:
            return 400, {"error": "ExpiredToken", "message": "Token has expired"}
        if path.endswith("getPostThread"):
            return self._thread(params["uri"][0])
        until = micros_of(params["until"][0]) if "until" in params else 2**62
        since = micros_of(params["since"][0]) if "since" in params else 0
        posts = [p for p in self.posts[::-1] if since <= micros_of(p["indexedAt"]) < until]
        size, start = int(params["limit"][0]), int(params.get("cursor", ["0"])[0])
        if twice:
            start = max(0, start - size)
        page = posts[start : start + size]
        found = {"posts": page}
        if start + size < min(len(posts), self.pages * size):
            found["cursor"] = str(start + size)
        return 200, found

    def _thread(self, uri):
        root = next(post for post in self.posts if post["uri"] == uri)
        record = {**root["record"], "reply": {"root": {"uri": uri}, "parent": {"uri": uri}}}
        answer = {**root, "uri": uri + "a", "record": record, "replyCount": 0}
        return 200, {"thread": {"post": root, "replies": [{"post": answer}, {"notFound": True}]}}


def lines_of(folder: Path):
    """Read the lines of a collection, independently of the code under test."""
    import gzip

    for path in sorted(folder.glob("pages-*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                yield json.loads(line)
