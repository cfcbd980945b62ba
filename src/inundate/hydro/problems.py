"""Problems on which solvers are compared: a terrain, rain for a while, then none.

They are small enough to run on any machine and need no download, so anyone can repeat a
comparison: the same numbers go to every solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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

    @property
    def rain_m(self) -> float:
        """Depth of all the rain, m."""
        return self.rain_mm_h * self.rain_s / 3.6e6


def _jacksboro() -> Problem:
    """Make the steep problem: a median slope of 0.2 at cells of 90 m."""
    terrain = sample_terrain("jacksboro")
    heights = terrain.to_numpy().astype(np.float64)
    return Problem("jacksboro", heights, grid_of(terrain).dx, 30.0, 3600.0, 10_800.0)


def _valley() -> Problem:
    """Make a valley with a channel between fractal hills, cells of 10 m."""
    heights = make_terrain("valley", _SEED, (512, 512), 10.0).to_numpy().astype(np.float64)
    return Problem("valley", heights, 10.0, 30.0, 3600.0, 5400.0)


def _town() -> Problem:
    """Make a cloudburst on streets, buildings and underpasses, cells of 4 m."""
    heights = make_terrain("urban", _SEED, (160, 160), 4.0).to_numpy().astype(np.float64)
    return Problem("town", heights, 4.0, 90.0, 1200.0, 2400.0)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "jacksboro": _jacksboro,
    "valley": _valley,
    "town": _town,
}
"""Every problem by name."""


def make_problem(name: str, *, small: bool = False) -> Problem:
    """Make a problem.

    Parameters
    ----------
    name : str
        One of :data:`PROBLEMS`.
    small : bool
        A corner of it, for a tenth of the time, with all the rain: to try that something runs.

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
    whole = PROBLEMS[name]()
    if not small:
        return whole
    corner = np.ascontiguousarray(whole.elevation[:_SMALL_CELLS, :_SMALL_CELLS])
    return Problem(
        name,
        corner,
        whole.cell_size_m,
        whole.rain_mm_h / _SMALL_SHARE,
        whole.rain_s * _SMALL_SHARE,
        whole.total_s * _SMALL_SHARE,
        whole.manning,
        whole.max_step_s,
    )
