"""Cases of HAIL-CAESAR and CAESAR-Lisflood, read and written.

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

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder, check_output, write_text
from inundate.core.grid import Grid, check_same_grid, grid_of
from inundate.hydro.external.caesar_params import (
    NO_COUNTERPART,
    Params,
    params_text,
    read_params,
)
from inundate.hydro.external.caesar_rain import (
    read_hydro_index,
    read_rain_text,
    step_minutes,
    to_zones,
    uniform_rain,
    write_hydro_index,
    write_rain_text,
    zoned_rain,
)
from inundate.hydro.external.case import Case, Results, dry_rain, fitted
from inundate.hydro.external.rasters import write_raster_text
from inundate.hydro.external.remarks import Fate, Remarks
from inundate.hydro.external.textfile import beside
from inundate.hydro.settings import SimulateSettings
from inundate.rain.storm import DEFAULT_START
from inundate.terrain.asciigrid import read_asciigrid

__all__ = ["MODEL", "read_caesar", "write_caesar"]

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
)  # fmt: skip
_FRICTION = "HAIL-CAESAR takes h^3 for h^(10/3) in the friction, so that its n acts as n h^(1/6)"
_TOPMODEL_M = 0.002  # m: that of HAIL-CAESAR's own Boscastle test, which answers rain fast


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
    every = settings.get("output_every_s")
    return Case(
        model=MODEL,
        path=Path(path),
        name=stem,
        terrain=terrain.assign_attrs(terrain_name=stem),
        rain=rain.assign_attrs(storm_name=Path(params.text("rainfall_data_file", "dry")).stem),
        settings=settings,
        results=Results(
            params.text("write_path", "."), params.text("waterdepth_outfile_name", "WaterDepths"),
            every,
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


def _settings(params: Params, remarks: Remarks) -> dict[str, Any]:
    found: dict[str, Any] = {"edges": "open"}
    for key, (name, factor) in _NUMBERS.items():
        if key not in params.entries:
            continue
        line, text = params.entries[key]
        value = params.number(key) * factor
        found[name], says = fitted(name, value)
        fate: Fate = "taken" if found[name] == value else "approximate"
        if key == "mannings_n":
            fate, says = "approximate", f"{says}; {_FRICTION}"
        remarks.add(line.place, f"{key}: {text}", fate, says)
    if "slope_on_edge_cell" in params.entries:
        line, text = params.entries["slope_on_edge_cell"]
        found["edge_slope"], says = fitted("edge_slope", params.number("slope_on_edge_cell"))
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


def write_caesar(
    rain: xr.DataArray,
    terrain: xr.DataArray,
    folder: Path,
    *,
    settings: SimulateSettings,
    roughness: xr.DataArray | None = None,
    initial_depth: xr.DataArray | None = None,
    overwrite: bool = False,
) -> Remarks:
    """Write a case that HAIL-CAESAR can run: heightmap, rain text, hydro-index, parameters.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Steps of whole minutes without gaps; it must cover the heightmap.
    terrain : DataArray (y, x), m
        On square cells.
    folder : Path
        Receives the files; run HAIL-CAESAR there.
    settings : SimulateSettings
        What HAIL-CAESAR has no counterpart for is in the remarks.
    roughness, initial_depth : DataArray (y, x), optional
        HAIL-CAESAR has one roughness, of which the mean is written, and starts dry.
    overwrite : bool
        Replace a folder that is there.

    Returns
    -------
    Remarks

    Raises
    ------
    DataError, GridError
        If the rain does not cover the heightmap, has gaps, or steps of no whole minutes.
    RunError
        If the folder exists and may not be replaced.
    """
    target = check_output(folder, overwrite)
    where = f"writing {target}"
    grid = grid_of(terrain, where=where)
    minutes = step_minutes(rain, where)
    valid = np.isfinite(terrain.to_numpy())
    if not valid.any():
        raise DataError(f"{where}: the heightmap has no cell with ground")
    rates, zones = to_zones(rain, grid, valid)
    hours = math.ceil((rates.shape[0] * minutes + settings.run_on_min) / 60)
    # HAIL-CAESAR looks one hour ahead of its end
    padded = np.zeros(((hours + 1) * 60 // minutes + 1, rates.shape[1]))
    padded[: rates.shape[0]] = rates
    remarks = Remarks()
    manning = _manning(settings, roughness, valid, remarks)
    if initial_depth is not None:
        remarks.add("initial depth", "given", "ignored", "HAIL-CAESAR starts dry")
    _remark_settings(settings, remarks)
    sections = _sections(settings, manning, minutes, hours, rates.shape[1])
    with atomic_folder(target) as temporary:
        write_raster_text(terrain, temporary / "terrain.asc")
        write_rain_text(temporary / "rain.txt", padded)
        if rates.shape[1] > 1:
            write_hydro_index(temporary / "hydroindex.asc", zones, grid)
        write_text(temporary / "case.params", params_text(sections))
        (temporary / "results").mkdir()
    return remarks


def _manning(
    settings: SimulateSettings,
    roughness: xr.DataArray | None,
    valid: NDArray[np.bool_],
    remarks: Remarks,
) -> float:
    remarks.add("manning", f"{settings.manning:g}", "approximate", f"mannings_n; {_FRICTION}")
    if roughness is None:
        return settings.manning
    values = roughness.transpose("y", "x").to_numpy()[valid]
    mean = float(np.nanmean(values))
    if np.ptp(values) > 0:
        remarks.add(
            "roughness", f"{np.nanmin(values):g} to {np.nanmax(values):g}", "approximate",
            f"mannings_n: {mean:.5g}, the mean, since HAIL-CAESAR has one value",
        )  # fmt: skip
    return mean


_SAME = ("froude_cap", "courant", "depth_min_m", "max_step_s", "output_every_s", "run_on_min")
_NO_MATTER = (
    "manning", "threads", "backend", "precision", "missing_rain", "sample_every_s",
    "arrival_depth_m", "forcing_every_s",
)  # fmt: skip


def _remark_settings(settings: SimulateSettings, remarks: Remarks) -> None:
    remarks.add(
        "rain", "on every cell", "approximate",
        f"topmodel_m_value: {_TOPMODEL_M:g}; HAIL-CAESAR turns rain into runoff at points",
    )  # fmt: skip
    for name in _SAME:
        remarks.add(name, f"{getattr(settings, name):g}", "taken")
    for side, kind in settings.edge_kinds().items():
        if kind != "open":
            remarks.add(f"edge {side}", kind, "ignored", "HAIL-CAESAR drains every edge")
    for name, info in SimulateSettings.model_fields.items():
        value = getattr(settings, name)
        if name in (*_SAME, *_NO_MATTER) or name.startswith("edge") or value == info.default:
            continue
        remarks.add(name, str(value), "ignored", "HAIL-CAESAR has nothing for it")


def _sections(
    settings: SimulateSettings, manning: float, minutes: int, hours: int, zones: int
) -> list[tuple[str, dict[str, str]]]:
    every = settings.output_every_s / 60
    return [
        ("Files", {
            "read_fname": "terrain", "dem_read_extension": "asc", "dem_write_extension": "asc",
            "read_path": "./", "write_path": "./results/", "write_fname": "catchment.dat",
            "timeseries_save_interval": f"{minutes}",
            "rainfall_data_file": "rain.txt",
            **({"hydroindex_file": "hydroindex.asc"} if zones > 1 else {}),
        }),
        ("Time", {
            "min_time_step": "0", "max_time_step": f"{settings.max_step_s:g}",
            "run_time_start": "0", "max_run_duration": f"{hours}", "memory_limit": "1",
        }),
        ("Water", {
            "hydro_model_only": "yes", "topmodel_m_value": f"{_TOPMODEL_M:g}",
            "in_out_difference": "0", "min_q_for_depth_calc": "0.01",
            "max_q_for_depth_calc": "1000.0", "water_depth_erosion_threshold": "0.01",
            "slope_on_edge_cell": f"{settings.edge_slope or 0.005:g}", "evaporation_rate": "0.0",
            "courant_number": f"{settings.courant:g}",
            "froude_num_limit": f"{settings.froude_cap:g}", "mannings_n": f"{manning:.6g}",
            "hflow_threshold": f"{settings.depth_min_m:g}",
        }),
        ("Rain", {
            "rainfall_data_on": "yes", "rain_data_time_step": f"{minutes}",
            "spatial_var_rain": "yes" if zones > 1 else "no",
            "num_unique_rain_cells": f"{zones}", "spatially_complex_rainfall_on": "no",
        }),
        ("Switched off", {
            "transport_law": "wilcock", "suspended_sediment_on": "no",
            "read_in_graindata_from_file": "no", "bedrock_layer_on": "no",
            "lateral_erosion_on": "no", "vegetation_on": "no",
        }),
        ("Results", {
            "raster_output_interval": f"{every:g}", "write_waterdepth_file": "yes",
            "waterdepth_outfile_name": "WaterDepths", "write_elev_file": "no",
            "write_grainsize_file": "no", "write_elevdiff_file": "no",
        }),
    ]  # fmt: skip
