"""Features of a heightmap that a model may see: local, datum-free and bounded.

None of them knows the absolute height or the place, and none is scaled by the sample: adding
100 m to a heightmap changes nothing. To keep that true in float32, heights are first rounded to
whole millimetres and all sums are done in integers, so that the rounding of the file (0.06 mm at
1000 m) cannot make a sink or turn a flow direction.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.grid import attach_grid, check_metric_square, check_same_grid, grid_of
from inundate.terrain.features import (
    CHANNEL_CELLS,
    CONTEXT_CELLS,
    FEATURES,
    LEAST_SINK_M,
    MAX_AREA_CELLS,
    SCALES,
    Feature,
    features_table,
    stack_features,
)
from inundate.terrain.flow import (
    GROUND,
    UNKNOWN,
    WALL,
    Drainage,
    drained_area,
    enclosed_gaps,
    follow,
    height_above_drainage,
    make_kind,
    route,
)

__all__ = [
    "CHANNEL_CELLS",
    "CONTEXT_CELLS",
    "DEFAULT_ROUGHNESS",
    "FEATURES",
    "SCALES",
    "Feature",
    "derive_features",
    "features_table",
    "median_slope",
    "regime_of",
    "stack_features",
]

DEFAULT_ROUGHNESS = 0.035
"""Manning's n where none is given: short grass to earth (Chow 1959, table 5-6)."""

_PATH_DOUBLINGS = 6  # 2**6 = CONTEXT_CELLS steps
_MM = 1000.0
_ALWAYS_KNOWN = ("wall", "valid")

Regime = Literal["flat", "mixed", "steep"]
EdgeKind = Literal["open", "closed"]


def derive_features(
    elevation: xr.DataArray,
    *,
    roughness: xr.DataArray | float | None = None,
    wall_mask: xr.DataArray | None = None,
    edge_kind: EdgeKind = "open",
) -> xr.Dataset:
    """Derive the features of :data:`FEATURES` from a heightmap.

    Parameters
    ----------
    elevation : DataArray (y, x), m
        On a grid of square cells in metres; NaN where there is no data.
    roughness : DataArray (y, x) or float, s m-1/3, optional
        Manning's n; ``DEFAULT_ROUGHNESS`` where not given, recorded in the attributes.
    wall_mask : DataArray (y, x) of bool, optional
        True where no water can stand or pass. Walls are left out of means and slopes.
    edge_kind : {"open", "closed"}
        What the solver does at the edge of the map; only the feature ``edge`` depends on it.

    Notes
    -----
    As in the solver, missing ground that is joined to the edge of the map lets water out like the
    edge, and enclosed gaps are walls.

    Returns
    -------
    Dataset of (y, x), float32
        NaN where the ground is unknown or a wall, except in ``wall`` and ``valid``.

    Raises
    ------
    GridError
        If the grid is not metric and square, or an input is on another grid.
    DataError
        If there is no known ground, or the roughness of known ground is missing or out of range.
    """
    grid = grid_of(elevation, where="deriving features")
    cell = check_metric_square(grid, where="deriving features")
    walls = None if wall_mask is None else _mask(wall_mask, elevation)
    height = np.asarray(elevation.values, dtype=np.float64)
    kind = make_kind(height, walls)
    kind[enclosed_gaps(kind == UNKNOWN)] = WALL
    known = kind == GROUND
    if not known.any():
        raise DataError("deriving features: found no known ground in the heightmap")
    millimetres = np.rint((np.where(np.isnan(height), 0.0, height)) * _MM)
    # A common datum keeps the integer sums small; it cancels in every feature.
    millimetres -= millimetres[known].min()
    found = _relative_heights(millimetres, known)
    found |= _shape(millimetres, known, cell)
    found |= _water_ways(millimetres, kind)
    found["roughness"] = _roughness(roughness, elevation, known)
    found["cell_size"] = np.full(grid.shape, cell)
    found["edge"] = _edges(known, kind, edge_kind)
    found["wall"] = (kind == WALL).astype(np.float64)
    found["valid"] = known.astype(np.float64)
    return _as_dataset(found, known, elevation, roughness)


def median_slope(elevation: xr.DataArray) -> float:
    """Give the median size of the slope vector of the known ground, m/m.

    Raises
    ------
    GridError
        If the grid is not metric.
    """
    grid = grid_of(elevation, where="measuring the slope")
    if not grid.is_metric:
        raise GridError(
            f"measuring the slope: the heightmap is in degrees ({grid.describe()})",
            hint="inundate terrain crop DEM --to-metric -o dem_metric.tif",
        )
    height = np.asarray(elevation.values, dtype=np.float64)
    known = ~np.isnan(height)
    east = _difference(height, known, axis=1) / grid.dx
    north = -_difference(height, known, axis=0) / grid.dy
    return float(np.median(np.hypot(east, north)[known]))


def regime_of(slope: float) -> Regime:
    """Name the regime of a block from its median slope: flat, mixed or steep.

    Examples
    --------
    >>> regime_of(0.007), regime_of(0.024), regime_of(0.069)
    ('flat', 'mixed', 'steep')
    """
    # 2 % and 6 %: below, a pluvial flood ponds; above, it runs in the valleys
    if slope < 0.02:
        return "flat"
    return "mixed" if slope < 0.06 else "steep"


def _relative_heights(
    millimetres: NDArray[np.float64], known: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Height minus the mean of the known cells in a window, by sums over integer tables."""
    heights = _table(np.where(known, millimetres, 0.0).astype(np.int64))
    counts = _table(known.astype(np.int64))
    found = {}
    for scale in SCALES:
        count = _window_sum(counts, scale)
        mean = _window_sum(heights, scale) / np.maximum(count, 1)
        found[f"relative_height_{scale}"] = (millimetres - mean) / _MM
    return found


def _table(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Summed-area table with a row and column of zeros in front."""
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1), dtype=np.int64)
    np.cumsum(np.cumsum(values, axis=0), axis=1, out=table[1:, 1:])
    return table


def _window_sum(table: NDArray[np.int64], scale: int) -> NDArray[np.int64]:
    rows, columns = table.shape[0] - 1, table.shape[1] - 1
    up = np.maximum(np.arange(rows) - scale, 0)
    down = np.minimum(np.arange(rows) + scale + 1, rows)
    left = np.maximum(np.arange(columns) - scale, 0)
    right = np.minimum(np.arange(columns) + scale + 1, columns)
    strips = table[down] - table[up]
    return np.asarray(strips[:, right] - strips[:, left], dtype=np.int64)


def _shape(
    millimetres: NDArray[np.float64], known: NDArray[np.bool_], cell: float
) -> dict[str, NDArray[np.float64]]:
    total = np.zeros_like(millimetres)
    for axis in (0, 1):
        for step in (-1, 1):
            beside, there = _shifted(millimetres, known, axis, step)
            total += np.where(there, beside - millimetres, 0.0)
    return {
        "slope_x": _difference(millimetres, known, axis=1) / (_MM * cell),
        "slope_y": -_difference(millimetres, known, axis=0) / (_MM * cell),
        "laplacian": total / (_MM * cell * cell),
    }


def _shifted(
    values: NDArray[np.float64], known: NDArray[np.bool_], axis: int, step: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Neighbour's value, and whether there is a known neighbour."""
    beside = np.roll(values, -step, axis=axis)
    there = np.roll(known, -step, axis=axis)
    edge: list[Any] = [slice(None), slice(None)]
    edge[axis] = -1 if step > 0 else 0
    there = there.copy()
    there[tuple(edge)] = False
    return beside, there


def _difference(
    values: NDArray[np.float64], known: NDArray[np.bool_], axis: int
) -> NDArray[np.float64]:
    """Difference a cell along an axis: central, one-sided beside gaps, 0 where alone."""
    after, has_after = _shifted(values, known, axis, 1)
    before, has_before = _shifted(values, known, axis, -1)
    rise = np.where(has_after, after, values) - np.where(has_before, before, values)
    steps = has_after.astype(np.int64) + has_before
    return np.asarray(rise / np.maximum(steps, 1), dtype=np.float64)


def _water_ways(
    millimetres: NDArray[np.float64], kind: NDArray[np.uint8]
) -> dict[str, NDArray[np.float64]]:
    drainage = route(millimetres, kind, neighbours=4)
    area = drained_area(drainage)
    depth = (drainage.filled - millimetres) / _MM
    return {
        "fill_depth": depth,
        "spill_height": _spill_height(millimetres, depth, drainage),
        "log_drained_area": np.log10(np.clip(area, 1, MAX_AREA_CELLS)).astype(np.float64),
        "drainage_height": height_above_drainage(
            drainage, area >= CHANNEL_CELLS, doublings=_PATH_DOUBLINGS
        )
        / _MM,
    }


def _spill_height(
    millimetres: NDArray[np.float64], depth: NDArray[np.float64], drainage: Drainage
) -> NDArray[np.float64]:
    sinks = depth >= LEAST_SINK_M
    end = follow(drainage, sinks, doublings=_PATH_DOUBLINGS)
    level = drainage.filled.ravel()[end]
    above = (millimetres - level) / _MM
    return np.where(sinks.ravel()[end], above, FEATURES["spill_height"].high)


def _roughness(
    roughness: xr.DataArray | float | None, elevation: xr.DataArray, known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    if isinstance(roughness, xr.DataArray):
        check_same_grid(elevation, roughness, "terrain", "roughness")
        values = np.asarray(roughness.values, dtype=np.float64)
        absent = int(np.count_nonzero(np.isnan(values[known])))
        if absent:
            raise DataError(
                f"deriving features: the roughness is missing in {absent} of {known.sum()} cells "
                "of known ground",
                hint="fill it first, such as with roughness.fillna(0.035)",
            )
        _check_roughness(float(values[known].min()))
        _check_roughness(float(values[known].max()))
        return values
    value = DEFAULT_ROUGHNESS if roughness is None else float(roughness)
    _check_roughness(value)
    return np.full(elevation.shape, value)


def _check_roughness(value: float) -> None:
    if not 0 < value <= 1:
        raise DataError(
            f"deriving features: found a roughness of {value:g}, expected above 0 and at most "
            "1 s m-1/3",
            hint="Manning's n is 0.01 for glass to 0.2 for dense floodplain brush",
        )


def _edges(
    known: NDArray[np.bool_], kind: NDArray[np.uint8], edge_kind: EdgeKind
) -> NDArray[np.float64]:
    outside = np.pad(kind, 1, constant_values=UNKNOWN) == UNKNOWN
    beside = outside[:-2, 1:-1] | outside[2:, 1:-1] | outside[1:-1, :-2] | outside[1:-1, 2:]
    return np.where(known & beside, 1.0 if edge_kind == "open" else -1.0, 0.0)


def _mask(mask: xr.DataArray, elevation: xr.DataArray) -> NDArray[np.bool_]:
    check_same_grid(elevation, mask, "terrain", "walls")
    return np.nan_to_num(np.asarray(mask.values, dtype=np.float64)) > 0


def _as_dataset(
    found: dict[str, NDArray[np.float64]],
    known: NDArray[np.bool_],
    elevation: xr.DataArray,
    roughness: xr.DataArray | float | None,
) -> xr.Dataset:
    variables = {}
    for name, feature in FEATURES.items():
        values = np.clip(found[name], feature.low, feature.high).astype(np.float32)
        if name not in _ALWAYS_KNOWN:
            values[~known] = np.nan
        attrs = {
            "units": feature.unit,
            "long_name": feature.doc,
            "valid_range": [feature.low, feature.high],
            "tile_stable": int(feature.tile_stable),
        }
        variables[name] = xr.Variable(("y", "x"), values, attrs)
    dataset = xr.Dataset(variables, attrs={"kind": "features"})
    if roughness is None:
        dataset.attrs["roughness_default"] = DEFAULT_ROUGHNESS
    return attach_grid(dataset, grid_of(elevation))
