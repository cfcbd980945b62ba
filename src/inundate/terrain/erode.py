"""Shape a surface as water does: stream-power erosion, soil creep, carving."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from inundate.terrain.flow import drained_area, make_kind, route

__all__ = ["carve", "erode"]

_FALL_M = 1e-3  # fall from cell to cell along a carved path; heights are whole millimetres


def erode(
    height: NDArray[np.float64], steps: int, *, strength: float = 0.02, creep: float = 0.2
) -> NDArray[np.float64]:
    """Cut valleys into a surface by implicit stream-power erosion and soil creep.

    Parameters
    ----------
    height : array (H, W), m
    steps : int
        Each routes the water anew and lowers every cell towards its receiver, the more the larger
        its drained area (exponent 0.5, slope exponent 1).
    strength : float
        A cell that drains A cells keeps 1 / (1 + strength sqrt(A)) of its height above its
        receiver at each step.
    creep : float
        Share of the way to the mean of its neighbours that soil creep moves each cell at each
        step; opens the valleys.

    Returns
    -------
    array (H, W), m

    Source
    ------
    Braun and Willett (2013), doi:10.1016/j.geomorph.2012.10.008, eq. 22 with n = 1.
    """
    surface = height.astype(np.float64).copy()
    kind = make_kind(surface)
    for _ in range(steps):
        # over sides only: a valley that runs over corners would be a chain of dams to the solver
        drainage = route(surface, kind, neighbours=4, directions=4)
        rate = strength * np.sqrt(drained_area(drainage).astype(np.float64))
        surface = drainage.filled.copy()
        _lower(surface.ravel(), drainage.receiver, drainage.order, rate.ravel())
        surface = _creep(surface, creep)
    return surface


def carve(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drain a surface completely by cutting a falling path out of every depression.

    Parameters
    ----------
    height : array (H, W), m

    Returns
    -------
    array (H, W), m
        Nowhere above the input; every cell falls by at least 1 mm, over a side, to the next on
        the path that the flood of the filled surface gives it.
    """
    drainage = route(height, make_kind(height), neighbours=4, directions=4)
    carved = height.astype(np.float64).copy()
    _carve(carved.ravel(), drainage.receiver, drainage.order)
    return carved


def _creep(surface: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Move each cell a share of the way to the mean of its four neighbours (mirrored edges)."""
    wide = np.pad(surface, 1, mode="edge")
    mean = (wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]) / 4
    return np.asarray(surface + share * (mean - surface), dtype=np.float64)


@numba.njit(cache=True, nogil=True)
def _lower(
    surface: NDArray[np.float64],
    receiver: NDArray[np.int64],
    order: NDArray[np.int64],
    rate: NDArray[np.float64],
) -> None:
    for i in range(order.size):  # downstream first, so the receiver is done
        cell = order[i]
        below = receiver[cell]
        if below >= 0:
            surface[cell] = (surface[cell] + rate[cell] * surface[below]) / (1.0 + rate[cell])


@numba.njit(cache=True, nogil=True)
def _carve(
    surface: NDArray[np.float64], receiver: NDArray[np.int64], order: NDArray[np.int64]
) -> None:
    for i in range(order.size - 1, -1, -1):  # upstream first
        cell = order[i]
        below = receiver[cell]
        if below >= 0 and surface[below] > surface[cell] - _FALL_M:
            surface[below] = surface[cell] - _FALL_M
