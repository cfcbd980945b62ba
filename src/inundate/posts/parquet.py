"""Parquet parts that are a function of their rows alone, however the rows came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["ROW_GROUP", "read_batches", "regroup", "write_parquet"]

ROW_GROUP = 16_384  # rows; some 15 MB of posts in memory
_LEVEL = 3  # of zstd: higher ones cost more time than they save space


def regroup(tables: Iterable[pa.Table], rows: int = ROW_GROUP) -> Iterator[pa.Table]:
    """Cut a stream of tables into tables of equal length, the last one shorter."""
    waiting: list[pa.Table] = []
    number = 0
    for table in tables:
        waiting.append(table)
        number += table.num_rows
        while number >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, rows).combine_chunks()
            waiting = [joined.slice(rows)]
            number -= rows
    if number:
        yield pa.concat_tables(waiting).combine_chunks()


def write_parquet(
    path: Path,
    tables: Iterable[pa.Table],
    schema: pa.Schema,
    *,
    statistics: Sequence[str] = (),
) -> int:
    """Write a part; with no rows at all no file is made.

    Parameters
    ----------
    path : Path
    tables : iterable of Table
        Row groups are cut anew, so that the bytes do not tell how the rows were batched.
    schema : Schema
    statistics : sequence of str
        Columns whose least and greatest values may stand in the file; of texts and ids they
        would be those of a person.

    Returns
    -------
    int
        Rows written.
    """
    writer: pq.ParquetWriter | None = None
    rows = 0
    try:
        for table in regroup(tables):
            if writer is None:
                writer = pq.ParquetWriter(
                    path,
                    schema,
                    compression="zstd",
                    compression_level=_LEVEL,
                    write_statistics=list(statistics),
                    store_schema=True,
                )
            writer.write_table(table, row_group_size=ROW_GROUP)
            rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def read_batches(
    path: Path, columns: Sequence[str] | None = None, rows: int = ROW_GROUP
) -> Iterator[pa.Table]:
    """Read a part in tables of at most so many rows."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(
            rows, columns=None if columns is None else list(columns), use_threads=False
        ):
            yield pa.Table.from_batches([batch])
