"""Kinds of cells that are told apart: by predicted depth, water around, and the ground.

Of wet cells the slope counts; of dry ones with water near, how high they lie above its level. All
is known to a forecaster. The truth never decides to which bin a cell belongs, so what is counted in
a bin holds for the next forecast that falls into it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.uncertain.law import Array

__all__ = [
    "ABOVE_M",
    "AROUND_M",
    "BINS",
    "DEPTHS_M",
    "SLOPES",
    "bin_of",
    "cell_bins",
    "depth_bin",
    "depth_of_bin",
    "is_quiet",
    "slope_class",
]

DEPTHS_M = (0.001, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Upper bounds of the depth bins but for the last; below the first a cell is dry."""
AROUND_M = (0.01, 0.1, 0.5)
"""Upper bounds of the deepest water within :data:`REACH_CELLS`, but for the last class."""
ABOVE_M = (0.03, 0.2)
"""Upper bounds of the height above water that is near, but for the last class."""
SLOPES = (0.02, 0.08)
"""Upper bounds of the slope classes but for the last."""
REACH_CELLS = 3
BINS = (len(DEPTHS_M) + 1) * (len(AROUND_M) + 1) * (len(SLOPES) + 1)
"""Number of bins."""
_LEAST_M = 0.01  # shallower is a film, whose level says nothing of its neighbours
_PER_DEPTH = (len(AROUND_M) + 1) * (len(SLOPES) + 1)


def depth_bin(depth: NDArray[np.floating]) -> NDArray[np.intp]:
    """Give the number of the depth bin of each cell."""
    return np.asarray(np.searchsorted(np.asarray(DEPTHS_M, np.float32), depth, side="right"))


def depth_of_bin(number: NDArray[np.integer]) -> NDArray[np.intp]:
    """Give the depth bin that a bin belongs to."""
    return np.asarray(number // _PER_DEPTH, dtype=np.intp)


def slope_class(elevation: Array, cell_size_m: float) -> NDArray[np.intp]:
    """Give the slope class of each cell, (H, W); 0 where there is no ground around."""
    south, east = np.gradient(elevation.astype(np.float64), cell_size_m)
    slope = np.nan_to_num(np.hypot(south, east))
    return np.asarray(np.searchsorted(np.asarray(SLOPES), slope, side="right"))


def cell_bins(depth: Array, elevation: Array, slopes: NDArray[np.intp]) -> NDArray[np.int16]:
    """Give the number of the bin of each cell of a frame.

    Parameters
    ----------
    depth : array (H, W), m
        Predicted; NaN where there is no ground.
    elevation : array (H, W), m
    slopes : array (H, W)
        Of :func:`slope_class`.
    """
    filled = np.nan_to_num(depth)
    around = np.searchsorted(np.asarray(AROUND_M, np.float32), _largest(filled), side="right")
    own = depth_bin(filled)
    # heights are counted from the lowest ground, so that single precision holds centimetres
    ground = np.nan_to_num(elevation - np.nanmin(elevation), nan=0.0)
    level = _largest(np.where(filled >= _LEAST_M, ground + filled, -np.inf))
    above = np.searchsorted(np.asarray(ABOVE_M), ground - level, side="right")
    return bin_of(own, around, np.where((own == 0) & (around > 0), above, slopes))


def is_quiet(bins: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Tell the cells that are dry with no water near."""
    return bins <= len(SLOPES)


def bin_of(
    depth: NDArray[np.integer], around: NDArray[np.integer], ground: NDArray[np.integer]
) -> NDArray[np.int16]:
    """Give the number of a bin from its three classes."""
    numbers = (depth * (len(AROUND_M) + 1) + around) * (len(SLOPES) + 1) + ground
    return np.asarray(numbers, dtype=np.int16)


def _largest(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give the largest value within a square of ``REACH_CELLS`` on each side."""
    for axis in (0, 1):
        pads = [(0, 0), (0, 0)]
        pads[axis] = (REACH_CELLS, REACH_CELLS)
        wide = np.pad(values, pads, constant_values=-np.inf)
        view = np.lib.stride_tricks.sliding_window_view(wide, 2 * REACH_CELLS + 1, axis=axis)
        values = view.max(axis=-1)
    return values
