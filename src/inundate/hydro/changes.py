"""Changes to what a simulation is given, such as those of an ensemble's members."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import ValidationError

from inundate.core.config import Model
from inundate.core.errors import ConfigError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes
from inundate.core.seeds import make_rng
from inundate.hydro.land_table import LandKind
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site

__all__ = ["Changes", "smooth_noise"]


@dataclass(frozen=True)
class Changes:
    """Factors and noise; the defaults change nothing.

    Attributes
    ----------
    rain_factor : float
        Of all rain.
    roughness_factor : float
        Of Manning's n.
    infiltration_factor : float
        Of the rate of loss into the ground: constant loss, or hydraulic conductivity.
    elevation_noise_m : float
        Standard deviation of noise added to the heights.
    elevation_noise_length_m : float
        Distance over which the noise is alike; 0 is independent from cell to cell.
    noise_seed : int
        Of the noise.
    """

    rain_factor: float = 1.0
    roughness_factor: float = 1.0
    infiltration_factor: float = 1.0
    elevation_noise_m: float = 0.0
    elevation_noise_length_m: float = 0.0
    noise_seed: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value >= 0):
                raise ConfigError(f"changing a simulation: {name} is {value!r}, expected 0 or more")

    def settings(self, settings: SimulateSettings, *, has_land: bool) -> SimulateSettings:
        """Change Manning's n and losses of the settings.

        Raises
        ------
        ConfigError
            If nothing soaks in, so that the factor has no effect, or a value leaves its range.
        """
        if has_land:
            return settings
        values = settings.model_dump(exclude_unset=True)
        if self.roughness_factor != 1:
            values["manning"] = settings.manning * self.roughness_factor
        if self.infiltration_factor != 1:
            key = _RATES.get(settings.infiltration)
            if key is None:
                raise ConfigError(
                    "changing a simulation: infiltration_factor has no effect with infiltration "
                    f"{settings.infiltration!r}",
                    hint='set infiltration = "constant" or "green_ampt", or give land cover',
                )
            values[key] = getattr(settings, key) * self.infiltration_factor
        return _checked(type(settings), values)

    def site(self, site: Site) -> Site:
        """Change Manning's n and losses of the land cover.

        Raises
        ------
        ConfigError
            If no kind of land soaks, so that the factor has no effect.
        """
        if site.land is None or (self.roughness_factor == self.infiltration_factor == 1):
            return site
        if self.infiltration_factor != 1 and all(k.infiltration == "none" for k in site.land.kinds):
            raise ConfigError(
                "changing a simulation: infiltration_factor has no effect, no kind of land takes "
                f"water ({site.land.name})"
            )
        kinds = tuple(self._kind(kind) for kind in site.land.kinds)
        return replace(site, land=replace(site.land, kinds=kinds))

    def _kind(self, kind: LandKind) -> LandKind:
        values = kind.model_dump(exclude_none=True)
        values["manning"] = kind.manning * self.roughness_factor
        if kind.infiltration == "constant":
            values["loss_mm_h"] = (kind.loss_mm_h or 0.0) * self.infiltration_factor
        elif kind.infiltration == "green_ampt":
            values["conductivity_mm_h"] = kind.green_ampt()[0] * self.infiltration_factor
        return _checked(LandKind, values)

    def roughness(self, roughness: xr.DataArray | None) -> xr.DataArray | None:
        """Change a raster of Manning's n."""
        if roughness is None or self.roughness_factor == 1:
            return roughness
        return roughness.copy(data=roughness.to_numpy() * np.float32(self.roughness_factor))

    def terrain(self, terrain: xr.DataArray) -> xr.DataArray:
        """Add noise to heights (y, x) in m."""
        if not self.elevation_noise_m:
            return terrain
        noise = smooth_noise(grid_of(terrain), self.elevation_noise_length_m, self.noise_seed)
        heights = terrain.to_numpy() + self.elevation_noise_m * noise
        kept = {**terrain.attrs, **attributes("elevation")}
        found = xr.DataArray(
            heights.astype(np.float32), dims=("y", "x"), name=terrain.name, attrs=kept
        )
        return attach_grid(found, grid_of(terrain))


def _checked(cls: type[Model], values: dict[str, Any]) -> Model:
    try:
        return cls(**values)
    except ValidationError as error:
        faults = [
            f"{item['loc'][-1]} = {item['input']!r}: {item['msg']}" for item in error.errors()
        ]
        raise ConfigError(
            f"changing a simulation: {'; '.join(faults)}",
            hint="a factor takes a value out of its range: narrow its distribution",
        ) from error


_RATES = {"constant": "loss_mm_h", "green_ampt": "conductivity_mm_h"}


def smooth_noise(grid: Grid, length_m: float, seed: int) -> NDArray[np.float64]:
    """Give Gaussian noise of mean 0 and standard deviation 1, alike over a distance.

    White noise is smoothed by a Gaussian of standard deviation ``length_m`` / 2, so that its
    correlation falls to 1/e at ``length_m``, and scaled by the factor that is exact on an
    endless plane.

    Parameters
    ----------
    grid : Grid
        Square cells in metres.
    length_m : float
        Distance at which the correlation is 1/e, m; 0 is white noise.
    seed : int
        Same seed, same noise.

    Returns
    -------
    array (H, W)
    """
    rng = make_rng(seed, "elevation noise")
    if length_m == 0:
        return rng.standard_normal(grid.shape)
    sigma = length_m / 2 / grid.dx  # cells; the correlation of the result is exp(-(d / 2 sigma)^2)
    half = int(np.ceil(4 * sigma))
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    weights /= np.sqrt((weights**2).sum())
    white = rng.standard_normal((grid.height + 2 * half, grid.width + 2 * half))
    along_x = np.stack([np.convolve(row, weights, "valid") for row in white])
    return np.stack([np.convolve(column, weights, "valid") for column in along_x.T]).T
