"""Mastodon: what all its collectors share: server and key, who is left out, threads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from inundate.core.errors import ConfigError
from inundate.posts.collect.client import Client
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Refused, Tally
from inundate.posts.collect.folder import Step
from inundate.posts.collect.match import Words
from inundate.posts.collect.secret import Secret, read_secret
from inundate.posts.collect.seen import Ident
from inundate.posts.collect.settings import CollectSettings, check_server
from inundate.posts.collect.sift import Sift, named
from inundate.posts.collect.state import Gap
from inundate.posts.importers.mastodon import Mastodon
from inundate.posts.importers.record import Dropped
from inundate.posts.schema import Post

__all__ = ["KEY", "MastodonClient", "check_mastodon", "ident_of", "newest", "number_of"]

KEY = "MASTODON_ACCESS_TOKEN"


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
    return max(ids, key=number_of, default=None)


def number_of(status_id: str) -> tuple[int, str]:
    """Give what orders the numbers of statuses by time."""
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
