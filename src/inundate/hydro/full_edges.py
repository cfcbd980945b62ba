"""Where the edge faces lie: sorted by row of faces, with the side that each is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.boundary import SIDE_STEPS
from inundate.hydro.state import Ground

__all__ = ["FaceLayout", "lay_out"]


@dataclass(frozen=True)
class FaceLayout:
    """Edge faces by row of faces, for the two directions.

    Attributes
    ----------
    x_start : array (H + 1,), int64
        First edge face of each row among those that water crosses west or east.
    x_place : array (X,), int64
        Which face of its row it is, 0 to W.
    x_way : array (X,), int64
        1 if the outside lies east of it, -1 if west.
    x_face : array (X,), int64
        Its number among all edge faces.
    y_start : array (H + 2,), int64
        First edge face of each row of faces among those that water crosses north or south.
    y_place, y_way, y_face
        As for x: the column, 1 if the outside lies south, the number.
    """

    x_start: NDArray[np.int64]
    x_place: NDArray[np.int64]
    x_way: NDArray[np.int64]
    x_face: NDArray[np.int64]
    y_start: NDArray[np.int64]
    y_place: NDArray[np.int64]
    y_way: NDArray[np.int64]
    y_face: NDArray[np.int64]

    @classmethod
    def empty(cls) -> FaceLayout:
        """Give the layout of no ground."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(8)))

    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """Give all arrays in the order that the kernel takes."""
        return (
            self.x_start, self.x_place, self.x_way, self.x_face,
            self.y_start, self.y_place, self.y_way, self.y_face,
        )  # fmt: skip


def lay_out(ground: Ground) -> FaceLayout:
    """Sort the edge faces of a ground by row of faces.

    Parameters
    ----------
    ground : Ground
        Its ``edges`` are grouped by cell, sides in a fixed order.
    """
    edges = ground.edges
    rows = np.repeat(np.arange(ground.valid.shape[0]), np.diff(edges.first_of_row))
    rows = np.repeat(rows, np.diff(edges.start))
    columns = np.repeat(edges.column, np.diff(edges.start))
    steps = np.array(SIDE_STEPS)[edges.side].reshape(-1, 2)
    height = ground.valid.shape[0]
    along_x = np.flatnonzero(steps[:, 1])
    along_y = np.flatnonzero(steps[:, 0])
    x_start, x_order = _by_row(rows[along_x], height)
    y_row = rows[along_y] + (steps[along_y, 0] > 0)
    y_start, y_order = _by_row(y_row, height + 1)
    along_x, along_y = along_x[x_order], along_y[y_order]
    x_way, y_way = steps[along_x, 1], steps[along_y, 0]
    return FaceLayout(
        x_start, columns[along_x] + (x_way > 0), x_way, along_x,
        y_start, columns[along_y], y_way, along_y,
    )  # fmt: skip


def _by_row(rows: NDArray[Any], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.argsort(rows, kind="stable")
    return np.searchsorted(rows[order], np.arange(count + 1)).astype(np.int64), order
