"""Posts that people would have written of a flood that is known, as a classifier reads them.

Who sees water tells of it where people are, later than he saw it, and names a place that is off
by as much as its radius says. Some tell that a place is dry, some know nothing of the flood, some
lie. The classifier confuses the two kinds, and says how sure it is as a calibrated one does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.cli.fusion_bench.world import Flood
from inundate.core.config import Settings
from inundate.fuse.evidence import Observations
from inundate.fuse.footprint import NINE_TENTHS

__all__ = ["CrowdSettings", "make_crowd", "make_people"]

_TELL_FROM_M, _ALL_TELL_M = 0.05, 0.3  # who sees so much water tells of it
_LEAST_M = 0.05  # stated at all
_STATED_M = (0.05, 2.0)  # by those who know nothing
_WET_M, _DRY_M = 0.1, 0.05


class CrowdSettings(Settings):
    """Who reports, and how well."""

    reports: float = Field(default=60.0, gt=0, description="reports expected in all")
    absent: float = Field(
        default=0.15, ge=0, lt=1, description="share that tells of a place without water"
    )
    useless: float = Field(
        default=0.15, ge=0, le=1, description="share of the rest that knows nothing of the flood"
    )
    hostile: float = Field(
        default=0.0, ge=0, le=1, description="share that lies where it misleads most"
    )
    stating: float = Field(default=0.4, ge=0, le=1, description="share that states a depth")
    depth_sd: float = Field(default=0.5, ge=0, description="its error, sd of the log")
    confused: float = Field(
        default=0.1, ge=0, lt=0.5, description="share that the classifier takes for the opposite"
    )
    radius_share: tuple[float, float] = Field(
        default=(0.02, 0.15), description="radius of a place, log-uniform, map widths"
    )
    lag_min: float = Field(
        default=20.0, ge=0, description="mean time from seeing to telling, exponential, minutes"
    )


def make_people(ground: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Scatter people (H, W), sum 1: five towns, and a few people everywhere on the ground."""
    rows, cols = np.mgrid[: ground.shape[0], : ground.shape[1]]
    found = np.full(ground.shape, 0.2)
    for _ in range(5):
        size = rng.uniform(0.05, 0.15) * min(ground.shape)
        place = rng.uniform(0, ground.shape[0]), rng.uniform(0, ground.shape[1])
        away = (rows - place[0]) ** 2 + (cols - place[1]) ** 2
        found += rng.uniform(0.5, 2.0) * np.exp(-0.5 * away / size**2)
    found = np.where(np.isfinite(ground), found, 0.0)
    return np.asarray(found / found.sum())


def make_crowd(
    flood: Flood,
    people: NDArray[np.float64],
    rng: np.random.Generator,
    settings: CrowdSettings | None = None,
) -> Observations:
    """Draw the reports of a flood.

    Parameters
    ----------
    flood : Flood
    people : array (H, W)
    rng : Generator
    settings : CrowdSettings, optional
        Hostile reports know the truth and the ensemble: together they tell of the member that
        is furthest from the truth, of water where it alone is wet, of none where truly is some.

    Returns
    -------
    Observations
    """
    s = settings or CrowdSettings()
    depth = np.nan_to_num(flood.truth)
    far = np.nanmean(np.abs(flood.members - flood.truth[None]), axis=(1, 2, 3))
    wrong = np.nan_to_num(flood.members[int(np.argmax(far))])
    count = max(1, int(rng.poisson(s.reports)))
    kind = rng.choice(
        3, size=count, p=[(1 - s.hostile) * (1 - s.useless), (1 - s.hostile) * s.useless, s.hostile]
    )
    wet = rng.random(count) >= s.absent
    tell = np.clip((depth - _TELL_FROM_M) / (_ALL_TELL_M - _TELL_FROM_M), 0.0, 1.0)
    lie = ((wrong > _WET_M) & (depth < _DRY_M)) * people
    frame, row, col = (np.zeros(count, int) for _ in range(3))
    for mine, weight in (
        ((kind == 0) & wet, tell * people),
        ((kind == 0) & ~wet, (1.0 - tell) * people),
        (kind == 1, np.broadcast_to(people, depth.shape)),
        ((kind == 2) & wet, lie if lie.any() else (1.0 - tell) * people),
        ((kind == 2) & ~wet, tell * people),
    ):
        frame[mine], row[mine], col[mine] = _places(weight, int(mine.sum()), rng)
    deep = depth[frame, row, col]
    deep = np.where(kind == 2, np.maximum(wrong[frame, row, col], _ALL_TELL_M), deep)
    deep = np.where(kind == 1, _between(_STATED_M, count, rng), deep)
    stated = np.exp(np.log(np.maximum(deep, _LEAST_M)) + s.depth_sd * rng.standard_normal(count))
    swapped = rng.random(count) < s.confused
    states = wet & ~swapped & (rng.random(count) < s.stating)
    said = wet ^ swapped
    radius = _between(s.radius_share, count, rng) * flood.grid.width * flood.grid.dx
    off = rng.standard_normal((2, count)) * radius / NINE_TENTHS
    lag = rng.exponential(s.lag_min, count) if s.lag_min else np.zeros(count)
    return Observations(
        x=flood.grid.x[col] + off[0],
        y=flood.grid.y[row] + off[1],
        radius_m=radius,
        time=flood.time[frame] + (lag * 60e9).astype("timedelta64[ns]"),
        water=np.where(said, 1, -1).astype(np.int8),
        confidence=np.where(said, *_sureness(s)),
        severity_m=np.where(states, stated, np.nan),
    )


def _between(
    ends: tuple[float, float], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw log-uniformly."""
    low, high = np.log(ends)
    return np.asarray(np.exp(rng.uniform(low, high, count)))


def _sureness(s: CrowdSettings) -> tuple[float, float]:
    """Give how often one who is read as telling of water, or of none, does so."""
    right_wet, wrong_wet = (1 - s.confused) * (1 - s.absent), s.confused * s.absent
    right_dry, wrong_dry = (1 - s.confused) * s.absent, s.confused * (1 - s.absent)
    dry = right_dry + wrong_dry
    return right_wet / (right_wet + wrong_wet), right_dry / dry if dry else 0.5


def _places(
    weight: NDArray[np.float64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw frames, rows and columns by weight (T, H, W)."""
    flat = weight.ravel()
    drawn = rng.choice(flat.size, size=count, p=flat / flat.sum())
    frame, row, col = np.unravel_index(drawn, weight.shape)
    return frame, row, col
