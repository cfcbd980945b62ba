"""How often and after what time a request is repeated."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["Retry", "is_exhausted", "server_time", "told_wait", "wait_for"]

# a reset below this is a number of seconds (draft-ietf-httpapi-ratelimit-headers), else a time
_LEAST_EPOCH = 10**8
_RESETS = ("x-rate-limit-reset", "ratelimit-reset", "x-ratelimit-reset")
_LEFT = ("x-rate-limit-remaining", "ratelimit-remaining", "x-ratelimit-remaining")


class Retry(Settings):
    """Bounds of patience."""

    tries: int = Field(default=8, ge=1)
    """Requests for the same thing, one after the other, before it is given up."""
    base_s: float = Field(default=1.0, gt=0)
    """Wait after the first failure; it doubles with each further one."""
    most_s: float = Field(default=120.0, gt=0)
    """Longest wait that is not asked for by the server."""
    most_told_s: float = Field(default=1000.0, gt=0)
    """Longest wait that a server may ask for; X's windows last 900 s."""
    request_s: float = Field(default=60.0, gt=0)
    """Time for one request as a whole, however slowly its bytes come."""
    quiet_s: float = Field(default=90.0, gt=0)
    """A stream that has been silent for so long is connected anew; servers send heartbeats."""


def wait_for(failures: int, told_s: float | None, retry: Retry, chance: random.Random) -> float:
    """Give the seconds to wait after a failure.

    Parameters
    ----------
    failures : int
        Failures in a row, 1 or more.
    told_s : float or None
        What the server asked for; never less is waited.
    retry : Retry
    chance : Random
        Spreads the waits, so that clients that failed together do not come back together.

    Examples
    --------
    >>> 30 <= wait_for(1, 30.0, Retry(), random.Random(0)) <= 33
    True
    """
    if told_s is not None:
        return told_s + chance.uniform(0, min(retry.base_s, 0.1 * told_s + 0.1 * retry.base_s))
    most = min(retry.most_s, retry.base_s * 2.0 ** min(failures - 1, 32))
    return chance.uniform(0.5, 1.0) * most


def server_time(headers: Mapping[str, str]) -> float | None:
    """Give the server's clock in seconds since 1970, from the ``Date`` of its answer."""
    return _date(headers.get("date", ""))


def is_exhausted(headers: Mapping[str, str]) -> bool:
    """Whether an answer says that the next request will be refused."""
    return any(headers.get(name, "").strip() == "0" for name in _LEFT)


def told_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Give the seconds that a server asks to wait.

    Times are read against the server's own clock where it tells it: a client whose clock is
    wrong by an hour would wait an hour, or not at all.

    Parameters
    ----------
    headers : mapping
        Lower-case names.
    now : float
        The client's clock in seconds since 1970.

    Examples
    --------
    >>> told_wait({"retry-after": "7"}, 0.0)
    7.0
    """
    clock = server_time(headers)
    now = now if clock is None else clock
    after = _after(headers.get("retry-after", "").strip(), now)
    if after is not None:
        return max(0.0, after)
    for name in _RESETS:
        value = _moment(headers.get(name, "").strip(), now)
        if value is not None:
            return max(0.0, value - now)
    return None


def _after(text: str, now: float) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    date = _date(text)
    return None if date is None else date - now


def _moment(text: str, now: float) -> float | None:
    number = _number(text)
    if number is not None:
        return number if number >= _LEAST_EPOCH else now + number
    try:  # Mastodon writes ISO 8601
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < 1e11 else None


def _date(text: str) -> float | None:
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
