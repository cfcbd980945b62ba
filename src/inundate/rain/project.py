"""Where the points of one grid lie in another CRS, fast and to a stated tolerance."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from inundate.core.grid import Grid, normalise_crs
from inundate.rain.overlap import Array

if TYPE_CHECKING:
    from pyproj import Transformer

__all__ = ["project_lattice", "project_points"]

_COARSEST, _FINEST = 8, 256  # meshes between the points that are projected exactly


@lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(normalise_crs(source), normalise_crs(target), always_xy=True)


def project_points(x: Array, y: Array, from_crs: str, to_crs: str) -> tuple[Array, Array]:
    """Project points exactly.

    Parameters
    ----------
    x, y : array
        Coordinates in ``from_crs``.
    from_crs, to_crs : str
        Any CRS that :func:`inundate.core.grid.normalise_crs` knows.

    Returns
    -------
    x, y : array
        Coordinates in ``to_crs``; infinite where a point has no place there.
    """
    found = _transformer(from_crs, to_crs).transform(x, y)
    return np.asarray(found[0], dtype=np.float64), np.asarray(found[1], dtype=np.float64)


def project_lattice(
    grid: Grid, to_crs: str, row: Array, col: Array, *, tolerance: float
) -> tuple[Array, Array]:
    """Project a lattice of points of a grid into another CRS.

    A coarse mesh is projected exactly and interpolated bilinearly; it is refined until the
    middle of every mesh cell is right within the tolerance. Where that is not reached every
    point is projected.

    Parameters
    ----------
    grid : Grid
        Grid of the lattice.
    to_crs : str
        CRS wanted.
    row : array (R,)
        Places along the columns in cells from the top edge, rising; 0.5 is the first centre.
    col : array (C,)
        Places along the rows in cells from the left edge, rising.
    tolerance : float
        Largest error in units of ``to_crs``.

    Returns
    -------
    x, y : array (R, C)
        Coordinates in ``to_crs``.
    """
    meshes = _COARSEST
    while meshes <= _FINEST and meshes**2 * 2 < row.size * col.size:
        rows, cols = (
            np.linspace(row[0], row[-1], meshes + 1),
            np.linspace(col[0], col[-1], meshes + 1),
        )
        nodes = _exact(grid, to_crs, rows, cols)
        middles = _exact(grid, to_crs, (rows[1:] + rows[:-1]) / 2, (cols[1:] + cols[:-1]) / 2)
        if all(_error(n, m) <= tolerance for n, m in zip(nodes, middles, strict=True)):
            along_y, along_x = _hats(row, rows), _hats(col, cols)  # (R, m), (C, m)
            return along_y @ nodes[0] @ along_x.T, along_y @ nodes[1] @ along_x.T
        meshes *= 2
    return _exact(grid, to_crs, row, col)


def _exact(grid: Grid, to_crs: str, row: Array, col: Array) -> tuple[Array, Array]:
    x, y = np.meshgrid(grid.left + grid.dx * col, grid.top - grid.dy * row)
    return project_points(x, y, grid.crs, to_crs)


def _error(nodes: Array, middles: Array) -> float:
    """Give the largest distance of the middles (m, m) from the mean of their four nodes."""
    if not (np.isfinite(nodes).all() and np.isfinite(middles).all()):
        return np.inf
    mean = (nodes[1:, 1:] + nodes[1:, :-1] + nodes[:-1, 1:] + nodes[:-1, :-1]) / 4
    return float(np.abs(mean - middles).max())


def _hats(at: Array, nodes: Array) -> Array:
    """Give the linear weights (P, N) of the nodes for each place."""
    size = nodes[1] - nodes[0]
    if size == 0:  # one point only: any node is that point
        return np.eye(1, nodes.size).repeat(at.size, axis=0)
    return np.asarray(np.maximum(1.0 - np.abs(at[:, None] - nodes[None, :]) / size, 0.0))
