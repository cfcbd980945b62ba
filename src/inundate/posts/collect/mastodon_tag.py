"""Mastodon: hashtags back in time, newest first."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from inundate.core.errors import ConfigError
from inundate.posts.collect.client import Params
from inundate.posts.collect.clock import from_mastodon_id, to_mastodon_id
from inundate.posts.collect.collector import Context
from inundate.posts.collect.faults import Repeats
from inundate.posts.collect.folder import Step
from inundate.posts.collect.mastodon import MastodonClient, check_mastodon, number_of
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.state import Gap
from inundate.posts.importers.times import iso_time

__all__ = ["MastodonTag"]

_PAGE = 40  # the most that a server gives


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
        oldest = min(ids, key=number_of) if statuses else None
        if oldest is None or self._is_before(statuses):
            return {**cursor, "tag": cursor["tag"] + 1, "max_id": None}, None
        return {**cursor, "max_id": oldest}, from_mastodon_id(oldest)

    def _rest(self, cursor: Mapping[str, Any], reached: int | None, tags: int) -> Gap | None:
        if cursor["tag"] >= tags:
            return self.answers_rest()
        last_tag = cursor["tag"] == tags - 1
        end = reached if last_tag and reached is not None else self.settings.end
        return Gap.of(self.settings.start, end, "not collected yet", open=True)
