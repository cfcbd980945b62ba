"""Collect: from the first page, or from where a collection stands, to a bound or the end."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, RunError, nearest
from inundate.core.interrupt import Interrupts
from inundate.core.progress import Progress
from inundate.posts.collect.bluesky import BlueskySearch
from inundate.posts.collect.collector import Collector, Context
from inundate.posts.collect.faults import GaveUp, Refused, Stopped, Tally
from inundate.posts.collect.folder import Collection
from inundate.posts.collect.jetstream import Jetstream
from inundate.posts.collect.mastodon_search import MastodonSearch
from inundate.posts.collect.mastodon_stream import MastodonStream
from inundate.posts.collect.mastodon_tag import MastodonTag
from inundate.posts.collect.retry import Retry
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.collect.state import Counts, State
from inundate.posts.collect.x import BudgetSpent, XArchive, XRecent
from inundate.posts.collect.x_open import estimate_x

__all__ = ["COLLECTORS", "collect", "estimate", "find_collector"]

COLLECTORS: dict[str, type[Collector]] = {
    cls.name: cls
    for cls in (
        BlueskySearch,
        Jetstream,
        MastodonSearch,
        MastodonStream,
        MastodonTag,
        XArchive,
        XRecent,
    )
}
_KEY_HINT = "see docs/collect.md for the key that the platform wants"


def find_collector(name: str) -> type[Collector]:
    """Give a collector.

    Raises
    ------
    ConfigError
        If there is none of that name.

    Examples
    --------
    >>> find_collector("mastodon-tag").source
    'mastodon'
    """
    if name not in COLLECTORS:
        close = nearest(name, COLLECTORS)
        advice = f"did you mean {close!r}?" if close else f"expected one of {', '.join(COLLECTORS)}"
        raise ConfigError(f"collecting from {name!r}: no such collector; {advice}")
    return COLLECTORS[name]


def collect(
    source: str,
    output: Path,
    *,
    settings: CollectSettings | None = None,
    retry: Retry | None = None,
    environment: Mapping[str, str] | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Collect posts into a folder, or go on with one.

    Parameters
    ----------
    source : str
        One of :data:`COLLECTORS`.
    output : Path
        Folder; one that is there goes on, with the same settings.
    settings : CollectSettings, optional
    retry : Retry, optional
    environment : mapping, optional
        Where keys are; by default ``os.environ``.
    progress : bool
        Show posts and rate on standard error.

    Returns
    -------
    dict
        Content of ``collection.json`` without files and cursor.

    Raises
    ------
    ConfigError
        If settings or keys are missing, or not for this collector.
    RunError
        If the platform refuses, all tries failed, the disk is full, or the folder is in use.
        What came before is safe, and the same command goes on.
    """
    cls, settings = find_collector(source), settings or CollectSettings()
    environment = os.environ if environment is None else environment
    settings.check_read(source, cls.reads)
    cls.check(settings, environment)
    asked = settings.asks()
    with (
        Collection(output, source, asked, cls.idents_of) as collection,
        Interrupts() as interrupts,
        Progress(f"collect {source}", unit="posts", enabled=progress) as bar,
    ):
        stop = _Stop(settings, collection, interrupts)
        context = Context(settings, collection, retry or Retry(), environment, stop.is_asked)
        collector = cls(context)
        collection.begin(settings.start, settings.end, is_open=cls.is_stream)
        try:
            why = _go(collector, collection, stop, bar)
        finally:
            collector.close()
        if why == "interrupted":
            _note_resume()
    return summary(collection.state)


class _Stop:
    """Bounds of one run."""

    def __init__(
        self, settings: CollectSettings, collection: Collection, interrupts: Interrupts
    ) -> None:
        self._limit, self._collection, self._interrupts = settings.limit, collection, interrupts
        minutes = settings.max_minutes
        self._end = None if minutes is None else time.monotonic() + 60 * minutes

    def is_asked(self) -> bool:
        """Whether to stop while waiting."""
        return self._interrupts.pending or self.is_late()

    def is_late(self) -> bool:
        """Whether the time is up."""
        return self._end is not None and time.monotonic() >= self._end

    def why(self) -> str | None:
        """Say why to stop after a page, or None."""
        if self._interrupts.pending:
            return "interrupted"
        if self.is_late():
            return "max-minutes reached"
        if self._limit is not None and self._collection.state.counts.posts >= self._limit:
            return "limit reached"
        return None


def _go(collector: Collector, collection: Collection, stop: _Stop, bar: Progress) -> str:
    """Collect until something ends it, and write down what did."""
    told = Tally()
    why = stop.why() or ("complete" if collection.state.complete else None)
    steps = collector.steps()
    failed: str | None = None
    try:
        while why is None:
            step = next(steps, None)
            if step is None:
                why = "complete"
                break
            _count(step.counts, collector.tally, told)
            _note(collection.state, collector)
            collection.commit(step)
            bar.update(collection.state.counts.posts)
            why = stop.why()
    except Stopped:
        why = stop.why() or "interrupted"
    except BudgetSpent:
        why = "budget reached"
    except (Refused, GaveUp) as error:
        failed, why = str(error), f"failed: {error}"
        status = getattr(error, "status", None)
    finally:
        with suppress(RuntimeError):  # of a generator that was interrupted while it ran
            steps.close()
    _count(collection.state.counts, collector.tally, told)
    _note(collection.state, collector)
    collection.end(why)
    if failed is not None:
        raise RunError(
            f"collecting from {collector.name}: {failed}; "
            f"{collection.state.counts.posts} posts are safe in {collection.path}",
            hint=_KEY_HINT if status in (401, 403) else "the same command goes on from there",
        )
    return why


def _note(state: State, collector: Collector) -> None:
    spent = collector.spent_usd
    state.spent_usd = None if spent is None else round(spent, 6)
    state.clock_skew_s = collector.tally.skew_s


def _count(counts: Counts, tally: Tally, told: Tally) -> None:
    """Add what the client did since the last page."""
    counts.requests += tally.requests - told.requests
    for fault, number in tally.faults.items():
        new = number - told.faults.get(fault, 0)
        if new:
            counts.faults[fault] = counts.faults.get(fault, 0) + new
    told.requests, told.faults = tally.requests, dict(tally.faults)


def _note_resume() -> None:
    error = KeyboardInterrupt()
    error.add_note("the collection is safe; the same command goes on")
    raise error


def summary(state: State) -> dict[str, Any]:
    """Give the figures of a collection, as the command shows them."""
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(state)
    for name in ("cursor", "version", "kind"):
        del found[name]
    found["bytes"] = sum(info["bytes"] for info in found.pop("files"))
    return found


def estimate(
    source: str,
    *,
    settings: CollectSettings,
    retry: Retry | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Ask a platform that bills by item what a collection would cost, and collect nothing.

    Raises
    ------
    ConfigError
        If the platform bills nothing, or as in :func:`collect`.
    RunError
        If the platform does not answer.
    """
    cls = find_collector(source)
    if not issubclass(cls, XRecent):
        raise ConfigError(
            f"estimating a collection from {source}: that platform bills nothing",
            hint="collect at once, with a --limit",
        )
    settings.check_read(source, cls.reads)
    environment = os.environ if environment is None else environment
    cls.check(settings, environment)
    try:
        return estimate_x(
            settings, environment, name=source, archive=cls.archive, retry=retry or Retry()
        )
    except (Refused, GaveUp) as error:
        raise RunError(
            f"asking {source} how many posts there are: {error}",
            hint="collect without an estimate: --budget-usd bounds the cost all the same",
        ) from None
