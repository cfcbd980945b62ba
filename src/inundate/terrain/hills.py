"""Synthetic hills and valleys."""

from __future__ import annotations

import numpy as np
import xarray as xr

from inundate.core.seeds import make_rng
from inundate.terrain.erode import carve, erode
from inundate.terrain.surface import CRS, Shape, as_terrain, scaled, spectral_surface

__all__ = ["make_fractal", "make_valley"]


def make_fractal(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 20.0,
    *,
    relief_m: float = 120.0,
    hurst: float = 0.8,
    erosion_steps: int = 12,
    micro_relief_m: float = 0.05,
    crs: str = CRS,
) -> xr.DataArray:
    """Make fractal hills with valleys that drain.

    Parameters
    ----------
    seed : int
    shape : tuple
        Rows and columns, at least 8 x 8.
    cell_size_m : float, m
    relief_m : float, m
        Highest minus lowest ground before erosion.
    hurst : float
        0 (rough) to 1 (smooth) exponent of the surface.
    erosion_steps : int
        Steps of stream-power erosion, which cut the valleys; 0 leaves the raw surface with its
        many pits.
    micro_relief_m : float, m
        Standard deviation of the fine unevenness added at the end, which makes puddles.
    crs : str
        Stated CRS; metres.

    Returns
    -------
    DataArray (y, x), float32, m

    Examples
    --------
    >>> make_fractal(1, (32, 32)).shape
    (32, 32)
    """
    rng = make_rng(seed, "terrain", "fractal")
    height = scaled(spectral_surface(rng, shape, hurst), relief_m)
    height = erode(height, erosion_steps)
    height = carve(height)
    height += micro_relief_m * spectral_surface(rng, shape, 0.3)
    return as_terrain(height, cell_size_m, crs, "fractal", seed)


def make_valley(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 20.0,
    *,
    valley_slope: float = 0.005,
    side_slope: float = 0.15,
    floor_width_m: float = 300.0,
    channel_depth_m: float = 1.5,
    relief_m: float = 100.0,
    crs: str = CRS,
) -> xr.DataArray:
    """Make a winding valley that falls to the south, with side valleys and a channel.

    Parameters
    ----------
    seed, shape, cell_size_m, crs
        See :func:`make_fractal`.
    valley_slope : float, m/m
        Fall of the valley floor.
    side_slope : float, m/m
        Rise of the valley sides where they start.
    floor_width_m : float, m
        Width of the flood plain.
    channel_depth_m : float, m
        Depth of the channel, about 30 m (at least one cell) wide.
    relief_m : float, m
        Relief of the hills into which the sides level out.

    Returns
    -------
    DataArray (y, x), float32, m
    """
    rng = make_rng(seed, "terrain", "valley")
    rows, columns = shape
    along = np.arange(rows)[:, None] * cell_size_m
    across = (np.arange(columns)[None, :] + 0.5) * cell_size_m
    length, width = rows * cell_size_m, columns * cell_size_m
    waves = rng.uniform(0.7, 1.6), rng.uniform(2.5, 4.0)
    phase = rng.uniform(0, 2 * np.pi, 2)
    swing = 0.10 * np.sin(2 * np.pi * waves[0] * along / length + phase[0])
    swing += 0.03 * np.sin(2 * np.pi * waves[1] * along / length + phase[1])
    distance = np.abs(across - width * (0.5 + swing))
    beyond = np.maximum(distance - floor_width_m / 2, 0.0)
    reach = 0.15 * width  # the sides level out into hills over this distance
    height = (length - along) * valley_slope
    height = height + side_slope * reach * (1.0 - np.exp(-beyond / reach))
    hills = scaled(spectral_surface(rng, shape, 0.75), relief_m)
    height += hills * np.clip(beyond / reach, 0.0, 1.0)
    height = erode(height, 10, strength=0.03, creep=0.3)
    channel = distance <= max(15.0, cell_size_m / 2)
    height -= channel_depth_m * channel
    height = carve(height)
    height += 0.05 * spectral_surface(rng, shape, 0.3)
    return as_terrain(height, cell_size_m, crs, "valley", seed)
