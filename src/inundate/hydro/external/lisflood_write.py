"""Cases of LISFLOOD-FP, written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder, check_output, write_text
from inundate.core.grid import check_metric_square, check_same_grid, grid_of
from inundate.hydro.external.lisflood_edges import boundary_files
from inundate.hydro.external.lisflood_rain import write_tiles
from inundate.hydro.external.lisflood_series import from_steps, series_text
from inundate.hydro.external.rasters import write_raster_text
from inundate.hydro.external.remarks import Fate, Remarks
from inundate.hydro.external.zones import to_zones
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.rain.steps import interval_s

__all__ = ["write_lisflood"]

_MM_H = 3.6e6  # in 1 m s-1
_MASS_S = 60.0  # the mass balance as often as gauges are looked at here
_TAKEN = ("manning", "max_step_s", "output_every_s", "courant", "depth_min_m", "run_on_min")
_NO_MATTER = (
    "threads", "backend", "precision", "missing_rain", "sample_every_s", "loss_mm_h",
    "arrival_depth_m", "forcing_every_s", "evaporation_mm_h",
)  # fmt: skip
_MM_DAY = 24.0  # in 1 mm h-1


def write_lisflood(
    rain: xr.DataArray,
    terrain: xr.DataArray,
    folder: Path,
    *,
    settings: SimulateSettings,
    roughness: xr.DataArray | None = None,
    initial_depth: xr.DataArray | None = None,
    site: Site | None = None,
    overwrite: bool = False,
) -> Remarks:
    """Write a case that LISFLOOD-FP can run: ``lisflood -v case.par`` in the folder.

    Rain that is the same everywhere becomes a series, other rain a NetCDF file of tiles, which
    needs a LISFLOOD-FP that was built with NetCDF.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Steps without gaps; it must cover the heightmap.
    terrain : DataArray (y, x), m
        On square cells in metres.
    folder : Path
        Receives the files.
    settings : SimulateSettings
        What LISFLOOD-FP has no counterpart for is in the remarks.
    roughness, initial_depth : DataArray (y, x), optional
        On the heightmap's grid.
    site : Site, optional
        Parts of the edges, point sources and evaporation; land cover is in the remarks.
    overwrite : bool
        Replace a folder that is there.

    Returns
    -------
    Remarks

    Raises
    ------
    DataError, GridError
        If grids differ, the rain does not cover the heightmap, or has gaps.
    RunError
        If the folder exists and may not be replaced.
    """
    target = check_output(folder, overwrite)
    where = f"writing {target}"
    grid = grid_of(terrain, where=where)
    check_metric_square(grid, where=where)
    for name, data in (("roughness", roughness), ("initial depth", initial_depth)):
        if data is not None:
            check_same_grid(data, grid, name, "terrain")
    valid = np.isfinite(terrain.to_numpy())
    if not valid.any():
        raise DataError(f"{where}: the heightmap has no cell with ground")
    step_s = interval_s(rain, where=where)
    rates, zones = to_zones(rain, grid, valid)
    total_s = rates.shape[0] * step_s + settings.run_on_min * 60
    remarks = Remarks()
    place = site or Site()
    bci, bdy = boundary_files(settings, grid, place.boundaries, place.sources, remarks)
    if place.land is not None:
        remarks.add(
            "land cover", place.land.name, "ignored", "give its roughness and loss as rasters"
        )
    lines = _lines(settings, total_s, remarks, has_gaps=not valid.all())
    with atomic_folder(target) as temporary:
        write_raster_text(terrain, temporary / "terrain.asc")
        lines += _rain(temporary, rates, zones, terrain, step_s, remarks)
        lines += _evaporation(temporary, place, settings, remarks)
        for name, text in (("case.bci", bci), ("case.bdy", bdy)):
            if text:
                write_text(temporary / name, text)
                lines.append((f"{name[-3:]}file", name))
        if roughness is not None:
            write_raster_text(roughness, temporary / "roughness.asc")
            lines.append(("manningfile", "roughness.asc"))
        if initial_depth is not None:
            write_raster_text(initial_depth, temporary / "start.asc", missing=0.0)
            lines.append(("startfile", "start.asc"))
        write_text(
            temporary / "case.par",
            "".join(f"{key:<20}{value}".rstrip() + "\n" for key, value in lines),
        )
    return remarks


def _lines(
    settings: SimulateSettings, total_s: float, remarks: Remarks, *, has_gaps: bool
) -> list[tuple[str, str]]:
    """Give the lines of the parameter file that name no input but the heightmap."""
    lines = [
        ("DEMfile", "terrain.asc"), ("resroot", "res"), ("dirroot", "results"),
        ("sim_time", f"{total_s:.10g}"), ("initial_tstep", f"{settings.max_step_s:g}"),
        ("massint", f"{_MASS_S:g}"), ("saveint", f"{settings.output_every_s:.10g}"),
        ("fpfric", f"{settings.manning:g}"), ("cfl", f"{settings.courant:g}"),
        ("depththresh", f"{settings.depth_min_m:g}"), ("elevoff", ""),
    ]  # fmt: skip
    for name in _TAKEN:
        remarks.add(name, f"{getattr(settings, name):g}", "taken")
    if settings.equations == "full":
        lines.append(("fv1", ""))
        remarks.add("equations", "full", "approximate", "fv1, another scheme of these equations")
    else:
        lines += [("acceleration", ""), ("theta", "1.0")]
    fate: Fate = "taken" if settings.theta == "one" else "approximate"
    remarks.add("theta", settings.theta, fate, "theta 1.0")
    remarks.add(
        "froude_cap", f"{settings.froude_cap:g}", "ignored",
        "max_Froude needs a special build of LISFLOOD-FP, without it there is no cap",
    )  # fmt: skip
    if settings.infiltration == "constant":
        lines.append(("infiltration", f"{settings.loss_mm_h / _MM_H:.8g}"))
        remarks.add("infiltration", f"constant, {settings.loss_mm_h:g} mm h-1", "taken")
    drains = settings.nodata_edges == "open" or (
        settings.nodata_edges == "auto" and settings.edges == "open"
    )
    if drains and has_gaps:
        lines.append(("drain_nodata", ""))
        remarks.add(
            "nodata_edges", settings.nodata_edges, "approximate",
            "drain_nodata takes all water that reaches missing ground",
        )  # fmt: skip
    _remark_rest(settings, remarks)
    return lines


def _remark_rest(settings: SimulateSettings, remarks: Remarks) -> None:
    done = {remark.where for remark in remarks.all}
    for name, info in SimulateSettings.model_fields.items():
        value = getattr(settings, name)
        known = name in done or name in (*_NO_MATTER, "nodata_edges") or name.startswith("edge")
        if not known and value != info.default:
            remarks.add(name, str(value), "ignored", "LISFLOOD-FP has nothing for it")


def _rain(
    folder: Path, rates: NDArray[np.float64], zones: NDArray[np.int64], terrain: xr.DataArray,
    step_s: float, remarks: Remarks,
) -> list[tuple[str, str]]:  # fmt: skip
    if not rates.any():
        remarks.add("rain", "none falls", "taken")
        return []
    if rates.shape[1] == 1:
        text = series_text(from_steps("rain", rates[:, 0], step_s))
        write_text(folder / "case.rain", f"Rain in mm h-1, value and time\n{text}")
        remarks.add("rain", f"{rates.shape[0]} steps, the same everywhere", "taken")
        return [("rainfall", "case.rain")]
    write_tiles(folder / "rain.nc", rates, zones, grid_of(terrain), step_s=step_s)
    remarks.add(
        "rain", f"{rates.shape[0]} steps, {rates.shape[1]} places", "approximate",
        "dynamicrainfile, needs a LISFLOOD-FP built with NetCDF",
    )  # fmt: skip
    return [("dynamicrainfile", "rain.nc")]


def _evaporation(
    folder: Path, site: Site, settings: SimulateSettings, remarks: Remarks
) -> list[tuple[str, str]]:
    series = site.evaporation or Series.constant(settings.evaporation_mm_h, "evaporation")
    if not series.value.any():
        return []
    daily = Series(series.time_s, series.value * _MM_DAY, "hold", "evaporation")
    write_text(folder / "case.evap", f"Evaporation in mm a day\n{series_text(daily)}")
    remarks.add("evaporation", f"{series.value.max():g} mm h-1 at most", "taken")
    return [("evaporation", "case.evap")]
