"""Put posts in order with little memory: small parts together, large ones by slices on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.store import Part

__all__ = ["Plan", "groups", "in_slices", "shuffled"]

_CODEC = pa.Codec("lz4_raw")
_HEAD = 4  # letters of a token that tell its slice
_WORTH = 16 ** np.arange(_HEAD - 1, -1, -1)


class Plan:
    """Which slice a post belongs to: all posts of one stand before all those of the next.

    The order is that of the rounded times, and of the tokens within a time.

    Parameters
    ----------
    bins : array (N,), int
        Rounded time of each post.
    rows : int
        About as many posts as a slice may hold.
    """

    def __init__(self, bins: np.ndarray, rows: int) -> None:
        self._bins, counts = np.unique(bins, return_counts=True)
        self._parts = -(-counts // rows)  # more than one where a time alone has too many
        self._first = np.zeros(len(counts), dtype=np.int64)
        number = filled = 0
        for place, count in enumerate(counts.tolist()):
            if filled and filled + count > rows:
                number, filled = number + 1, 0
            self._first[place] = number
            number += int(self._parts[place]) - 1
            filled += count
        self.slices = number + 1

    def of(self, bins: np.ndarray, tokens: pa.Array) -> np.ndarray:
        """Give the slices of posts (M,), by their rounded times and tokens."""
        place = np.searchsorted(self._bins, bins)
        found = self._first[place]
        several = np.flatnonzero(self._parts[place] > 1)
        if len(several):
            heads = pc.utf8_slice_codeunits(tokens.take(pa.array(several)), 0, _HEAD).to_pylist()
            letters = np.frombuffer("".join(heads).encode(), dtype=np.uint8).reshape(-1, _HEAD)
            rank = (letters - ord("a")) @ _WORTH  # tokens are even over a to p
            found[several] += rank * self._parts[place[several]] // 16**_HEAD
        return found


def in_slices(
    tables: Iterable[tuple[pa.Table, np.ndarray]], slices: int, path: Path
) -> Iterator[pa.Table]:
    """Give the rows slice by slice.

    Parameters
    ----------
    tables : iterable of tuple of (Table, array (N,))
        Rows and the slice of each.
    slices : int
        How many there are.
    path : Path
        Of a temporary file.
    """
    pieces: list[list[tuple[int, int, int]]] = [[] for _ in range(slices)]
    schema: pa.Schema | None = None
    with path.open("w+b") as stream:
        for table, of in tables:
            schema = table.schema
            order = np.argsort(of, kind="stable")
            table = table.take(pa.array(order)).combine_chunks()
            edges = np.searchsorted(of[order], np.arange(slices + 1))
            for number in np.flatnonzero(np.diff(edges)).tolist():
                here = table.slice(edges[number], edges[number + 1] - edges[number])
                message = here.to_batches()[0].serialize()
                packed = _CODEC.compress(message, asbytes=True)
                pieces[number].append((stream.tell(), len(packed), message.size))
                stream.write(packed)
        for places in pieces:
            read = []
            for start, packed_size, size in places:
                stream.seek(start)
                message = _CODEC.decompress(stream.read(packed_size), size)
                read.append(pa.ipc.read_record_batch(message, schema))
            if read:
                yield pa.Table.from_batches(read)
    path.unlink()


def groups(parts: Sequence[Part], most: int) -> Iterator[list[Part]]:
    """Put small parts of a platform together, of so many rows at most."""
    group: list[Part] = []
    rows = 0
    for part in parts:
        if group and (part.source != group[0].source or rows + part.rows > most):
            yield group
            group, rows = [], 0
        group.append(part)
        rows += part.rows
    if group:
        yield group


def shuffled(table: pa.Table) -> pa.Table:
    """Sort by rounded time, then by pseudonym: the order within a bin tells nothing."""
    order = pc.sort_indices(table, sort_keys=[("created_bin", "ascending"), ("post", "ascending")])
    return table.take(order)
