"""What an import has read but not yet put in the store: resumable, by source and day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from inundate.core.errors import RunError
from inundate.core.files import atomic_file
from inundate.posts.ledger import Counts
from inundate.posts.schema import RAW_SCHEMA, Post, to_table

__all__ = ["Spool", "State", "partition_name"]

_ROWS = 8_192  # posts that are Python objects at a time
_BYTES = 48 * 2**20  # of Arrow columns at a time; a killed import loses as much
_UNKNOWN = np.iinfo(np.int32).min


class State(msgspec.Struct, kw_only=True):
    """How far an import has come, written after the rows that it speaks of."""

    offset: int = 0
    """Bytes of the decompressed file that are dealt with."""
    line: int = 0
    reject_bytes: int = 0
    deleted_bytes: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)
    spools: list[list[str]] = msgspec.field(default_factory=list)
    """Of each spool file the partitions, in the order of its record batches."""


class Spool:
    """Rows of one import, in files of one record batch a partition.

    Parameters
    ----------
    folder : Path
        Made if absent. What a killed import left there is taken up: see :attr:`state`.

    Raises
    ------
    RunError
        If its state cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.state = self._read_state()
        # what was written after the last state is not counted in it: taken back
        _cut(self.rejects, self.state.reject_bytes)
        _cut(self.deleted, self.state.deleted_bytes)
        self._posts: list[Post] = []
        self._tables: list[pa.Table] = []
        self._bytes = 0

    @property
    def rejects(self) -> Path:
        """Lines that could not be read, as JSON lines."""
        return self.folder / "rejects.jsonl"

    @property
    def deleted(self) -> Path:
        """Hashes of posts that a notice says are deleted."""
        return self.folder / "deleted.bin"

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
        if self._posts:
            table = to_table(self._posts)
            self._posts = []
            self._tables.append(table)
            self._bytes += table.nbytes

    def save(self) -> None:
        """Write the rows, then the state that counts them."""
        self._to_arrow()
        if self._tables:
            names, batches = _by_partition(pa.concat_tables(self._tables).combine_chunks())
            with atomic_file(self._file(len(self.state.spools))) as temporary:
                options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
                with pa.ipc.new_file(temporary, RAW_SCHEMA, options=options) as writer:
                    for batch in batches:
                        writer.write_batch(batch)
            self.state.spools.append(names)
            self._tables, self._bytes = [], 0
        self.state.reject_bytes = self.rejects.stat().st_size
        self.state.deleted_bytes = self.deleted.stat().st_size
        with atomic_file(self.folder / "state.json") as temporary:
            temporary.write_bytes(msgspec.json.encode(self.state))

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.arrow"

    def partitions(self) -> list[str]:
        """Give the names of the partitions, such as ``source=x/day=2013-06-21``."""
        return sorted({name for names in self.state.spools for name in names})

    def read(self, partition: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read a partition in the order of the file, one table a spool file."""
        for number, names in enumerate(self.state.spools):
            if partition not in names:
                continue
            with pa.OSFile(str(self._file(number))) as source:
                batch = pa.ipc.open_file(source).get_batch(names.index(partition))
                table = pa.Table.from_batches([batch])
                yield table if columns is None else table.select(list(columns))


def _cut(path: Path, size: int) -> None:
    with path.open("ab") as stream:
        stream.truncate(size)


def partition_name(source: str, day: str) -> str:
    """Give the folder of a source and a day."""
    return f"source={source}/day={day}"


def _by_partition(table: pa.Table) -> tuple[list[str], list[pa.RecordBatch]]:
    """Cut a table by source and day; within one the order stays."""
    micros = table["created_at"].cast(pa.int64())
    days = np.asarray(micros.fill_null(0).to_numpy() // 86_400_000_000, dtype=np.int64)
    days[np.asarray(micros.is_null().to_numpy())] = _UNKNOWN
    sources = table["source"].combine_chunks().dictionary_encode()
    codes = np.asarray(sources.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    order = np.lexsort((days, codes))  # stable
    edges = np.flatnonzero(np.diff(days[order]) | np.diff(codes[order])) + 1
    starts = [0, *edges.tolist()]
    sorted_table = table if not len(edges) else table.take(order).combine_chunks()
    names, batches = [], []
    for start, stop in zip(starts, [*edges.tolist(), len(order)], strict=True):
        row = order[start]
        day = "unknown" if days[row] == _UNKNOWN else str(np.datetime64(int(days[row]), "D"))
        names.append(partition_name(sources.dictionary[int(codes[row])].as_py(), day))
        batches.append(sorted_table.slice(start, stop - start).to_batches()[0])
    return names, batches
