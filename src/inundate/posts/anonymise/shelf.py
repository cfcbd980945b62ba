"""Sets and tables of 64-bit codes on disk: however many there are, memory stays the same."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

__all__ = ["Shelf"]

_WAITING = 1 << 17  # rows in memory before they are written
_DRAWERS = 256  # a drawer holds the codes with the same first byte, and is sorted in memory
_BLOCK = 128  # rows that are read at once; the first code of each stays in memory
_BITS = 1 << 25  # of the filter that tells most absent codes without reading; 4 MB
_LOW, _HIGH = np.uint64(_BITS - 1), np.uint64(32)


class Shelf:
    """Codes with something of a fixed width for each, put in first and asked for then.

    Of a code that was put in several times, the row with the least bytes stays, so that what is
    found does not depend on the order.

    Parameters
    ----------
    folder : Path
        For temporary files; made if absent.
    width : int
        Bytes that go with a code, a multiple of 8.
    """

    def __init__(self, folder: Path, width: int = 0) -> None:
        self._folder, self._width = folder, width
        self._row = np.dtype([("code", np.uint64), ("more", f"V{width}")])
        self._waiting: list[np.ndarray] = []
        self._number = 0
        self._firsts = np.empty(0, dtype=np.uint64)
        self._filter = np.zeros(_BITS // 8, dtype=np.uint8)
        self._size = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        """Give the number of different codes, once settled."""
        return self._size

    def add(self, codes: np.ndarray, more: np.ndarray | None = None) -> None:
        """Put in codes (N,), int64, and what goes with them (N,), of the width given."""
        rows = np.empty(len(codes), dtype=self._row)
        rows["code"] = codes.view(np.uint64)
        if more is not None:
            rows["more"] = more
        self._waiting.append(rows)
        self._number += len(rows)
        if self._number >= _WAITING:
            self._write()

    def _write(self) -> None:
        if not self._number:
            return
        rows = _once(np.concatenate(self._waiting))
        self._waiting, self._number = [], 0
        first = (rows["code"] >> np.uint64(56)).astype(np.int64)
        edges = np.searchsorted(first, np.arange(_DRAWERS + 1))
        for drawer in range(_DRAWERS):
            if edges[drawer] < edges[drawer + 1]:
                with (self._folder / f"{drawer:03d}").open("ab") as stream:
                    stream.write(rows[edges[drawer] : edges[drawer + 1]].tobytes())

    def settle(self) -> None:
        """Make ready for questions; nothing is put in any more."""
        self._write()
        firsts = []
        rest = np.empty(0, dtype=self._row)
        with self._whole.open("wb") as stream:
            for path in sorted(self._folder.glob("[0-9][0-9][0-9]")):
                rows = _once(np.frombuffer(path.read_bytes(), dtype=self._row))
                path.unlink()
                self._size += len(rows)
                self._mark(rows["code"])
                rows = np.concatenate([rest, rows])
                full = len(rows) // _BLOCK * _BLOCK
                firsts.append(rows["code"][:full:_BLOCK])
                stream.write(rows[:full].tobytes())
                rest = rows[full:]
            firsts.append(rest["code"][:1])
            stream.write(rest.tobytes())
        self._firsts = np.concatenate(firsts)

    @property
    def _whole(self) -> Path:
        return self._folder / "whole"

    def _mark(self, codes: np.ndarray) -> None:
        for place in (codes & _LOW, (codes >> _HIGH) & _LOW):
            bits = np.uint8(1) << (place & np.uint64(7)).astype(np.uint8)
            np.bitwise_or.at(self._filter, place >> np.uint64(3), bits)

    def _may_hold(self, codes: np.ndarray) -> np.ndarray:
        found = np.ones(len(codes), dtype=bool)
        for place in (codes & _LOW, (codes >> _HIGH) & _LOW):
            byte = self._filter[place >> np.uint64(3)]
            found &= (byte >> (place & np.uint64(7)).astype(np.uint8)) & 1 == 1
        return found

    def find(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Look for codes.

        Parameters
        ----------
        codes : array (N,), int64

        Returns
        -------
        tuple of (array (N,), bool; array (M,))
            Which are there, and what goes with these.
        """
        wanted = codes.view(np.uint64)
        is_there = self._may_hold(wanted) if self._size else np.zeros(len(wanted), dtype=bool)
        asked = np.flatnonzero(is_there)
        if not len(asked):
            return is_there, np.empty(0, dtype=self._row["more"])
        rows = self._rows_near(wanted[asked])
        own = rows["code"].copy()
        places = np.searchsorted(own, wanted[asked]).clip(max=len(own) - 1)
        right = own[places] == wanted[asked]
        is_there[asked[~right]] = False
        return is_there, rows["more"][places[right]]

    def _rows_near(self, wanted: np.ndarray) -> np.ndarray:
        """Read the blocks that would hold the codes, in rising order."""
        blocks = np.unique(np.searchsorted(self._firsts, wanted, side="right").clip(min=1) - 1)
        size = _BLOCK * self._row.itemsize
        with self._whole.open("rb", buffering=0) as stream:
            handle = stream.fileno()
            read = [os.pread(handle, size, block * size) for block in blocks.tolist()]
        return np.frombuffer(b"".join(read), dtype=self._row)


def _once(rows: np.ndarray) -> np.ndarray:
    """Sort rows, and leave the one with the least bytes of each code."""
    more = np.frombuffer(rows["more"].tobytes(), dtype=">u8").reshape(len(rows), -1)
    rows = rows[np.lexsort([*more.T[::-1], rows["code"]])]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = rows["code"][1:] != rows["code"][:-1]
    return rows[first]
