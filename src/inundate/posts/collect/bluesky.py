"""Bluesky's search, newest first, with threads; it needs a login."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from inundate.core.errors import ConfigError
from inundate.posts.collect.client import Client, Reply
from inundate.posts.collect.clock import iso
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Refused, Repeats, Tally
from inundate.posts.collect.folder import Step
from inundate.posts.collect.secret import read_secret
from inundate.posts.collect.seen import Ident
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.sift import Sift, named
from inundate.posts.collect.state import Gap
from inundate.posts.importers.bluesky import Bluesky
from inundate.posts.importers.record import Dropped
from inundate.posts.importers.times import iso_time

__all__ = ["HANDLE", "PASSWORD", "BlueskySearch"]

HANDLE, PASSWORD = "BLUESKY_HANDLE", "BLUESKY_APP_PASSWORD"
_SERVER = "https://bsky.social"
_PAGE = 100
_XRPC = "/xrpc/"


class BlueskySearch:
    """Posts that the network's search finds.

    The search goes back a limited number of pages. Where it ends, it is begun anew with the
    earliest time that was reached as its end, until that brings nothing new.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "bluesky-search"
    source: ClassVar[str] = "bluesky"
    is_stream: ClassVar[bool] = False
    reads: ClassVar[frozenset[str]] = frozenset(
        ["query", "languages", "since", "until", "replies", "unindexed", "server"]
    )

    def __init__(self, context: Context) -> None:
        self.context, self.settings = context, context.settings
        what = f"collecting from {self.name}"
        self._handle = read_secret(context.environment, HANDLE, what=what)
        self._password = read_secret(context.environment, PASSWORD, what=what)
        self.client = Client(
            check_server(self.settings.server or _SERVER, schemes=("https", "http"), has_key=True),
            retry=context.retry,
            secrets=(self._handle, self._password),
            should_stop=context.should_stop,
        )
        self._importer = Bluesky(context.consent)

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        what = f"collecting from {BlueskySearch.name}"
        if not settings.query:
            raise ConfigError(f"{what}: no words are given", hint="--query flood")
        check_server(settings.server or _SERVER, schemes=("https", "http"), has_key=True)
        for name in (HANDLE, PASSWORD):
            read_secret(environment, name, what=what)

    @property
    def spent_usd(self) -> float | None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        return None

    @property
    def tally(self) -> Tally:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        return self.client.tally

    def close(self) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        self.client.close()

    @staticmethod
    def idents_of(line: bytes) -> list[Ident]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        return [_ident(json.loads(line))]

    def steps(self) -> Generator[Step, None, None]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        cursor = dict(self.context.collection.state.cursor) or {"token": None, "until": None}
        repeats = Repeats()
        while not cursor.get("end"):
            try:
                reply = self._ask("app.bsky.feed.searchPosts", self._params(cursor), "posts")
            except Refused as refused:
                if refused.status != 400 or cursor["token"] is None:
                    raise
                cursor = {"token": None, "until": cursor.get("oldest"), "fresh": True}
                continue
            posts = list(reply.data["posts"])
            step = Step(cursor=cursor)
            self._fill(step, posts)
            moved = _moved(cursor, posts, reply.data.get("cursor"), bool(step.counts.posts))
            repeats.count(moved=bool(step.counts.posts) or moved != {**cursor})
            cursor = moved
            step.cursor, step.rest = cursor, self._rest(cursor)
            yield step
        if self.settings.replies:
            yield from self._threads(cursor)

    def _params(self, cursor: Mapping[str, Any]) -> list[tuple[str, str]]:
        params = [("q", self.settings.query or ""), ("sort", "latest"), ("limit", str(_PAGE))]
        languages = self.settings.languages or []
        if len(languages) == 1:  # the search takes one alone; several are looked at here
            params.append(("lang", languages[0]))
        until = cursor["until"] if cursor["until"] is not None else self.settings.end
        for name, micros in (("since", self.settings.start), ("until", until)):
            if micros is not None:
                params.append((name, str(iso(micros))))
        if cursor["token"] is not None:
            params.append(("cursor", cursor["token"]))
        return params

    def _rest(self, cursor: Mapping[str, Any]) -> Gap | None:
        start, end = self.settings.start, self.settings.end
        if not cursor.get("end"):
            return Gap.of(start, cursor.get("oldest", end), "not collected yet", open=True)
        if self.settings.replies:
            return Gap.of(start, end, "answers not collected yet", open=True)
        return None

    def _fill(self, step: Step, posts: Iterable[Mapping[str, Any]]) -> None:
        found = named(posts, step, "uri", "record")
        sift = Sift(self.context.collection.seen, step, (post["uri"] for post in found))
        for post in found:
            line = json.dumps(post, ensure_ascii=False, separators=(",", ":")).encode()
            item = next(iter(self._importer.parse(line)))
            micros = _time(post)
            languages = post["record"].get("langs") or [None]
            wanted = self.context.in_period(micros)
            wanted = wanted and any(self.context.in_languages(language) for language in languages)
            refusals = [item.reason] if isinstance(item, Dropped) else []
            if sift.keeps(_ident(post), micros=micros, wanted=wanted, refusals=refusals):
                step.lines.append(line)

    def _threads(self, cursor: dict[str, Any]) -> Iterator[Step]:
        cursor = {**cursor, "phase": "threads"}
        seen = self.context.collection.seen
        while threads := seen.open_threads(1):
            params = [("uri", threads[0]), ("depth", "1000"), ("parentHeight", "0")]
            step = Step(cursor=cursor, done=threads, rest=self._rest(cursor))
            try:
                reply = self._ask("app.bsky.feed.getPostThread", params, "thread")
            except Refused as refused:
                if refused.status not in (400, 404):  # deleted since, or its author is
                    raise
            else:
                self._fill(step, _flat(reply.data.get("thread") or {}))
                # the whole thread is in this answer
                step.idents = [ident._replace(thread=None) for ident in step.idents]
            yield step
        yield Step(cursor=cursor)

    def _ask(self, method: str, params: list[tuple[str, str]], has: str) -> Reply:
        if "Authorization" not in self.client.headers:
            self._log_in()
        try:
            return self.client.get(_XRPC + method, params, has=has)
        except Refused as refused:
            if refused.status != 401 and "ExpiredToken" not in refused.reason:
                raise
        self._log_in()  # a login is good for some hours
        return self.client.get(_XRPC + method, params, has=has)

    def _log_in(self) -> None:
        self.client.headers.pop("Authorization", None)
        reply = self.client.post(
            _XRPC + "com.atproto.server.createSession",
            {"identifier": self._handle.reveal(), "password": self._password.reveal()},
            has="accessJwt",
        )
        self.client.headers["Authorization"] = f"Bearer {reply.data['accessJwt']}"


def _moved(
    cursor: Mapping[str, Any], posts: list[Mapping[str, Any]], token: str | None, brought: bool
) -> dict[str, Any]:
    times = [micros for post in posts if (micros := _time(post)) is not None]
    if cursor.get("oldest") is not None:
        times.append(cursor["oldest"])
    oldest = min(times, default=None)
    fresh = bool(cursor.get("fresh")) or brought
    if token is not None and posts:
        return {"token": token, "until": cursor["until"], "oldest": oldest, "fresh": fresh}
    # it may have ended because there is no more, or because it goes no further back
    if oldest is None or not fresh:
        return {"token": None, "until": cursor["until"], "oldest": oldest, "end": True}
    return {"token": None, "until": oldest + 1000, "oldest": oldest, "fresh": False}


def _time(post: Mapping[str, Any]) -> int | None:
    """Give the server's time; the author's may be any."""
    return iso_time(post.get("indexedAt"))


def _ident(post: Mapping[str, Any]) -> Ident:
    answered = (post.get("replyCount") or 0) > 0 or post["record"].get("reply")
    root = ((post["record"].get("reply") or {}).get("root") or {}).get("uri")
    return Ident(
        post["uri"],
        (post.get("author") or {}).get("did"),
        post.get("cid"),
        (root or post["uri"]) if answered else None,
    )


def _flat(thread: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the posts of a tree; deleted and blocked ones have none."""
    stack = [thread]
    while stack:
        node = stack.pop()
        if "post" in node:
            yield node["post"]
        stack.extend(node.get("replies") or ())
