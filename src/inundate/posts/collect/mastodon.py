"""Mastodon: hashtags back in time, and full-text search; with threads."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from inundate.core.errors import ConfigError
from inundate.posts.collect.client import Client, Params
from inundate.posts.collect.clock import from_mastodon_id, iso_seconds, to_mastodon_id
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Refused, Repeats, Tally
from inundate.posts.collect.folder import Step
from inundate.posts.collect.match import Words
from inundate.posts.collect.secret import Secret, read_secret
from inundate.posts.collect.seen import Ident
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.sift import Sift, named
from inundate.posts.collect.state import Gap
from inundate.posts.importers.mastodon import Mastodon
from inundate.posts.importers.record import Dropped
from inundate.posts.importers.times import iso_time
from inundate.posts.schema import Post

__all__ = [
    "KEY",
    "MastodonClient",
    "MastodonSearch",
    "MastodonTag",
    "check_mastodon",
    "ident_of",
    "newest",
]

KEY = "MASTODON_ACCESS_TOKEN"
_PAGE = 40  # the most that a server gives
_OVERLAP = 10  # of two pages of a search: posts that are deleted in between pull later ones up
_DAY = 86_400_000_000


class MastodonClient:
    """What all collectors of Mastodon share.

    Parameters
    ----------
    context : Context
    needs_key : bool
        Whether the server answers only those who are logged in.
    """

    source: ClassVar[str] = "mastodon"
    is_stream: ClassVar[bool] = False
    name: ClassVar[str] = "mastodon"

    def __init__(self, context: Context, *, needs_key: bool) -> None:
        self.context, self.settings = context, context.settings
        key = _key(context.environment, self.name, needed=needs_key)
        server = check_server(
            self.settings.server or "", schemes=("https", "http"), has_key=key is not None
        )
        self.client = Client(
            server,
            retry=context.retry,
            secrets=() if key is None else (key,),
            should_stop=context.should_stop,
        )
        if key is not None:
            self.client.headers["Authorization"] = f"Bearer {key.reveal()}"
        self._importer = Mastodon(context.consent)
        self.words = Words(None)

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
        found = json.loads(line)
        return [] if "event" in found else [ident_of(found)]

    def fill(self, step: Step, statuses: Iterable[Mapping[str, Any]]) -> None:
        """Put what is kept of a page into a step."""
        found = named(statuses, step, "id", "account")
        sift = Sift(self.context.collection.seen, step, (ident_of(one).post for one in found))
        for status in found:
            line = json.dumps(status, ensure_ascii=False, separators=(",", ":")).encode()
            if self._keeps(sift, status, line):
                step.lines.append(line)

    def _keeps(self, sift: Sift, status: Mapping[str, Any], line: bytes) -> bool:
        # the importer decides who is left out, so that both always agree; what it cannot read
        # is written, and counted there
        item = next(iter(self._importer.parse(line)))
        micros = item.created_at if isinstance(item, Post) else None
        wanted = self.context.in_period(micros)
        if isinstance(item, Post):
            wanted = wanted and self.context.in_languages(item.lang)
            wanted = wanted and self.words.match(item.text, item.title, *item.hashtags)
        return sift.keeps(
            ident_of(status),
            micros=micros,
            wanted=wanted,
            refusals=[item.reason] if isinstance(item, Dropped) else [],
        )

    def threads(self, cursor: dict[str, Any]) -> Iterator[Step]:
        """Collect the threads of what was found."""
        seen = self.context.collection.seen
        while threads := seen.open_threads(1):
            step = Step(cursor={**cursor, "phase": "threads"}, done=threads)
            try:
                reply = self.client.get(
                    f"/api/v1/statuses/{quote(threads[0], safe='')}/context", has="descendants"
                )
            except Refused as refused:
                if refused.status not in (404, 410):  # deleted since
                    raise
            else:
                around = [*reply.data.get("ancestors", ()), *reply.data.get("descendants", ())]
                self.fill(step, around)
                # all that is around is in this answer: no need to ask for its own threads
                step.idents = [ident._replace(thread=None) for ident in step.idents]
            step.rest = self.answers_rest()
            yield step
        yield Step(cursor={**cursor, "phase": "threads"})

    def answers_rest(self) -> Gap | None:
        """Give the gap of answers that are not collected, where they are wanted."""
        if not self.settings.replies:
            return None
        why = "answers not collected yet"
        return Gap.of(self.settings.start, self.settings.end, why, open=True)


class MastodonTag(MastodonClient):
    """Posts with a hashtag, newest first; most servers need no key for it.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "mastodon-tag"
    reads: ClassVar[frozenset[str]] = frozenset(
        ["tags", "languages", "since", "until", "replies", "unindexed", "unlisted", "server"]
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context, needs_key=False)

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        check_mastodon(settings, environment, MastodonTag.name, needs_key=False)
        if not settings.tags:
            raise ConfigError(
                f"collecting from {MastodonTag.name}: no hashtag is given",
                hint="--tag flood --tag hochwasser",
            )

    def steps(self) -> Generator[Step, None, None]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        cursor = dict(self.context.collection.state.cursor) or {"tag": 0, "max_id": None}
        tags, repeats = self.settings.tags or [], Repeats()
        while cursor["tag"] < len(tags):
            if "numbered" not in cursor:
                cursor["numbered"] = self._is_numbered(tags[0])
            statuses = self._page(tags[cursor["tag"]], cursor)
            before = cursor
            cursor, reached = self._moved(cursor, statuses)
            repeats.count(moved=cursor != before)
            step = Step(cursor=cursor)
            self.fill(step, statuses)
            step.rest = self._rest(cursor, reached, len(tags))
            yield step
        if self.settings.replies:
            yield from self.threads(cursor)

    def _page(self, tag: str, cursor: Mapping[str, Any]) -> list[dict[str, Any]]:
        params = [("limit", str(_PAGE))]
        end, start = self.settings.end, self.settings.start
        max_id = cursor["max_id"]
        if max_id is None and end is not None and cursor["numbered"]:
            max_id = str(to_mastodon_id(end))
        if max_id is not None:
            params.append(("max_id", max_id))
        if start is not None and cursor["numbered"]:
            params.append(("since_id", str(to_mastodon_id(start) - 1)))
        return self._ask(tag, params)

    def _ask(self, tag: str, params: Params) -> list[dict[str, Any]]:
        reply = self.client.get(f"/api/v1/timelines/tag/{quote(tag, safe='')}", params, has="[]")
        return [status for status in reply.data if isinstance(status, dict) and status.get("id")]

    def _is_numbered(self, tag: str) -> bool:
        """Whether the server numbers posts by time: software other than Mastodon may not."""
        if self.settings.start is None and self.settings.end is None:
            return False
        newest_one = self._ask(tag, [("limit", "1")])
        return all(from_mastodon_id(status["id"]) is not None for status in newest_one)

    def _is_before(self, statuses: list[dict[str, Any]]) -> bool:
        """Whether a page lies before the period as a whole."""
        start = self.settings.start
        times = [iso_time(status.get("created_at")) for status in statuses]
        return start is not None and all(micros is not None and micros < start for micros in times)

    def _moved(
        self, cursor: Mapping[str, Any], statuses: list[dict[str, Any]]
    ) -> tuple[dict[str, Any], int | None]:
        """Go on behind the oldest; an empty page is the last of a tag."""
        ids = [status["id"] for status in statuses]
        if cursor["max_id"] is not None:  # of a page that came twice nothing leads backwards
            ids.append(cursor["max_id"])
        oldest = min(ids, key=_order) if statuses else None
        if oldest is None or self._is_before(statuses):
            return {**cursor, "tag": cursor["tag"] + 1, "max_id": None}, None
        return {**cursor, "max_id": oldest}, from_mastodon_id(oldest)

    def _rest(self, cursor: Mapping[str, Any], reached: int | None, tags: int) -> Gap | None:
        if cursor["tag"] >= tags:
            return self.answers_rest()
        last_tag = cursor["tag"] == tags - 1
        end = reached if last_tag and reached is not None else self.settings.end
        return Gap.of(self.settings.start, end, "not collected yet", open=True)


class MastodonSearch(MastodonClient):
    """Full-text search of one server, which needs a key.

    Parameters
    ----------
    context : Context
    """

    name: ClassVar[str] = "mastodon-search"
    reads: ClassVar[frozenset[str]] = frozenset(
        ["query", "languages", "since", "until", "replies", "unindexed", "unlisted", "server"]
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context, needs_key=True)

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        check_mastodon(settings, environment, MastodonSearch.name, needs_key=True)
        if not settings.query:
            raise ConfigError(
                f"collecting from {MastodonSearch.name}: no words are given", hint="--query flood"
            )

    def steps(self) -> Generator[Step, None, None]:
        """See :class:`~inundate.posts.collect.collector.Collector`."""
        cursor = dict(self.context.collection.state.cursor) or {"offset": 0, "tail": []}
        repeats = Repeats()
        while not cursor.get("end"):
            statuses = self._page(cursor["offset"])
            step = Step(cursor=cursor)
            self.fill(step, statuses)
            ids = [str(status.get("id")) for status in statuses]
            brings_nothing = set(ids) <= set(cursor["tail"])
            came_twice = brings_nothing and len(ids) > _OVERLAP
            repeats.count(moved=not came_twice)
            if not came_twice:
                step.gaps = _missed(cursor, statuses)
                cursor = {"offset": cursor["offset"] + max(1, len(ids) - _OVERLAP), "tail": ids}
                if brings_nothing:
                    cursor["end"] = True
            step.cursor, step.rest = cursor, self._rest(cursor, step)
            yield step
        if self.settings.replies:
            yield from self.threads(cursor)

    def _page(self, offset: int) -> list[dict[str, Any]]:
        params: Params = [
            ("q", self._query()),
            ("type", "statuses"),
            ("limit", str(_PAGE)),
            ("offset", str(offset)),
        ]
        return list(self.client.get("/api/v2/search", params, has="statuses").data["statuses"])

    def _query(self) -> str:
        parts = [self.settings.query or ""]
        # whole days, and none of those asked for left out; the rest is left out here
        if self.settings.start is not None:
            parts.append(f"after:{iso_seconds(self.settings.start - _DAY)[:10]}")
        if self.settings.end is not None:
            parts.append(f"before:{iso_seconds(self.settings.end + _DAY)[:10]}")
        return " ".join(parts)

    def _rest(self, cursor: Mapping[str, Any], step: Step) -> Gap | None:
        if cursor.get("end"):
            return self.answers_rest()
        end = min(step.times, default=self.settings.end)
        return Gap.of(self.settings.start, end, "not collected yet", open=True)


def _missed(cursor: Mapping[str, Any], statuses: list[dict[str, Any]]) -> list[Gap]:
    """Give a gap where a page does not meet the one before, of which it should repeat some."""
    tail = cursor["tail"]
    if not tail or not statuses or {status["id"] for status in statuses} & set(tail):
        return []
    start, end = from_mastodon_id(statuses[0]["id"]), from_mastodon_id(tail[-1])
    return [Gap.of(start, end, "more than 10 posts were deleted between two pages of a search")]


def ident_of(status: Mapping[str, Any]) -> Ident:
    """Name a status by its number on the server, as importers do."""
    account = status.get("account") or {}
    answered = (status.get("replies_count") or 0) > 0 or status.get("in_reply_to_id")
    return Ident(
        status["id"],
        account.get("uri") or account.get("url") or account.get("id"),
        status.get("edited_at"),
        status["id"] if answered else None,
    )


def newest(ids: Iterable[str]) -> str | None:
    """Give the latest of some numbers of statuses."""
    return max(ids, key=_order, default=None)


def _order(status_id: str) -> tuple[int, str]:
    return len(status_id), status_id


def _key(environment: Mapping[str, str], name: str, *, needed: bool) -> Secret | None:
    if not needed and not environment.get(KEY):
        return None
    return read_secret(environment, KEY, what=f"collecting from {name}")


def check_mastodon(
    settings: CollectSettings, environment: Mapping[str, str], name: str, *, needs_key: bool
) -> None:
    """Check server and key.

    Raises
    ------
    ConfigError
    """
    if not settings.server:
        raise ConfigError(
            f"collecting from {name}: no server is given", hint="--server https://mastodon.social"
        )
    key = _key(environment, name, needed=needs_key)
    check_server(settings.server, schemes=("https", "http"), has_key=key is not None)
