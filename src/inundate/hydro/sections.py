"""Gauges and cross-sections on a grid: the cells and faces that they read.

A cross-section is a line of cell faces, the staircase nearest to the line drawn, so that the
discharge through it is exactly what the solver moved from the cells on one side to those on the
other. It is positive for flow from the right-hand to the left-hand side of the line: of a line
drawn from the left bank to the right bank, looking downstream, downstream is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.hydro.places import Place

__all__ = ["Gauges", "Sections", "gauges_on", "sections_on"]

Indices = NDArray[np.int64]
Array = NDArray[Any]


@dataclass(frozen=True)
class Gauges:
    """Cells in which depth is recorded.

    Attributes
    ----------
    names : tuple of str
        Their names.
    x, y : array (G,), m
        Where they were asked for.
    rows, columns : array (G,)
        The cells that hold them.
    """

    names: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rows: Indices
    columns: Indices


@dataclass(frozen=True)
class Sections:
    """Faces through which discharge is recorded.

    Attributes
    ----------
    names : tuple of str
        Their names.
    across_x, across_y : array (4, F)
        Western and northern faces: the section, row, column, and the sign with which each counts.
    """

    names: tuple[str, ...]
    across_x: Indices
    across_y: Indices

    def discharge(self, flow_x: Array, flow_y: Array, cell_size_m: float) -> NDArray[np.float64]:
        """Give the discharge through each section.

        Parameters
        ----------
        flow_x : array (H, W + 1), m2 s-1
            Unit discharge through western faces, positive eastwards.
        flow_y : array (H + 1, W), m2 s-1
            Through northern faces, positive southwards.
        cell_size_m : float
            Length of a face.

        Returns
        -------
        array (S,), m3 s-1
        """
        total = np.zeros(len(self.names))
        for flow, (section, row, column, sign) in (
            (flow_x, self.across_x), (flow_y, self.across_y),
        ):  # fmt: skip
            through = flow[row, column].astype(np.float64) * sign
            total += np.bincount(section, through, total.size)
        return total * cell_size_m


def gauges_on(places: Sequence[Place], grid: Grid, valid: NDArray[np.bool_]) -> Gauges:
    """Find the cells of gauges.

    Parameters
    ----------
    places : sequence of Place
        Points in the grid's CRS.
    grid : Grid
        Of the terrain.
    valid : array (H, W), bool
        Cells that hold water.

    Raises
    ------
    DataError
        If a gauge lies outside the grid, on a wall, or where there is no ground; all at once.
    """
    x = np.array([place.x[0] for place in places], np.float64)
    y = np.array([place.y[0] for place in places], np.float64)
    columns = np.floor((x - grid.left) / grid.dx).astype(np.int64)
    rows = np.floor((grid.top - y) / grid.dy).astype(np.int64)
    faults = []
    for place, i, j in zip(places, rows, columns, strict=True):
        where = f"gauge {place.name!r} at ({place.x[0]:.10g}, {place.y[0]:.10g})"
        if not (0 <= i < grid.height and 0 <= j < grid.width):
            faults.append(f"{where} lies outside the terrain ({grid.describe()})")
        elif not valid[i, j]:
            faults.append(
                f"{where} stands on a wall or a cell without ground (row {i}, column {j})"
            )
    _raise(faults, "give a point on open ground, in the terrain's CRS or with --gauges-crs")
    return Gauges(tuple(place.name for place in places), x, y, rows, columns)


def sections_on(places: Sequence[Place], grid: Grid, valid: NDArray[np.bool_]) -> Sections:
    """Find the faces of cross-sections.

    Parameters
    ----------
    places : sequence of Place
        Lines in the grid's CRS.
    grid : Grid
        Of the terrain.
    valid : array (H, W), bool
        Cells that hold water.

    Raises
    ------
    DataError
        If a line leaves the grid, or has no face between two cells with ground; all at once.
    """
    faults: list[str] = []
    parts: list[NDArray[np.int64]] = []
    for number, place in enumerate(places):
        j = (place.x - grid.left) / grid.dx
        i = (grid.top - place.y) / grid.dy
        slack = 1e-6  # of a cell: an end on the rim itself is inside
        if min(i.min(), j.min()) < -slack or i.max() > grid.height + slack or (
            j.max() > grid.width + slack
        ):  # fmt: skip
            faults.append(f"section {place.name!r} leaves the terrain ({grid.describe()})")
            continue
        faces = _faces(np.rint(i).astype(np.int64), np.rint(j).astype(np.int64), valid)
        if not len(faces):
            faults.append(
                f"section {place.name!r} has no face between two cells with ground: it is "
                "shorter than a cell, or runs along the rim or a wall"
            )
            continue
        parts.append(np.column_stack([np.full(len(faces), number), faces]))
    _raise(faults, "draw it at least a cell inside, in the terrain's CRS or with --sections-crs")
    table = np.concatenate(parts)  # section, 0 of x or 1 of y, row, column, sign
    kinds = (table[table[:, 1] == kind][:, [0, 2, 3, 4]].T for kind in (0, 1))
    return Sections(tuple(place.name for place in places), *kinds)


def _faces(i: Indices, j: Indices, valid: NDArray[np.bool_]) -> Indices:
    """List the faces of the staircase along corners (i, j) of cells: kind, row, column, sign."""
    found: list[tuple[int, int, int, int]] = []
    for k in range(i.size - 1):
        found += _staircase((int(i[k]), int(j[k])), (int(i[k + 1]), int(j[k + 1])))
    return np.array([face for face in found if _is_inner(face, valid)], np.int64).reshape(-1, 4)


def _staircase(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Walk from corner to corner along faces, always next to the straight line."""
    (i, j), (last_i, last_j) = start, end
    down, right = abs(last_i - i), abs(last_j - j)
    step_i, step_j = (1 if last_i > i else -1), (1 if last_j > j else -1)
    found = []
    gone_i = gone_j = 0
    while gone_i < down or gone_j < right:
        # the move that leaves the walker nearer to the line: compare (gone + 1/2) / whole
        if gone_j < right and (2 * gone_j + 1) * down <= (2 * gone_i + 1) * right:
            # northern face of row i; on the left when walking east is the north
            found.append((1, i, j if step_j > 0 else j - 1, -step_j))
            j, gone_j = j + step_j, gone_j + 1
        else:
            # western face of column j; on the left when walking south is the east
            found.append((0, i if step_i > 0 else i - 1, j, step_i))
            i, gone_i = i + step_i, gone_i + 1
    return found


def _is_inner(face: tuple[int, int, int, int], valid: NDArray[np.bool_]) -> bool:
    """Tell whether a face stands between two cells with ground."""
    kind, i, j, _ = face
    before = (i - 1, j) if kind else (i, j - 1)
    if min(before) < 0 or i >= valid.shape[0] or j >= valid.shape[1]:
        return False
    return bool(valid[i, j] and valid[before])


def _raise(faults: list[str], hint: str) -> None:
    if faults:
        text = faults[0] if len(faults) == 1 else "\n  ".join([f"{len(faults)} faults", *faults])
        raise DataError(f"recording: {text}", hint=hint)
