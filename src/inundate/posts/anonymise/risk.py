"""How many authors share each combination of what is left to recognise a post by."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.distinct import codes_of, count_authors, unique_pairs
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
_PIECE = 100_000  # posts; 1.6 MB
_PAIR = 16  # bytes of a combination and an author
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
    # within the store: the system's folder for such files may be in memory
    store.staging.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="pairs-", dir=store.staging) as folder:
            pairs = _Pairs(Path(folder), sum(part.rows for part in store.parts()))
            for table in store.batches([*sorted(_USED), "author", "post"]):
                _take(table, pairs)
            return [
                {"known": known, "columns": list(columns), **pairs.shares(known, k)}
                for known, columns in COMBINATIONS.items()
            ]
    finally:
        store.tidy()


class _Pairs:
    """Pairs of combination and author, on disk in pieces that fit into memory.

    All pairs of a combination are in one piece.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._pieces = max(1, number // _PIECE)

    def add(self, known: str, codes: np.ndarray, authors: np.ndarray) -> None:
        place = list(COMBINATIONS).index(known)
        pieces = (codes.astype(np.uint64) >> np.uint64(40)) % np.uint64(self._pieces)
        for piece in range(self._pieces):
            here = pieces == piece
            with (self._folder / f"{place}-{piece}").open("ab") as stream:
                np.stack([codes[here], authors[here]], axis=1).tofile(stream)

    def shares(self, known: str, k: int) -> dict[str, Any]:
        place = list(COMBINATIONS).index(known)
        posts = alone = below = 0
        least: int | None = None
        for piece in sorted(self._folder.glob(f"{place}-*")):
            if not piece.stat().st_size:
                continue
            of_code, authors = _count(piece)
            posts += int(of_code.sum())
            alone += int(of_code[authors == 1].sum())
            below += int(of_code[authors < k].sum())
            least = int(authors.min() if least is None else min(least, authors.min()))
        return {
            "posts": posts,
            "alone": alone / max(posts, 1),
            "below_k": below / max(posts, 1),
            "least": least,
        }


def _count(piece: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give the posts and the different authors of each combination of a piece.

    A combination that most posts share makes a large piece: of that, some authors are looked at
    after the others.
    """
    turns = -(-piece.stat().st_size // (_PIECE * _PAIR))
    found = [_count_turn(piece, turn, turns) for turn in range(turns)]
    codes, posts, authors = (np.concatenate([one[part] for one in found]) for part in range(3))
    _, place = np.unique(codes, return_inverse=True)
    totals = [np.zeros(place.max() + 1, dtype=np.int64) for _ in range(2)]
    for total, of_turn in zip(totals, (posts, authors), strict=True):
        np.add.at(total, place, of_turn)
    return totals[0], totals[1]


def _count_turn(piece: Path, turn: int, turns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give combinations, and posts and authors of each, for every so manieth author."""
    codes, posts = [], []
    pairs = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    with piece.open("rb") as stream:
        while block := stream.read(_PIECE * _PAIR):
            rows = np.frombuffer(block, dtype=np.int64).reshape(-1, 2)
            rows = rows[rows[:, 1].view(np.uint64) % np.uint64(turns) == turn]
            values, numbers = np.unique(rows[:, 0], return_counts=True)
            codes.append(values)
            posts.append(numbers)
            pairs.append(unique_pairs(rows[:, 0], rows[:, 1]))
    values, authors = count_authors(*(np.concatenate(part) for part in zip(*pairs, strict=True)))
    totals = np.zeros(len(values), dtype=np.int64)
    np.add.at(totals, np.searchsorted(values, np.concatenate(codes)), np.concatenate(posts))
    return values, totals, authors


_USED = {name for columns in COMBINATIONS.values() for name in columns} - {"day"}


def _take(table: pa.Table, pairs: _Pairs) -> None:
    """Give a code a post for each combination, and one for its author."""
    of_column = {name: _of_column(table[name].combine_chunks()) for name in _USED}
    day = pc.floor_temporal(table["created_bin"].combine_chunks(), unit="day")
    of_column["day"] = _of_column(day)
    author = pc.coalesce(table["author"], table["post"]).combine_chunks()
    authors = codes_of(author)[0]
    for known, columns in COMBINATIONS.items():
        code = np.zeros(table.num_rows, dtype=np.int64)
        for name in columns:
            code = code * _MIX + of_column[name]
        pairs.add(known, code * _MIX, authors)


def _of_column(column: pa.Array) -> np.ndarray:
    code, there = codes_of(_plain(column))
    return np.where(there, code, -1)


def _plain(column: pa.Array) -> pa.Array:
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
