"""Terrain, roughness, edges and losses put together and checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.hydro.boundary import EdgePlan, plan_edges
from inundate.hydro.infiltration import uniform_losses
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array, Ground

__all__ = ["check_depth", "check_rate", "depth_limit", "make_ground", "place_of"]

WALL_M = 1.0e6  # elevation given to cells without ground: no water climbs it
_ABSURD_M = 1000.0  # so far above the highest ground no water comes: the computation broke down


def make_ground(
    elevation: Array,
    cell_size_m: float,
    settings: SimulateSettings,
    roughness: Array | None = None,
    walls: NDArray[np.bool_] | None = None,
    site: Site | None = None,
) -> tuple[Ground, EdgePlan]:
    """Put together what the water runs on.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground.
    cell_size_m : float
        Side of a square cell.
    settings : SimulateSettings
        Edges, roughness and losses where nothing else gives them.
    roughness : array (H, W), s m-1/3, optional
        Manning's n, over that of the land cover and of the settings.
    walls : array (H, W), bool, optional
        Cells that no water enters.
    site : Site, optional
        Boundaries and land cover.

    Raises
    ------
    DataError
        If there is no ground, or roughness, edges or land cover do not fit it.
    """
    site = site or Site()
    kind = np.dtype(settings.precision)
    height = np.asarray(elevation, dtype=np.float64)
    is_wall = np.zeros(height.shape, dtype=bool) if walls is None else np.asarray(walls, dtype=bool)
    valid = np.isfinite(height) & ~is_wall
    if not valid.any():
        raise DataError("simulating: the terrain has no cell with ground")
    if site.land is not None:
        site.land.check(valid, "simulating: ")
    plan = plan_edges(height, valid, is_wall, cell_size_m, settings, site.boundaries)
    # only differences count, so heights are kept near 0, where float32 is finest
    datum = np.round(np.median(height[valid]))
    filled = np.where(valid, height - datum, WALL_M).astype(kind)
    if roughness is None and site.land is not None:
        roughness = site.land.roughness()
    rough = _checked_roughness(roughness, valid, settings)
    losses = uniform_losses(settings, valid.shape) if site.land is None else site.land.losses()
    return Ground(filled, rough, valid, cell_size_m, plan.faces, losses), plan


def depth_limit(ground: Ground) -> float:
    """Give the depth that no water can have here, m.

    A pit may be as deep as the relief, and a sea beyond the edge higher than all ground; water
    a kilometre above both is a breakdown.
    """
    heights = ground.elevation[ground.valid]
    relief = float(heights.max()) - float(heights.min())
    return max(relief, float(ground.edges.outside.max(initial=0.0))) + _ABSURD_M


def _checked_roughness(
    roughness: Array | None, valid: NDArray[np.bool_], settings: SimulateSettings
) -> Array:
    kind = np.dtype(settings.precision)
    if roughness is None:
        return np.full(valid.shape, settings.manning, dtype=kind)
    values = np.asarray(roughness)
    if values.shape != valid.shape:
        raise DataError(
            f"simulating: roughness of shape {values.shape}, expected {valid.shape} as the terrain"
        )
    wrong = valid & ~((values > 0) & (values <= 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"simulating: roughness {values[row, column]:g} at row {row}, column {column}, "
            f"{int(wrong.sum())} such in all, expected Manning's n above 0 and at most 1",
            hint="fill cells without roughness, such as with 0.035",
        )
    return np.where(valid, values, settings.manning).astype(kind)


def check_depth(depth: Array | None, ground: Ground) -> Array:
    """Give the water at the start in the working precision, 0 where there is no ground.

    Parameters
    ----------
    depth : array (H, W), m, or None
        None is dry.
    ground : Ground
        Where.

    Raises
    ------
    DataError
        If a depth on ground is negative, not a number or absurd.
    """
    if depth is None:
        return np.zeros_like(ground.elevation)
    values = np.asarray(depth)
    if values.shape != ground.valid.shape:
        raise DataError(
            f"simulating: initial depth of shape {values.shape}, "
            f"expected {ground.valid.shape} as the terrain"
        )
    limit = depth_limit(ground)
    wrong = ground.valid & ~((values >= 0) & (values < limit))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"simulating: initial depth {values[row, column]:g} m at row {row}, column {column}, "
            f"{int(wrong.sum())} such in all, expected 0 to {limit:g} m"
        )
    return np.where(ground.valid, values, 0).astype(ground.elevation.dtype)


def check_rate(
    rate: Array,
    valid: NDArray[np.bool_],
    settings: SimulateSettings,
    *,
    grid: Grid | None = None,
    where: str = "",
) -> Array:
    """Give a rain field without missing cells, as the settings say.

    Parameters
    ----------
    rate : array (H, W), mm h-1
        NaN where missing.
    valid : array (H, W), bool
        Cells with ground.
    settings : SimulateSettings
        ``missing_rain`` decides.
    grid : Grid, optional
        To name places in messages.
    where : str
        When it is, put into the message.

    Raises
    ------
    DataError
        If rain on ground is negative or infinite, or missing and that is refused.
    """
    missing = valid & np.isnan(rate)
    if missing.any() and settings.missing_rain == "refuse":
        raise DataError(
            f"simulating: rain is missing in {int(missing.sum())} of {int(valid.sum())} cells "
            f"with ground{where}, the first at {place_of(missing, grid)}",
            hint="fill it first, on record, or take it as no rain: --missing-rain dry "
            '(missing_rain="dry")',
        )
    wrong = valid & ((rate < 0) | np.isinf(rate))
    if wrong.any():
        raise DataError(
            f"simulating: rain of {rate[wrong][0]:g} mm h-1{where} at {place_of(wrong, grid)}, "
            "expected 0 or more",
            hint="an undeclared missing value looks like this",
        )
    return np.where(np.isnan(rate), 0, rate)


def place_of(marked: NDArray[np.bool_], grid: Grid | None) -> str:
    """Name the first marked cell.

    Parameters
    ----------
    marked : array (H, W), bool
    grid : Grid, optional
        To tell where it lies.
    """
    row, column = (int(i) for i in np.argwhere(marked)[0])
    text = f"row {row}, column {column}"
    if grid is not None:
        text += f" (x {grid.x[column]:.10g}, y {grid.y[row]:.10g})"
    return text
