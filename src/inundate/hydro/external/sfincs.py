"""Results of SFINCS: ``sfincs_map.nc`` on a regular grid.

Rows (``n``) run northwards in the file and southwards here. Cells that are not active hold a fill
value, and so do the water levels of dry ones. With subgrid tables the depth in a cell is not the
level less the bed; without the stored depth ``h`` such a file is refused.

Source
------
SFINCS user manual, "Output description".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.files import check_input
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.results import Frames
from inundate.rain.array import make_rain

__all__ = ["MODEL", "SfincsMap", "read_sfincs"]

MODEL = "SFINCS"
_FILL = -99999.0
_ACTIVE = 1  # msk: 0 not active, 1 active, 2 and 3 boundary
_EVEN = 1e-3  # share of a cell within which single-precision coordinates are even


class SfincsMap:
    """What a map file holds.

    Attributes
    ----------
    terrain : DataArray (y, x), m
    frames : Frames
        Seconds count from ``start``.
    start : datetime64
        Time of the first frame or the reference time, whichever is earlier.
    rain : DataArray or None
        Precipitation rates, where the file stores them.
    manning : float or None
        Of the input that the file repeats, where it is one value.
    remarks : Remarks
    """

    def __init__(
        self,
        terrain: xr.DataArray,
        frames: Frames,
        start: np.datetime64,
        rain: xr.DataArray | None,
        manning: float | None,
        remarks: Remarks,
    ) -> None:
        self.terrain, self.frames, self.start = terrain, frames, start
        self.rain, self.manning, self.remarks = rain, manning, remarks


def read_sfincs(path: Path, *, crs: str | None = None) -> SfincsMap:
    """Read a map file.

    Parameters
    ----------
    path : Path
        ``sfincs_map.nc``, or its folder.
    crs : str, optional
        Coordinate reference system, where the file states no EPSG code.

    Raises
    ------
    MissingFileError, DataError
        If it is absent, on a quadtree, rotated, or has no depths and no way to them.
    GridError
        If no coordinate reference system is known, or the grid is uneven.
    """
    source = check_input(path, what="importing results")
    source = check_input(source / "sfincs_map.nc") if source.is_dir() else source
    ds = _open(source)
    try:
        return _read(ds, source, crs)
    finally:
        ds.close()


def _open(path: Path) -> xr.Dataset:
    try:
        return xr.open_dataset(path, engine="h5netcdf", decode_timedelta=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(
            f"reading {path}: not a readable NetCDF-4 file ({type(error).__name__}: "
            f"{str(error)[:120]})"
        ) from error


def _read(ds: xr.Dataset, path: Path, crs: str | None) -> SfincsMap:
    if any(str(name).lower().startswith(("nmesh2d", "mesh2d")) for name in (*ds.dims, *ds)):
        raise DataError(
            f"reading {path}: the grid is a quadtree, expected a regular one",
            hint="resample it to a regular grid first, for example with hydromt_sfincs",
        )
    if not {"n", "m"} <= set(ds.dims) or not {"x", "y", "zb", "time"} <= set(ds.variables):
        raise DataError(
            f"reading {path}: found {', '.join(map(str, ds.data_vars)) or 'no variable'}, "
            "expected x, y, zb, zs and time over n and m, as SFINCS writes them"
        )
    remarks = Remarks()
    grid = _grid(ds, path, crs)
    active = _values(ds, "msk") >= _ACTIVE if "msk" in ds else np.ones(grid.shape, bool)
    bed = np.where(active, _values(ds, "zb"), np.nan).astype(np.float32)
    if (active & np.isnan(bed)).any():
        raise DataError(f"reading {path}: the bed zb is missing in active cells")
    terrain = attach_grid(
        xr.DataArray(
            bed, dims=("y", "x"), name="elevation",
            attrs={**attributes("elevation"), "source_format": "SFINCS map",
                   "terrain_name": path.resolve().parent.name},
        ),
        grid,
    )  # fmt: skip
    if ds["time"].dtype.kind != "M" or ds["time"].size == 0 or bool(ds["time"].isnull().any()):
        raise DataError(
            f"reading {path}: found {ds['time'].size} times of type {ds['time'].dtype}, expected "
            "one or more in 'seconds since' a date"
        )
    times = ds["time"].to_numpy().astype("datetime64[ns]")
    # frames are copied, so that the file may be closed
    depths = _depths(ds, bed, active, path, remarks)
    start = _start(ds, times)
    seconds = (times - start) / np.timedelta64(1, "s")
    frames = Frames(seconds, lambda number: depths[number], _deepest(ds, bed, active))
    return SfincsMap(
        terrain, frames, start, _rain(ds, grid, start, times, active, remarks),
        _manning(ds, remarks), remarks,
    )  # fmt: skip


def _values(ds: xr.Dataset, name: str) -> NDArray[np.float32]:
    """Give a field with the north in row 0, (…, H, W); fill values are NaN."""
    values = ds[name].transpose(..., "n", "m").to_numpy()[..., ::-1, :]
    return np.where(values == _FILL, np.nan, values).astype(np.float32)


def _grid(ds: xr.Dataset, path: Path, crs: str | None) -> Grid:
    reference = crs or _epsg(ds)
    if reference is None:
        raise GridError(
            f"reading {path}: the file names no coordinate reference system (epsg_code)",
            hint="say which it is, such as --crs EPSG:32631",
        )
    x, y = (np.asarray(ds[name].transpose("n", "m").to_numpy(), np.float64) for name in "xy")
    known = (x != _FILL) & (y != _FILL) & np.isfinite(x) & np.isfinite(y)
    if not known.all():
        raise GridError(f"reading {path}: coordinates are missing in {int((~known).sum())} cells")
    if min(x.shape) < 2:
        raise GridError(
            f"reading {path}: {x.shape[0]} x {x.shape[1]} cells, expected 2 x 2 or more"
        )
    dx = (x[0, -1] - x[0, 0]) / (x.shape[1] - 1)
    dy = (y[-1, 0] - y[0, 0]) / (x.shape[0] - 1)
    even_x = x[0, 0] + dx * np.arange(x.shape[1])[None, :]
    even_y = y[0, 0] + dy * np.arange(x.shape[0])[:, None]
    off = max(np.abs(x - even_x).max(), np.abs(y - even_y).max())
    # single precision holds coordinates of 5e6 m to half a metre
    bound = max(_EVEN * abs(dx), np.spacing(np.float32(np.abs(y).max())))
    if dx <= 0 or dy <= 0 or off > bound:
        raise GridError(
            f"reading {path}: the grid is rotated or uneven (cells are off by {off:.3g} m), "
            "expected rows along x and columns along y",
            hint="a rotated grid has to be resampled to a north-up one first",
        )
    return Grid(reference, x[0, 0] - dx / 2, y[-1, 0] + dy / 2, dx, dy, x.shape[1], x.shape[0])


def _epsg(ds: xr.Dataset) -> str | None:
    if "crs" not in ds:
        return None
    text = str(ds["crs"].attrs.get("epsg_code", ""))
    code = re.search(r"\d{4,6}", text) or re.search(r"\d{4,6}", str(ds["crs"].to_numpy()))
    return f"EPSG:{int(code[0])}" if code else None


def _depths(
    ds: xr.Dataset, bed: NDArray[np.float32], active: NDArray[np.bool_], path: Path,
    remarks: Remarks,
) -> NDArray[np.float32]:  # fmt: skip
    if "h" in ds:
        found = _values(ds, "h")
        remarks.add(path.name, "h", "taken", "depth as stored")
    elif _is_subgrid(ds):
        raise DataError(
            f"reading {path}: the run used subgrid tables and stored no depth h, "
            "and level less bed is not the depth then",
            hint="run it with storehsubgrid = 1, or downscale it to a heightmap yourself",
        )
    elif "zs" in ds:
        found = _values(ds, "zs") - bed
        remarks.add(path.name, "zs", "taken", "depth is zs - zb")
    else:
        raise DataError(f"reading {path}: found neither zs nor h, expected one of them")
    # an active cell without a level is dry
    return np.where(active, np.fmax(found, 0.0), np.nan).astype(np.float32)


def _deepest(
    ds: xr.Dataset, bed: NDArray[np.float32], active: NDArray[np.bool_]
) -> NDArray[np.float32] | None:
    if "hmax" in ds:
        found = _values(ds, "hmax")
    elif "zsmax" in ds and not _is_subgrid(ds):
        found = _values(ds, "zsmax") - bed
    else:
        return None
    if found.ndim == 3:  # one map an interval of dtmaxout
        found = np.fmax.reduce(found, axis=0)
    return np.where(active, np.fmax(found, 0.0), np.nan).astype(np.float32)


def _is_subgrid(ds: xr.Dataset) -> bool:
    """Tell whether the copy of the input in the file names subgrid tables."""
    name = str(_input(ds).get("sbgfile", "none")).strip().lower()
    return name not in ("", "none")


def _input(ds: xr.Dataset) -> dict[str, Any]:
    return dict(ds["inp"].attrs) if "inp" in ds else {}


def _start(ds: xr.Dataset, times: NDArray[np.datetime64]) -> np.datetime64:
    """Time at which the run starts: ``tstart`` of the input, or the first frame less a step."""
    text = str(_input(ds).get("tstart", "")).strip()
    match = re.fullmatch(r"(\d{4})(\d{2})(\d{2})\s+(\d{2})(\d{2})(\d{2})", text)
    if match:
        day, clock = "-".join(match.groups()[:3]), ":".join(match.groups()[3:])
        return min(np.datetime64(f"{day}T{clock}", "ns"), times[0])
    return np.datetime64(times[0], "ns")


def _manning(ds: xr.Dataset, remarks: Remarks) -> float | None:
    given = _input(ds)
    if str(given.get("manningfile", "none")).strip().lower() not in ("", "none"):
        remarks.add("inp", f"manningfile {given['manningfile']}", "ignored", "give --roughness")
        return None
    values = {
        key: float(given[key]) for key in ("manning", "manning_land", "manning_sea") if key in given
    }
    known = {value for value in values.values() if value > 0}
    if len(known) != 1:
        if known:
            shown = ", ".join(f"{key} {value:g}" for key, value in values.items())
            remarks.add("inp", shown, "ignored", "not one value: give --manning or --roughness")
        return None
    value = known.pop()
    remarks.add("inp", f"manning {value:g}", "taken")
    return value


def _rain(
    ds: xr.Dataset, grid: Grid, start: np.datetime64, times: NDArray[np.datetime64],
    active: NDArray[np.bool_], remarks: Remarks,
) -> xr.DataArray | None:  # fmt: skip
    if "precipitation_rate" not in ds:
        return None
    gaps = np.diff(np.concatenate([[start], times])) / np.timedelta64(1, "s")
    used = np.flatnonzero(gaps > 0)
    if not used.size or np.ptp(gaps[used]) > 1:
        remarks.add("precipitation_rate", "uneven times", "ignored", "give --rain")
        return None
    rates = np.where(active, _values(ds, "precipitation_rate")[used], np.nan)
    remarks.add(
        "precipitation_rate", f"{used.size} maps", "approximate",
        "rates at the times of the maps, taken for the interval before each",
    )  # fmt: skip
    return make_rain(rates, times[used], grid, step_s=float(gaps[used[0]]))
