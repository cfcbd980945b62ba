"""How many authors share each combination of what is left to recognise a post by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.distinct import Distinct, codes_of
from inundate.posts.store import PostStore

__all__ = ["COMBINATIONS", "crowd_sizes"]

COMBINATIONS: dict[str, tuple[str, ...]] = {
    "day and place": ("day", "latitude", "longitude"),
    "time": ("created_bin",),
    "time, place, client, followers": (
        "created_bin", "latitude", "longitude", "client", "author_followers_bin",
    ),
    "language, client, year of the account, followers": (
        "lang", "client", "author_year", "author_followers_bin",
    ),
    "counts": ("reposts_bin", "replies_bin", "likes_bin", "quotes_bin", "views_bin"),
}  # fmt: skip
"""What somebody may know of a post who looks for it; ``day`` is that of ``created_bin``."""
_MIX = np.int64(-7046029254386353131)  # odd: 2^64 over the golden ratio


def crowd_sizes(store: PostStore, k: int) -> list[dict[str, Any]]:
    """Count, for each combination, the posts whose author hides among fewer than ``k``.

    Parameters
    ----------
    store : PostStore
        Pseudonymised.
    k : int

    Returns
    -------
    list of dict
        ``known``, ``columns``, ``posts``, ``alone`` (share of posts that one author alone has
        the combination of), ``below_k`` (share with fewer than k authors), ``least`` authors.
    """
    found = []
    for known, columns in COMBINATIONS.items():
        codes, authors = _codes(store, columns)
        counts = Distinct()
        counts.add(codes, authors)
        values, numbers = counts.counts()
        of_post = numbers[np.searchsorted(values, codes)] if len(values) else numbers
        found.append(
            {
                "known": known,
                "columns": list(columns),
                "posts": len(codes),
                "alone": _share(of_post == 1),
                "below_k": _share(of_post < k),
                "least": int(numbers.min()) if len(numbers) else None,
            }
        )
    return found


def _codes(store: PostStore, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give a code a post for the combination, and one for its author."""
    read = {"created_bin" if name == "day" else name for name in columns}
    codes, authors = [], []
    for table in store.batches([*sorted(read), "author", "post"]):
        code = np.zeros(table.num_rows, dtype=np.int64)
        for name in columns:
            column = table["created_bin" if name == "day" else name].combine_chunks()
            if name == "day":
                column = pc.floor_temporal(column, unit="day")
            value, there = codes_of(_plain(column))
            code = code * _MIX + np.where(there, value, -1)
        codes.append(code)
        author = pc.coalesce(table["author"], table["post"]).combine_chunks()
        authors.append(codes_of(author)[0])
    if not codes:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(codes), np.concatenate(authors)


def _plain(column: pa.Array) -> pa.Array:
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _share(mask: np.ndarray) -> float:
    return float(mask.mean()) if len(mask) else 0.0
