"""Weights that vary over the map: near a report it counts in full, far away less.

A member may be right in the north and wrong in the south. The weights of a cell come of the same
log likelihoods as those of the whole map, each report tapered by its distance (Gaspari and Cohn
1999, doi:10.1002/qj.49712555417, eq. 4.10) down to the share that it says of the whole flood:
the storm that caused both. Weights are made on a coarse lattice and vary smoothly between.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.grid import Grid
from inundate.fuse.evidence import Observations
from inundate.fuse.weigh import Weighed, bearable, tempered

__all__ = ["LocalSettings", "local_weights", "taper"]


class LocalSettings(Settings):
    """How far a report reaches."""

    reach: float = Field(
        default=0.25, gt=0, le=10, description="Distance at which a report has lost most, in "
        "diagonals of the map; at twice that nothing but the rest is left."
    )  # fmt: skip
    rest: float = Field(
        default=0.8, ge=0, le=1, description="Share of what a report says that holds anywhere."
    )
    lattice_cells: int = Field(
        default=8, ge=1, description="Cells between the points at which weights are made."
    )
    least_members: float = Field(
        default=0.25, gt=0, le=1, description="Share of the members that must count at each point."
    )


def taper(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give 1 at distance 0, falling smoothly to 0 at 2 and beyond (Gaspari and Cohn)."""
    r = np.minimum(np.abs(distance), 2.0)
    near = 1.0 - 5.0 / 3.0 * r**2 + 5.0 / 8.0 * r**3 + 0.5 * r**4 - 0.25 * r**5
    safe = np.maximum(r, 1.0)
    far = (4.0 - 5.0 * safe + 5.0 / 3.0 * safe**2 + 5.0 / 8.0 * safe**3 - 0.5 * safe**4
           + safe**5 / 12.0 - 2.0 / (3.0 * safe))  # fmt: skip
    return np.asarray(np.clip(np.where(r <= 1.0, near, far), 0.0, 1.0))


def local_weights(
    observations: Observations,
    weighed: Weighed,
    grid: Grid,
    settings: LocalSettings | None = None,
) -> NDArray[np.float64]:
    """Give the weights of each member in each cell.

    Parameters
    ----------
    observations : Observations
        Those that were weighed, N.
    weighed : Weighed
    grid : Grid
        Of shape (H, W).
    settings : LocalSettings, optional

    Returns
    -------
    array (M, H, W)
        Sum 1 over members.
    """
    chosen = settings or LocalSettings()
    reach = chosen.reach * math.hypot(grid.width * grid.dx, grid.height * grid.dy)
    rows, cols = _lattice(grid.height, chosen), _lattice(grid.width, chosen)
    east = grid.x[0] + cols * grid.dx
    north = grid.y[0] - rows * grid.dy
    away = np.hypot(
        observations.x[:, None, None] - east[None, None, :],
        observations.y[:, None, None] - north[None, :, None],
    )
    counts = chosen.rest + (1.0 - chosen.rest) * taper(away / reach)  # (N, h, w)
    logs = np.tensordot(counts, weighed.logs, axes=(0, 0))  # (h, w, M)
    power = bearable(logs, weighed.start, least=chosen.least_members)
    weights = tempered(logs, weighed.start, power)
    weights = weighed.doubt * weighed.start + (1.0 - weighed.doubt) * weights
    across = _between(rows, grid.height)
    along = _between(cols, grid.width)
    return np.asarray(np.einsum("yr,rcm,xc->myx", across, weights, along, optimize=True))


def _lattice(cells: int, settings: LocalSettings) -> NDArray[np.float64]:
    """Give positions in cells, from the first to the last."""
    steps = max(1, math.ceil((cells - 1) / settings.lattice_cells))
    return np.linspace(0.0, cells - 1.0, steps + 1)


def _between(points: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Give what linear interpolation takes of each point, (cells, points)."""
    each = np.eye(len(points))
    at = np.arange(cells, dtype=np.float64)
    return np.stack([np.interp(at, points, one) for one in each], axis=1)
