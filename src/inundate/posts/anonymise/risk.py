"""How many authors share each combination of what is left to recognise a post by."""

from __future__ import annotations

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
    codes, authors = _codes(store)
    found = []
    for known, columns in COMBINATIONS.items():
        counts = Distinct()
        counts.add(codes[known], authors)
        values, numbers = counts.counts()
        of_post = numbers[np.searchsorted(values, codes[known])] if len(values) else numbers
        found.append(
            {
                "known": known,
                "columns": list(columns),
                "posts": len(authors),
                "alone": _share(of_post == 1),
                "below_k": _share(of_post < k),
                "least": int(numbers.min()) if len(numbers) else None,
            }
        )
    return found


def _codes(store: PostStore) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Give a code a post for each combination, and one for its author."""
    used = {name for columns in COMBINATIONS.values() for name in columns} - {"day"}
    codes: dict[str, list[np.ndarray]] = {known: [] for known in COMBINATIONS}
    authors: list[np.ndarray] = []
    for table in store.batches([*sorted(used), "author", "post"]):
        of_column = {name: _of_column(table[name].combine_chunks()) for name in used}
        day = pc.floor_temporal(table["created_bin"].combine_chunks(), unit="day")
        of_column["day"] = _of_column(day)
        for known, columns in COMBINATIONS.items():
            code = np.zeros(table.num_rows, dtype=np.int64)
            for name in columns:
                code = code * _MIX + of_column[name]
            codes[known].append(code)
        author = pc.coalesce(table["author"], table["post"]).combine_chunks()
        authors.append(codes_of(author)[0])
    nothing = [np.empty(0, dtype=np.int64)]
    return (
        {known: np.concatenate(parts or nothing) for known, parts in codes.items()},
        np.concatenate(authors or nothing),
    )


def _of_column(column: pa.Array) -> np.ndarray:
    code, there = codes_of(_plain(column))
    return np.where(there, code, -1)


def _plain(column: pa.Array) -> pa.Array:
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _share(mask: np.ndarray) -> float:
    return float(mask.mean()) if len(mask) else 0.0
