"""Settings of the design storms, one model a kind; light enough for ``--help``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from inundate.core.config import Settings

__all__ = [
    "KINDS",
    "SETTINGS",
    "ChicagoStorm",
    "FehStorm",
    "MovingCellStorm",
    "RandomFieldStorm",
    "StormSettings",
    "UniformStorm",
]

_START = datetime(2000, 1, 1)  # a time without a zone is UTC


class StormSettings(Settings):
    """What every design storm has."""

    start: datetime = Field(_START, description="start of the first step, UTC")
    step_s: float = Field(300.0, gt=0, description="length of a step, seconds")
    duration_min: float = Field(120.0, gt=0, description="duration of the storm, minutes")


class UniformStorm(StormSettings):
    """The same rate everywhere and always."""

    total_mm: float = Field(50.0, gt=0, description="depth of the storm, mm")


class ChicagoStorm(StormSettings):
    """Chicago hyetograph, the same everywhere."""

    total_mm: float = Field(50.0, gt=0, description="depth of the storm, mm")
    peak_position: float = Field(
        0.4, ge=0, le=1, description="share of the duration before the peak"
    )
    b_min: float = Field(10.0, ge=0, description="b of the curve i = a / (t + b)^n, minutes")
    n: float = Field(0.75, gt=0, le=1, description="exponent n of the curve i = a / (t + b)^n")


class FehStorm(StormSettings):
    """Symmetric profile of British design practice, the same everywhere."""

    total_mm: float = Field(50.0, gt=0, description="depth of the storm, mm")
    profile: Literal["winter-75", "summer-50"] = Field(
        "winter-75", description="75 % winter for rural, 50 % summer for urban catchments"
    )


class MovingCellStorm(StormSettings):
    """One round cell that crosses the grid."""

    total_mm: float | None = Field(
        None, gt=0, description="mean depth over the grid, mm; this or the peak rate"
    )
    peak_mm_h: float | None = Field(
        None, gt=0, description="rate in the centre of the cell, mm h-1; this or the total"
    )
    radius_m: float = Field(
        5000.0, gt=0, description="distance from the centre where the rate is 61 % of it, metres"
    )
    speed_m_s: float = Field(8.0, ge=0, description="speed of the cell, m s-1")
    heading_deg: float = Field(
        90.0, description="direction it moves to, degrees clockwise from north"
    )
    through: tuple[float, float] | None = Field(
        None, description="point x,y that its centre passes at half time; by default the middle"
    )


class RandomFieldStorm(StormSettings):
    """A random field of rain that moves and changes."""

    total_mm: float = Field(50.0, gt=0, description="mean depth over the grid, mm")
    peak_mm_h: float | None = Field(
        None, gt=0, description="highest rate of any cell and step, mm h-1; by default it follows"
    )
    wet_share: float = Field(0.4, gt=0, le=1, description="share of cells and steps with rain")
    outer_scale_m: float = Field(20000.0, gt=0, description="size of the largest features, metres")
    slope: float = Field(3.0, gt=0, le=6, description="fall of the power spectrum, k^-slope")
    speed_m_s: float = Field(8.0, ge=0, description="speed of the field, m s-1")
    heading_deg: float = Field(
        90.0, description="direction it moves to, degrees clockwise from north"
    )
    lifetime_min: float = Field(
        60.0, gt=0, description="time in which the largest features change, minutes"
    )
    seed: int = Field(0, ge=0, description="another seed is another storm")


SETTINGS: dict[str, type[StormSettings]] = {
    "uniform": UniformStorm,
    "chicago": ChicagoStorm,
    "feh": FehStorm,
    "moving-cell": MovingCellStorm,
    "random-field": RandomFieldStorm,
}

KINDS = {model: kind for kind, model in SETTINGS.items()}
