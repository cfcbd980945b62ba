"""Which of several copies of a post stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Copies", "Reader", "resolve"]

Reader = Callable[[Sequence[str] | None], Iterable[pa.Table]]
_LABELS = ["label_names", "label_values"]


class Copies:
    """The rows of one ingest in one partition, and which of them stay.

    Parameters
    ----------
    ingest : str
    read : callable
        Takes names of columns, or None for all; gives the rows in tables, always in one order.
    rows : int
        How many.
    """

    def __init__(self, ingest: str, read: Reader, rows: int) -> None:
        self.ingest, self.read, self.rows = ingest, read, rows
        self.keep: np.ndarray = np.ones(rows, dtype=bool)
        self.lost: dict[str, int] = {}
        self.labels: dict[int, list[tuple[str, str]]] = {}

    def ids(self) -> Iterator[pa.ChunkedArray]:
        """Give the ids of the posts, table by table."""
        for table in self.read(["post_id"]):
            yield table["post_id"]

    def names(self) -> Iterator[pa.ChunkedArray]:
        """Give what is equal for copies of one post, table by table."""
        for table in self.read(["uri", "post_id"]):
            yield pc.coalesce(table["uri"], table["post_id"])

    def lose(self, mask: np.ndarray, reason: str = "") -> None:
        """Take rows out for a reason; without one they are duplicates."""
        number = int((self.keep & mask).sum())
        if number:
            self.lost[reason] = self.lost.get(reason, 0) + number
            self.keep = self.keep & ~mask

    @property
    def kept(self) -> int:
        """Rows that stay."""
        return int(self.keep.sum())

    @property
    def is_changed(self) -> bool:
        """Whether the rows that stay are not all rows as they were."""
        return bool(self.lost or self.labels)

    def tables(self) -> Iterator[pa.Table]:
        """Give the rows that stay, with the labels of their copies."""
        start = 0
        for table in self.read(None):
            stop = start + table.num_rows
            here = {row - start: of for row, of in self.labels.items() if start <= row < stop}
            keep = self.keep[start:stop]
            patched = _with_labels(table, here) if here else table
            yield patched if keep.all() else patched.filter(pa.array(keep))
            start = stop


def resolve(owners: Sequence[Copies]) -> None:
    """Decide which copies stay; the others are lost as duplicates, their labels are kept.

    Parameters
    ----------
    owners : sequence of Copies
        Of one partition and one event.
    """
    owners = sorted(owners, key=lambda copies: copies.ingest)
    rows, codes = _same(owners)
    if not len(rows):
        return
    keep = np.concatenate([copies.keep for copies in owners])
    codes, rows = codes[keep[rows]], rows[keep[rows]]
    retrieved = np.concatenate([_retrieved(copies) for copies in owners])
    edited = np.concatenate([_edited(copies) for copies in owners])
    places = np.lexsort((rows, ~edited[rows], -retrieved[rows], codes))
    order, codes = rows[places], codes[places]
    is_copy = np.zeros(len(order), dtype=bool)
    is_copy[1:] = codes[1:] == codes[:-1]
    winner = order[np.maximum.accumulate(np.where(is_copy, 0, np.arange(len(order))))]
    _join_labels(owners, winner[is_copy], order[is_copy])
    lost = np.zeros(len(keep), dtype=bool)
    lost[order[is_copy]] = True
    for copies, start in zip(owners, _starts(owners), strict=True):
        copies.lose(lost[start : start + copies.rows])


def _same(owners: Sequence[Copies]) -> tuple[np.ndarray, np.ndarray]:
    """Give the rows that have copies, counted over all owners, and equal numbers for equal posts.

    Texts are compared only where their hashes are equal, so that a day of millions of posts
    needs a few bytes for each.
    """
    hashes = np.concatenate([_hashes(copies) for copies in owners])
    order = np.argsort(hashes, kind="stable")
    is_same = hashes[order][1:] == hashes[order][:-1]
    found = np.zeros(len(hashes), dtype=bool)
    found[order[1:][is_same]] = True
    found[order[:-1][is_same]] = True
    if not found.any():
        return np.flatnonzero(found), np.empty(0, dtype=np.int64)
    keys: list[str] = []
    start = 0
    for copies in owners:
        for chunk in copies.names():
            here = np.flatnonzero(found[start : start + len(chunk)])
            keys += chunk.take(pa.array(here)).to_pylist() if len(here) else []
            start += len(chunk)
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(key, len(numbers)) for key in keys]
    return np.flatnonzero(found), np.array(codes, dtype=np.int64)


def _hashes(copies: Copies) -> np.ndarray:
    found = [
        np.fromiter(map(hash, chunk.to_pylist()), dtype=np.int64, count=len(chunk))
        for chunk in copies.names()
    ]
    return np.concatenate(found)


def _starts(owners: Sequence[Copies]) -> list[int]:
    return [int(start) for start in np.cumsum([0, *(copies.rows for copies in owners)])[:-1]]


def _retrieved(copies: Copies) -> np.ndarray:
    tables = copies.read(["collected_at"])
    times = [t["collected_at"].cast(pa.int64()).fill_null(-1).to_numpy() for t in tables]
    return np.concatenate(times).astype(np.int64)


def _edited(copies: Copies) -> np.ndarray:
    flags = [pc.fill_null(table["is_edited"], False) for table in copies.read(["is_edited"])]
    return np.concatenate([flag.to_numpy() for flag in flags]).astype(bool)


def _join_labels(owners: Sequence[Copies], winners: np.ndarray, losers: np.ndarray) -> None:
    """Give each winner the labels that only its copies had."""
    labels: dict[int, list[tuple[str, str]]] = {}
    involved = set(winners.tolist()) | set(losers.tolist())
    for copies, start in zip(owners, _starts(owners), strict=True):
        row = start
        for table in copies.read(_LABELS):
            pairs = zip(*(table[name].to_pylist() for name in _LABELS), strict=True)
            for number, (names, values) in enumerate(pairs):
                if names and row + number in involved:
                    labels[row + number] = list(zip(names, values, strict=True))
            row += table.num_rows
    joined: dict[int, set[tuple[str, str]]] = {}
    for winner, loser in zip(winners.tolist(), losers.tolist(), strict=True):
        if loser in labels:
            joined.setdefault(winner, set(labels.get(winner, []))).update(labels[loser])
    starts = _starts(owners)
    for winner, together in joined.items():
        if together != set(labels.get(winner, [])):
            owner = max(number for number, start in enumerate(starts) if start <= winner)
            owners[owner].labels[winner - starts[owner]] = sorted(together)


def _with_labels(table: pa.Table, labels: dict[int, list[tuple[str, str]]]) -> pa.Table:
    for place, name in enumerate(_LABELS):
        column = table[name].to_pylist()
        for row, pairs in labels.items():
            column[row] = [pair[place] for pair in pairs]
        index = table.schema.get_field_index(name)
        table = table.set_column(
            index, table.schema.field(name), pa.array(column, pa.list_(pa.string()))
        )
    return table
