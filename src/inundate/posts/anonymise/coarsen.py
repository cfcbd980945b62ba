"""Round times, counts and clients so that many posts share a value."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["COUNT_BINS", "FOLLOWER_BINS", "bin_counts", "bin_times", "client_class", "years"]

COUNT_BINS = np.array([0, *(one * 10**power for power in range(13) for one in (1, 3))])
"""Least value of each bin of reposts, replies, likes, quotes and views."""
FOLLOWER_BINS = np.array([0, *(10**power for power in range(13))])
"""Least value of each bin of followers."""
_MINUTE_US = 60_000_000
_CLIENTS = (
    ("tool", r"bot\b|ifttt|hootsuite|buffer|zapier|dlvr|tweetdeck|sprout|socialflow|twitterfeed|"
             r"api|script|feed|cron|automat|integromat|make\.com|echofon pro"),
    ("ios", r"iphone|ipad|\bios\b|ivory|tweetbot|mac\b"),
    ("android", r"android|tusky|fedilab|twidere"),
    ("web", r"\bweb\b|mobile web|website|elk|phanpy|browser|\bm5\b|\bm2\b"),
    ("mobile", r"blackberry|windows phone|mobile|nokia|symbian"),
)  # fmt: skip
_CLIENT_CLASSES = [(name, re.compile(pattern)) for name, pattern in _CLIENTS]


def bin_times(column: pa.Array, minutes: int) -> pa.Array:
    """Round times down.

    Parameters
    ----------
    column : array of timestamp (N,)
        In microseconds.
    minutes : int

    Returns
    -------
    array of timestamp (N,)
        In seconds.
    """
    micros = column.cast(pa.int64())
    width = minutes * _MINUTE_US
    floored = np.asarray(micros.fill_null(0).to_numpy(zero_copy_only=False)) // width * width
    binned = pa.array(floored // 1_000_000, mask=_null(column))
    return binned.cast(pa.timestamp("s", tz="UTC"))


def years(column: pa.Array) -> pa.Array:
    """Give the years of times."""
    return pc.year(column)


def bin_counts(column: pa.Array, edges: np.ndarray) -> pa.Array:
    """Give the least value of the bin of each count.

    Parameters
    ----------
    column : array of int64 (N,)
    edges : array (K,), int
        Least value of each bin; what is below the first is in it.

    Examples
    --------
    >>> bin_counts(pa.array([0, 2, 47, None]), COUNT_BINS).to_pylist()
    [0, 1, 30, None]
    """
    values = np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False))
    place = np.searchsorted(edges, values, side="right") - 1
    return pa.array(edges[place.clip(min=0)], pa.int64(), mask=_null(column))


def client_class(name: str) -> str:
    """Give the class of a programme.

    Examples
    --------
    >>> client_class("Twitter for iPhone"), client_class("My own little thing")
    ('ios', 'other')
    """
    low = name.lower()
    return next((kind for kind, found in _CLIENT_CLASSES if found.search(low)), "other")


def _null(column: pa.Array) -> np.ndarray:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)
