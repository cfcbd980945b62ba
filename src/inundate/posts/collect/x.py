"""X API v2: recent and full-archive search, newest first, with threads."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from typing import Any, ClassVar

from inundate.posts.collect.client import Params, Reply
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import GaveUp, Refused, Repeats, Tally
from inundate.posts.collect.folder import Step
from inundate.posts.collect.seen import Ident
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.sift import Sift, named
from inundate.posts.collect.state import Gap
from inundate.posts.collect.x_cost import Prices, page_size
from inundate.posts.collect.x_open import check_x, open_x, period_of, query_of
from inundate.posts.collect.x_query import thread_query
from inundate.posts.importers.record import NOT_PUBLIC, OPTED_OUT
from inundate.posts.importers.times import from_snowflake, iso_time

__all__ = ["BudgetSpent", "XArchive", "XRecent"]

# what people write into their profile when they want no robots to read them
_NO_ROBOTS = re.compile(r"#\s*(?:nobots?|noindex|noarchive)\b", re.IGNORECASE)
_REPEATS = 5  # pages that bring nothing and lead to themselves, before the search is begun anew
_FIELDS: Params = (
    (
        "tweet.fields",
        "author_id,created_at,conversation_id,in_reply_to_user_id,referenced_tweets,lang,source,"
        "public_metrics,entities,attachments,geo,possibly_sensitive,edit_history_tweet_ids,"
        "note_tweet",
    ),
    (
        "expansions",
        "author_id,referenced_tweets.id,attachments.media_keys,attachments.poll_ids,geo.place_id",
    ),
    ("user.fields", "id,username,created_at,location,public_metrics,protected,description"),
    ("media.fields", "media_key,type,alt_text"),
    ("place.fields", "id,full_name,place_type,country_code,geo"),
    ("poll.fields", "id,options"),
)


class BudgetSpent(Exception):
    """One more page might cost more than is allowed."""


class XRecent:
    """The last seven days.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "x-recent"
    source: ClassVar[str] = "x"
    is_stream: ClassVar[bool] = False
    archive: ClassVar[str] = "recent"
    reads: ClassVar[frozenset[str]] = frozenset(
        (
            *("query", "languages", "since", "until", "box", "replies", "server"),
            *("budget_usd", "price_post_usd", "price_user_usd"),
        )
    )

    def __init__(self, context: Context) -> None:
        self.context, self.settings = context, context.settings
        self.client = open_x(
            self.settings,
            context.environment,
            name=self.name,
            retry=context.retry,
            should_stop=context.should_stop,
        )
        self.prices = Prices.of(self.settings)
        state = context.collection.state
        self._spent = state.spent_usd or 0.0
        if context.collection.was_killed:  # a page may have been billed and lost with the process
            self._spent += self.prices.worst(100)

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        check_x(settings, environment, name=XRecent.name, archive=XRecent.archive)

    @property
    def spent_usd(self) -> float | None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        return self._spent

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
        return [_ident(post) for post in json.loads(line).get("data") or ()]

    def steps(self) -> Generator[Step, None, None]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        cursor = dict(self.context.collection.state.cursor)
        if cursor.get("phase", "search") == "search":
            yield from self._search(cursor)
        if self.settings.replies:
            yield from self._threads(cursor)

    def _search(self, cursor: dict[str, Any]) -> Iterator[Step]:
        repeats = restarts = 0
        while not cursor.get("end"):
            try:
                reply = self._page(query_of(self.settings, self.archive), cursor)
            except Refused as refused:  # a token is good for some time only; ids are for ever
                if refused.status != 400 or not cursor.get("token") or not cursor.get("oldest"):
                    raise
                cursor = {**cursor, "token": None, "until": cursor["oldest"]}
                continue
            step = self._step(reply, cursor)
            token = (reply.data.get("meta") or {}).get("next_token")
            is_stuck = token is not None and token == cursor.get("token") and not step.counts.posts
            repeats = repeats + 1 if is_stuck else 0
            if repeats >= _REPEATS:
                repeats, restarts = 0, restarts + 1
                if restarts > 1 or not cursor.get("oldest"):
                    raise GaveUp("the server gives the same page again and again")
                token, cursor = "", {**cursor, "until": cursor["oldest"]}
            step.cursor = cursor = _moved(cursor, step.reached, token)
            step.rest = self._rest(cursor)
            yield step

    def _rest(self, cursor: Mapping[str, Any]) -> Gap | None:
        start, end = self.settings.start, self.settings.end
        if not cursor.get("end"):
            micros = from_snowflake(cursor.get("oldest") or "")
            return Gap.of(start, end if micros is None else micros, "not collected yet", open=True)
        if self.settings.replies:
            return Gap.of(start, end, "answers not collected yet", open=True)
        return None

    def _page(self, query: str, cursor: Mapping[str, Any]) -> Reply:
        left = self._left()
        size = page_size(self.prices, left, self._wanted())
        if size is None:
            raise BudgetSpent
        params = [("query", query), ("max_results", str(size)), ("sort_order", "recency")]
        params += [*_FIELDS, *period_of(self.settings)]
        if cursor.get("token"):
            params.append(("next_token", cursor["token"]))
        if cursor.get("until"):  # with the token too: it belongs to that search
            params = [pair for pair in params if pair[0] != "end_time"]
            params.append(("until_id", cursor["until"]))

        def lost() -> None:
            self._spent += self.prices.worst(size)
            if self.prices.worst(size) > self._left():
                raise BudgetSpent

        return self.client.get(f"/2/tweets/search/{self.archive}", params, has="meta", on_lost=lost)

    def _left(self) -> float:
        budget = self.settings.budget_usd
        return float("inf") if budget is None else budget - self._spent

    def _wanted(self) -> int | None:
        limit = self.settings.limit
        return None if limit is None else limit - self.context.collection.state.counts.posts

    def _step(self, reply: Reply, cursor: Mapping[str, Any]) -> Step:
        page = reply.data
        self._spent += self.prices.of_page(page)
        step = Step(cursor=cursor)
        posts = named(page.get("data") or (), step, "id")
        users = {user["id"]: user for user in (page.get("includes") or {}).get("users") or ()}
        step.reached = min((int(post["id"]) for post in posts), default=None)
        sift = Sift(self.context.collection.seen, step, (post["id"] for post in posts))
        kept = [
            post
            for post in posts
            if sift.keeps(
                _ident(post),
                micros=iso_time(post.get("created_at")) or from_snowflake(post["id"]),
                refusals=_refusals(users.get(post.get("author_id"), {})),
            )
        ]
        if kept:
            step.lines.append(_line({**page, "data": kept}, reply))
        return step

    def _threads(self, cursor: dict[str, Any]) -> Iterator[Step]:
        if cursor.get("phase") != "threads":
            cursor = {"phase": "threads", "token": None}
        seen, repeats = self.context.collection.seen, Repeats()
        while threads := seen.open_threads(100):
            # one query goes on until it is through, also when new threads come up on the way
            wanted = cursor.get("threads") or threads
            query, number = thread_query(wanted, self.archive)
            wanted = wanted[:number]
            try:
                reply = self._page(query, {"token": cursor.get("token")})
            except Refused as refused:
                if refused.status != 400 or not cursor.get("token"):
                    raise
                cursor = {"phase": "threads", "token": None, "threads": wanted}
                continue
            step = self._step(reply, cursor)
            token = (reply.data.get("meta") or {}).get("next_token")
            repeats.count(moved=token != cursor.get("token") or bool(step.counts.posts))
            step.done = [] if token else wanted
            cursor = {"phase": "threads", "token": token, "threads": wanted if token else None}
            step.cursor = cursor
            step.rest = self._rest({"end": True})
            yield step
        yield Step(cursor=cursor)


class XArchive(XRecent):
    """All posts since 2006, for accounts that may.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "x-archive"
    archive: ClassVar[str] = "all"

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        check_x(settings, environment, name=XArchive.name, archive=XArchive.archive)


def _moved(cursor: Mapping[str, Any], reached: int | None, token: str | None) -> dict[str, Any]:
    ids = [] if reached is None else [reached]
    if cursor.get("oldest"):
        ids.append(int(cursor["oldest"]))
    moved = {"phase": "search", "token": token or None, "until": cursor.get("until")}
    if ids:
        moved["oldest"] = str(min(ids))
    if token is None:
        moved["end"] = True
    return moved


def _ident(post: Mapping[str, Any]) -> Ident:
    replies = (post.get("public_metrics") or {}).get("reply_count") or 0
    thread = post.get("conversation_id")
    return Ident(
        post["id"],
        post.get("author_id"),
        # not the counts of likes, which change all the time
        None,
        thread if thread and (replies or thread != post["id"]) else None,
    )


def _refusals(user: Mapping[str, Any]) -> list[str]:
    if user.get("protected"):
        return [NOT_PUBLIC]
    return [OPTED_OUT] if _NO_ROBOTS.search(user.get("description") or "") else []


def _line(page: dict[str, Any], reply: Reply) -> bytes:
    """Give a page as one line, without what was asked for only to decide who is left out."""
    includes = dict(page.get("includes") or {})
    users = includes.get("users") or []
    refused = {user["id"] for user in users if _refusals(user)}
    if users:
        includes["users"] = [
            {key: value for key, value in user.items() if key != "description"}
            for user in users
            if user["id"] not in refused
        ]
    if refused and includes.get("tweets"):
        includes["tweets"] = [
            post for post in includes["tweets"] if post.get("author_id") not in refused
        ]
    page = {**page, "includes": includes} if includes else page
    date = reply.headers.get("date")
    if date:
        from email.utils import parsedate_to_datetime

        # as twarc2 writes it, by the server's clock
        page["__twarc"] = {"retrieved_at": parsedate_to_datetime(date).isoformat()}
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
