"""Writing radar of any format as this package's own Zarr or NetCDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder, check_output
from inundate.core.grid import Bounds
from inundate.core.store import CONVENTIONS, encoding_for, write_dataset
from inundate.rain.array import to_rain_dataset
from inundate.rain.open import to_array
from inundate.rain.reader import Request
from inundate.rain.series import Series, open_series

__all__ = ["convert_rain"]

_AT_ONCE_BYTES = 2**30  # larger series are written to Zarr step by step


def convert_rain(
    path: Path | str,
    output: Path | str,
    *,
    box: Bounds | None = None,
    box_crs: str | None = None,
    variable: str | None = None,
    crs: str | None = None,
    interval_s: float | None = None,
    member: int | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Read rain of any known format and write it as Zarr or NetCDF.

    Parameters
    ----------
    path, box, box_crs, variable, crs, interval_s, member
        As for :func:`~inundate.rain.open.open_rain`.
    output : Path
        ``.zarr`` or ``.nc``.
    overwrite : bool
        Replace an existing output.

    Returns
    -------
    dict
        ``output``, ``steps``, ``grid``, ``time_start``, ``time_end``, ``files``,
        ``files_skipped`` and ``skipped``.

    Raises
    ------
    DataError
        If the rain cannot be read, or is too large to be written as NetCDF.
    RunError
        If the output exists, or the disk is full.
    """
    target = check_output(output, overwrite)
    request = Request(variable=variable, crs=crs, member=member)
    series = open_series(Path(path), request, interval_s=interval_s, box=box, box_crs=box_crs)
    rain = to_array(series)
    if 4 * rain.size <= _AT_ONCE_BYTES:
        write_dataset(to_rain_dataset(rain), target, overwrite)
    elif target.suffix == ".zarr":
        _write_stepwise(rain, target)
    else:
        raise DataError(
            f"writing {target}: {rain.size * 4 / 2**30:.1f} GB are too large to be written at once",
            hint="write a .zarr, or keep a part by --box",
        )
    return _summary(series, target)


def _write_stepwise(rain: xr.DataArray, target: Path) -> None:
    """Write a Zarr store, one frame in memory at a time."""
    ds = to_rain_dataset(rain)
    ds.attrs["Conventions"] = CONVENTIONS
    with atomic_folder(target) as temporary:
        for index in range(ds.sizes["time"]):
            frame = ds.isel(time=[index])
            if index == 0:
                frame["time"].attrs["bounds"] = "time_bounds"
                encoding = encoding_for(frame, zarr=True)
                frame.to_zarr(
                    temporary, mode="w", zarr_format=3, consolidated=False, encoding=encoding
                )
            else:
                frame = frame.drop_vars(["x", "y", "spatial_ref"])
                frame.to_zarr(temporary, append_dim="time", consolidated=False)


def _summary(series: Series, target: Path) -> dict[str, Any]:
    length = np.timedelta64(round(series.interval_s * 1e9), "ns")
    ends = series.ends
    return {
        "output": str(target),
        "steps": len(series.steps),
        "grid": series.grid.describe(),
        "time_start": f"{np.datetime_as_string(ends[0] - length, unit='s')}Z",
        "time_end": f"{np.datetime_as_string(ends[-1], unit='s')}Z",
        "files": series.files,
        "files_skipped": len(series.skipped),
        "skipped": json.loads(series.attrs()["files_skipped"]),
    }
