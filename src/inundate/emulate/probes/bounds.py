"""The bounds that every probe is held to, each with its reason."""

from __future__ import annotations

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["THIN_M", "Bounds"]

THIN_M = 1e-3  # shallower water counts as none: models cut it off, and no score sees it


class Bounds(Settings):
    """How far a predictor may be from what every flood obeys."""

    dry_m: float = Field(
        default=1e-3, ge=0, description="water without rain, m: films that no score sees"
    )
    rounding_share: float = Field(
        default=1e-6,
        ge=0,
        description="volume too much over the storm's rain, of what keeps volume by construction: "
        "rounding of single precision; the solver reaches 2e-8",
    )
    volume_share: float = Field(
        default=1e-3,
        ge=0,
        description="the same of every other predictor: the goal set for models that clip depth",
    )
    more_share: float = Field(
        default=1e-3,
        ge=0,
        description="volume less under more rain, over the lesser rain: as volume_share; the "
        "solver's volume rises in every frame",
    )
    future_m: float = Field(
        default=1e-4,
        ge=0,
        description="change by rain that has not fallen yet, m: a tenth of a film, above the "
        "rounding of a network that takes frames together",
    )
    datum_m: float = Field(
        default=1e-3, ge=0, description="change by 100 m of height datum, m: films"
    )
    turn_m: float = Field(
        default=1e-3, ge=0, description="change by turning or mirroring the map, m: films"
    )
    turn_share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="share of wet cells and frames that turn_m holds for: all, since a model can "
        "be averaged over the eight ways; less for one that is neither built nor averaged so",
    )
    seam_m: float = Field(default=1e-3, ge=0, description="change by the size of tiles, m: films")
    frame_share: float = Field(
        default=0.05,
        ge=0,
        description="change by frames of half the interval, root mean square over that of the "
        "depth: a fifth of what the roughness of a town is uncertain by; the solver reaches 0",
    )
    cells_volume_share: float = Field(
        default=0.1,
        ge=0,
        description="change of stored volume by cells twice as large, over its peak: the "
        "solver's own is 0.04 at worst over eight seeds and cells of 2 to 30 m",
    )
    cells_area_share: float = Field(
        default=0.3,
        ge=0,
        description="change of flooded area by cells twice as large: the solver's own is 0.21 at "
        "worst over eight seeds and cells of 2 to 30 m",
    )
    shuffle_share: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="share of the critical success index that must be lost with rain or terrain of "
        "another sample: a quarter of what the solver loses",
    )
