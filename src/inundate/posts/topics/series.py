"""Numbers of posts over time, by topic and class, with the gaps of the collection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError
from inundate.posts.topics.posts import NO_TIME, TimedPosts

__all__ = ["LEAST", "Series", "make_series"]

LEAST = 10
"""Fewest posts of a time that are split: fewer ones may point to persons."""
_MOST_BINS = 5_000


@dataclass(frozen=True)
class Series:
    """Counts in T times.

    Parameters
    ----------
    starts : array (T,), int64
        Seconds since 1970, UTC.
    width_s : int
    volume : array (T,), int64
        Posts; 0 < n < ``LEAST`` are told as they are, but not split.
    shares : array (T, K)
        Of the posts that have a group; NaN where there are too few.
    without_time : int
    gaps : array (T,), bool
        Whether the collection may have missed posts.
    """

    starts: np.ndarray
    width_s: int
    volume: np.ndarray
    shares: np.ndarray
    without_time: int
    gaps: np.ndarray

    def told(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        """Give one row a time, as JSON."""
        return [
            {
                "from": _iso(int(start)),
                "posts": int(number),
                "gap": bool(gap),
                "shares": None
                if not np.isfinite(row).all() or not len(row)
                else dict(zip(names, row.round(4).tolist(), strict=True)),
            }
            for start, number, gap, row in zip(
                self.starts, self.volume, self.gaps, self.shares, strict=True
            )
        ]


def make_series(
    posts: TimedPosts, groups: np.ndarray, number: int, rows: np.ndarray, *, hours: float
) -> Series:
    """Count posts over time.

    Parameters
    ----------
    posts : TimedPosts
    groups : array (N,), int
        Topic or class of each post, -1 for none.
    number : int
        Of groups, K.
    rows : array (M,), int
        The posts that are counted.
    hours : float
        Width of a time.

    Raises
    ------
    ConfigError
        If the width is not positive, or the times would be too many.
    """
    width = round(hours * 3600)
    if width < 1:
        raise ConfigError(f"counting posts over time: bins of {hours} h, expected more than 0")
    known = rows[posts.times[rows] != NO_TIME]
    lost = len(rows) - len(known)
    if not len(known):
        empty = np.empty(0, np.int64)
        return Series(empty, width, empty, np.empty((0, number)), lost, np.empty(0, bool))
    place = posts.times[known] // width
    first, last = int(place.min()), int(place.max())
    if last - first >= _MOST_BINS:
        raise ConfigError(
            f"counting posts over time: {last - first + 1:,} bins of {hours:g} h, expected at "
            f"most {_MOST_BINS:,}",
            hint=f"--hours {np.ceil((last - first + 1) * hours / _MOST_BINS):g} or more",
        )
    bins = last - first + 1
    volume = np.bincount(place - first, minlength=bins)
    grouped = groups[known] >= 0
    cells = (place[grouped] - first) * number + groups[known][grouped]
    counts = np.bincount(cells, minlength=bins * number).reshape(bins, number)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.full((bins, number), np.nan)
    np.divide(counts, total, out=shares, where=total >= LEAST)
    starts = (first + np.arange(bins)) * width
    return Series(starts, width, volume, shares, lost, _in_gaps(posts, starts, width))


def _in_gaps(posts: TimedPosts, starts: np.ndarray, width: int) -> np.ndarray:
    inside = np.zeros(len(starts), bool)
    for gap in posts.gaps:
        begin = -np.inf if gap.start is None else datetime.fromisoformat(gap.start).timestamp()
        end = np.inf if gap.to is None else datetime.fromisoformat(gap.to).timestamp()
        inside |= (starts < end) & (starts + width > begin)
    return inside


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
