"""Everything a model can be shown of one storm on one terrain, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.dataset.samples import Sample
from inundate.emulate.hybrid import HybridState, hybrid_arrays
from inundate.emulate.inputs import scale_terrain
from inundate.hydro.settings import SimulateSettings
from inundate.score.standing import cumulated_volume, fill_spill
from inundate.terrain.derive import derive_features
from inundate.terrain.features import stack_features

__all__ = ["Prepared", "prepare", "prepare_sample", "terrain_channels"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """One storm on one terrain, ready for any model.

    Attributes
    ----------
    terrain : array (C, H, W)
        Scaled terrain channels.
    elevation : array (H, W), m
    rain_rate : array (T, H, W), mm h-1
    hybrid : HybridState or None
        None for a model that does not use the coarse solver.
    standing : array (T, H, W), m, or None
        Fill-and-spill depth; None likewise.
    interval_s : float
    """

    terrain: Array
    elevation: Array
    rain_rate: Array
    hybrid: HybridState | None
    standing: Array | None
    interval_s: float

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.rain_rate.shape[0])


def _edge_kind(edges: str) -> Literal["open", "closed"]:
    return "closed" if edges == "closed" else "open"


def terrain_channels(elevation: Array, roughness: Array, grid: Grid, edges: str) -> Array:
    """Derive and scale the terrain inputs of a whole raster, (C, H, W)."""

    def on_grid(values: Array, name: str) -> xr.DataArray:
        data = xr.DataArray(values, dims=("y", "x"), name=name, attrs=attributes(name))
        return attach_grid(data, grid)

    features = derive_features(
        on_grid(elevation, "elevation"),
        roughness=on_grid(roughness, "roughness"),
        edge_kind=_edge_kind(edges),
    )
    return scale_terrain(stack_features(features), tuple(str(n) for n in features.data_vars))


def prepare(
    elevation: Array,
    roughness: Array,
    rain_rate: Array,
    *,
    grid: Grid,
    interval_s: float,
    settings: SimulateSettings,
    factor: int | None,
    terrain: Array | None = None,
) -> Prepared:
    """Compute the inputs of one storm on one terrain.

    Parameters
    ----------
    elevation, roughness : array (H, W)
        m and s m-1/3, NaN where there is no ground.
    rain_rate : array (T, H, W), mm h-1
    grid : Grid
    interval_s : float
    settings : SimulateSettings
        Of the simulation that is emulated.
    factor : int or None
        Coarsening of the hybrid; None leaves hybrid and standing water out.
    terrain : array (C, H, W), optional
        Terrain channels, when known from another storm on the same ground.
    """
    if terrain is None:
        terrain = terrain_channels(elevation, roughness, grid, settings.edges)
    hybrid = standing = None
    if factor is not None:
        rain_rate = np.where(np.isfinite(elevation), rain_rate, 0.0).astype(np.float32)
        hybrid = hybrid_arrays(
            elevation,
            rain_rate,
            roughness=roughness,
            interval_s=interval_s,
            cell_size_m=grid.dx,
            factor=factor,
            settings=settings,
        )
        volume = cumulated_volume(rain_rate, interval_s=interval_s, cell_size_m=grid.dx)
        found = fill_spill(elevation, volume, cell_size_m=grid.dx, edges=_edge_kind(settings.edges))
        standing = np.asarray(found, np.float32)
    return Prepared(terrain, elevation, rain_rate, hybrid, standing, interval_s)


def prepare_sample(sample: Sample, *, factor: int | None, terrain: Array | None = None) -> Prepared:
    """Compute the inputs of a stored sample.

    Raises
    ------
    DataError
        If rain or roughness is missing on known ground; it names the sample.
    """
    _check_known(sample)
    return prepare(
        sample.elevation,
        sample.roughness,
        sample.rain_rate,
        grid=sample.grid,
        interval_s=sample.interval_s,
        settings=SimulateSettings(**sample.row.settings),
        factor=factor,
        terrain=terrain,
    )


def _check_known(sample: Sample) -> None:
    known = np.isfinite(sample.elevation)
    for name in ("rain_rate", "roughness"):
        bad = ~np.isfinite(getattr(sample, name)) & known
        if bad.any():
            place = ", ".join(str(int(n)) for n in np.argwhere(bad)[0])
            raise DataError(
                f"sample {sample.row.name}: {name} is not finite in {int(bad.sum())} values on "
                f"known ground, first at [{place}]; expected every value known",
                hint="inundate dataset audit finds others; build the data set again",
            )
