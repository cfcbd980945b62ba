"""The real terrains and storms that a world may use, and what each of them is for.

Whole areas and whole storms stand in one part only, so that nothing tested was seen in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["HEIGHTMAPS", "RADAR", "TILES", "Heightmap", "Part", "Radar", "TileSource"]

Part = Literal["train", "valid", "test"]


@dataclass(frozen=True)
class Heightmap:
    """A file of heights.

    Attributes
    ----------
    path : str
        Below the folder of real data; empty for one that comes with a package.
    crs : str or None
        Of a file that names none.
    """

    path: str
    crs: str | None = None


@dataclass(frozen=True)
class TileSource:
    """A part of a heightmap from which tiles are cut.

    Attributes
    ----------
    heightmap : str
        Key of :data:`HEIGHTMAPS`.
    part : str
    weight : float
        Share of the real tiles of its part.
    most : int
        Tiles that it has room for.
    factors : tuple of float
        Cell sizes of tiles, in cells of the heightmap.
    columns : (float, float)
        From where to where it reaches, as shares of the width from the west.
    """

    heightmap: str
    part: Part
    weight: float
    most: int
    factors: tuple[float, ...] = (1.0,)
    columns: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Radar:
    """A real storm seen by radar.

    Attributes
    ----------
    path : str
        Below the folder of real data.
    parts : tuple of str
    weight : float
        How often it is chosen beside others.
    max_rate_mm_h : float or None
        Rates above are clutter; None for a product that is clean.
    """

    path: str
    parts: tuple[Part, ...]
    weight: float = 1.0
    max_rate_mm_h: float | None = None


_OS = "terrain/os-terrain50"
HEIGHTMAPS: dict[str, Heightmap] = {
    "fens": Heightmap(f"{_OS}/fens_wash"),
    "london": Heightmap(f"{_OS}/london_thames"),
    "pennines": Heightmap(f"{_OS}/pennines_calder_aire"),
    "severn": Heightmap(f"{_OS}/welsh_marches_severn"),
    "humber": Heightmap(f"{_OS}/humber_hull"),
    "dartmoor": Heightmap(f"{_OS}/dartmoor_exe"),
    "minnesota": Heightmap("terrain/lidar-minnesota-lakes/dem.tif"),
    "eno": Heightmap("terrain/usgs-ned-eno-river-nc/enogeo.tif"),
    "fort-worth": Heightmap("terrain/hydrosheds-fort-worth-tx/dem.tif"),
    "jacksboro": Heightmap(""),
    # licences of these two allow tests only: they are never trained on
    "merewether": Heightmap("floods/merewether-2007/topography1.zip", "EPSG:32756"),
    "boscastle": Heightmap("floods/boscastle/boscastle_square_10m.asc.gz", "EPSG:27700"),
}
"""Heightmaps by name."""

_WEST, _EAST = (0.0, 0.72), (0.73, 1.0)  # a gap of 10 cells of 50 m lies between
_OS_FACTORS = (1.0, 1.0, 1.0, 1.5, 1.8, 0.6)  # cells of 50, 75, 90 and 30 m

TILES: tuple[TileSource, ...] = (
    TileSource("fens", "train", 4, 60, _OS_FACTORS, _WEST),
    TileSource("london", "train", 5, 60, _OS_FACTORS, _WEST),
    TileSource("pennines", "train", 5, 60, _OS_FACTORS, _WEST),
    TileSource("severn", "train", 5, 60, _OS_FACTORS, _WEST),
    TileSource("minnesota", "train", 2, 16, (2.0, 2.5, 3.0)),
    TileSource("eno", "train", 3, 24, (1.0, 1.0, 2.0), (0.0, 0.5)),
    TileSource("fort-worth", "train", 1, 9),
    TileSource("fens", "valid", 1, 12, (1.0,), _EAST),
    TileSource("london", "valid", 1, 12, (1.0, 1.8), _EAST),
    TileSource("pennines", "valid", 1, 12, (1.0, 1.8), _EAST),
    TileSource("severn", "valid", 1, 12, (1.0,), _EAST),
    TileSource("humber", "test", 3, 12),
    TileSource("dartmoor", "test", 3, 12),
    TileSource("eno", "test", 3, 6, (1.0,), (0.53, 1.0)),
    TileSource("jacksboro", "test", 2, 4),
    TileSource("boscastle", "test", 2, 3),
    TileSource("merewether", "test", 1, 1, (2.0,)),
)
"""Where tiles are cut, and for which part."""

RADAR: dict[str, Radar] = {
    "mch2015": Radar("radar/meteoswiss-ch/20150515", ("train", "valid"), 3.0),
    "fmi2016": Radar("radar/fmi-finland/20160928", ("train", "valid"), 2.0),
    "knmi2010": Radar("radar/knmi-netherlands/20100826", ("train", "valid")),
    "mch2016": Radar("radar/meteoswiss-ch/20160711", ("test",)),
    # the composite holds ship and wind-farm echoes far above what this evening rained
    "opera2018": Radar("radar/opera-europe/20180824", ("test",), max_rate_mm_h=100.0),
}
"""Radar storms by name; NIMROD is absent, since no full composite of its rain is at hand."""
