"""What an import has read but not yet put in the store: resumable, by source and day."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from inundate.core.errors import RunError
from inundate.core.files import atomic_file
from inundate.posts.ledger import Counts
from inundate.posts.schema import RAW_SCHEMA, Post, to_table

__all__ = ["Piece", "Spool", "State"]

_ROWS = 4_096  # posts that are Python objects at a time
_BYTES = 8 * 2**20  # of Arrow columns at a time; a killed import loses as much
_UNKNOWN = np.iinfo(np.int32).min
_DAY_US = 86_400_000_000
_CODEC = pa.Codec("lz4_raw")


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one partition, one after the other in the file of rows."""

    partition: str
    start: int
    packed: int
    unpacked: int
    rows: int


class State(msgspec.Struct, kw_only=True):
    """How far an import has come, written after the rows that it speaks of."""

    offset: int = 0
    """Bytes of the decompressed file that are dealt with."""
    line: int = 0
    bytes: dict[str, int] = msgspec.field(default_factory=dict)
    """Of each file beside, the bytes that are counted here."""
    counts: Counts = msgspec.field(default_factory=Counts)
    pieces: list[Piece] = msgspec.field(default_factory=list)


class Spool:
    """Rows of one import, cut by source and day.

    Parameters
    ----------
    folder : Path
        Made if absent. What a killed import left there is taken up: see :attr:`state`.
    event : str, optional
        Of all posts.

    Raises
    ------
    RunError
        If its state cannot be read.
    """

    def __init__(self, folder: Path, event: str | None = None) -> None:
        self.folder, self.event = folder, event
        self.rows = folder / "rows.bin"
        self.rejects = folder / "rejects.jsonl"
        self.deleted = folder / "deleted.bin"
        folder.mkdir(parents=True, exist_ok=True)
        self.state = self._read_state()
        for path in self._files:  # what came after the last state is not counted: taken back
            with path.open("ab") as stream:
                stream.truncate(self.state.bytes.get(path.name, 0))
        self._posts: list[Post] = []
        self._tables: list[pa.Table] = []
        self._bytes = 0
        self._kept: tuple[str, list[pa.Table]] = ("", [])

    @property
    def _files(self) -> tuple[Path, ...]:
        return self.rows, self.rejects, self.deleted

    def _read_state(self) -> State:
        file = self.folder / "state.json"
        if not file.is_file():
            return State()
        try:
            return msgspec.json.decode(file.read_bytes(), type=State)
        except msgspec.MsgspecError as error:
            raise RunError(
                f"resuming an import: {file} cannot be read ({error})",
                hint=f"remove {self.folder}; the import then starts anew",
            ) from error

    def add(self, posts: Sequence[Post]) -> None:
        """Take posts; they are safe after the next :meth:`save`."""
        self._posts.extend(posts)
        if len(self._posts) >= _ROWS:
            self._to_arrow()

    def reject(self, record: bytes) -> None:
        """Keep a line aside, as a JSON object."""
        with self.rejects.open("ab") as stream:
            stream.write(record + b"\n")

    def delete(self, digest: bytes) -> None:
        """Keep a notice that a post was deleted."""
        with self.deleted.open("ab") as stream:
            stream.write(digest)

    @property
    def is_full(self) -> bool:
        """Whether it is time to save."""
        return self._bytes >= _BYTES

    def _to_arrow(self) -> None:
        if not self._posts:
            return
        table = to_table(self._posts)
        if self.event is not None:
            place = RAW_SCHEMA.get_field_index("event")
            events = pa.array([self.event] * table.num_rows, pa.string())
            table = table.set_column(place, RAW_SCHEMA.field(place), events)
        self._posts = []
        self._tables.append(table)
        self._bytes += table.nbytes

    def save(self) -> None:
        """Write the rows, then the state that counts them."""
        self._to_arrow()
        if self._tables:
            table = pa.concat_tables(self._tables).combine_chunks()
            self._tables, self._bytes = [], 0
            with self.rows.open("ab") as stream:
                for partition, batch in _by_partition(table):
                    message = batch.serialize()
                    packed = _CODEC.compress(message, asbytes=True)
                    piece = Piece(
                        partition, stream.tell(), len(packed), message.size, batch.num_rows
                    )
                    stream.write(packed)
                    self.state.pieces.append(piece)
                stream.flush()
                os.fsync(stream.fileno())
        self.state.bytes = {path.name: path.stat().st_size for path in self._files}
        with atomic_file(self.folder / "state.json") as temporary:
            temporary.write_bytes(msgspec.json.encode(self.state))

    def partitions(self) -> list[str]:
        """Give the names of the partitions, such as ``source=x/day=2013-06-21``."""
        return sorted({piece.partition for piece in self.state.pieces})

    def read(self, partition: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read a partition in the order of the file, one table a piece."""
        tables = self._kept[1] if self._kept[0] == partition else self._read(partition)
        for table in tables:
            yield table if columns is None else table.select(list(columns))

    def _read(self, partition: str) -> Iterator[pa.Table]:
        pieces = [piece for piece in self.state.pieces if piece.partition == partition]
        if sum(piece.rows for piece in pieces) > _ROWS:
            yield from map(self._unpack, pieces)
            return
        tables = [self._unpack(piece) for piece in pieces]
        self._kept = (partition, tables)  # small ones are looked at several times
        yield from tables

    def _unpack(self, piece: Piece) -> pa.Table:
        with self.rows.open("rb") as stream:
            stream.seek(piece.start)
            message = _CODEC.decompress(stream.read(piece.packed), piece.unpacked)
        return pa.Table.from_batches([pa.ipc.read_record_batch(message, RAW_SCHEMA)])


def _by_partition(table: pa.Table) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Cut a table by source and day; within one the order stays."""
    micros = table["created_at"].cast(pa.int64())
    days = np.asarray(micros.fill_null(0).to_numpy() // _DAY_US, dtype=np.int64)
    days[np.asarray(micros.is_null().to_numpy())] = _UNKNOWN
    sources = table["source"].combine_chunks().dictionary_encode()
    if isinstance(sources, pa.ChunkedArray):
        sources = sources.combine_chunks()
    codes = np.asarray(sources.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    order = np.lexsort((days, codes))  # stable
    edges = np.flatnonzero(np.diff(days[order]) | np.diff(codes[order])) + 1
    if len(edges) and (np.diff(order) < 0).any():  # files are mostly in the order of time
        table = table.take(order).combine_chunks()
    starts = [0, *edges.tolist()]
    for start, stop in zip(starts, [*edges.tolist(), len(order)], strict=True):
        row = order[start]
        day = "unknown" if days[row] == _UNKNOWN else str(np.datetime64(int(days[row]), "D"))
        source = sources.dictionary[int(codes[row])].as_py()
        yield f"source={source}/day={day}", table.slice(start, stop - start).to_batches()[0]
