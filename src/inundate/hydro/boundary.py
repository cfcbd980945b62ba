"""Edges: which faces let water through, how, and what lies beyond them.

An open face carries normal depth on a given slope out of the domain; a face of fixed level
exchanges water with a level outside; all others are walls. Cells without ground are outside the
domain too: by default those joined to the grid's rim behave as the rim, enclosed holes as walls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.hydro.settings import EdgeKind, SimulateSettings

__all__ = ["LEVEL", "MIN_EDGE_SLOPE", "OPEN", "EdgeFaces", "joined_to_rim", "make_edges"]

OPEN, LEVEL = 0, 1  # kinds of edge face
_CLOSED = -1
_CODES = {"closed": _CLOSED, "open": OPEN, "level": LEVEL}
MIN_EDGE_SLOPE = 1e-3  # of an open edge on flat or rising bed: a gentle lowland gradient

# step from a cell to its neighbour beyond each side, in rows and columns
_STEPS = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1)}


@dataclass(frozen=True)
class EdgeFaces:
    """Faces through which water leaves or enters, grouped by cell.

    Attributes
    ----------
    start : array (C + 1,), int64
        First face of each cell; the last entry is the number of faces.
    first_of_row : array (H + 1,), int64
        First cell of each row; the last entry is the number of cells.
    column : array (C,), int64
        Column of each cell.
    kind : array (F,), int64
        Open or fixed level.
    slope_root : array (F,)
        Square root of an open face's water slope.
    outside : array (F,), m
        Depth beyond a face of fixed level at the start, above the cell's own ground.
    """

    start: NDArray[np.int64]
    first_of_row: NDArray[np.int64]
    column: NDArray[np.int64]
    kind: NDArray[np.int64]
    slope_root: NDArray[np.floating]
    outside: NDArray[np.floating]

    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """Give the arrays that never change, in the order that the kernel takes."""
        return (self.start, self.first_of_row, self.column, self.kind, self.slope_root)


def joined_to_rim(missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the missing cells that are joined, side by side, to the rim of the grid.

    Parameters
    ----------
    missing : array (H, W), bool

    Returns
    -------
    array (H, W), bool
    """
    found = np.zeros_like(missing)
    front = np.zeros_like(missing)
    front[[0, -1], :] = front[:, [0, -1]] = True
    rows, columns = np.nonzero(front & missing)
    height, width = missing.shape
    while rows.size:  # one ring of neighbours at a time
        found[rows, columns] = True
        next_rows = np.concatenate([rows + di for di, _ in _STEPS.values()])
        next_columns = np.concatenate([columns + dj for _, dj in _STEPS.values()])
        inside = (
            (next_rows >= 0) & (next_rows < height) & (next_columns >= 0) & (next_columns < width)
        )
        flat = np.unique(next_rows[inside] * width + next_columns[inside])
        flat = flat[missing.flat[flat] & ~found.flat[flat]]
        rows, columns = np.divmod(flat, width)
    return found


def make_edges(
    elevation: NDArray[np.floating],
    valid: NDArray[np.bool_],
    walls: NDArray[np.bool_],
    cell_size_m: float,
    settings: SimulateSettings,
) -> EdgeFaces:
    """List the faces that let water through.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground.
    valid : array (H, W), bool
        Cells that hold water.
    walls : array (H, W), bool
        Cells that are walls whatever their neighbours are.
    cell_size_m : float
        Side of a cell.
    settings : SimulateSettings
        Kinds, level and slope.

    Raises
    ------
    DataError
        If the fixed level lies below the ground along all of its sides.
    """
    kind = np.dtype(settings.precision)
    beyond = _kinds_beyond(valid, walls, settings)
    faces: list[tuple[int, int, int, float, float]] = []
    for side, (di, dj) in _STEPS.items():
        kinds = beyond[side]
        for code in (OPEN, LEVEL):
            rows, columns = np.nonzero(valid & (kinds == code))
            slope = _edge_slope(elevation, valid, rows, columns, (di, dj), cell_size_m, settings)
            depth = np.zeros(rows.size)
            if code == LEVEL and rows.size:
                depth = _outside_depth(elevation[rows, columns], settings)
            faces += zip(
                rows.tolist(), columns.tolist(), [code] * rows.size, slope.tolist(),
                depth.tolist(), strict=True,
            )  # fmt: skip
    return _check_level(_grouped(faces, elevation.shape[0], kind), settings)


def _kinds_beyond(
    valid: NDArray[np.bool_], walls: NDArray[np.bool_], settings: SimulateSettings
) -> dict[str, NDArray[np.int8]]:
    """Give for each side the kind of the face between every cell and what lies beyond."""
    missing = ~valid & ~walls
    kinds = np.full((valid.shape[0] + 2, valid.shape[1] + 2), _CLOSED, dtype=np.int8)
    inner = kinds[1:-1, 1:-1]  # faces towards cells with ground are no edges: closed here
    if settings.nodata_edges == "auto":
        inner[joined_to_rim(missing)] = _CODES[settings.edges]
    else:
        inner[missing] = _CODES[settings.nodata_edges]
    sides: dict[str, EdgeKind] = settings.edge_kinds()
    kinds[0, 1:-1], kinds[-1, 1:-1] = _CODES[sides["north"]], _CODES[sides["south"]]
    kinds[1:-1, 0], kinds[1:-1, -1] = _CODES[sides["west"]], _CODES[sides["east"]]
    height, width = valid.shape
    return {
        side: kinds[1 + di : 1 + di + height, 1 + dj : 1 + dj + width]
        for side, (di, dj) in _STEPS.items()
    }


def _edge_slope(
    elevation: NDArray[np.floating],
    valid: NDArray[np.bool_],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    step: tuple[int, int],
    cell_size_m: float,
    settings: SimulateSettings,
) -> NDArray[np.float64]:
    """Give the slope given, or the bed's fall from the next cell inwards."""
    if settings.edge_slope is not None:
        return np.full(rows.size, settings.edge_slope)
    inner_rows = np.clip(rows - step[0], 0, valid.shape[0] - 1)
    inner_columns = np.clip(columns - step[1], 0, valid.shape[1] - 1)
    inner = elevation[inner_rows, inner_columns].astype(np.float64)
    own = elevation[rows, columns].astype(np.float64)
    fall = np.where(valid[inner_rows, inner_columns], (inner - own) / cell_size_m, 0.0)
    return np.maximum(fall, MIN_EDGE_SLOPE)


def _outside_depth(ground: NDArray[np.floating], settings: SimulateSettings) -> NDArray[np.float64]:
    level = settings.edge_level_m
    assert level is not None  # settings refuse a level edge without one
    return np.maximum(level - ground.astype(np.float64), 0.0)


def _check_level(faces: EdgeFaces, settings: SimulateSettings) -> EdgeFaces:
    if (faces.kind == LEVEL).any() and not faces.outside.any():
        raise DataError(
            f"setting edges: the fixed level {settings.edge_level_m:g} m is below all ground "
            "along its sides",
            hint="edge_level_m is a height in the terrain's datum; use an open edge otherwise",
        )
    return faces


def _grouped(
    faces: list[tuple[int, int, int, float, float]], height: int, kind: np.dtype[Any]
) -> EdgeFaces:
    faces = sorted(faces, key=lambda face: face[:2])  # stable: sides keep their order
    rows = np.array([face[0] for face in faces], dtype=np.int64)
    columns = np.array([face[1] for face in faces], dtype=np.int64)
    is_first = np.ones(rows.size, dtype=bool)
    is_first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    first = np.flatnonzero(is_first)
    return EdgeFaces(
        start=np.append(first, rows.size).astype(np.int64),
        first_of_row=np.searchsorted(rows[first], np.arange(height + 1)).astype(np.int64),
        column=columns[first],
        kind=np.array([face[2] for face in faces], dtype=np.int64),
        slope_root=np.sqrt(np.array([face[3] for face in faces])).astype(kind),
        outside=np.array([face[4] for face in faces]).astype(kind),
    )
