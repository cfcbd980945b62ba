"""Times: microseconds since 1970 in UTC, as text, and as the platforms' ids hold them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_mastodon_id", "iso", "iso_seconds", "to_mastodon_id"]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MASTODON_BITS = 16  # below them an id holds milliseconds; Mastodon's lib/mastodon/snowflake.rb
_MASTODON_FIRST = 10**16  # ids below are of other software, or from before snowflakes


def iso(micros: int | None) -> str | None:
    """Give a time as ISO 8601 with microseconds.

    Examples
    --------
    >>> iso(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    if micros is None:
        return None
    found = _START + timedelta(microseconds=micros)
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def iso_seconds(micros: int) -> str:
    """Give a time as ISO 8601 in whole seconds, rounded down.

    Examples
    --------
    >>> iso_seconds(1_500_000)
    '1970-01-01T00:00:01Z'
    """
    return (_START + timedelta(seconds=micros // 1_000_000)).isoformat().replace("+00:00", "Z")


def to_mastodon_id(micros: int) -> int:
    """Give the smallest id that a Mastodon server gives at a time.

    Examples
    --------
    >>> from_mastodon_id(str(to_mastodon_id(1_700_000_000_000_000)))
    1700000000000000
    """
    return (micros // 1000) << _MASTODON_BITS


def from_mastodon_id(status_id: str) -> int | None:
    """Read the time that the id of a status holds; None where the server gives other ids."""
    if not (status_id.isascii() and status_id.isdigit()) or int(status_id) < _MASTODON_FIRST:
        return None
    return (int(status_id) >> _MASTODON_BITS) * 1000
