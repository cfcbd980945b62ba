"""A calibration named by its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import Field

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.grid import check_metric_square, check_same_grid, grid_of
from inundate.core.provenance import hash_path
from inundate.hydro.calibrate_model import Model
from inundate.hydro.calibrate_observations import open_observations
from inundate.hydro.calibrate_settings import CalibrateSettings
from inundate.hydro.case_files import SiteFiles
from inundate.hydro.forcing import Forcing
from inundate.hydro.layer import open_layer
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Array
from inundate.rain.open import open_rain
from inundate.terrain.open import open_terrain

__all__ = ["CalibrateFiles", "hash_files", "open_model"]


class CalibrateFiles(SiteFiles):
    """Files of a calibration besides rain, terrain and observations."""

    roughness: Path | None = Field(
        default=None,
        description="Manning's n on the heightmap's grid; then one factor on it is fitted",
    )
    initial_depth: Path | None = Field(
        default=None, description="water at the start on the heightmap's grid, m"
    )
    land_cover: Path | None = Field(
        default=None, description="raster of codes; each class gets its own Manning's n"
    )


def open_model(
    rain: Path,
    terrain: Path,
    observations: Path,
    files: CalibrateFiles,
    settings: SimulateSettings,
    fitting: CalibrateSettings,
) -> Model:
    """Open all files and check that they fit one another.

    Parameters
    ----------
    rain, terrain, observations : Path
        Storm, heightmap, and observed levels.
    files : CalibrateFiles
        The other inputs.
    settings : SimulateSettings
        How the water is moved.
    fitting : CalibrateSettings
        What is fitted.

    Raises
    ------
    InundateError
        What opening a file may raise, or if files do not fit.
    """
    ground = open_terrain(terrain, crs=files.terrain_crs)
    grid = grid_of(ground, where="calibrating, terrain")
    check_metric_square(grid, where="calibrating")
    heights = ground.to_numpy()
    valid = np.isfinite(heights)
    if not valid.any():
        raise DataError(f"calibrating: {terrain} has no cell with ground")
    forcing = Forcing(open_rain(rain, crs=files.rain_crs), grid, valid, settings)
    site = files.open(grid, forcing.starts[0])
    site.check_span(forcing.total_s)
    seen = open_observations(
        observations, grid, heights, start=forcing.starts[0], total_s=forcing.total_s,
        sd_m=fitting.level_sd_m,
    )  # fmt: skip

    def layer(path: Path | None, name: str, label: str) -> Array | None:
        if path is None:
            return None
        found = open_layer(path, name, crs=files.terrain_crs)
        check_same_grid(found, grid, label, "terrain")
        return np.asarray(found.transpose("y", "x").to_numpy())

    return Model(
        heights, grid.dx, settings, list(forcing.steps()), seen, fitting.fit, site,
        layer(files.roughness, "roughness", "roughness"),
        layer(files.initial_depth, "water_depth", "initial depth"),
    )  # fmt: skip


def hash_files(
    rain: Path, terrain: Path, observations: Path, files: CalibrateFiles
) -> dict[str, str]:
    """Give the hash of each input by its name."""
    paths = [rain, terrain, observations, *files.paths()]
    return {str(path): hash_path(check_input(path, what="calibrating")) for path in paths}
