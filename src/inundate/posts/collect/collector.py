"""What a collector is: it gives the pages of one platform, from wherever it stood."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from inundate.posts.collect.faults import Tally
from inundate.posts.collect.folder import Collection, Step
from inundate.posts.collect.retry import Retry
from inundate.posts.collect.seen import Ident
from inundate.posts.collect.settings import CollectSettings
from inundate.posts.importers.record import Consent

__all__ = ["Collector", "Context"]


@dataclass(frozen=True)
class Context:
    """What a collector works with."""

    settings: CollectSettings
    collection: Collection
    retry: Retry
    environment: Mapping[str, str]
    should_stop: Callable[[], bool]

    @property
    def consent(self) -> Consent:
        """Whose posts are taken."""
        return Consent(
            unindexed=bool(self.settings.unindexed), unlisted=bool(self.settings.unlisted)
        )

    def in_period(self, micros: int | None) -> bool:
        """Whether a time is asked for; an unknown one is."""
        start, end = self.settings.start, self.settings.end
        if micros is None:
            return True
        return (start is None or micros >= start) and (end is None or micros < end)

    def in_languages(self, language: str | None) -> bool:
        """Whether a language is asked for."""
        wanted = self.settings.languages
        return wanted is None or (language or "").split("-")[0].lower() in wanted


class Collector(Protocol):
    """Pages of one platform.

    Attributes
    ----------
    name : str
        As on the command line.
    source : str
        As in :attr:`~inundate.posts.schema.Post.source`.
    reads : frozenset of str
        Settings that it heeds.
    is_stream : bool
        Whether it goes on until it is stopped, where no end is given.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    reads: ClassVar[frozenset[str]]
    is_stream: ClassVar[bool]

    def __init__(self, context: Context) -> None: ...

    @property
    def tally(self) -> Tally:
        """What its client did so far."""
        ...

    @property
    def spent_usd(self) -> float | None:
        """At most what was billed for the whole collection; None where nothing is."""
        ...

    @staticmethod
    def idents_of(line: bytes) -> list[Ident]:
        """Give the posts that a line of its pages holds."""
        ...

    @staticmethod
    def check(settings: CollectSettings, environment: Mapping[str, str]) -> None:
        """Check what can be checked before anything is asked or written.

        Raises
        ------
        ConfigError
        """
        ...

    def steps(self) -> Generator[Step, None, None]:
        """Give page after page, beginning where the collection stands.

        Raises
        ------
        Refused, GaveUp, Stopped
        """
        ...

    def close(self) -> None:
        """Close connections."""
        ...
