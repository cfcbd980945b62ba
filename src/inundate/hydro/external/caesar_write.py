"""Cases of HAIL-CAESAR and CAESAR-Lisflood, written."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder, check_output, write_text
from inundate.core.grid import grid_of
from inundate.hydro.external.caesar import FRICTION
from inundate.hydro.external.caesar_params import params_text
from inundate.hydro.external.caesar_rain import step_minutes, write_hydro_index, write_rain_text
from inundate.hydro.external.rasters import write_raster_text
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.zones import to_zones
from inundate.hydro.settings import SimulateSettings

__all__ = ["write_caesar"]

_TOPMODEL_M = 0.002  # m: that of HAIL-CAESAR's own Boscastle test, which answers rain fast


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
    remarks.add("manning", f"{settings.manning:g}", "approximate", f"mannings_n; {FRICTION}")
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
