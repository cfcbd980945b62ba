"""The files of a simulation besides rain and terrain."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.core.files import check_input

if TYPE_CHECKING:
    import numpy as np

    from inundate.core.grid import Grid
    from inundate.hydro.site import Site

__all__ = ["CaseFiles", "SiteFiles"]


class SiteFiles(Settings):
    """Files of a place besides its heights and rain."""

    rain_crs: str | None = Field(
        default=None, description="CRS of rain files that name none, such as EPSG:27700"
    )
    terrain_crs: str | None = Field(
        default=None, description="CRS of heightmaps and rasters that name none"
    )
    boundaries: Path | None = Field(
        default=None,
        description="TOML of parts of the edges that differ: tide, river that flows in, wall",
    )
    sources: Path | None = Field(
        default=None, description="TOML of points where water enters: springs, burst mains"
    )
    land_cover: Path | None = Field(
        default=None,
        description="raster of codes that give roughness, infiltration and drains by kind of land",
    )
    land_table: str | None = Field(
        default=None,
        description="what the codes mean: CSV or TOML, or worldcover (the default)",
    )
    soil: str | None = Field(
        default=None, description="soil texture of ground that takes water in the bundled table"
    )
    evaporation: Path | None = Field(
        default=None, description="CSV or TOML series of evaporation from standing water, mm h-1"
    )

    def open(self, grid: Grid, start: np.datetime64 | None) -> Site:
        """Open what acts on the water.

        Parameters
        ----------
        grid : Grid
            The terrain's.
        start : datetime64, optional
            Start of the simulation, UTC.

        Raises
        ------
        InundateError
            As :func:`~inundate.hydro.site.open_site`.
        """
        from inundate.hydro.site import open_site  # the command line loads this file for --help

        return open_site(
            grid, start, boundaries=self.boundaries, sources=self.sources,
            land_cover=self.land_cover, land_table=self.land_table, soil=self.soil,
            evaporation=self.evaporation, crs=self.terrain_crs,
        )  # fmt: skip

    def paths(self) -> list[Path]:
        """List all files given, and those that they name.

        Raises
        ------
        MissingFileError
            If one is absent.
        """
        named = [getattr(self, name) for name in type(self).model_fields]
        found = [path for path in named if isinstance(path, Path)]
        if self.land_table is not None and Path(self.land_table).suffix:
            found.append(Path(self.land_table))
        for path in found:
            check_input(path, what="simulating")
        tables = [path for path in (self.boundaries, self.sources) if path is not None]
        return found + [named for path in tables for named in _named_in(path)]


class CaseFiles(SiteFiles):
    """Files of a simulation besides rain and terrain."""

    roughness: Path | None = Field(
        default=None, description="Manning's n on the heightmap's grid: raster, Zarr or NetCDF"
    )
    initial_depth: Path | None = Field(
        default=None,
        description="water at the start on the heightmap's grid, m: raster, or the last frame of a "
        "simulation",
    )
    gauges: Path | None = Field(
        default=None,
        description="CSV (name,x,y) or GeoJSON of points whose depth and level are recorded",
    )
    gauges_crs: str | None = Field(
        default=None, description="CRS of the gauges where it is not the heightmap's"
    )
    sections: Path | None = Field(
        default=None,
        description="CSV (name,x,y; rows of a line in order) or GeoJSON of lines whose discharge "
        "is recorded, positive from their right-hand to their left-hand side",
    )
    sections_crs: str | None = Field(
        default=None, description="CRS of the sections where it is not the heightmap's"
    )

    def paths(self) -> list[Path]:
        """List all files given, and those that they name.

        Raises
        ------
        MissingFileError
            If one is absent.
        ConfigError
            If a CRS is given of a file that is not.
        """
        for name in ("gauges", "sections"):
            if getattr(self, f"{name}_crs") is not None and getattr(self, name) is None:
                raise ConfigError(f"simulating: {name}_crs is given, but no {name}")
        return super().paths()


def _named_in(path: Path) -> list[Path]:
    """List the files that a TOML file names, relative to its folder."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):  # the reader of that file tells what is wrong with it
        return []
    return [path.parent / text for text in _texts(content) if (path.parent / text).is_file()]


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
