"""Edges: which faces let water through, how, and what lies beyond them.

An open face carries normal depth on a given slope out of the domain; a face of fixed level
exchanges water with a level outside; all others are walls. Cells without ground are outside the
domain too: by default those joined to the grid's rim behave as the rim, enclosed holes as walls.
Parts of the edges may differ, see :mod:`inundate.hydro.stretches`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.hydro.settings import EdgeKind, SimulateSettings
from inundate.hydro.stretches import Boundaries, Stretch

__all__ = [
    "LEVEL",
    "MIN_EDGE_SLOPE",
    "OPEN",
    "SIDE_STEPS",
    "EdgeFaces",
    "EdgePlan",
    "joined_to_rim",
    "make_edges",
    "plan_edges",
]

OPEN, LEVEL = 0, 1  # kinds of edge face
_CLOSED, _INFLOW = -1, -2  # water does not leave; it enters as rain does
_CODES = {"closed": _CLOSED, "open": OPEN, "level": LEVEL, "inflow": _INFLOW}
MIN_EDGE_SLOPE = 1e-3  # of an open edge on flat or rising bed: a gentle lowland gradient

# step from a cell to its neighbour beyond each side, in rows and columns
_STEPS = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1)}
SIDE_STEPS = tuple(_STEPS.values())
"""Step in rows and columns to what lies beyond each side: north, south, east, west."""


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
    side : array (F,), int64
        Where what lies beyond is, as a number in :data:`SIDE_STEPS`.
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
    side: NDArray[np.int64]
    kind: NDArray[np.int64]
    slope_root: NDArray[np.floating]
    outside: NDArray[np.floating]

    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """Give the arrays that never change, in the order that the kernel takes."""
        return (self.start, self.first_of_row, self.column, self.kind, self.slope_root)


@dataclass(frozen=True)
class EdgePlan:
    """Edge faces, and what changes along them in time.

    Attributes
    ----------
    faces : EdgeFaces
        For the kernel.
    ground : array (F,), m
        Elevation of each face's cell in the terrain's height datum.
    stretch : array (F,), int64
        Which stretch each face belongs to; -1 where the settings hold.
    inflow : dict
        For each stretch of kind inflow, the flat indices of the cells beside it, one for each
        face.
    """

    faces: EdgeFaces
    ground: NDArray[np.float64]
    stretch: NDArray[np.int64]
    inflow: dict[int, NDArray[np.int64]]


def joined_to_rim(missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the missing cells that are joined, side by side, to the rim of the grid.

    Parameters
    ----------
    missing : array (H, W), bool

    Returns
    -------
    array (H, W), bool
    """
    found = np.zeros(missing.shape, dtype=np.bool_)
    if missing.any():
        _flood_from_rim(np.ascontiguousarray(missing), found)
    return found


@njit(nogil=True, cache=True)
def _flood_from_rim(missing: Any, found: Any) -> Any:
    """Mark in ``found`` the missing cells that can be reached from the rim."""
    height, width = missing.shape
    waiting = np.empty(missing.sum(), np.int64)
    count = 0
    for i in range(height):
        step = 1 if i in (0, height - 1) else max(width - 1, 1)
        for j in range(0, width, step):
            if missing[i, j] and not found[i, j]:
                found[i, j] = True
                waiting[count] = i * width + j
                count += 1
    while count:
        count -= 1
        i, j = divmod(waiting[count], width)
        for k in range(4):
            a = i + (1 if k == 0 else -1 if k == 1 else 0)
            b = j + (1 if k == 2 else -1 if k == 3 else 0)
            inside = 0 <= a < height and 0 <= b < width
            if inside and missing[a, b] and not found[a, b]:
                found[a, b] = True
                waiting[count] = a * width + b
                count += 1


def make_edges(
    elevation: NDArray[np.floating],
    valid: NDArray[np.bool_],
    walls: NDArray[np.bool_],
    cell_size_m: float,
    settings: SimulateSettings,
) -> EdgeFaces:
    """List the faces that let water through, where no part of the edges differs.

    Parameters
    ----------
    elevation, valid, walls, cell_size_m, settings
        As for :func:`plan_edges`.

    Raises
    ------
    DataError
        If the fixed level lies below the ground along all of its sides.
    """
    return plan_edges(elevation, valid, walls, cell_size_m, settings).faces


def plan_edges(
    elevation: NDArray[np.floating],
    valid: NDArray[np.bool_],
    walls: NDArray[np.bool_],
    cell_size_m: float,
    settings: SimulateSettings,
    boundaries: Boundaries | None = None,
) -> EdgePlan:
    """List the faces that let water through, and what changes along them.

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
    boundaries : Boundaries, optional
        Parts that differ from the settings.

    Raises
    ------
    DataError
        If a level lies below the ground along all of its faces, two parts share a face, or a
        part has no face.
    """
    stretches = () if boundaries is None else boundaries.stretches
    beyond = _kinds_beyond(valid, walls, settings)
    parts = [
        _faces_of(side, kinds, valid, walls, elevation, cell_size_m, settings, stretches)
        for side, kinds in beyond.items()
    ]
    faces = _Faces(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    for number, stretch in enumerate(stretches):
        _check_stretch(stretch, faces.ground[faces.owner == number])
    outside = _outside_depth(faces, settings, stretches)
    inflow = {
        number: faces.cell[faces.owner == number]
        for number, stretch in enumerate(stretches)
        if stretch.kind == "inflow"
    }
    order = np.argsort(faces.cell, kind="stable")  # sides keep their order
    order = order[faces.kind[order] >= 0]
    cell = faces.cell[order]
    is_first = np.ones(cell.size, dtype=bool)
    is_first[1:] = cell[1:] != cell[:-1]
    first = np.flatnonzero(is_first)
    rows, columns = np.divmod(cell[first], valid.shape[1])
    kind = np.dtype(settings.precision)
    found = EdgeFaces(
        start=np.append(first, cell.size).astype(np.int64),
        first_of_row=np.searchsorted(rows, np.arange(valid.shape[0] + 1)).astype(np.int64),
        column=columns,
        side=faces.side[order],
        kind=faces.kind[order],
        slope_root=np.sqrt(faces.slope[order]).astype(kind),
        outside=outside[order].astype(kind),
    )
    return EdgePlan(found, faces.ground[order], faces.owner[order], inflow)


class _Faces(NamedTuple):
    """Faces between ground and what is no ground, one entry each."""

    cell: NDArray[np.int64]  # flat index
    side: NDArray[np.int64]
    kind: NDArray[np.int64]
    slope: NDArray[np.float64]
    ground: NDArray[np.float64]  # elevation of the cell, m
    owner: NDArray[np.int64]  # number of the stretch, or -1


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


def _faces_of(
    side: str,
    kinds: NDArray[np.int8],
    valid: NDArray[np.bool_],
    walls: NDArray[np.bool_],
    elevation: NDArray[np.floating],
    cell_size_m: float,
    settings: SimulateSettings,
    stretches: tuple[Stretch, ...],
) -> _Faces:
    """Find the faces of one side of all cells, and whose they are."""
    step = _STEPS[side]
    on_edge = kinds != _CLOSED
    if stretches:  # a stretch may open what the settings close
        height, width = valid.shape
        stops = np.zeros((height + 2, width + 2), dtype=bool)
        stops[1:-1, 1:-1] = valid | walls
        on_edge = ~stops[1 + step[0] : 1 + step[0] + height, 1 + step[1] : 1 + step[1] + width]
    rows, columns = np.nonzero(valid & on_edge)
    kind = kinds[rows, columns].astype(np.int64)
    slope = _edge_slope(elevation, valid, rows, columns, step, cell_size_m, settings)
    owner = np.full(rows.size, -1, dtype=np.int64)
    for number, stretch in enumerate(stretches):
        mine = _belongs(stretch, side, rows, columns, valid.shape)
        _check_overlap(stretch, stretches, owner[mine], rows[mine], columns[mine])
        owner[mine] = number
        kind[mine] = _CODES[stretch.kind]
        if stretch.slope is not None:
            slope[mine] = stretch.slope
    ground = elevation[rows, columns].astype(np.float64)
    sides = np.full(rows.size, list(_STEPS).index(side), dtype=np.int64)
    return _Faces(rows * valid.shape[1] + columns, sides, kind, slope, ground, owner)


def _belongs(
    stretch: Stretch,
    side: str,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    shape: tuple[int, ...],
) -> NDArray[np.bool_]:
    """Tell which faces on a side of their cells belong to a stretch."""
    if stretch.side is None:
        inside = np.ones(rows.size, dtype=bool)
        for span, values in ((stretch.rows, rows), (stretch.columns, columns)):
            if span is not None:
                inside &= (span[0] <= values) & (values < span[1])
        return inside
    if stretch.side != side:
        return np.zeros(rows.size, dtype=bool)
    across, along = (rows, columns) if side in ("north", "south") else (columns, rows)
    last = shape[0 if side in ("north", "south") else 1] - 1
    found: NDArray[np.bool_] = across == (0 if side in ("north", "west") else last)
    if stretch.cells is not None:
        found &= (stretch.cells[0] <= along) & (along < stretch.cells[1])
    return found


def _check_overlap(
    stretch: Stretch,
    stretches: tuple[Stretch, ...],
    owner: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> None:
    taken = np.flatnonzero(owner >= 0)
    if taken.size:
        at = taken[0]
        raise DataError(
            f"setting edges: boundaries {stretches[owner[at]].name!r} and {stretch.name!r} overlap "
            f"at row {rows[at]}, column {columns[at]} and {taken.size} such faces, "
            "expected one for each face",
            hint="end one where the other begins",
        )


def _check_stretch(stretch: Stretch, ground: NDArray[np.float64]) -> None:
    if not ground.size:
        raise DataError(
            f"setting edges: boundary {stretch.name!r} has no cell with ground along it",
            hint="on ragged terrain choose its cells by a box",
        )
    if stretch.level is not None and stretch.level.value.max() <= ground.min():
        raise DataError(
            f"setting edges: the level of boundary {stretch.name!r}, at most "
            f"{stretch.level.value.max():g} m, is below all ground along it, from "
            f"{ground.min():g} m",
            hint="a level is a height in the terrain's datum; use an open edge otherwise",
        )


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


def _outside_depth(
    faces: _Faces, settings: SimulateSettings, stretches: tuple[Stretch, ...]
) -> NDArray[np.float64]:
    """Give the depth beyond each face at the start; 0 unless it is of fixed level."""
    depth = np.zeros(faces.cell.size)
    plain = (faces.kind == LEVEL) & (faces.owner < 0)
    if plain.any():
        level = settings.edge_level_m
        assert level is not None  # settings refuse a level edge without one
        depth[plain] = np.maximum(level - faces.ground[plain], 0.0)
        if not depth.any():
            raise DataError(
                f"setting edges: the fixed level {level:g} m is below all ground along its sides",
                hint="edge_level_m is a height in the terrain's datum; use an open edge otherwise",
            )
    for number, stretch in enumerate(stretches):
        if stretch.level is not None:
            mine = faces.owner == number
            level = stretch.level.value[0] if stretch.level.time_s[0] > 0 else stretch.level.at(0.0)
            depth[mine] = np.maximum(level - faces.ground[mine], 0.0)
    return depth
