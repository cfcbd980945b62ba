"""The grid of a CF variable: its two spatial dimensions, its CRS, its orientation."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Grid, normalise_crs
from inundate.core.units import canonical_unit, convert
from inundate.rain.reader import Request, fallback_crs

__all__ = ["Layout", "layout_of"]

_NAMES = {
    "x": (
        "x",
        "easting",
        "eastings",
        "projection_x_coordinate",
        "lon",
        "longitude",
        "long",
        "rlon",
    ),
    "y": ("y", "northing", "northings", "projection_y_coordinate", "lat", "latitude", "rlat"),
}
_STANDARD = {
    "x": ("projection_x_coordinate", "longitude", "grid_longitude"),
    "y": ("projection_y_coordinate", "latitude", "grid_latitude"),
}
_DEGREES = ("degrees", "degree", "degrees_east", "degrees_north", "degree_east", "degree_north",
            "degrees_e", "degrees_n")  # fmt: skip


class Layout:
    """How a variable lies in space.

    Attributes
    ----------
    grid : Grid
        North-up grid.
    x, y : str
        Names of the dimensions in the file.
    flip : tuple of slice
        What brings rows and columns to north-up order.
    """

    def __init__(self, grid: Grid, x: str, y: str, flip: tuple[slice, slice]) -> None:
        self.grid, self.x, self.y, self.flip = grid, x, y, flip

    def north_up(self, values: NDArray[Any]) -> NDArray[Any]:
        """Turn an array (y, x) of the file so that row 0 is the north and column 0 the west."""
        return values[self.flip]


def layout_of(ds: xr.Dataset, name: str, request: Request, where: str) -> Layout:
    """Give the grid of a variable.

    Parameters
    ----------
    ds : Dataset
        Opened file, coordinates not necessarily set.
    name : str
        Variable with two spatial dimensions.
    request : Request
        May hold the CRS of a file that states none.
    where : str
        File, for messages.

    Raises
    ------
    DataError
        If the variable has no two spatial dimensions with coordinates.
    GridError
        If spacing is uneven or the CRS unknown.
    """
    x, y = _dimension(ds, name, "x", where), _dimension(ds, name, "y", where)
    mapping = _mapping(ds, name)
    crs = _crs(ds, mapping, x, request, where)
    geographic = _is_degrees(ds[x])
    factor = 1.0 if geographic else _metres(ds[x])
    east, north = (np.asarray(ds[axis].values, dtype=np.float64) * factor for axis in (x, y))
    if geographic and east.min() >= 180:
        east = east - 360.0
    size = _cell_size(mapping)
    dx, dy = _spacing(east, x, where, size), _spacing(north, y, where, size)
    left, top = float(east.min()) - abs(dx) / 2, float(north.max()) + abs(dy) / 2
    if geographic:
        left, top = round(left, 9), round(top, 9)
    grid = Grid(crs, left, top, abs(dx), abs(dy), east.size, north.size)
    flip = (slice(None, None, -1 if dy > 0 else 1), slice(None, None, -1 if dx < 0 else 1))
    return Layout(grid, x, y, flip)


def _dimension(ds: xr.Dataset, name: str, axis: str, where: str) -> str:
    """Find a spatial dimension by CF attributes, then by name."""
    dims = [str(dim) for dim in ds[name].dims]
    for dim in dims:
        attrs = ds[dim].attrs if dim in ds.variables else {}
        if attrs.get("standard_name") in _STANDARD[axis] or attrs.get("axis") == axis.upper():
            return dim
    for dim in dims:
        if dim.lower() in _NAMES[axis] and dim in ds.variables:
            return dim
    twisted = [str(c) for c in ds.variables if ds[c].ndim == 2 and str(c).lower() in _NAMES[axis]]
    raise DataError(
        f"reading {where}: no {axis} coordinate among the dimensions {dims} of {name!r}"
        + (f", only two-dimensional {twisted}: the grid is curvilinear" if twisted else ""),
        hint="regrid the file to a regular grid first" if twisted else f"name a dimension {axis!r}",
    )


def _mapping(ds: xr.Dataset, name: str) -> dict[str, Any]:
    """Give the attributes of the grid mapping, {} if there is none."""
    attrs = ds[name].attrs
    named = str(attrs.get("grid_mapping") or ds[name].encoding.get("grid_mapping") or "")
    for candidate in (named.partition(":")[0].strip(), "spatial_ref", "crs"):
        if candidate in ds.variables and ds[candidate].attrs:
            return dict(ds[candidate].attrs)
    return {}


def _crs(ds: xr.Dataset, mapping: dict[str, Any], x: str, request: Request, where: str) -> str:
    for key in ("crs", "crs_wkt", "spatial_ref", "epsg_code", "proj4", "proj4_params"):
        if mapping.get(key):
            return normalise_crs(str(mapping[key]))
    if mapping.get("grid_mapping_name"):
        return _from_cf(mapping, where)
    if _is_degrees(ds[x]):
        return "EPSG:4326"
    return fallback_crs(request, where)


def _from_cf(mapping: dict[str, Any], where: str) -> str:
    from pyproj.exceptions import CRSError

    plain = {
        key: np.asarray(value).tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        for key, value in mapping.items()
    }
    single = {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in plain.items()}
    try:
        return _cf_crs(json.dumps(single, sort_keys=True, default=str))
    except (CRSError, KeyError, TypeError, ValueError) as error:
        raise GridError(
            f"reading {where}: grid mapping {mapping.get('grid_mapping_name')!r} cannot be "
            f"understood ({error})",
            hint="say which CRS it is, such as --crs EPSG:27700",
        ) from error


@lru_cache(maxsize=32)
def _cf_crs(mapping: str) -> str:
    """Build a CRS from CF attributes as JSON; half a second, so once for a folder."""
    from pyproj import CRS

    return normalise_crs(CRS.from_cf(json.loads(mapping)).to_wkt())


def _is_degrees(axis: xr.DataArray) -> bool:
    return str(axis.attrs.get("units", "")).strip().lower() in _DEGREES or (
        "units" not in axis.attrs and str(axis.name).lower() in ("lon", "longitude", "long")
    )


def _metres(axis: xr.DataArray) -> float:
    return float(convert(1.0, canonical_unit(str(axis.attrs.get("units") or "m")), "m"))


def _cell_size(mapping: dict[str, Any]) -> float | None:
    numbers = str(mapping.get("GeoTransform", "")).split()
    return abs(float(numbers[1])) if len(numbers) == 6 else None


def _spacing(values: NDArray[np.float64], axis: str, where: str, fallback: float | None) -> float:
    if values.size < 2:
        if fallback is None:
            raise GridError(
                f"reading {where}: one cell along {axis!r}, so its size is unknown",
                hint="give a GeoTransform in the grid mapping",
            )
        return fallback if axis != "y" else -fallback
    step = float(values[-1] - values[0]) / (values.size - 1)
    uneven = float(np.abs(np.diff(values) - step).max())
    # float32 coordinates of a national grid round by up to 0.1 m
    rounding = 4 * float(np.spacing(np.float32(np.abs(values).max())))
    if step == 0 or not uneven <= max(1e-3 * abs(step), rounding):
        raise GridError(
            f"reading {where}: {axis!r} is not evenly spaced: steps differ by up to {uneven:g} "
            f"from {step:g}"
        )
    # coordinates stored in 32 bits: give back the decimal number that was meant
    tidy = float(f"{step:.6g}")
    return tidy if abs(tidy - step) * values.size < 1e-3 * abs(step) else step
