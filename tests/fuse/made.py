"""Small ensembles and reports of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.core.grid import Grid
from inundate.fuse.evidence import Observations

GRID = Grid("EPSG:27700", 400000, 410000, 50, 50, 40, 40)
TIME = np.datetime64("2000-01-01T00:00", "ns") + np.timedelta64(600, "s") * np.arange(1, 7)


def ponds(columns: tuple[int, ...], depth_m: float = 0.5) -> NDArray[np.float32]:
    """Members (M, T, H, W), each with a pond of 8 columns that begins at another one."""
    members = np.zeros((len(columns), len(TIME), *GRID.shape), np.float32)
    for member, column in enumerate(columns):
        members[member, :, 10:30, column : column + 8] = depth_m
    return members


def reports(
    columns: list[int], *, water: int = 1, row: int = 20, minutes: float = 30.0, **more: object
) -> Observations:
    """Observations in one row of cells, at given columns."""
    count = len(columns)
    given = {
        "x": GRID.x[columns],
        "y": np.full(count, GRID.y[row]),
        "radius_m": np.full(count, 100.0),
        "time": np.full(count, TIME[0] + np.timedelta64(round(minutes * 60), "s")),
        "water": np.full(count, water, np.int8),
        "confidence": np.full(count, 0.9),
    }
    return Observations(**{**given, **more})  # type: ignore[arg-type]
