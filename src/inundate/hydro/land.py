"""Land cover: roughness, infiltration and drains by kind of land.

A raster holds integer codes; a table tells what each code means. Codes are never averaged: a
terrain cell takes the code that most of its area has, or that of the raster cell it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.hydro.land_raster import MISSING, codes_on, open_cover
from inundate.hydro.land_table import LandKind, read_land_table
from inundate.hydro.state import Losses

__all__ = ["Land", "open_land"]

_UNKNOWN = 255  # row of a cell whose cover is not known; at most as many kinds


@dataclass(frozen=True)
class Land:
    """What covers the ground.

    Attributes
    ----------
    cover : array (H, W), uint8
        Row of ``kinds`` for each cell; 255 where it is not known.
    kinds : tuple of LandKind
        The table.
    name : str
        Where it comes from, for records.
    """

    cover: NDArray[np.uint8]
    kinds: tuple[LandKind, ...]
    name: str = "land cover"

    def check(self, valid: NDArray[np.bool_], where: str = "") -> None:
        """Check that the cover of every cell with ground is known.

        Parameters
        ----------
        valid : array (H, W), bool
            Cells with ground.
        where : str
            Put in front of the message.

        Raises
        ------
        DataError
            If it is not, or the shape differs.
        """
        if self.cover.shape != valid.shape:
            raise DataError(
                f"{where}land cover of shape {self.cover.shape}, expected {valid.shape} as the "
                "terrain"
            )
        unknown = valid & (self.cover == _UNKNOWN)
        if unknown.any():
            row, column = np.argwhere(unknown)[0]
            raise DataError(
                f"{where}land cover is missing in {int(unknown.sum())} of {int(valid.sum())} cells "
                f"with ground, the first at row {row}, column {column}",
                hint="take a raster that covers the terrain, or give its missing value a code",
            )

    def roughness(self) -> NDArray[np.float64]:
        """Give Manning's n (H, W), s m-1/3; NaN where the cover is not known."""
        values = np.full(_UNKNOWN + 1, np.nan)
        values[: len(self.kinds)] = [kind.manning for kind in self.kinds]
        return values[self.cover]

    def losses(self) -> Losses:
        """Give what is lost to ground and drains, as the solver takes it."""
        cover = np.where(self.cover == _UNKNOWN, np.uint8(0), self.cover)
        return Losses(cover, np.array([kind.row() for kind in self.kinds], dtype=np.float64))

    def shares(self) -> dict[str, float]:
        """Give the share of the grid that each kind covers."""
        counts = np.bincount(self.cover.ravel(), minlength=_UNKNOWN + 1)
        return {
            kind.name: float(counts[row]) / self.cover.size
            for row, kind in enumerate(self.kinds)
            if counts[row]
        }


def open_land(
    cover: xr.DataArray | Path | str,
    table: Path | str = "worldcover",
    grid: Grid | None = None,
    *,
    soil: str | None = None,
    crs: str | None = None,
) -> Land:
    """Bring a land-cover raster to a terrain's grid and look its codes up.

    Parameters
    ----------
    cover : DataArray (y, x) or Path
        Integer codes with a grid of any cell size and CRS; GeoTIFF, ASCII grid, Zarr or NetCDF
        with the variable ``land_cover``.
    table : Path or str
        CSV or TOML as :func:`~inundate.hydro.land_table.read_land_table` describes, or
        ``"worldcover"``.
    grid : Grid, optional
        The terrain's; by default the raster's own.
    soil : str, optional
        Texture of the bundled table's ground that takes water; by default ``"silt loam"``.
    crs : str, optional
        Coordinate reference system of a raster that names none.

    Raises
    ------
    MissingFileError
        If a file is absent.
    ConfigError
        If the table is wrong; all faults at once.
    DataError
        If a code is not whole or not in the table; the message names codes and counts.
    GridError
        If the raster has no place or shares none with the terrain.
    """
    kinds = read_land_table(table, soil=soil)
    label = f"looking up land cover of {cover}" if isinstance(cover, (str, Path)) else "land cover"
    raster = cover if isinstance(cover, xr.DataArray) else open_cover(cover, crs=crs, near=grid)
    codes = codes_on(raster, grid, label)
    known = {kind.code: row for row, kind in enumerate(kinds)}
    present, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    absent = [
        f"{code} ({count} cells)"
        for code, count in zip(present.tolist(), counts.tolist(), strict=True)
        if code not in known and code != MISSING
    ]
    if absent:
        raise DataError(
            f"{label}: classes {', '.join(absent)} are not in the table, which has "
            f"{', '.join(map(str, known))}",
            hint="give each class a row in the table",
        )
    rows = np.array([known.get(code, _UNKNOWN) for code in present.tolist()], dtype=np.uint8)
    return Land(rows[index].reshape(codes.shape), kinds, str(table))
