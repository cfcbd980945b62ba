"""What all synthetic terrains are made of: a random surface and a made-up place."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes

__all__ = ["CRS", "ORIGIN_M", "Shape", "as_terrain", "scaled", "spectral_surface"]

CRS = "EPSG:27700"
ORIGIN_M = (400_000.0, 300_000.0)
"""South-west corner of every synthetic terrain."""

Shape = tuple[int, int]
LEAST_CELLS = 8


def spectral_surface(
    rng: np.random.Generator, shape: tuple[int, int], hurst: float
) -> NDArray[np.float64]:
    """Draw a random self-affine surface of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : Generator
    shape : tuple
        Rows and columns.
    hurst : float
        0 to 1; the power spectrum falls as k to the power -(2 hurst + 2).

    Returns
    -------
    array (H, W)
        Cut from a periodic surface of twice the size, so that opposite edges do not match.

    Raises
    ------
    ConfigError
        If the shape is below 8 x 8 or ``hurst`` outside 0 to 1.
    """
    rows, columns = shape
    if min(rows, columns) < LEAST_CELLS:
        raise ConfigError(
            f"synthetic terrain of {rows} x {columns} cells, expected at least "
            f"{LEAST_CELLS} x {LEAST_CELLS}"
        )
    if not 0.0 <= hurst <= 1.0:
        raise ConfigError(f"synthetic terrain: hurst is {hurst:g}, expected 0 to 1")
    size = 2 * max(rows, columns)
    noise = np.fft.rfft2(rng.standard_normal((size, size)))
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = np.inf  # no mean
    surface = np.fft.irfft2(noise * frequency ** -(hurst + 1.0), s=(size, size))[:rows, :columns]
    surface -= surface.mean()
    return np.asarray(surface / surface.std(), dtype=np.float64)


def scaled(surface: NDArray[np.float64], relief: float) -> NDArray[np.float64]:
    """Scale a surface so that it runs from 0 to the relief."""
    low, high = float(surface.min()), float(surface.max())
    return (surface - low) * (relief / (high - low))


def as_terrain(
    height: NDArray[np.float64], cell_size_m: float, crs: str, kind: str, seed: int
) -> xr.DataArray:
    """Label a synthetic surface: whole millimetres, lowest cell at 10 m, made-up place."""
    rows, columns = height.shape
    # 10 m above the datum keeps channels above sea level
    levelled = np.round(height - height.min() + 10.0, 3).astype(np.float32)
    array = xr.DataArray(
        levelled, dims=("y", "x"), name="elevation", attrs=dict(attributes("elevation"))
    )
    array.attrs["source_format"] = "synthetic"
    array.attrs["synthetic"] = json.dumps({"kind": kind, "seed": seed, "cell_size_m": cell_size_m})
    left, bottom = ORIGIN_M
    grid = Grid(crs, left, bottom + rows * cell_size_m, cell_size_m, cell_size_m, columns, rows)
    return attach_grid(array, grid)
