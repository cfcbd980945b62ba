"""Cases of HAIL-CAESAR and CAESAR-Lisflood, read.

HAIL-CAESAR (Valters 2017) is CAESAR-Lisflood's water model in C++: TOPMODEL runoff, put in at
catchment points, moved by the local inertial equations.

Source
------
Coulthard et al. (2013), doi:10.1002/esp.3478; HAIL-CAESAR's documentation of its parameters.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import xarray as xr

from inundate.core.grid import Grid, check_same_grid, grid_of
from inundate.hydro.external.caesar_params import (
    NO_COUNTERPART,
    Params,
    read_params,
)
from inundate.hydro.external.caesar_rain import (
    read_hydro_index,
    read_rain_text,
)
from inundate.hydro.external.case import Case, Results, dry_rain, fitted
from inundate.hydro.external.remarks import Fate, Remarks
from inundate.hydro.external.textfile import beside
from inundate.hydro.external.zones import uniform_rain, zoned_rain
from inundate.rain.storm import DEFAULT_START
from inundate.terrain.asciigrid import read_asciigrid

__all__ = ["FRICTION", "MODEL", "read_caesar"]

MODEL = "HAIL-CAESAR"

# key -> setting, factor to its unit
_NUMBERS = {
    "mannings_n": ("manning", 1.0),
    "froude_num_limit": ("froude_cap", 1.0),
    "courant_number": ("courant", 1.0),
    "hflow_threshold": ("depth_min_m", 1.0),
    "max_time_step": ("max_step_s", 1.0),
    "raster_output_interval": ("output_every_s", 60.0),
}
_PLACES = (
    "read_fname", "dem_read_extension", "read_path", "write_path", "write_fname",
    "hydroindex_file", "rainfall_data_file", "rainfall_data_on", "rain_data_time_step",
    "spatial_var_rain", "num_unique_rain_cells", "max_run_duration", "waterdepth_outfile_name",
    "timeseries_save_interval",
)  # fmt: skip
FRICTION = "HAIL-CAESAR takes h^3 for h^(10/3) in the friction, so that its n acts as n h^(1/6)"


def read_caesar(path: Path, *, crs: str | None = None, start: str = DEFAULT_START) -> Case:
    """Read a HAIL-CAESAR case from its parameter file.

    Parameters
    ----------
    path : Path
        The parameter file; the files it names may lie where it says or beside it.
    crs : str, optional
        Coordinate reference system, where the heightmap has no ``.prj``.
    start : str
        UTC time at which the rain starts; the files hold none.

    Returns
    -------
    Case

    Raises
    ------
    MissingFileError, DataError
        If a file is absent or wrong; the message names the line.
    GridError
        If no coordinate reference system is known, or grids differ.
    """
    remarks = Remarks()
    params = read_params(Path(path), remarks)
    line, stem = params.entry("read_fname")
    extension = params.text("dem_read_extension", "asc").lstrip(".")
    folder = params.text("read_path", ".").rstrip("/")
    terrain = read_asciigrid(beside(line, f"{folder}/{stem}.{extension}"), crs=crs)
    grid = grid_of(terrain)
    hours = params.number("max_run_duration")
    rain = _rain(params, grid, crs, hours, start, remarks)
    settings = _settings(params, remarks)
    rain_s = float(rain.sizes["time"] * rain.attrs["interval_s"])
    settings["run_on_min"] = max(hours * 60 - rain_s / 60, 0.0)
    _remark_rest(params, remarks)
    return Case(
        model=MODEL,
        path=Path(path),
        name=stem,
        terrain=terrain.assign_attrs(terrain_name=stem),
        rain=rain.assign_attrs(storm_name=Path(params.text("rainfall_data_file", "dry")).stem),
        settings=settings,
        results=Results(
            params.text("write_path", "."),
            params.text("waterdepth_outfile_name", "WaterDepths"),
            settings.get("output_every_s"),
            _series(params),
        ),
        remarks=remarks,
    )  # fmt: skip


def _rain(
    params: Params, grid: Grid, crs: str | None, hours: float, start: str, remarks: Remarks
) -> xr.DataArray:
    if not params.is_on("rainfall_data_on"):
        return dry_rain(grid, hours * 3600, start)
    line, name = params.entry("rainfall_data_file")
    folder = params.text("read_path", ".").rstrip("/")
    rates = read_rain_text(beside(line, f"{folder}/{name}"))
    step_s = params.number("rain_data_time_step", 60) * 60
    if step_s <= 0:
        raise params.entries["rain_data_time_step"][0].fault(f"{step_s / 60:g}", "minutes above 0")
    steps = math.ceil(hours * 3600 / step_s)
    if rates.shape[0] > steps:
        remarks.add(
            line.place, f"rainfall_data_file: {name}", "approximate",
            f"{steps} of {rates.shape[0]} steps, those within max_run_duration",
        )  # fmt: skip
        rates = rates[:steps]
    if not params.is_on("spatial_var_rain"):
        if (rates != rates[:, :1]).any():
            remarks.add(
                line.place, f"rainfall_data_file: {name}", "approximate",
                f"the first of its {rates.shape[1]} columns, which HAIL-CAESAR takes too "
                "without spatial_var_rain",
            )  # fmt: skip
        return uniform_rain(rates[:, 0], grid, step_s=step_s, start=start)
    line, name = params.entry("hydroindex_file")
    zones, index_grid = read_hydro_index(beside(line, f"{folder}/{name}"), crs or grid.crs)
    check_same_grid(index_grid, grid, name, "the heightmap")
    return zoned_rain(rates, zones, grid, step_s=step_s, start=start)


def _series(params: Params) -> tuple[str, float] | None:
    if "write_fname" not in params.entries or "timeseries_save_interval" not in params.entries:
        return None
    return params.text("write_fname"), params.number("timeseries_save_interval") * 60


def _settings(params: Params, remarks: Remarks) -> dict[str, Any]:
    found: dict[str, Any] = {"edges": "open"}
    for key, (name, factor) in _NUMBERS.items():
        if key not in params.entries:
            continue
        line, text = params.entries[key]
        value = params.number(key) * factor
        found[name], says = fitted(name, value, line)
        fate: Fate = "taken" if found[name] == value else "approximate"
        if key == "mannings_n":
            fate, says = "approximate", f"{says}; {FRICTION}"
        remarks.add(line.place, f"{key}: {text}", fate, says)
    if "slope_on_edge_cell" in params.entries:
        line, text = params.entries["slope_on_edge_cell"]
        found["edge_slope"], says = fitted("edge_slope", params.number("slope_on_edge_cell"), line)
        remarks.add(
            line.place, f"slope_on_edge_cell: {text}", "approximate",
            f"{says} at open edges; HAIL-CAESAR also drains edge cells above 1 cm",
        )  # fmt: skip
    return found


def _remark_rest(params: Params, remarks: Remarks) -> None:
    done = {(remark.where, remark.item) for remark in remarks.all}
    for key, (line, text) in params.entries.items():
        if (line.place, f"{key}: {text}") in done:
            continue
        if key in _PLACES:
            remarks.add(line.place, f"{key}: {text}", "taken")
        elif key in NO_COUNTERPART:
            remarks.add(line.place, f"{key}: {text}", "ignored", NO_COUNTERPART[key])
        else:
            remarks.add(line.place, f"{key}: {text}", "unknown", "no key that we know")
