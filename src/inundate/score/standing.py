"""Baselines that know only gravity: where the volume of rain so far comes to stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError
from inundate.score.case import Case
from inundate.score.fill_spill import Edges, find_sinks, stand
from inundate.score.sample import Depth

__all__ = ["Bathtub", "FillSpill", "bathtub", "cumulated_volume", "fill_spill"]

MM = 1e-3  # m
HOUR = 3600.0  # s


@dataclass
class FillSpill:
    """The rain so far stands in the sinks; see :func:`fill_spill`."""

    edges: Edges = "open"
    name: ClassVar[str] = "fill_spill"
    title: ClassVar[str] = "the rain so far stands in the sinks, which fill, spill and merge"
    advantage: ClassVar[str] = ""

    def learn(self, case: Case) -> None:
        """Do nothing."""

    def predict(self, case: Case) -> Depth:
        """Give standing water; water there at the start runs down too."""
        volume = _volume_so_far(case)
        return fill_spill(case.elevation, volume, cell_size_m=case.cell_size_m, edges=self.edges)


class Bathtub:
    """The rain so far stands at one level; see :func:`bathtub`."""

    name: ClassVar[str] = "bathtub"
    title: ClassVar[str] = "the rain so far stands at one level over the whole map"
    advantage: ClassVar[str] = ""

    def learn(self, case: Case) -> None:
        """Do nothing."""

    def predict(self, case: Case) -> Depth:
        """Give the depth below one level a frame."""
        volume = _volume_so_far(case)
        return bathtub(case.elevation, volume.sum(axis=(1, 2)), cell_size_m=case.cell_size_m)


def cumulated_volume(
    rain_rate: ArrayLike, *, interval_s: float, cell_size_m: float
) -> NDArray[np.float64]:
    """Give the volume of rain on each cell up to each frame, (T, H, W), m3.

    Parameters
    ----------
    rain_rate : array (T, H, W), mm h-1
        Mean over the interval that ends at each frame.
    interval_s : float, s
        Time between frames.
    cell_size_m : float, m
        Side of a cell.
    """
    rate = np.asarray(rain_rate, dtype=np.float64)
    return np.asarray(rate.cumsum(axis=0) * (MM / HOUR * interval_s * cell_size_m**2))


def fill_spill(
    elevation: ArrayLike, rain_volume: ArrayLike, *, cell_size_m: float, edges: Edges = "open"
) -> Depth:
    """Give the water that stands in sinks once all rain so far has run down.

    Parameters
    ----------
    elevation : array (H, W), m
        Ground height; NaN where there is no data.
    rain_volume : array (T, H, W) or (T,), m3
        Rain up to each frame, on each cell or on the whole map (spread evenly over the cells
        with data). Never falling in time.
    cell_size_m : float, m
        Side of a cell.
    edges : {"open", "closed"}
        Whether water leaves over the border of the map and into cells without data.

    Returns
    -------
    array (T, H, W), m
        NaN where there is no data. Its volume is the rain's less what has left the map.

    Raises
    ------
    DataError
        If shapes do not fit, or a volume is missing, negative or falls.
    """
    sinks = find_sinks(elevation, edges=edges)
    known = np.isfinite(np.asarray(elevation, dtype=np.float64))
    volume = np.asarray(rain_volume, dtype=np.float64)
    if volume.ndim == 1:
        volume = volume[:, None, None] * (known / np.count_nonzero(known))
    volume = np.where(known, volume, 0.0)
    added = np.diff(volume, axis=0, prepend=0.0) / cell_size_m**2
    return stand(sinks, added)[0]


def bathtub(elevation: ArrayLike, rain_volume: ArrayLike, *, cell_size_m: float) -> Depth:
    """Give the depth below one level that holds all rain so far; nothing leaves the map.

    Parameters
    ----------
    elevation : array (H, W), m
        Ground height; NaN where there is no data.
    rain_volume : array (T,), m3
        Rain on the whole map up to each frame.
    cell_size_m : float, m
        Side of a cell.

    Returns
    -------
    array (T, H, W), m
        NaN where there is no data.

    Raises
    ------
    DataError
        If a volume is negative or missing, or there is no ground.

    Examples
    --------
    >>> bathtub([[0.0, 1.0]], [10.0, 30.0], cell_size_m=10.0).tolist()
    [[[0.10000000149011612, 0.0]], [[0.30000001192092896, 0.0]]]
    """
    ground = np.asarray(elevation, dtype=np.float64)
    heights = np.sort(ground[np.isfinite(ground)])
    water = np.asarray(rain_volume, dtype=np.float64) / cell_size_m**2
    if not heights.size or water.ndim != 1 or not (np.isfinite(water) & (water >= 0)).all():
        raise DataError(
            f"bathtub: {heights.size} cells of ground and volumes of shape {water.shape}, expected "
            "ground and one volume of 0 or more a frame"
        )
    count = np.arange(1, heights.size + 1)
    below = heights.cumsum()
    # water that the n lowest cells hold when it reaches the next one
    holds = count[:-1] * heights[1:] - below[:-1]
    n = np.searchsorted(holds, water, side="left")
    level = (water + below[n]) / count[n]
    depth: Depth = np.maximum(level[:, None, None] - ground, 0.0).astype(np.float32)
    return depth


def _volume_so_far(case: Case) -> NDArray[np.float64]:
    """Rain and what stood at the start, up to each frame, m3 in each cell with ground."""
    rain = cumulated_volume(
        case.rain_rate, interval_s=case.interval_s, cell_size_m=case.cell_size_m
    )
    volume = rain + case.start * case.cell_size_m**2
    return np.where(np.isfinite(case.elevation), volume, 0.0)
