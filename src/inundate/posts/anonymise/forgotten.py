"""Authors who asked to be forgotten: their tokens alone are kept, so that none comes back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.core.errors import DataError
from inundate.core.files import atomic_file

__all__ = ["FILE", "Forgotten", "put_column"]

FILE = "forgotten.json"
_AUTHORS = ("reply_to_author", "refers_to_author")


class Forgotten:
    """Tokens of authors who are not to be found in a store.

    Parameters
    ----------
    tokens : iterable of str
    """

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self.tokens = sorted(set(tokens))

    def __bool__(self) -> bool:
        return bool(self.tokens)

    @classmethod
    def read(cls, store: Path) -> Forgotten:
        """Read those of a store.

        Raises
        ------
        DataError
            If the file cannot be read.
        """
        path = store / FILE
        if not path.is_file():
            return cls()
        try:
            return cls(msgspec.json.decode(path.read_bytes(), type=list[str]))
        except msgspec.MsgspecError as error:
            raise DataError(
                f"reading {path}: {error}; expected a list of tokens",
                hint="restore the file: without it, forgotten authors would come back",
            ) from error

    def write(self, store: Path) -> None:
        """Write them into a store; with none no file is made."""
        if self.tokens:
            with atomic_file(store / FILE) as temporary:
                temporary.write_bytes(msgspec.json.encode(self.tokens) + b"\n")

    def leave_out(self, table: pa.Table) -> pa.Table:
        """Take their posts out of a table, and their tokens out of the posts of others."""
        gone = pa.array(self.tokens, pa.string())
        table = table.filter(pc.invert(pc.is_in(table["author"], gone)))
        for name in _AUTHORS:
            column = table[name]
            nothing = pa.scalar(None, pa.string())
            table = put_column(table, name, pc.if_else(pc.is_in(column, gone), nothing, column))
        lists = table["mentions"].combine_chunks()
        values = lists.flatten()
        keep = np.asarray(pc.invert(pc.is_in(values, gone)))
        if keep.all():
            return table
        rows = np.asarray(pc.list_parent_indices(lists))[keep]
        offsets = np.zeros(len(lists) + 1, dtype=np.int32)
        np.cumsum(np.bincount(rows, minlength=len(lists)), out=offsets[1:])
        kept = pa.ListArray.from_arrays(pa.array(offsets), values.filter(pa.array(keep)))
        return put_column(table, "mentions", kept)


def put_column(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    """Put another column in place of one of that name."""
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), column)
