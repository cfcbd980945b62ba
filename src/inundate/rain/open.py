"""Opening rainfall radar of any known format as one array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from inundate.core.grid import Bounds, attach_grid
from inundate.core.names import attributes
from inundate.rain.reader import Request
from inundate.rain.series import Series, open_series

__all__ = ["open_rain"]


def open_rain(
    path: Path | str,
    *,
    variable: str | None = None,
    crs: str | None = None,
    interval_s: float | None = None,
    member: int | None = None,
    box: Bounds | None = None,
    box_crs: str | None = None,
) -> xr.DataArray:
    """Open rain from a file, a folder, a daily tar or a Zarr store.

    The format is recognised by content. Every file is tried once, so that damaged members of a
    folder are reported in ``attrs["files_skipped"]``; series above 256 MB are then read again
    step by step when values are asked for.

    Parameters
    ----------
    path : Path
        File (plain or ``.gz``), tar of files, Zarr store, or folder of one format at any depth.
    variable : str, optional
        Field to read where a file holds several.
    crs : str, optional
        Coordinate reference system of files that state none.
    interval_s : float, optional
        Length of an interval in seconds, for files that state none.
    member : int, optional
        Which storm of an ensemble, counted from 0.
    box : tuple, optional
        Left, bottom, right, top; only cells that it touches are kept.
    box_crs : str, optional
        CRS of the box; by default that of the rain.

    Returns
    -------
    DataArray (time, y, x), mm h-1, float32
        ``rain_rate``; ``time`` is the end of the interval in UTC, ``attrs["interval_s"]`` its
        length; missing is NaN, never 0; row 0 is the north.

    Raises
    ------
    MissingFileError
        If the path does not exist.
    DataError
        If nothing can be read, formats are mixed, the rain field is not clear, or a unit,
        time or length of interval is unknown.
    GridError
        If the CRS is unknown, grids differ, or the box lies outside.
    """
    request = Request(variable=variable, crs=crs, member=member)
    series = open_series(Path(path), request, interval_s=interval_s, box=box, box_crs=box_crs)
    return to_array(series)


def to_array(series: Series) -> xr.DataArray:
    """Put a series into an array that reads its frames on demand.

    Parameters
    ----------
    series : Series
        From :func:`~inundate.rain.series.open_series`.

    Returns
    -------
    DataArray (time, y, x), mm h-1, float32
    """
    frames = _Frames(series)
    data: Any = frames.stacked() if series.held else indexing.LazilyIndexedArray(frames)
    time = {"standard_name": "time", "axis": "T", "long_name": "end of interval, UTC"}
    array = xr.DataArray(
        xr.Variable(("time", "y", "x"), data),
        coords={"time": ("time", series.ends, time)},
        name="rain_rate",
        attrs={**series.attrs(), **attributes("rain_rate")},
    )
    return attach_grid(array, series.grid)


class _Frames(BackendArray):
    """The frames of a series as an array that xarray can index lazily."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.shape = (len(series.steps), *series.grid.shape)
        self.dtype = np.dtype(np.float32)

    def stacked(self) -> NDArray[np.float32]:
        """Give all frames, (T, H, W), each let go of as it is copied."""
        found = np.empty(self.shape, self.dtype)
        for index in range(self.shape[0]):
            found[index] = self.series.frame(index)
            self.series.release(index)
        return found

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )

    def _read(self, key: tuple[int | slice, ...]) -> NDArray[np.float32]:
        times, rows, columns = key
        if isinstance(times, slice):
            picked = range(*times.indices(self.shape[0]))
            if not picked:
                return np.empty((0, *self.shape[1:]), self.dtype)[:, rows, columns]
            return np.stack([self.series.frame(index)[rows, columns] for index in picked])
        return np.asarray(self.series.frame(int(times))[rows, columns])
