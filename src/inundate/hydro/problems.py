"""Problems on which solvers are compared: a terrain, rain for a while, then none.

They are small enough to run on any machine and need no download, so anyone can repeat a
comparison: the same numbers go to every solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, nearest
from inundate.core.grid import grid_of
from inundate.terrain.sample import sample_terrain
from inundate.terrain.synthetic import make_terrain

__all__ = ["PROBLEMS", "Problem", "make_problem"]

_SEED = 20  # any; fixed, so that the terrain is the same everywhere
_SMALL_CELLS, _SMALL_SHARE = 48, 0.1  # a small version: cells a side, share of the time


@dataclass(frozen=True)
class Problem:
    """Rain on a terrain with closed edges.

    Attributes
    ----------
    name : str
        One of :data:`PROBLEMS`.
    elevation : array (H, W), m
        Float64, row 0 in the north, no missing cells.
    cell_size_m : float
        Side of a cell.
    rain_mm_h : float
        Rate, everywhere the same, from the start until ``rain_s``.
    rain_s, total_s : float
        End of the rain and of the simulation.
    manning : float
        Manning's n, s m-1/3.
    max_step_s : float
        Longest time step.
    """

    name: str
    elevation: NDArray[np.float64]
    cell_size_m: float
    rain_mm_h: float
    rain_s: float
    total_s: float
    manning: float = 0.035
    max_step_s: float = 10.0

    def __post_init__(self) -> None:
        self.elevation.setflags(write=False)  # it is made once and handed to all

    @property
    def rain_m(self) -> float:
        """Depth of all the rain, m."""
        return self.rain_mm_h * self.rain_s / 3.6e6


@cache
def _jacksboro() -> Problem:
    """Make the steep problem: a median slope of 0.2 at cells of 90 m."""
    terrain = sample_terrain("jacksboro")
    heights = terrain.to_numpy().astype(np.float64)
    return Problem("jacksboro", heights, grid_of(terrain).dx, 30.0, 3600.0, 10_800.0)


@cache
def _valley() -> Problem:
    """Make a valley with a channel between fractal hills, cells of 10 m."""
    heights = make_terrain("valley", _SEED, (512, 512), 10.0).to_numpy().astype(np.float64)
    return Problem("valley", heights, 10.0, 30.0, 3600.0, 5400.0)


@cache
def _valley_20m() -> Problem:
    """Make the valley at cells of 20 m, for solvers that take too long at 10 m."""
    fine = _valley()
    rows, columns = fine.elevation.shape
    coarse = fine.elevation.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
    return replace(fine, name="valley-20m", elevation=coarse, cell_size_m=20.0)


@cache
def _town() -> Problem:
    """Make a cloudburst on streets, buildings and underpasses, cells of 4 m."""
    heights = make_terrain("urban", _SEED, (160, 160), 4.0).to_numpy().astype(np.float64)
    return Problem("town", heights, 4.0, 90.0, 1200.0, 2400.0)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "jacksboro": _jacksboro,
    "valley": _valley,
    "valley-20m": _valley_20m,
    "town": _town,
}
"""Every problem by name."""


def make_problem(name: str, *, small: bool = False, until_s: float | None = None) -> Problem:
    """Make a problem.

    Parameters
    ----------
    name : str
        One of :data:`PROBLEMS`.
    small : bool
        A corner of it, for a tenth of the time, with all the rain: to try that something runs.

    until_s : float, s, optional
        Only this much of the time from the start.

    Raises
    ------
    ConfigError
        If the name is not known.

    Examples
    --------
    >>> make_problem("town", small=True).elevation.shape
    (48, 48)
    """
    if name not in PROBLEMS:
        close = nearest(name, PROBLEMS)
        raise ConfigError(
            f"problem {name!r} is not known; expected one of {', '.join(PROBLEMS)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    found = PROBLEMS[name]()
    if small:
        found = replace(
            found,
            elevation=np.ascontiguousarray(found.elevation[:_SMALL_CELLS, :_SMALL_CELLS]),
            rain_mm_h=found.rain_mm_h / _SMALL_SHARE,
            rain_s=found.rain_s * _SMALL_SHARE,
            total_s=found.total_s * _SMALL_SHARE,
        )
    if until_s is None:
        return found
    return replace(found, rain_s=min(found.rain_s, until_s), total_s=min(found.total_s, until_s))
