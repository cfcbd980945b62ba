"""Tell whether a forecast fits what people report better than chance would.

A report tells of one place; where nobody reports nothing is known. So hits and misses are
counted at reports alone, and set against a null model: the same reports, moved together to other
places and times of the map. Moving them together keeps that people cluster in towns and report
in bursts, which shuffling one by one would not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.core.seeds import make_rng
from inundate.fuse.evidence import Observations
from inundate.fuse.footprint import Footprints, FootprintSettings, footprints

__all__ = ["Check", "check_forecast"]

_LIKELY = 0.5  # members' mean from which a forecast has water


@dataclass(frozen=True, eq=False)
class Check:
    """How a forecast stands to reports.

    Attributes
    ----------
    hits, misses : int
        Reports of water within whose radius and time half of the members have water, or fewer.
    false_alarms, correct_negatives : int
        Reports of none whose footprint is under water for the larger part, or not.
    outside : int
        Reports beyond the map or its time.
    agreement : float
        Mean over reports of the wet share where there is water, and of the dry share where there
        is none, each report by its confidence.
    by_chance : array (B,)
        The same for reports moved elsewhere.
    hit_rate_by_chance : array (B,)
        Share of hits among the reports of water so moved; NaN where none is left on the map. A hit
        needs water anywhere within a radius, so that large radii hit by chance.
    p_value : float
        Chance of an agreement this high if places and times told nothing.
    """

    hits: int
    misses: int
    false_alarms: int
    correct_negatives: int
    outside: int
    agreement: float
    by_chance: NDArray[np.float64]
    hit_rate_by_chance: NDArray[np.float64]
    p_value: float

    def figures(self) -> dict[str, Any]:
        """Give all as JSON-able figures."""
        told = self.hits + self.misses
        return {
            "hits": self.hits,
            "misses": self.misses,
            "false_alarms": self.false_alarms,
            "correct_negatives": self.correct_negatives,
            "outside": self.outside,
            "hit_rate": self.hits / told if told else None,
            "hit_rate_by_chance": _spread(self.hit_rate_by_chance),
            "agreement": self.agreement,
            "agreement_by_chance": _spread(self.by_chance),
            "p_value": self.p_value,
            "draws": len(self.by_chance),
        }


def _spread(values: NDArray[np.float64]) -> dict[str, float] | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, middle, high = np.percentile(known, [2.5, 50, 97.5]).tolist()
    return {"median": middle, "low": low, "high": high}


def check_forecast(
    observations: Observations,
    depth: NDArray[np.float32],
    *,
    grid: Grid,
    time: NDArray[np.datetime64],
    people: NDArray[np.float64] | None = None,
    draws: int = 199,
    seed: int = 0,
    settings: FootprintSettings | None = None,
) -> Check:
    """Compare a forecast with reports.

    Parameters
    ----------
    observations : Observations
        Each story once; in the grid's CRS.
    depth : array (T, H, W) or (M, T, H, W), m
        One forecast, or members that all count alike.
    grid : Grid
    time : array (T,), datetime64[ns]
    people : array (H, W), optional
        Where reports can come from.
    draws : int
        Moves of the null model.
    seed : int
    settings : FootprintSettings, optional

    Returns
    -------
    Check

    Raises
    ------
    DataError
        If no report lies on the map within its time, or none does after a move.
    """
    members = depth if depth.ndim == 4 else depth[None]

    def look(of: Observations) -> Footprints:
        return footprints(of, members, grid=grid, time=time, people=people, settings=settings)

    found = look(observations)
    inside, share = found.inside, found.here.mean(axis=1)
    if not inside.any():
        raise DataError(
            f"checking the forecast: none of {len(observations)} reports lies on the map "
            f"({grid.describe()}) between {time[0]} and {time[-1]}",
            hint="look at the reports' CRS and times",
        )
    counted = observations.take(inside)
    told = _agreement(observations, share, inside)
    rng = make_rng(seed, "null")
    by_chance, hit_rates = [], []
    for _ in range(draws):
        moved = _moved(counted, grid, time, rng)
        other = look(moved)
        by_chance.append(_agreement(moved, other.here.mean(axis=1), other.inside))
        wet = other.inside & (moved.water == 1)
        hits = other.near[wet].mean(axis=1) >= _LIKELY
        hit_rates.append(hits.mean() if len(hits) else np.nan)
    null = np.asarray(by_chance)
    null = null[np.isfinite(null)]  # reports moved to where nobody lives tell nothing
    if len(null) == 0:
        raise DataError(
            f"checking the forecast: none of {draws} moves left a report where people live",
            hint="ask for more draws, or leave the map of people out",
        )
    hit, flooded = found.near.mean(axis=1) >= _LIKELY, share >= _LIKELY
    present = observations.water == 1
    return Check(
        hits=int((inside & present & hit).sum()),
        misses=int((inside & present & ~hit).sum()),
        false_alarms=int((inside & ~present & flooded).sum()),
        correct_negatives=int((inside & ~present & ~flooded).sum()),
        outside=int((~inside).sum()),
        agreement=told,
        by_chance=null,
        hit_rate_by_chance=np.asarray(hit_rates, np.float64),
        p_value=float((1 + (null >= told).sum()) / (1 + len(null))),
    )


def _agreement(
    observations: Observations, share: NDArray[np.float64], inside: NDArray[np.bool_]
) -> float:
    fits = np.where(observations.water == 1, share, 1.0 - share)[inside]
    weight = observations.confidence[inside]
    return float(np.average(fits, weights=weight)) if weight.sum() > 0 else float("nan")


def _moved(
    observations: Observations,
    grid: Grid,
    time: NDArray[np.datetime64],
    rng: np.random.Generator,
) -> Observations:
    """Move all reports together, round the edges of the map and of its time."""
    left, bottom, right, top = grid.bounds
    width, height = right - left, top - bottom
    step = (time[1] - time[0]) if len(time) > 1 else np.timedelta64(600, "s")
    start = (time[0] - step).astype("datetime64[ns]")
    length = (time[-1] - time[0] + step).astype("timedelta64[ns]")
    east, north, late = rng.random(3)
    moved_ns = (length.astype(np.int64) * late).astype(np.int64).astype("timedelta64[ns]")
    return replace(
        observations,
        x=left + (observations.x - left + east * width) % width,
        y=bottom + (observations.y - bottom + north * height) % height,
        time=start + (observations.time - start + moved_ns) % length,
    )
