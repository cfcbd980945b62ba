"""Rain of CAESAR-Lisflood and HAIL-CAESAR: a text of rates by zone, and the map of the zones.

The text has a line a time step and a column a zone, in mm h-1 whatever the step. The map, called
hydro-index, is an ESRI ASCII grid on the heightmap's cells that holds the number of each cell's
zone, counted from 1. Without a map the first column holds everywhere.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import write_text
from inundate.core.grid import Grid
from inundate.hydro.external.rasters import index_text, read_index
from inundate.hydro.external.textfile import read_lines
from inundate.rain.steps import interval_s

__all__ = [
    "DECIMALS", "read_hydro_index", "read_rain_text", "step_minutes", "write_hydro_index",
    "write_rain_text",
]  # fmt: skip

DECIMALS = 5  # of a rate in mm h-1: 1e-5 is far below what a gauge can tell


def read_rain_text(path: Path) -> NDArray[np.float64]:
    """Read a rain text.

    Parameters
    ----------
    path : Path
        Plain or gzipped.

    Returns
    -------
    array (T, Z), mm h-1

    Raises
    ------
    DataError
        If a value is no rate, a line has another number of columns than the first, or there is
        no line.
    """
    rates: list[list[float]] = []
    for line in read_lines(path):
        if not line.text:
            continue
        row = line.numbers("rain rates in mm h-1, a column a zone")
        if rates and len(row) != len(rates[0]):
            raise line.fault(
                f"{len(row)} columns", f"{len(rates[0])} as in the first line",
                hint="the file was cut off while it was written or copied",
            )  # fmt: skip
        if min(row) < 0:
            raise line.fault(f"the rate {min(row):g}", "0 mm h-1 or more")
        rates.append(row)
    if not rates:
        raise DataError(f"reading {path}: found no line of rates, expected one a time step")
    return np.array(rates)


def read_hydro_index(path: Path, crs: str | None = None) -> tuple[NDArray[np.int64], Grid]:
    """Read the map of rain zones.

    Returns
    -------
    zones : array (H, W), int64
        Counted from 1; 0 where the file has none.
    grid : Grid

    Raises
    ------
    DataError
        If a value is no whole number above 0.
    GridError
        If no coordinate reference system is known.
    """
    return read_index(path, crs)


def write_rain_text(path: Path, rates: NDArray[np.float64]) -> Path:
    """Write a rain text.

    Parameters
    ----------
    path : Path
    rates : array (T, Z), mm h-1
    """
    text = io.StringIO()
    np.savetxt(text, rates, fmt=f"%.{DECIMALS}f")
    return write_text(path, text.getvalue())


def write_hydro_index(path: Path, zones: NDArray[np.int64], grid: Grid) -> Path:
    """Write the map of rain zones; cells without one hold -9999."""
    return write_text(path, index_text(zones, grid))


def step_minutes(rain: xr.DataArray, where: str) -> int:
    """Give the length of a step in whole minutes.

    Raises
    ------
    DataError
        If it is none, or steps are missing.
    """
    seconds = interval_s(rain, where=where)
    ends = rain["time"].to_numpy()
    gaps = np.diff(ends) / np.timedelta64(1, "s")
    if seconds % 60 or (gaps.size and np.abs(gaps - seconds).max() > 1):
        raise DataError(
            f"{where}: steps of {seconds:g} s with or without gaps, expected whole minutes and no "
            "gap, since the rain text has neither times nor missing values",
            hint="inundate rain clean fills gaps; resample_rain changes the step",
        )
    return int(seconds // 60)
