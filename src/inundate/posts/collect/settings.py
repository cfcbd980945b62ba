"""What a collection asks for."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.posts.box import LonLatBox
from inundate.posts.collect.client import is_loopback
from inundate.posts.importers.times import iso_time

__all__ = ["CollectSettings", "check_server"]

# they may change from one run to the next without making another collection
_OF_A_RUN = ("limit", "budget_usd", "max_minutes", "price_post_usd", "price_user_usd")


class CollectSettings(Settings):
    """Query, period, place and bounds; each collector reads some of them and refuses others."""

    query: str | None = None
    """Words, in the platform's own language of queries where it searches itself."""
    tags: list[str] | None = None
    """Hashtags without # (Mastodon)."""
    languages: list[str] | None = None
    """Two letters each; posts in any of them."""
    since: str | None = None
    """Earliest time, ISO 8601; UTC where no zone is given."""
    until: str | None = None
    """Latest time, exclusive."""
    box: LonLatBox | None = None
    """West, south, east, north in degrees (X)."""
    replies: bool | None = None
    """Also all answers in the threads of what is found."""
    unindexed: bool | None = None
    """Also authors who do not want to be found in searches; needs a ground in law or ethics."""
    unlisted: bool | None = None
    """Also posts that are public but kept out of timelines (Mastodon)."""
    server: str | None = None
    """Address of the server, with https:// or wss://."""
    over: Literal["sse", "websocket"] | None = None
    """What Mastodon's stream comes over."""
    frames: Literal["v1", "v2"] | None = None
    """Which interface of Jetstream is asked; frames of both are read."""
    limit: int | None = Field(default=None, ge=1)
    """End after so many posts."""
    max_minutes: float | None = Field(default=None, gt=0)
    """End after so many minutes."""
    budget_usd: float | None = Field(default=None, gt=0)
    """End before this run and those before it may cost more (X)."""
    price_post_usd: float | None = Field(default=None, ge=0)
    """What X bills for a post, and for a medium."""
    price_user_usd: float | None = Field(default=None, ge=0)
    """What X bills for an author."""

    @field_validator("since", "until")
    @classmethod
    def _is_time(cls, text: str | None) -> str | None:
        iso_time(text)
        return text

    @field_validator("languages")
    @classmethod
    def _are_languages(cls, languages: list[str] | None) -> list[str] | None:
        for language in languages or ():
            if not (language.isascii() and language.isalpha() and 2 <= len(language) <= 3):
                raise ValueError(f"{language!r} is no language; expected letters such as 'en'")
        return languages and [language.lower() for language in languages]

    @field_validator("tags")
    @classmethod
    def _are_tags(cls, tags: list[str] | None) -> list[str] | None:
        for tag in tags or ():
            if not tag.replace("_", "").isalnum():
                raise ValueError(f"{tag!r} is no hashtag; expected letters, digits and _, no #")
        return tags

    @model_validator(mode="after")
    def _in_order(self) -> CollectSettings:
        start, end = self.start, self.end
        if start is not None and end is not None and start >= end:
            raise ValueError(f"since {self.since} is not before until {self.until}")
        return self

    @property
    def start(self) -> int | None:
        """``since`` in microseconds."""
        return iso_time(self.since)

    @property
    def end(self) -> int | None:
        """``until`` in microseconds."""
        return iso_time(self.until)

    def asks(self) -> dict[str, Any]:
        """Give what makes two collections the same."""
        given = self.model_dump(mode="json", exclude_none=True)
        return {key: value for key, value in given.items() if key not in _OF_A_RUN}

    def check_read(self, collector: str, reads: frozenset[str]) -> None:
        """Check that the collector reads every setting that is given.

        Raises
        ------
        ConfigError
        """
        given = [key for key, value in self if value is not None and key not in reads]
        given = [key for key in given if key not in ("limit", "max_minutes")]
        if given:
            flags = ", ".join(f"--{_FLAGS.get(key, key).replace('_', '-')}" for key in given)
            known = sorted(f"--{_FLAGS.get(key, key).replace('_', '-')}" for key in reads)
            raise ConfigError(
                f"collecting from {collector}: it cannot heed {flags}",
                hint=f"{collector} takes {', '.join(known)}, --limit, --max-minutes",
            )


_FLAGS = {"tags": "tag", "languages": "language"}


def check_server(address: str, *, schemes: tuple[str, ...], has_key: bool) -> str:
    """Give the address of a server.

    Parameters
    ----------
    address : str
    schemes : tuple of str
        Encrypted one first; the other is for servers on this machine.
    has_key : bool
        Whether a key goes there.

    Raises
    ------
    ConfigError
        If it is no address, or a key or a query would go over the network in clear.
    """
    parts = urlsplit(address)
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.query:
        raise ConfigError(
            f"the server {address!r} is no address; expected {schemes[0]}:// and a name",
            hint=f"such as {schemes[0]}://mastodon.social",
        )
    if parts.scheme != schemes[0] and not is_loopback(address):
        what = "the key" if has_key else "the query"
        raise ConfigError(
            f"the server {address!r}: {what} would go over the network in clear",
            hint=f"give {schemes[0]}://{parts.netloc}",
        )
    return address.rstrip("/")
