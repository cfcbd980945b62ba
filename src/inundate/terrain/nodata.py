"""What is a height and what is a mark for "no data"."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = ["LOWEST_M", "check_heights", "mask_nodata"]

LOWEST_M = -500.0
"""Lowest height that is taken at its word; the lowest dry land, by the Dead Sea, is at -430 m."""
HIGHEST_M = 9000.0
"""Highest height that is taken at its word; no land is above 8849 m."""


def mask_nodata(
    values: NDArray[np.floating[Any]], nodata: float | None
) -> NDArray[np.floating[Any]]:
    """Put NaN where a raster holds its declared NODATA value.

    Parameters
    ----------
    values : array
        Copied, not changed.
    nodata : float or None
        Declared value; compared in the precision of the values, since a float32 raster stores
        -3.4028234663852886e+38 and the tag may be rounded.

    Returns
    -------
    array of the same shape
    """
    masked = values.copy()
    if nodata is None or np.isnan(nodata):
        return masked
    masked[np.isclose(values, nodata, rtol=1e-6, atol=0.0)] = np.nan
    return masked


def check_heights(values: NDArray[np.floating[Any]], name: str) -> None:
    """Refuse heights that cannot be heights.

    Parameters
    ----------
    values : array, m
        NaN where there is no data.
    name : str
        The file, for the message.

    Raises
    ------
    DataError
        If nothing but NODATA is left, or a value is infinite, below -500 m or above 9000 m.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        raise DataError(f"reading {name}: every one of the {values.size} cells is NODATA")
    low, high = float(known.min()), float(known.max())
    for value, wrong in ((low, low < LOWEST_M), (high, high > HIGHEST_M)):
        if not wrong:
            continue
        count = int(np.count_nonzero(known == value))
        if np.isinf(value):
            hint = "inundate terrain crop --nodata inf writes it with these cells missing"
        elif count > 1 or abs(value) >= HIGHEST_M or value.is_integer():
            hint = (
                f"if {value:g} marks missing cells, inundate terrain crop --nodata {value:g} "
                "writes it with these missing"
            )
        else:
            hint = "the unit may not be metres, or the raster may hold the sea floor: crop it"
        raise DataError(
            f"reading {name}: found heights of {value:g} m in {count} of {values.size} cells, "
            f"expected {LOWEST_M:g} to {HIGHEST_M:g} m",
            hint=hint,
        )
