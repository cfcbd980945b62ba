"""Manning's n from land cover, or one number for the whole map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.grid import Grid, attach_grid, check_same_grid, grid_of
from inundate.core.names import attributes

__all__ = ["LAND_COVER", "LandClass", "constant_roughness", "roughness_from_land_cover"]


@dataclass(frozen=True)
class LandClass:
    """One class of a land-cover map: its name and Manning's n (s m-1/3)."""

    name: str
    roughness: float


_WORLDCOVER = {
    10: LandClass("tree cover", 0.12),
    20: LandClass("shrubland", 0.08),
    30: LandClass("grassland", 0.035),
    40: LandClass("cropland", 0.04),
    50: LandClass("built-up", 0.025),
    60: LandClass("bare or sparse vegetation", 0.025),
    70: LandClass("snow and ice", 0.02),
    80: LandClass("permanent water", 0.03),
    90: LandClass("herbaceous wetland", 0.07),
    95: LandClass("mangroves", 0.14),
    100: LandClass("moss and lichen", 0.03),
}
_NLCD = {
    11: LandClass("open water", 0.03),
    21: LandClass("developed, open space", 0.04),
    22: LandClass("developed, low intensity", 0.09),
    23: LandClass("developed, medium intensity", 0.12),
    24: LandClass("developed, high intensity", 0.15),
    31: LandClass("barren land", 0.025),
    41: LandClass("deciduous forest", 0.16),
    42: LandClass("evergreen forest", 0.16),
    43: LandClass("mixed forest", 0.16),
    52: LandClass("shrub or scrub", 0.1),
    71: LandClass("grassland", 0.035),
    81: LandClass("pasture or hay", 0.03),
    82: LandClass("cultivated crops", 0.035),
    90: LandClass("woody wetlands", 0.12),
    95: LandClass("emergent herbaceous wetlands", 0.07),
}
LAND_COVER: dict[str, dict[int, LandClass]] = {"worldcover": _WORLDCOVER, "nlcd": _NLCD}
"""Tables for ESA WorldCover and the US National Land Cover Database.

The values are our choice within the ranges that Chow (1959), table 5-6, gives for such ground, not
the result of a calibration; roughness is the least known input of a flood model, so vary it.
"""


def constant_roughness(like: xr.DataArray | Grid, value: float) -> xr.DataArray:
    """Give one value of Manning's n on the whole of a grid.

    Parameters
    ----------
    like : DataArray (y, x) or Grid
        Where.
    value : float, s m-1/3
        Above 0 and at most 1.

    Returns
    -------
    DataArray (y, x), float32, s m-1/3

    Raises
    ------
    DataError
        If the value is out of range.
    """
    _check(value, "the roughness")
    grid = like if isinstance(like, Grid) else grid_of(like, where="making roughness")
    return _labelled(np.full(grid.shape, value), grid)


def roughness_from_land_cover(
    land_cover: xr.DataArray,
    table: str | Mapping[int, float] = "worldcover",
    *,
    terrain: xr.DataArray | None = None,
) -> xr.DataArray:
    """Look up Manning's n class by class.

    Parameters
    ----------
    land_cover : DataArray (y, x)
        Class codes; NaN where unknown.
    table : str or mapping
        One of :data:`LAND_COVER`, or code to Manning's n (s m-1/3).
    terrain : DataArray (y, x), optional
        Heightmap whose grid the land cover must share.

    Returns
    -------
    DataArray (y, x), float32, s m-1/3
        NaN where the land cover is unknown.

    Raises
    ------
    ConfigError
        If the table's name is not known.
    DataError
        If a class is not in the table, or a value is out of range.
    GridError
        If the land cover is not on the terrain's grid.
    """
    if terrain is not None:
        check_same_grid(terrain, land_cover, "terrain", "land cover")
    values = _table(table)
    for code, value in values.items():
        _check(value, f"class {code}")
    codes = np.asarray(land_cover.values, dtype=np.float64)
    known = ~np.isnan(codes)
    present, index = np.unique(codes[known], return_inverse=True)
    absent = [f"{code:g}" for code in present if code not in values]
    if absent:
        raise DataError(
            f"looking up roughness: land-cover classes {', '.join(absent)} are not in the table, "
            f"which has {', '.join(map(str, values))}",
            hint="give a value for each class, or mask them as NaN",
        )
    found = np.full(codes.shape, np.nan)
    found[known] = np.array([values[int(code)] for code in present], dtype=np.float64)[index]
    return _labelled(found, grid_of(land_cover, where="looking up roughness"))


def _table(table: str | Mapping[int, float]) -> dict[int, float]:
    if not isinstance(table, str):
        return {int(code): float(value) for code, value in table.items()}
    if table not in LAND_COVER:
        close = nearest(table, LAND_COVER)
        raise ConfigError(
            f"land-cover table {table!r} is not known; expected one of {', '.join(LAND_COVER)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    return {code: entry.roughness for code, entry in LAND_COVER[table].items()}


def _check(value: float, what: str) -> None:
    if not 0 < value <= 1:
        raise DataError(
            f"Manning's n of {what} is {value:g}, expected above 0 and at most 1 s m-1/3",
            hint="0.01 is glass, 0.035 short grass, 0.15 dense woodland",
        )


def _labelled(values: NDArray[Any], grid: Grid) -> xr.DataArray:
    array = xr.DataArray(
        values.astype(np.float32),
        dims=("y", "x"),
        name="roughness",
        attrs=dict(attributes("roughness")),
    )
    return attach_grid(array, grid)
