"""What a place brings besides its heights: boundaries, sources, land cover, evaporation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import Grid
from inundate.hydro.land import Land, open_land
from inundate.hydro.series import Series
from inundate.hydro.series_file import open_series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.sources import Source, open_sources
from inundate.hydro.stretches import Boundaries, open_boundaries

__all__ = ["Site", "open_site"]


@dataclass(frozen=True)
class Site:
    """What acts on the water besides rain and heights; nothing by default.

    Attributes
    ----------
    boundaries : Boundaries, optional
        Parts of the edges that differ from the settings.
    sources : tuple of Source
        Places where water enters.
    land : Land, optional
        Roughness, infiltration and drains by kind of land, in place of the settings'.
    evaporation : Series, optional
        From standing water, mm h-1, in place of the settings'.
    """

    boundaries: Boundaries | None = None
    sources: tuple[Source, ...] = ()
    land: Land | None = None
    evaporation: Series | None = None

    def __post_init__(self) -> None:
        if self.evaporation is not None and self.evaporation.value.min() < 0:
            raise DataError(
                f"{self.evaporation.name}: evaporation of {self.evaporation.value.min():g} mm h-1, "
                "expected 0 or more"
            )

    def series(self) -> list[Series]:
        """Give all that may change in time."""
        stretches = self.boundaries.stretches if self.boundaries else ()
        found = [stretch.series for stretch in stretches]
        found += [source.flow for source in self.sources]
        return [series for series in [*found, self.evaporation] if series is not None]

    def check(self, settings: SimulateSettings) -> None:
        """Check that no setting is without effect beside this site.

        Raises
        ------
        ConfigError
            Every fault at once.
        """
        faults = []
        if self.land is not None:
            faults += [
                f"{name} is set, but land cover gives it" for name in settings.set_land_keys()
            ]
        if self.evaporation is not None and settings.evaporation_mm_h:
            faults.append("evaporation_mm_h is set, but a series of evaporation is given")
        default = type(settings).model_fields["forcing_every_s"].default
        varies = not all(series.is_constant for series in self.series())
        if settings.forcing_every_s != default and not varies:
            faults.append("forcing_every_s is set, but no boundary, source or evaporation changes")
        if faults:
            text = "\n".join(f"  {fault}" for fault in faults)
            count = "" if len(faults) == 1 else f"{len(faults)} "
            raise ConfigError(f"simulating: {count}settings do not fit the site\n{text}")

    def check_span(self, total_s: float) -> None:
        """Check that every series covers a simulation, before it starts.

        Parameters
        ----------
        total_s : float
            Length of the simulation, s.

        Raises
        ------
        DataError
            If one does not, and has no rule for what lies outside.
        """
        for series in self.series():
            series.check_covers(0.0, total_s)

    def describe(self) -> dict[str, Any]:
        """Give what it holds as plain values, for records."""
        found: dict[str, Any] = {}
        if self.boundaries is not None:
            found["boundaries"] = [
                {"name": s.name, "kind": s.kind, **_range_of(s.series)}
                for s in self.boundaries.stretches
            ]
        if self.sources:
            found["sources"] = [
                {"name": s.name, "cells": s.rows.size, **_range_of(s.flow)} for s in self.sources
            ]
        if self.land is not None:
            found["land"] = {
                "table": self.land.name,
                "kinds": [kind.model_dump(exclude_none=True) for kind in self.land.kinds],
                "shares": self.land.shares(),
            }
        if self.evaporation is not None:
            found["evaporation"] = _range_of(self.evaporation)
        return found


def _range_of(series: Series | None) -> dict[str, float]:
    if series is None:
        return {}
    return {"least": float(series.value.min()), "most": float(series.value.max())}


def open_site(
    grid: Grid,
    start: np.datetime64 | None = None,
    *,
    boundaries: Path | str | None = None,
    sources: Path | str | None = None,
    land_cover: Path | str | None = None,
    land_table: Path | str | None = None,
    soil: str | None = None,
    evaporation: Path | str | None = None,
    crs: str | None = None,
) -> Site:
    """Read the files that describe a site.

    Parameters
    ----------
    grid : Grid
        The terrain's.
    start : datetime64, optional
        Start of the simulation, UTC; needed for series with dates.
    boundaries : Path, optional
        TOML, see :mod:`inundate.hydro.stretches`.
    sources : Path, optional
        TOML, see :mod:`inundate.hydro.sources`.
    land_cover : Path, optional
        Raster of codes.
    land_table : Path or str, optional
        What the codes mean, see :mod:`inundate.hydro.land_table`; by default ``"worldcover"``.
    soil : str, optional
        Texture for the bundled table.
    evaporation : Path, optional
        Series in mm h-1 or another rate.
    crs : str, optional
        Coordinate reference system of a land-cover raster that names none.

    Raises
    ------
    MissingFileError, ConfigError, DataError, GridError
        If a file is absent, wrong, or does not fit the terrain.
    """
    if land_cover is None:
        for name, value in (("land_table", land_table), ("soil", soil)):
            if value is not None:
                raise ConfigError(f"{name} is {str(value)!r}, but no land_cover is given")
    return Site(
        boundaries=None if boundaries is None else open_boundaries(boundaries, grid, start),
        sources=() if sources is None else open_sources(sources, grid, start),
        land=None if land_cover is None else open_land(
            land_cover, land_table or "worldcover", grid, soil=soil, crs=crs
        ),
        evaporation=None if evaporation is None else open_series(
            evaporation, "mm h-1", start=start, name=f"evaporation {evaporation}"
        ),
    )  # fmt: skip
