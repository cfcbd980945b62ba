"""Say what a heightmap holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.grid import Bounds, grid_of, transform_bounds
from inundate.terrain.derive import median_slope, regime_of
from inundate.terrain.flow import label_sinks, make_kind, route
from inundate.terrain.metric import to_metric
from inundate.terrain.open import open_terrain

__all__ = ["SINK_DEPTH_M", "describe_terrain", "sink_figures"]

SINK_DEPTH_M = 0.1
"""Depth from which a cell of a depression is counted as one, m."""


def describe_terrain(
    terrain: xr.DataArray | Path | str,
    *,
    crs: str | None = None,
    box: Bounds | None = None,
    box_crs: str | None = None,
    nodata: float | None = None,
) -> dict[str, Any]:
    """Describe a heightmap: format, grid, range, gaps, slope, sinks.

    Parameters
    ----------
    terrain : DataArray or Path
        A heightmap, or what :func:`inundate.terrain.open.open_terrain` can open with the other
        arguments.

    Returns
    -------
    dict
        ``format, crs, width, height, cell_size, unit, bounds, bounds_degrees, elevation_min,
        elevation_median, elevation_max`` (m), ``share_missing``, ``median_slope`` (m/m),
        ``regime``, ``metric`` (whether the solver can use it as it is), ``sinks``, and
        ``missing_tiles``. Slope and sinks of a heightmap that is not metric are those of its
        reprojection.
    """
    if isinstance(terrain, xr.DataArray):
        elevation = terrain
    else:
        elevation = open_terrain(terrain, crs=crs, box=box, box_crs=box_crs, nodata=nodata)
    grid = grid_of(elevation, where="describing a heightmap")
    values = elevation.values
    known = values[~np.isnan(values)]
    usable = grid.is_metric and grid.is_square
    metric = elevation if usable else to_metric(elevation)
    slope = median_slope(metric)
    return {
        "format": elevation.attrs.get("source_format", "unknown"),
        "crs": grid.crs,
        "width": grid.width,
        "height": grid.height,
        "cell_size": [grid.dx, grid.dy],
        "unit": "m" if grid.is_metric else "degrees",
        "bounds": list(grid.bounds),
        "bounds_degrees": [
            round(value, 5) for value in transform_bounds(grid.bounds, grid.crs, "EPSG:4326")
        ],
        "elevation_min": float(known.min()),
        "elevation_median": float(np.median(known)),
        "elevation_max": float(known.max()),
        "share_missing": 1.0 - known.size / values.size,
        "median_slope": slope,
        "regime": regime_of(slope),
        "metric": usable,
        "sinks": sink_figures(metric),
        "missing_tiles": json.loads(elevation.attrs.get("missing_tiles", "[]")),
    }


def sink_figures(elevation: xr.DataArray) -> dict[str, float]:
    """Count the depressions of a metric heightmap and the water they hold when full.

    Parameters
    ----------
    elevation : DataArray (y, x), m

    Returns
    -------
    dict
        ``count``, ``volume`` (m3), ``share`` of the known area, ``deepest`` (m). Water spills
        over cell sides, as in the solver; cells less than 0.1 m deep do not count.
    """
    grid = grid_of(elevation, where="counting sinks")
    # whole millimetres, so that the rounding of float32 makes no sink
    height = np.rint(np.asarray(elevation.values, dtype=np.float64) * 1000.0) / 1000.0
    filled = route(height, make_kind(height), neighbours=4).filled
    depth = np.nan_to_num(filled - height)
    deep = depth >= SINK_DEPTH_M
    labels = label_sinks(height, filled, least_depth=SINK_DEPTH_M * (1 - 1e-9))
    return {
        "count": int(labels.max()),
        "volume": float(depth[deep].sum() * grid.dx * grid.dy),
        "share": float(deep.sum() / max(int((~np.isnan(height)).sum()), 1)),
        "deepest": float(depth.max()),
    }
