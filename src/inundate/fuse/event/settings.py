"""How large a made-up event is, and how wrong its people are."""

from __future__ import annotations

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["EventSettings"]


class EventSettings(Settings):
    """Sizes and errors of a made-up event."""

    kind: str = Field(default="plain", description="Kind of synthetic terrain of the town.")
    side_cells: int = Field(default=96, ge=24, le=400, description="Cells along a side.")
    cell_size_m: float = Field(default=10.0, ge=2, le=100, description="Side of a cell, m.")
    total_mm: float = Field(default=60.0, gt=0, le=500, description="Rain of the true storm, mm.")
    storm_min: float = Field(default=120.0, ge=20, le=1440, description="Length of the storm, min.")
    after_min: float = Field(default=60.0, ge=0, le=1440, description="Dry minutes after it.")
    surround_km: float = Field(
        default=0.0, ge=0, le=100,
        description="Radar reaches so far around the town, for nowcasts; the storm then passes "
        "over it at 8 m/s and has no end of its own.",
    )  # fmt: skip
    posts: int = Field(default=240, ge=10, le=20_000, description="Posts without the copies.")
    useless: float = Field(
        default=0.3, ge=0, le=0.9, description="Share of posts that say nothing about water."
    )
    wrong: float = Field(
        default=0.05, ge=0, le=0.9, description="Share of reports that say the opposite."
    )
    copies: float = Field(
        default=0.1, ge=0, le=0.9, description="Share of reports that others repeat."
    )
    located: float = Field(
        default=0.8, ge=0, le=1, description="Share of posts that carry coordinates."
    )
    place_error_m: float = Field(
        default=60.0, ge=0, description="Standard error of coordinates, each way, m."
    )
    lag_min: float = Field(
        default=8.0, ge=0, description="Median of the minutes from seeing to posting."
    )
    start: str = Field(default="2030-06-14T15:00:00", description="Start of the storm, UTC.")
