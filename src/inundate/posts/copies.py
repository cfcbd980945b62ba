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
    rows : int, optional
        How many; by default they are counted.
    """

    def __init__(self, ingest: str, read: Reader, rows: int | None = None) -> None:
        self.ingest, self.read = ingest, read
        self._rows = rows
        self._ids: pa.ChunkedArray | None = None
        self._keep: np.ndarray | None = None
        self.lost: dict[str, int] = {}
        self.labels: dict[int, list[tuple[str, str]]] = {}

    @property
    def ids(self) -> pa.ChunkedArray:
        """Ids of the posts, of all rows."""
        if self._ids is None:
            self._ids = self.column("post_id")
        return self._ids

    @property
    def keys(self) -> pa.ChunkedArray:
        """What is equal for copies of one post."""
        return pc.coalesce(self.column("uri"), self.ids)

    def column(self, name: str) -> pa.ChunkedArray:
        """Read one column whole."""
        chunks: list[pa.Array] = []
        for table in self.read([name]):
            # copied: a view would keep all other columns of its batch in memory
            chunks += table.take(np.arange(table.num_rows))[name].chunks
        return pa.chunked_array(chunks)

    @property
    def keep(self) -> np.ndarray:
        """Which rows stay (N,), bool."""
        if self._keep is None:
            rows = len(self.ids) if self._rows is None else self._rows
            self._keep = np.ones(rows, dtype=bool)
        return self._keep

    def lose(self, mask: np.ndarray, reason: str = "") -> None:
        """Take rows out for a reason; without one they are duplicates."""
        number = int((self.keep & mask).sum())
        if number:
            self.lost[reason] = self.lost.get(reason, 0) + number
            self._keep = self.keep & ~mask

    @property
    def rows(self) -> int:
        """Rows before anything was taken out."""
        return len(self.keep)

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
    codes = _codes(pa.chunked_array([c for copies in owners for c in copies.keys.chunks]))
    keep = np.concatenate([copies.keep for copies in owners])
    if codes.max(initial=-1) + 1 == len(codes):
        return
    rows = np.flatnonzero(keep)
    retrieved = np.concatenate([_retrieved(copies) for copies in owners])
    order = rows[np.lexsort((rows, -retrieved[rows], codes[rows]))]
    is_copy = np.zeros(len(order), dtype=bool)
    is_copy[1:] = codes[order][1:] == codes[order][:-1]
    winner = order[np.maximum.accumulate(np.where(is_copy, 0, np.arange(len(order))))]
    _join_labels(owners, winner[is_copy], order[is_copy])
    lost = np.zeros(len(keep), dtype=bool)
    lost[order[is_copy]] = True
    for copies, start in zip(owners, _starts(owners), strict=True):
        copies.lose(lost[start : start + copies.rows])


def _codes(ids: pa.ChunkedArray) -> np.ndarray:
    """Give equal numbers to equal ids, from 0 on."""
    indices = ids.combine_chunks().dictionary_encode()
    if isinstance(indices, pa.ChunkedArray):
        indices = indices.combine_chunks()
    return np.asarray(indices.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _starts(owners: Sequence[Copies]) -> list[int]:
    return [int(start) for start in np.cumsum([0, *(copies.rows for copies in owners)])[:-1]]


def _retrieved(copies: Copies) -> np.ndarray:
    times = copies.column("collected_at").cast(pa.int64()).fill_null(-1)
    return np.asarray(times.to_numpy(), dtype=np.int64)


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
