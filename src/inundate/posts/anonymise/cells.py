"""Places as cells of a grid that enough authors share, the finest that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.distinct import count_authors

__all__ = ["CellFloor", "Points", "points_of"]

_UNIT = 0.1  # degrees; every side of a cell is a multiple
_NONE = -1
_WAITING = 100_000  # places; 4 MB


@dataclass(frozen=True)
class Points:
    """The places of some posts.

    Parameters
    ----------
    rows : array (M,), int
        Of the posts that have one.
    row, column : array (M,), int
        Counted in tenths of a degree from the south pole and from 180 degrees west.
    level : array (M,), int
        Of the finest cell that holds the place whole.
    """

    rows: np.ndarray
    row: np.ndarray
    column: np.ndarray
    level: np.ndarray

    def take(self, chosen: np.ndarray) -> Points:
        """Give some of the places, by a mask or by numbers."""
        return Points(*(one[chosen] for one in (self.rows, self.row, self.column, self.level)))

    def cells(self, side: float) -> np.ndarray:
        """Give the cell of each place, of a side in degrees."""
        factor = round(side / _UNIT)
        found: np.ndarray = (self.row // factor) * 10_000 + self.column // factor
        return found


def points_of(table: pa.Table, sides: Sequence[float]) -> Points:
    """Give the places of the posts of a raw table: a point, or the centre of a box.

    Parameters
    ----------
    table : Table
        With ``latitude``, ``longitude`` and ``place_box``.
    sides : sequence of float
        Of cells, degrees.
    """
    latitude, longitude = (_numbers(table[name]) for name in ("latitude", "longitude"))
    extent = np.zeros(len(latitude))
    boxes = table["place_box"].combine_chunks()
    wanted = np.isnan(latitude) | np.isnan(longitude)
    has_box = np.asarray(pc.equal(pc.list_value_length(boxes), 4).fill_null(False))
    for place in np.flatnonzero(wanted & has_box).tolist():
        west, south, east, north = boxes[place].as_py()
        latitude[place], longitude[place] = (south + north) / 2, (west + east) / 2
        extent[place] = max(east - west, north - south)
    is_place = (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)  # false where unknown
    rows = np.flatnonzero(is_place)
    level = np.searchsorted(np.asarray(sides), extent[rows] - 1e-9)
    # 1e-9: 51.3 is stored as 51.29999
    row = np.floor((latitude[rows] + 90) / _UNIT + 1e-9).astype(np.int64).clip(0, 1799)
    column = np.floor((longitude[rows] + 180) / _UNIT + 1e-9).astype(np.int64) % 3600
    return Points(rows, row, column, level)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    filled = column.cast(pa.float64()).fill_null(float("nan"))
    return np.array(filled.to_numpy(), dtype=np.float64)


class CellFloor:
    """Which cells are shown: a post is in the finest that ``k`` authors shown there share.

    Memory grows with the cells that few authors share, not with the posts.

    Parameters
    ----------
    sides : sequence of float
        Degrees, the finest first.
    k : int
    """

    def __init__(self, sides: Sequence[float], k: int) -> None:
        self.sides, self.k = tuple(sides), k
        nothing = np.empty(0, dtype=np.int64)
        self._waiting: list[tuple[Points, np.ndarray]] = []
        self._number = 0
        # by level, of the posts whose finest possible cell is of it
        self._held = [(Points(nothing, nothing, nothing, nothing), nothing) for _ in self.sides]
        self._shown = [nothing for _ in self.sides]

    def add(self, points: Points, authors: np.ndarray) -> None:
        """Take places (M,) and the codes of their authors (M,)."""
        self._waiting.append((points, authors))
        self._number += len(authors)
        if self._number > _WAITING:
            self._sift()

    def _sift(self) -> None:
        """Leave of all places only those whose cell is not yet known to be shown, each once.

        What ``k`` authors share who could not be in a finer cell is shown, whoever else comes.
        """
        waiting, self._waiting, self._number = self._waiting, [], 0
        for level, side in enumerate(self.sides):
            own = [(points.take(here), authors[here]) for points, authors in waiting
                   for here in [points.level == level]]  # fmt: skip
            points, authors = _once([self._held[level], *own])
            values, numbers = count_authors(points.cells(side), authors)
            self._shown[level] = np.union1d(self._shown[level], values[numbers >= self.k])
            rare = ~np.isin(points.cells(side), self._shown[level])
            self._held[level] = points.take(rare), authors[rare]

    def settle(self) -> None:
        """Decide, when all are taken."""
        self._sift()
        left: list[tuple[Points, np.ndarray]] = []
        for level, side in enumerate(self.sides):
            points, authors = _once([*left, self._held[level]])
            cells = points.cells(side)
            values, numbers = count_authors(cells, authors)
            self._shown[level] = np.union1d(self._shown[level], values[numbers >= self.k])
            # those who are shown here do not count for a coarser cell: they are not seen in it
            rare = ~np.isin(cells, self._shown[level])
            left = [(points.take(rare), authors[rare])]
        self._held = []

    def coarsen(self, points: Points, number: int) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Give latitude, longitude of the centres and sides of the cells (N,), in degrees."""
        level = np.full(len(points.rows), _NONE)
        for place, side in enumerate(self.sides):
            fits = (level == _NONE) & (points.level <= place)
            level[fits & np.isin(points.cells(side), self._shown[place])] = place
        found = np.full((3, number), np.nan)
        for place, side in enumerate(self.sides):
            here = level == place
            factor = round(side / _UNIT)
            rows = points.rows[here]
            found[0, rows] = np.round((points.row[here] // factor + 0.5) * side - 90, 4)
            found[1, rows] = np.round((points.column[here] // factor + 0.5) * side - 180, 4)
            found[2, rows] = side
        latitude, longitude, sides = (pa.array(one, from_pandas=True) for one in found)
        return latitude, longitude, sides


def _once(pairs: Sequence[tuple[Points, np.ndarray]]) -> tuple[Points, np.ndarray]:
    """Join places and authors, and leave each pair of them once."""
    names = ("rows", "row", "column", "level")
    points = Points(*(np.concatenate([getattr(one, name) for one, _ in pairs]) for name in names))
    authors = np.concatenate([authors for _, authors in pairs])
    order = np.lexsort((authors, points.column, points.row))
    points, authors = points.take(order), authors[order]
    first = np.ones(len(authors), dtype=bool)
    keys = np.stack([points.row, points.column, authors])
    first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    return points.take(first), authors[first]
