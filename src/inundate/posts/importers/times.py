"""Times of the platforms, as microseconds since 1970 in UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Unreadable", "from_seconds", "from_snowflake", "iso_time", "v1_time"]

_SECOND = 1_000_000
_START = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = 0, 4_102_444_800 * _SECOND  # 1970 to 2100: outside is a slip of units
_SNOWFLAKE_START = 1_288_834_974_657  # ms; ids of X count from here on, 2010-11-04
_SNOWFLAKE_FIRST = 29_700_859_247  # ids below were given one by one and tell no time
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Unreadable(ValueError):
    """A value that cannot be read; the message holds nothing of it."""


def _checked(micros: int) -> int:
    if not _FIRST <= micros < _LAST:
        raise Unreadable("a time outside 1970 to 2100")
    return micros


def iso_time(text: str | None) -> int | None:
    """Read an ISO 8601 time; without a zone it is taken as UTC.

    Parameters
    ----------
    text : str or None
        Such as ``2013-06-21T10:20:30.123Z``.

    Returns
    -------
    int or None
        Microseconds; None of None or an empty text.

    Raises
    ------
    ValueError
        If it is no time, or not between 1970 and 2100.

    Examples
    --------
    >>> iso_time("1970-01-02T00:00:00.5Z")
    86400500000
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("a time that is not ISO 8601") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    whole = found - _START
    return _checked((whole.days * 86_400 + whole.seconds) * _SECOND + whole.microseconds)


def v1_time(text: str | None) -> int | None:
    """Read a time of X's first interface, or any ISO or e-mail time.

    Raises
    ------
    ValueError
        If it is no time.

    Examples
    --------
    >>> v1_time("Wed Oct 10 20:19:24 +0000 2018")
    1539202764000000
    """
    if not text:
        return None
    parts = text.split()
    if len(parts) == 6 and parts[1] in _MONTHS:
        month = _MONTHS.index(parts[1]) + 1
        zone = parts[4][:3] + ":" + parts[4][3:]
        return iso_time(f"{parts[5]}-{month:02d}-{parts[2]:0>2}T{parts[3]}{zone}")
    try:
        return iso_time(text)
    except ValueError:
        try:
            return iso_time(parsedate_to_datetime(text).isoformat())
        except (ValueError, TypeError, IndexError):
            raise Unreadable("a time of no known form") from None


def from_seconds(seconds: float | None) -> int | None:
    """Make microseconds of seconds since 1970.

    Raises
    ------
    ValueError
        If that is not between 1970 and 2100.

    Examples
    --------
    >>> from_seconds(1.5)
    1500000
    """
    if seconds is None:
        return None
    return _checked(round(seconds * _SECOND) if math.isfinite(seconds) else -1)


def from_snowflake(post_id: str) -> int | None:
    """Read the time that an id of X holds; None for ids before November 2010.

    Examples
    --------
    >>> datetime.fromtimestamp(from_snowflake("347686624563429378") / 1e6, UTC).isoformat()
    '2013-06-20T12:05:25.658000+00:00'
    """
    if not (post_id.isascii() and post_id.isdigit()):
        return None
    number = int(post_id)
    if not _SNOWFLAKE_FIRST <= number < 2**63:
        return None
    return ((number >> 22) + _SNOWFLAKE_START) * 1000
