"""Cases of LISFLOOD-FP, read.

Source
------
LISFLOOD-FP user manual, code release 5.9.6 (2013) and the notes to release 8; Bates, Horritt and
Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import GridError
from inundate.core.grid import Grid, grid_of
from inundate.hydro.external.case import Case, Results, dry_rain, fitted
from inundate.hydro.external.lisflood_bci import read_boundaries
from inundate.hydro.external.lisflood_edges import Tables, to_tables
from inundate.hydro.external.lisflood_par import NO_COUNTERPART, Parameters, read_parameters
from inundate.hydro.external.lisflood_rain import read_tiles
from inundate.hydro.external.lisflood_series import (
    read_boundary_series,
    read_rate_series,
    to_steps,
)
from inundate.hydro.external.rasters import read_on
from inundate.hydro.external.remarks import Fate, Remarks
from inundate.hydro.external.textfile import beside
from inundate.hydro.external.zones import uniform_rain
from inundate.hydro.series import Series
from inundate.rain.storm import DEFAULT_START
from inundate.terrain.asciigrid import read_asciigrid

__all__ = ["DEFAULT_MANNING", "MODEL", "read_lisflood"]

MODEL = "LISFLOOD-FP"
DEFAULT_MANNING = 0.06  # that of the model where the file has no fpfric
_MM_H = 3.6e6  # in 1 m s-1

# keyword -> setting, factor to its unit
_NUMBERS = {
    "fpfric": ("manning", 1.0),
    "initial_tstep": ("max_step_s", 1.0),
    "saveint": ("output_every_s", 1.0),
    "cfl": ("courant", 1.0),
    "depththresh": ("depth_min_m", 1.0),
    "max_froude": ("froude_cap", 1.0),
    "infiltration": ("loss_mm_h", _MM_H),
}
_SOLVERS = ("roe", "roe_slow", "fv1", "fv2", "dg2", "mwdg2", "hwfv1")
_PLACES = (
    "demfile", "manningfile", "startfile", "startelev", "bcifile", "bdyfile", "rainfall",
    "dynamicrainfile", "resroot", "dirroot", "sim_time",
)  # fmt: skip
_NOT_READ = ("infilfile", "binarystartfile", "binary_out")


def read_lisflood(
    path: Path,
    *,
    crs: str | None = None,
    start: str = DEFAULT_START,
    rain_step_s: float | None = None,
) -> Case:
    """Read a LISFLOOD-FP case from its parameter file.

    Parameters
    ----------
    path : Path
        The ``.par`` file; the files it names may lie where it says or beside it.
    crs : str, optional
        Coordinate reference system, where the heightmap has no ``.prj``.
    start : str
        UTC time at which the simulation starts; the files hold none.
    rain_step_s : float, optional
        Length of a step that the rain series is brought to, its volume kept; by default one
        that divides all its times.

    Returns
    -------
    Case

    Raises
    ------
    MissingFileError, DataError
        If a file is absent or wrong; the message names the line.
    GridError
        If no coordinate reference system is known, grids differ, or the case is in degrees.
    """
    remarks = Remarks()
    par = read_parameters(Path(path), remarks)
    if "latlong" in par:
        raise GridError(
            f"reading {path}: the case is in degrees (latlong), expected metres",
            hint="bring the heightmap to metres first: inundate terrain crop --crs-to",
        )
    terrain = read_asciigrid(beside(*par.entry("demfile")), crs=crs)
    grid = grid_of(terrain)
    reference = crs or grid.crs
    total_s = par.number("sim_time")
    if total_s <= 0:
        raise par.entry("sim_time")[0].fault(f"{total_s:g}", "seconds above 0")
    settings = _settings(par, remarks)
    rain, storm = _rain(par, grid, total_s, start, rain_step_s, remarks)
    rain_s = float(rain.sizes["time"] * rain.attrs["interval_s"])
    settings["run_on_min"] = max((total_s - rain_s) / 60, 0.0)
    tables = _tables(par, grid, remarks)
    _evaporation(par, settings, tables, remarks)
    name = par.text("resroot", Path(path).stem)
    case = Case(
        model=MODEL,
        path=Path(path),
        name=name,
        terrain=terrain.assign_attrs(terrain_name=Path(path).stem),
        rain=rain.assign_attrs(storm_name=storm),
        settings=settings,
        results=Results(par.text("dirroot", "."), name, settings.get("output_every_s")),
        remarks=remarks,
        roughness=_roughness(par, grid, reference, settings),
        initial_depth=_initial(par, terrain, grid, reference),
        boundaries=tables.boundaries,
        sources=tables.sources,
        series=tables.series,
    )
    _remark_rest(par, remarks)
    return case


def _settings(par: Parameters, remarks: Remarks) -> dict[str, Any]:
    found: dict[str, Any] = {"edges": "closed", "manning": DEFAULT_MANNING}
    for key, (name, factor) in _NUMBERS.items():
        if key not in par:
            continue
        line, text = par.entry(key)
        value = par.number(key) * factor
        found[name], says = fitted(name, value, line)
        fate: Fate = "taken" if found[name] == value else "approximate"
        remarks.add(line.place, f"{key} {text}", fate, says)
    if "infiltration" in par:
        found["infiltration"] = "constant"
    found["nodata_edges"] = "open" if "drain_nodata" in par else "closed"
    if "drain_nodata" in par:
        line, _ = par.entries["drain_nodata"]
        remarks.add(line.place, "drain_nodata", "approximate", "open edges around missing ground")
    if "max_froude" not in par:
        remarks.add(par.path.name, "no max_Froude", "approximate", "froude_cap keeps its default")
    if "fpfric" not in par:
        remarks.add(
            par.path.name, "no fpfric", "approximate", f"manning = {DEFAULT_MANNING}, its default"
        )
    _theta(par, found, remarks)
    _equations(par, found, remarks)
    return found


def _equations(par: Parameters, found: dict[str, Any], remarks: Remarks) -> None:
    for key in _SOLVERS:
        if key in par:
            found["equations"] = "full"
            for unused in ("theta", "froude_cap"):  # of the inertial scheme alone
                found.pop(unused, None)
            remarks.add(
                par.entries[key][0].place, key, "approximate", "equations = full, another scheme"
            )
            return
    for key in ("acceleration", "acc_nugrid", "sgc_enable"):
        if key in par:
            remarks.add(par.entries[key][0].place, key, "taken", "equations = inertial")
            return
    remarks.add(
        par.path.name, "no acceleration", "approximate",
        "equations = inertial; the model's diffusive solver has no counterpart",
    )  # fmt: skip


def _theta(par: Parameters, found: dict[str, Any], remarks: Remarks) -> None:
    if "theta" not in par:
        found["theta"] = "one"
        return
    line, text = par.entry("theta")
    value = par.number("theta")
    found["theta"] = "one" if value == 1 else "adaptive"
    remarks.add(
        line.place, f"theta {text}", "taken" if value == 1 else "approximate",
        "theta = one" if value == 1
        else "theta = adaptive; a fixed weight below 1 is a diffusion that grows as steps shrink",
    )  # fmt: skip


def _rain(
    par: Parameters, grid: Grid, total_s: float, start: str, step_s: float | None,
    remarks: Remarks,
) -> tuple[xr.DataArray, str]:  # fmt: skip
    if "dynamicrainfile" in par:
        found = beside(*par.entry("dynamicrainfile"))
        return read_tiles(found, grid, total_s=total_s, start=start), found.stem
    if "rainfall" not in par:
        return dry_rain(grid, total_s, start), "dry"
    line, name = par.entry("rainfall")
    found = beside(line, name)
    series = read_rate_series(found, found.stem)
    rates, step = to_steps(series, total_s, step_s)
    remarks.add(
        line.place, f"rainfall {name}", "approximate",
        f"means over {step:g} s of its straight lines, volume kept",
    )  # fmt: skip
    return uniform_rain(rates, grid, step_s=step, start=start), found.stem


def _roughness(
    par: Parameters, grid: Grid, crs: str, settings: dict[str, Any]
) -> xr.DataArray | None:
    if "manningfile" not in par:
        return None
    found = read_on(beside(*par.entry("manningfile")), "roughness", grid, crs)
    return found.fillna(settings["manning"]).assign_attrs(found.attrs)


def _initial(par: Parameters, terrain: xr.DataArray, grid: Grid, crs: str) -> xr.DataArray | None:
    if "startfile" not in par:
        return None
    found = read_on(beside(*par.entry("startfile")), "water_depth", grid, crs)
    values = found.to_numpy()
    if "startelev" in par:  # levels, not depths
        values = values - terrain.to_numpy()
    depth = np.fmax(values, 0.0).astype(np.float32)  # missing is dry to the model
    return found.copy(data=np.where(np.isnan(terrain.to_numpy()), np.nan, depth))


def _tables(par: Parameters, grid: Grid, remarks: Remarks) -> Tables:
    if "bcifile" not in par:
        return Tables()
    series = read_boundary_series(beside(*par.entry("bdyfile"))) if "bdyfile" in par else {}
    parts, points = read_boundaries(beside(*par.entry("bcifile")), series, remarks)
    return to_tables(parts, points, grid, remarks)


def _evaporation(
    par: Parameters, settings: dict[str, Any], tables: Tables, remarks: Remarks
) -> None:
    """Take evaporation, mm a day in the file, for a setting or a series."""
    if "evaporation" not in par:
        return
    line, name = par.entry("evaporation")
    found = read_rate_series(beside(line, name), "evaporation")
    hourly = Series(found.time_s, found.value / 24, "hold", "evaporation")
    if hourly.is_constant:
        value = float(hourly.value[0])
        settings["evaporation_mm_h"], says = fitted("evaporation_mm_h", value, line)
        fate: Fate = "taken" if settings["evaporation_mm_h"] == value else "approximate"
        remarks.add(line.place, f"evaporation {name}", fate, says)
        return
    tables.series["evaporation.csv"] = ("evaporation [mm h-1]", hourly)
    remarks.add(line.place, f"evaporation {name}", "taken", "evaporation.csv, mm h-1")


def _remark_rest(par: Parameters, remarks: Remarks) -> None:
    done = {remark.where for remark in remarks.all}
    for key, (line, text) in par.entries.items():
        item = f"{line.words[0]} {text}".strip()
        if line.place in done:
            continue
        if key in _PLACES:
            remarks.add(line.place, item, "taken")
        elif key in NO_COUNTERPART:
            remarks.add(line.place, item, "ignored", NO_COUNTERPART[key])
        elif key in _NOT_READ:
            remarks.add(line.place, item, "ignored", "this file is not read")
        else:
            remarks.add(line.place, item, "unknown", "no keyword that we know")
