"""Mastodon: full-text search of one server."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, ClassVar

from inundate.core.errors import ConfigError
from inundate.posts.collect.client import Params
from inundate.posts.collect.clock import from_mastodon_id, iso_seconds
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Repeats
from inundate.posts.collect.folder import Step
from inundate.posts.collect.mastodon import MastodonClient, check_mastodon
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.state import Gap

__all__ = ["MastodonSearch"]

_PAGE = 40  # the most that a server gives
_OVERLAP = 10  # of two pages of a search: posts that are deleted in between pull later ones up
_DAY = 86_400_000_000


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
