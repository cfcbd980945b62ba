"""Settings of the rain commands that ``inundate.rain`` takes as keywords; light, for ``--help``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from inundate.core.config import Settings

__all__ = [
    "AugmentSettings",
    "CleanSettings",
    "DesignSettings",
    "NowcastSettings",
    "ReadSettings",
]


class ReadSettings(Settings):
    """How to read rain files that leave something open."""

    variable: str | None = Field(None, description="Field to read where a file holds several.")
    crs: str | None = Field(None, description="CRS of rain files that state none.")
    interval_s: float | None = Field(
        None, gt=0, description="Length of an interval, for rain files that state none, s."
    )
    member: int | None = Field(
        None, ge=0, description="Which storm of an ensemble, counted from 0."
    )


class CleanSettings(Settings):
    """Settings of ``inundate rain clean``, table [clean]; each step runs only when given."""

    max_rate_mm_h: float | None = Field(
        None, gt=0, description="Rates above this become missing, mm h-1."
    )
    speckle_cells: int | None = Field(
        None, ge=1, description="Isolated wet groups of at most this many cells become missing."
    )
    fill_gap_min: float | None = Field(
        None, ge=0, description="Gaps of up to this many minutes are filled; longer stay missing."
    )
    missing: Literal["refuse", "dry", "nearest"] | None = Field(
        None, description="What missing cells become; by default they stay missing."
    )
    missing_within_m: float | None = Field(
        None, gt=0, description="Farthest known cell for --missing nearest, m."
    )


class DesignSettings(Settings):
    """Settings of ``inundate rain design``, table [design]; unset ones: default of the kind."""

    start: datetime | None = Field(None, description="Start of the first step, UTC.")
    step_s: float | None = Field(None, gt=0, description="Length of a step, s.")
    duration_min: float | None = Field(None, gt=0, description="Duration, min.")
    total_mm: float | None = Field(None, gt=0, description="Depth, mean over the grid, mm.")
    peak_position: float | None = Field(
        None, ge=0, le=1, description="chicago: share of the duration before the peak."
    )
    b_min: float | None = Field(None, ge=0, description="chicago: b of i = a / (t + b)^n, min.")
    n: float | None = Field(None, gt=0, le=1, description="chicago: n of i = a / (t + b)^n.")
    profile: Literal["winter-75", "summer-50"] | None = Field(
        None, description="feh: winter for rural, summer for urban catchments."
    )
    peak_mm_h: float | None = Field(
        None, gt=0, description="moving-cell (for the total), random-field: highest rate, mm h-1."
    )
    radius_m: float | None = Field(
        None, gt=0, description="moving-cell: distance where the rate is 61 % of the centre's, m."
    )
    through: tuple[float, float] | None = Field(
        None, description="moving-cell: point x y that it passes at half time."
    )
    speed_m_s: float | None = Field(
        None, ge=0, description="moving-cell, random-field: speed, m s-1."
    )
    heading_deg: float | None = Field(
        None, description="moving-cell, random-field: where it moves to, clockwise from north."
    )
    wet_share: float | None = Field(
        None, gt=0, le=1, description="random-field: share of cells and steps with rain."
    )
    outer_scale_m: float | None = Field(
        None, gt=0, description="random-field: size of the largest features, m."
    )
    slope: float | None = Field(
        None, gt=0, le=6, description="random-field: fall of the power spectrum."
    )
    lifetime_min: float | None = Field(
        None, gt=0, description="random-field: time in which the largest features change, min."
    )
    seed: int | None = Field(None, ge=0, description="random-field: another seed, another storm.")


class AugmentSettings(Settings):
    """Settings of ``inundate rain augment``, table [augment]; done in this order."""

    scale: float | None = Field(None, gt=0, description="Multiply every rate.")
    flip: Literal["x", "y"] | None = Field(
        None, description="Swap west and east (x) or north and south (y)."
    )
    rotate_deg: float | None = Field(None, description="Turn anticlockwise about the middle.")
    shift_m: tuple[float, float] | None = Field(
        None, description="Shift within the grid: east north, m."
    )
    move_to: tuple[float, float] | None = Field(
        None, description="Carry the storm with its grid so that its anchor lies at x y."
    )
    move_crs: str | None = Field(None, description="CRS of --move-to; by default that of the rain.")
    anchor: Literal["grid", "rain"] = Field(
        "grid", description="What goes to --move-to: middle of the grid or centre of the rain."
    )


class NowcastSettings(Settings):
    """Settings of ``inundate rain nowcast``, table [nowcast]."""

    lead_min: float = Field(default=60.0, gt=0, le=360, description="How far ahead, min.")
    members: int = Field(default=8, ge=1, le=100, description="Members of the ensemble.")
    seed: int = Field(default=0, ge=0, description="Another seed, other members.")
    wet_mm_h: float = Field(
        default=0.1, gt=0, le=10, description="Rates below are taken as dry, mm h-1."
    )
