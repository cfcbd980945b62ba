"""What a forecaster does not know: rain below the radar's grid, roughness, soil, height errors.

A member is the same storm on the same terrain with all of these drawn anew. The functions work on
plain arrays, so that ensembles of the solver and of the hybrid perturb alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.seeds import make_rng
from inundate.hydro.settings import SimulateSettings
from inundate.rain.field import moving_fields
from inundate.terrain.metric import sample_bilinear

__all__ = ["PerturbSettings", "Perturbed", "height_noise", "perturb", "rain_factors"]

Array = NDArray[np.float32]

_MARGIN = 4.0  # correlation lengths of noise beyond the raster
_FIELD_CELLS = 6.0  # coarse cells a correlation length of the rain field
_DEFICIT_MOST = 0.6  # no soil has more pore space
_WIDEST_M = 20_000.0
_ROUGHEST = 0.5


class PerturbSettings(Settings):
    """How far apart the members of an ensemble are."""

    rain_sd: float = Field(
        default=0.2, ge=0, le=2, description="standard deviation of the log of the storm's factor"
    )
    field_sd: float = Field(
        default=0.25, ge=0, le=2, description="the same of the factor field of the rain, mean 1"
    )
    field_scale_m: float = Field(
        default=2000.0, gt=0, le=_WIDEST_M, description="size of its features, m"
    )
    field_lifetime_min: float = Field(default=30.0, gt=0, description="their lifetime, minutes")
    roughness_sd: float = Field(
        default=0.25, ge=0, le=2, description="standard deviation of the log of Manning's factor"
    )
    soil_sd: float = Field(
        default=0.3, ge=0, le=2, description="the same of each number of the infiltration"
    )
    height_sd_m: float = Field(
        default=0.05, ge=0, le=2, description="standard deviation of height errors at 10 m cells, m"
    )
    height_scale_cells: float = Field(
        default=3.0, gt=0, le=64, description="correlation length of height errors, cells"
    )


@dataclass(frozen=True)
class Perturbed:
    """One member's inputs.

    Attributes
    ----------
    elevation : array (H, W), m
    roughness : array (H, W), s m-1/3
    rain_rate : array (T, H, W), mm h-1
    settings : SimulateSettings
    """

    elevation: Array
    roughness: Array
    rain_rate: Array
    settings: SimulateSettings


_DEFAULTS = PerturbSettings()


def perturb(
    elevation: Array,
    roughness: Array,
    rain_rate: Array,
    *,
    interval_s: float,
    cell_size_m: float,
    settings: SimulateSettings,
    seed: int,
    spread: PerturbSettings = _DEFAULTS,
) -> Perturbed:
    """Draw one member of an ensemble.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground; walls and buildings keep their height above it but for the
        noise.
    roughness : array (H, W), s m-1/3
    rain_rate : array (T, H, W), mm h-1
    interval_s : float
        Length of a rain step, s.
    cell_size_m : float
        Side of a cell, m.
    settings : SimulateSettings
    seed : int
        Another seed is another member.
    spread : PerturbSettings

    Returns
    -------
    Perturbed
        Float32; what is dry or unknown stays so.
    """
    rng = make_rng(seed, "perturb")
    factor = _lognormal(rng, spread.rain_sd)
    field = rain_factors(
        rain_rate.shape, cell_size_m, interval_s=interval_s, rng=rng, spread=spread
    )
    rain = (rain_rate * (factor * field)).astype(np.float32)
    manning = _lognormal(rng, spread.roughness_sd)
    rough = np.minimum(roughness * manning, _ROUGHEST).astype(np.float32)
    soil = _soil(settings, rng, spread.soil_sd)
    noise = height_noise(elevation.shape, cell_size_m, rng=rng, spread=spread)
    return Perturbed((elevation + noise).astype(np.float32), rough, rain, soil)


def rain_factors(
    shape: tuple[int, ...],
    cell_size_m: float,
    *,
    interval_s: float,
    rng: np.random.Generator,
    spread: PerturbSettings = _DEFAULTS,
) -> NDArray[np.float64]:
    """Draw a smooth field of factors, expected value 1, that changes in space and time.

    Parameters
    ----------
    shape : tuple
        Frames, rows, columns.
    cell_size_m, interval_s : float
    rng : Generator
    spread : PerturbSettings

    Returns
    -------
    array (T, H, W)
        Above 0.
    """
    frames, height, width = shape
    coarse = max(cell_size_m, spread.field_scale_m / _FIELD_CELLS)
    rows = (np.arange(height) + 0.5) * cell_size_m / coarse + 0.5  # one coarse cell of margin
    columns = (np.arange(width) + 0.5) * cell_size_m / coarse + 0.5
    grid = (math.ceil(rows[-1]) + 2, math.ceil(columns[-1]) + 2)
    fields = moving_fields(
        frames,
        grid,
        (coarse, coarse),
        step_s=interval_s,
        outer_scale_m=spread.field_scale_m,
        slope=4.0,  # smooth below its scale
        velocity_m_s=(0.0, 0.0),
        lifetime_s=spread.field_lifetime_min * 60.0,
        rng=rng,
    )
    at = np.meshgrid(rows, columns, indexing="ij")
    found = np.empty(shape)
    for index, field in enumerate(fields):
        found[index] = sample_bilinear(field, *at)
    return np.asarray(np.exp(spread.field_sd * found - spread.field_sd**2 / 2))


def height_noise(
    shape: tuple[int, ...],
    cell_size_m: float,
    *,
    rng: np.random.Generator,
    spread: PerturbSettings = _DEFAULTS,
) -> NDArray[np.float64]:
    """Draw correlated errors of a heightmap, (H, W), m.

    Their standard deviation grows with the root of the cell size, between half and twice that at
    10 m: coarser maps are less exact.
    """
    rows, columns = shape
    margin = math.ceil(_MARGIN * spread.height_scale_cells)
    size = (rows + margin, columns + margin)  # the filter is periodic
    wave = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None, :])
    smooth = np.exp(-((np.pi * wave * spread.height_scale_cells) ** 2) / 2)
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(size)) * smooth, s=size)
    sd = spread.height_sd_m * min(max(math.sqrt(cell_size_m / 10.0), 0.5), 2.0)
    return np.asarray(noise[:rows, :columns] * (sd / noise.std()))


def _lognormal(rng: np.random.Generator, sd: float) -> float:
    """Draw a factor of mean 1."""
    return float(np.exp(sd * rng.standard_normal() - sd**2 / 2))


def _soil(settings: SimulateSettings, rng: np.random.Generator, sd: float) -> SimulateSettings:
    factors = [_lognormal(rng, sd) for _ in range(3)]  # as many whatever the soil
    if settings.infiltration == "constant":
        return settings.model_copy(update={"loss_mm_h": settings.loss_mm_h * factors[0]})
    if settings.infiltration == "green_ampt":
        deficit = min(settings.moisture_deficit * factors[2], _DEFICIT_MOST)
        return settings.model_copy(
            update={
                "conductivity_mm_h": settings.conductivity_mm_h * factors[0],
                "suction_mm": settings.suction_mm * factors[1],
                "moisture_deficit": deficit,
            }
        )
    return settings
