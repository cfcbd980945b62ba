"""What each member of an ensemble has where a report may mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.fuse.evidence import Observations

__all__ = ["NINE_TENTHS", "FootprintSettings", "Footprints", "footprints"]

NINE_TENTHS = math.sqrt(-2.0 * math.log(0.1))  # radius of 90 % of a round Gaussian, in sigmas
_WIDEST = 1.6  # radii at which a footprint ends: 99.7 % of it
_STATED = math.log(3.0 / 0.05)  # depths that people state, m: log-uniform without knowledge


class FootprintSettings(Settings):
    """What a report speaks of."""

    damp_m: float = Field(
        default=0.03, ge=0, description="Depth below which nobody speaks of water, m."
    )
    wet_m: float = Field(
        default=0.3, gt=0, description="Depth from which everybody does, m; in between it rises."
    )
    before_min: float = Field(
        default=60.0, ge=0, description="A report may speak of water seen so long before, minutes."
    )
    after_min: float = Field(
        default=10.0, ge=0, description="Or so long after its stated time: clocks, rounding."
    )
    blur_cells: float = Field(
        default=2.0,
        ge=0,
        description="How far off a map may have its ponds and streams, sd in cells.",
    )
    depth_sd: float = Field(default=0.6, gt=0, description="Error of stated depths, sd of the log.")


@dataclass(frozen=True, eq=False)
class Footprints:
    """What N observations find in M members.

    Attributes
    ----------
    here : array (N, M), 0 to 1
        Share of the footprint that is visibly wet, each cell by how likely it is meant and by
        its people; NaN for observations outside.
    anywhere : array (M,), 0 to 1
        The same over all people and times: how much there is to tell of.
    near : array (N, M), bool
        Whether any cell within the radius is visibly wet at a time that is meant.
    stated : array (N, M)
        How much likelier the stated depth is than any other, given water; 1 where none is stated.
    inside : array (N,), bool
        Whether the observation is on the map, among people and within its time.
    """

    here: NDArray[np.float64]
    anywhere: NDArray[np.float64]
    near: NDArray[np.bool_]
    stated: NDArray[np.float64]
    inside: NDArray[np.bool_]

    def take(self, rows: NDArray[Any]) -> Footprints:
        """Give some of the observations, by numbers or a mask (N,)."""
        return Footprints(
            self.here[rows], self.anywhere, self.near[rows], self.stated[rows], self.inside[rows]
        )


def footprints(
    observations: Observations,
    depth: NDArray[np.float32],
    *,
    grid: Grid,
    time: NDArray[np.datetime64],
    people: NDArray[np.float64] | None = None,
    settings: FootprintSettings | None = None,
) -> Footprints:
    """Look up every member at every observation.

    Parameters
    ----------
    observations : Observations
        Length N, in the grid's CRS.
    depth : array (M, T, H, W), m
        Members; NaN where there is no ground.
    grid : Grid
        Of shape (H, W).
    time : array (T,), datetime64
        Ends of the frames' intervals, rising.
    people : array (H, W), optional
        Where reports can come from, in any unit such as people per cell; by default all ground.
    settings : FootprintSettings, optional

    Returns
    -------
    Footprints

    Raises
    ------
    DataError
        If shapes do not fit, or there are no people on the ground.
    """
    chosen = settings or FootprintSettings()
    weight = _weight(depth, grid, time, people)
    ends = np.asarray(time, "datetime64[ns]")
    seen = np.clip(
        (np.nan_to_num(depth) - chosen.damp_m) / max(chosen.wet_m - chosen.damp_m, 1e-6), 0.0, 1.0
    ).astype(np.float32)
    count, members = len(observations), depth.shape[0]
    here = np.full((count, members), np.nan)
    near, stated = np.zeros((count, members), bool), np.ones((count, members))
    for row in range(count):
        frames = _frames(observations.time[row], ends, chosen)
        found = _kernel(observations, row, grid, chosen.blur_cells)
        if frames.start == frames.stop or found is None:
            continue
        kernel, close, rows, cols = found
        kernel = kernel * weight[rows, cols]
        if kernel.sum() <= 0:
            continue
        wet = seen[:, frames, rows, cols]
        here[row] = _mean(wet, kernel)
        near[row] = ((wet > 0.25) & close).any(axis=(1, 2, 3))
        deep = float(_severity(observations)[row])
        if math.isfinite(deep) and deep > 0:
            fits = _fits(deep, depth[:, frames, rows, cols], chosen.depth_sd)
            with np.errstate(invalid="ignore"):
                stated[row] = np.where(here[row] > 0, _mean(wet * fits, kernel) / here[row], 1.0)
    return Footprints(here, _mean(seen, weight), near, stated, np.isfinite(here).all(axis=1))


def _severity(observations: Observations) -> NDArray[np.float64]:
    assert observations.severity_m is not None
    return observations.severity_m


def _weight(
    depth: NDArray[np.float32],
    grid: Grid,
    time: NDArray[np.datetime64],
    people: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    if depth.ndim != 4 or depth.shape[1:] != (len(time), *grid.shape):
        raise DataError(
            f"looking up reports: depth has shape {depth.shape}, expected members, "
            f"{len(time)} times and a grid of {grid.shape}"
        )
    ground = np.isfinite(depth[:, :1]).all(axis=(0, 1))
    if people is not None and people.shape != grid.shape:
        raise DataError(
            f"looking up reports: people have shape {people.shape}, expected {grid.shape}"
        )
    weight = np.where(ground, 1.0 if people is None else np.nan_to_num(people), 0.0)
    if weight.sum() <= 0:
        raise DataError("looking up reports: no people live where there is ground")
    return weight


def _mean(values: NDArray[Any], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average (M, T, h, w) over times and, by a kernel (h, w), over places."""
    summed = np.tensordot(values.mean(axis=1, dtype=np.float64), kernel, axes=2)
    return np.asarray(summed / kernel.sum(), np.float64)


def _fits(deep: float, depth: NDArray[np.float32], sd: float) -> NDArray[np.float64]:
    """Give how much likelier a stated depth is where the water is so deep than anywhere."""
    gap = (math.log(deep) - np.log(np.maximum(np.nan_to_num(depth), 0.05))) / sd
    return np.asarray(np.exp(-0.5 * gap**2) * _STATED / (sd * math.sqrt(2.0 * math.pi)))


def _frames(
    said: np.datetime64, ends: NDArray[np.datetime64], settings: FootprintSettings
) -> slice:
    """Give the frames that a report may speak of; none when it is of another time."""
    minute_ns = 60e9
    begin = said - np.timedelta64(round(settings.before_min * minute_ns), "ns")
    end = said + np.timedelta64(round(settings.after_min * minute_ns), "ns")
    step = (ends[1] - ends[0]) if len(ends) > 1 else np.timedelta64(600, "s")
    first = int(np.searchsorted(ends, begin))  # a frame stands for the interval that it ends
    last = int(np.searchsorted(ends - step, end, side="right"))
    return slice(first, max(first, last))


def _kernel(
    observations: Observations, row: int, grid: Grid, blur_cells: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], slice, slice] | None:
    """Give how likely each cell near a report is meant, which lie in its radius, and the cut."""
    east, north = float(observations.x[row]), float(observations.y[row])
    radius = float(observations.radius_m[row])
    sigma = math.hypot(radius / NINE_TENTHS, max(blur_cells, 0.25) * grid.dx)
    reach = max(_WIDEST * NINE_TENTHS * sigma, grid.dx)
    x, y = grid.x, grid.y  # centres; y falls
    left, right = np.searchsorted(x, [east - reach, east + reach])
    top, bottom = np.searchsorted(-y, [-(north + reach), -(north - reach)])
    if left >= right or top >= bottom:
        return None
    rows, cols = slice(int(top), int(bottom)), slice(int(left), int(right))
    squares = ((x[cols] - east) ** 2)[None, :] + ((y[rows] - north) ** 2)[:, None]
    kernel: NDArray[np.float64] = np.exp(-0.5 * (squares - squares.min()) / sigma**2)
    close: NDArray[np.bool_] = squares <= max(radius**2, float(squares.min()))
    return kernel, close, rows, cols
