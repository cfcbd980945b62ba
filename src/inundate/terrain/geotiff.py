"""GeoTIFF in and out (needs the extra ``geo``)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError, require_extra
from inundate.core.files import atomic_file, check_input, check_output
from inundate.core.grid import Bounds, Grid, attach_grid, grid_of, transform_bounds
from inundate.core.names import attributes
from inundate.core.units import convert
from inundate.terrain.nodata import check_heights, mask_nodata
from inundate.terrain.prj import agreed_crs

__all__ = ["read_geotiff", "write_geotiff"]


def read_geotiff(
    path: Path,
    *,
    crs: str | None = None,
    box: Bounds | None = None,
    box_crs: str | None = None,
    band: int = 1,
    variable: str = "elevation",
    nodata: float | None = None,
) -> xr.DataArray:
    """Read one band of a GeoTIFF.

    Parameters
    ----------
    path : Path
        Any raster that rasterio opens.
    crs : str, optional
        CRS of a file that names none.
    box : tuple, optional
        Left, bottom, right, top: only that window is read.
    box_crs : str, optional
        CRS of the box; by default that of the file.
    band : int
        Counted from 1.
    variable : str
        Registry name of what the band holds.
    nodata : float, optional
        Value that means "no data", over the file's tag.

    Returns
    -------
    DataArray (y, x), float32
        Row 0 in the north, also where the file has it in the south; scale and offset applied;
        NaN for NODATA and masked cells. Heights in feet, if the band says so, become metres.

    Raises
    ------
    MissingExtraError
        If rasterio is not installed.
    MissingFileError, DataError
        If the file is absent, damaged, or its values cannot be heights.
    GridError
        If it has no CRS, is rotated, or the box holds no cell.
    """
    rasterio = require_extra("geo", "rasterio", what="reading GeoTIFF")
    path = check_input(path)
    try:
        with rasterio.open(path) as source:
            _check_band(source.count, band, path)
            grid, upside_down = _grid(source, crs, path)
            rows, columns = slice(0, grid.height), slice(0, grid.width)
            if box is not None:
                bounds = transform_bounds(box, box_crs or grid.crs, grid.crs)
                grid, (rows, columns) = grid.crop(bounds)
            values = _values(source, band, rows, columns, upside_down, nodata)
            unit = source.units[band - 1]
            tags = {"AREA_OR_POINT": source.tags().get("AREA_OR_POINT", "Area")}
    except rasterio.errors.RasterioError as error:
        raise DataError(
            f"reading {path}: not a readable GeoTIFF ({str(error)[:160]})",
            hint="the file may be truncated: copy or download it again",
        ) from error
    if variable == "elevation":
        values = _in_metres(values, unit)
        check_heights(values, str(path))
    array = xr.DataArray(
        values.astype(np.float32), dims=("y", "x"), name=variable, attrs=dict(attributes(variable))
    )
    array.attrs["source_format"] = "GeoTIFF"
    if tags["AREA_OR_POINT"] == "Point":
        array.attrs["source_registration"] = "point"
    return attach_grid(array, grid)


def write_geotiff(
    data: xr.DataArray, path: Path, *, nodata: float = math.nan, overwrite: bool = False
) -> Path:
    """Write a raster with its place, unit and names, whole or not at all.

    Parameters
    ----------
    data : DataArray (y, x) or (any, y, x)
        With a grid. The third dimension becomes bands, each described by its coordinate
        (times in ISO 8601, UTC).
    path : Path
        ``.tif``.
    nodata : float
        Written in place of NaN and as NODATA tag.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    Path

    Raises
    ------
    MissingExtraError
        If rasterio is not installed.
    DataError
        If the array has other dimensions or holds the NODATA value.
    RunError
        If the file exists and ``overwrite`` is false, or the disk is full.
    """
    rasterio = require_extra("geo", "rasterio", what="writing GeoTIFF")
    if data.dims[-2:] != ("y", "x") or data.ndim not in (2, 3):
        raise DataError(
            f"writing {path}: found dimensions {data.dims}, expected ('y', 'x') with at most one "
            "more in front",
            hint="choose one with data.isel(…)",
        )
    grid = grid_of(data, where=f"writing {path}")
    bands = np.asarray(data.values, dtype=np.float32).reshape(-1, *grid.shape)
    if not math.isnan(nodata) and bool(np.any(bands == np.float32(nodata))):
        raise DataError(
            f"writing {path}: the value {nodata:g} occurs in the data, it cannot mean NODATA",
            hint="choose another with nodata=",
        )
    target = check_output(path, overwrite=overwrite)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "count": bands.shape[0],
        "height": grid.height,
        "width": grid.width,
        "dtype": "float32",
        "crs": grid.wkt,
        "transform": rasterio.Affine(*grid.transform),
        "nodata": nodata,
        "compress": "deflate",
        "predictor": 3,
        "BIGTIFF": "IF_SAFER",
    }
    names = _band_names(data, bands.shape[0])
    # Made in memory: GDAL does not tell a full disk from other faults, and some only at closing.
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as sink:
            for number, (band, name) in enumerate(zip(bands, names, strict=True), start=1):
                sink.write(np.where(np.isnan(band), np.float32(nodata), band), number)
                sink.set_band_description(number, name)
                sink.set_band_unit(number, str(data.attrs.get("units", "")))
            sink.update_tags(**_tags(data))
        with atomic_file(target) as temporary:
            temporary.write_bytes(memory.getbuffer())
    return target


def _check_band(count: int, band: int, path: Path) -> None:
    if not 1 <= band <= count:
        raise DataError(f"reading {path}: asked for band {band}, found {count} bands")


def _grid(source: Any, crs: str | None, path: Path) -> tuple[Grid, bool]:
    """Grid with row 0 in the north, and whether the file's row 0 is in the south."""
    transform = source.transform
    if transform.is_identity:
        raise GridError(
            f"reading {path}: the raster is not georeferenced (no transform)",
            hint="a world file or gdal_edit -a_ullr gives it a place",
        )
    if transform.b != 0 or transform.d != 0 or transform.a <= 0:
        raise GridError(
            f"reading {path}: the raster is rotated or mirrored (transform "
            f"{tuple(round(v, 6) for v in tuple(transform)[:6])}), expected columns from west to "
            "east and rows along the y axis",
            hint="warp it to a north-up grid first (gdalwarp)",
        )
    stated = source.crs.to_string() if source.crs else None
    found = agreed_crs(crs, stated, f"reading {path}")
    if not found:
        raise GridError(
            f"reading {path}: the GeoTIFF names no coordinate reference system",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid "
            "(--terrain-crs beside rain)",
        )
    upside_down = transform.e > 0
    top = transform.f + (source.height * transform.e if upside_down else 0.0)
    grid = Grid(found, transform.c, top, transform.a, abs(transform.e), source.width, source.height)
    return grid, upside_down


def _values(
    source: Any, band: int, rows: slice, columns: slice, upside_down: bool, nodata: float | None
) -> NDArray[np.floating[Any]]:
    if upside_down:
        rows = slice(source.height - rows.stop, source.height - rows.start)
    window = ((rows.start, rows.stop), (columns.start, columns.stop))
    raw = source.read(band, window=window)
    wide = np.float32 if raw.dtype.itemsize <= 2 or raw.dtype == np.float32 else np.float64
    values = mask_nodata(raw.astype(wide), source.nodata if nodata is None else nodata)
    hidden = source.read_masks(band, window=window) == 0
    values[hidden] = np.nan
    values = values * source.scales[band - 1] + source.offsets[band - 1]
    return np.asarray(values[::-1] if upside_down else values)


def _in_metres(values: NDArray[np.floating[Any]], unit: str | None) -> NDArray[np.floating[Any]]:
    """Convert heights whose band names another length; other units and none change nothing."""
    found = (unit or "m").strip().lower()
    length = {"us survey foot": 1200 / 3937, "ussurveyfoot": 1200 / 3937}.get(found)
    if length is not None:
        return values * length
    try:
        return np.asarray(convert(np.asarray(values, dtype=np.float64), found, "m"))
    except DataError:
        return values


def _band_names(data: xr.DataArray, count: int) -> list[str]:
    if data.ndim == 2:
        return [str(data.name or "")]
    dimension = str(data.dims[0])
    if dimension not in data.coords:
        return [f"{dimension} {number}" for number in range(count)]
    labels = data.coords[dimension].values
    if np.issubdtype(labels.dtype, np.datetime64):
        return [f"{np.datetime_as_string(label, unit='s')}Z" for label in labels]
    return [str(label) for label in labels]


def _tags(data: xr.DataArray) -> dict[str, str]:
    wanted = ("units", "standard_name", "long_name", "vertical_datum", "source_format")
    tags = {key: str(data.attrs[key]) for key in wanted if key in data.attrs}
    return {"variable": str(data.name or ""), "software": "inundate", **tags}
