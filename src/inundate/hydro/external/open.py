"""Open another model's case or results, known by their content."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import xarray as xr

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import check_input
from inundate.core.grid import check_same_grid, grid_of
from inundate.hydro.external import caesar, lisflood, sfincs
from inundate.hydro.external.caesar_output import (
    depth_files,
    has_depth_files,
    read_caesar_depths,
    read_catchment_series,
)
from inundate.hydro.external.case import Case
from inundate.hydro.external.lisflood_output import (
    budget_of_mass,
    find_run,
    read_lisflood_depths,
    read_mass,
    run_names,
)
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.results import Frames, Simulated
from inundate.hydro.external.textfile import stream_text
from inundate.rain.storm import DEFAULT_START

__all__ = ["Found", "Given", "holds_of", "open_case", "open_results", "recognise"]

Kind = Literal["case", "results"]
_LOOKED_AT = 2000  # lines of a file that may hold a key
_GRID_HEADS = ("ncols", "nrows", "xll", "yll", "cellsize")


@dataclass(frozen=True)
class Found:
    """What a path holds.

    Attributes
    ----------
    model : str
        LISFLOOD-FP, HAIL-CAESAR or SFINCS.
    kind : {"case", "results"}
    path : Path
        The file of a case, or the file or folder of results.
    """

    model: str
    kind: Kind
    path: Path


@dataclass(frozen=True)
class Given:
    """What the user adds to the files, each optional.

    Attributes
    ----------
    case : Case
        The problem that the results answer.
    terrain, rain : DataArray
        Over those of the case.
    roughness : DataArray or float
        Over that of the case.
    crs : str
        Coordinate reference system, where files name none.
    start : str
        UTC time of the start, where files hold none.
    prefix : str
        Start of the names of depth grids.
    every_s, first_s : float
        Time between depth grids and of the first, s.
    starts_dry : bool
        There was no water at the start, where neither case nor grids tell.
    """

    case: Case | None = None
    terrain: xr.DataArray | None = None
    rain: xr.DataArray | None = None
    roughness: xr.DataArray | float | None = None
    crs: str | None = None
    start: str = DEFAULT_START
    prefix: str | None = None
    every_s: float | None = None
    first_s: float | None = None
    starts_dry: bool | None = None


def recognise(path: Path, *, prefix: str | None = None) -> list[Found]:
    """Tell what a file or folder holds; a folder may hold a case and results.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If it is nothing that we know.
    """
    source = check_input(path, what="exchange: opening")
    found = _in_folder(source, prefix) if source.is_dir() else _in_file(source)
    if not found:
        raise DataError(
            f"exchange: opening {path}: found nothing of another model, expected a LISFLOOD-FP "
            ".par file, a HAIL-CAESAR parameter file, depth grids (NAME-0000.wd, "
            "WaterDepthsMINUTES.asc) or sfincs_map.nc",
            hint="depth grids of another name: say how it starts by --prefix",
        )
    return found


def _in_folder(folder: Path, prefix: str | None) -> list[Found]:
    found: list[Found] = []
    files = sorted(entry for entry in folder.iterdir() if entry.is_file())
    for path in files:
        if path.suffix.lower() in (".par", ".params"):
            found += _in_file(path)
    if (folder / "sfincs_map.nc").is_file():
        found.append(Found(sfincs.MODEL, "results", folder / "sfincs_map.nc"))
    if run_names(folder):
        found.append(Found(lisflood.MODEL, "results", folder))
    if has_depth_files(folder, prefix or "WaterDepths"):
        found.append(Found(caesar.MODEL, "results", folder))
    return found


def _in_file(path: Path) -> list[Found]:
    with path.open("rb") as stream:
        if stream.read(4) == b"\x89HDF":
            return [Found(sfincs.MODEL, "results", path)]
    lines = [text.lower().split() for text in islice(stream_text(path), _LOOKED_AT)]
    words = [line[0] for line in lines if line]
    if words and words[0].startswith(_GRID_HEADS):
        return [Found(caesar.MODEL, "results", path)]
    keys = set(words)
    if "demfile" in keys:
        return [Found(lisflood.MODEL, "case", path)]
    if keys & {"read_fname:", "rainfall_data_file:", "mannings_n:"}:
        return [Found(caesar.MODEL, "case", path)]
    return []


def holds_of(found: Found, prefix: str | None = None) -> str:
    """Say in a few words what a find holds, without reading its grids."""
    if found.kind == "case":
        return "parameter file"
    if found.model == sfincs.MODEL:
        return "maps by time"
    if found.model == lisflood.MODEL:
        names = run_names(found.path) if prefix is None else [prefix]
        runs = {name: find_run(found.path, name)[1] for name in names}
        return "; ".join(
            f"run {name!r} with grids {min(files)} to {max(files)}" for name, files in runs.items()
        )
    if found.path.is_file():
        return "one or more grids"
    times = list(depth_files(found.path, prefix or "WaterDepths"))
    return f"{len(times)} grids, minute {times[0] / 60:g} to {times[-1] / 60:g}"


def open_case(
    path: Path,
    *,
    crs: str | None = None,
    start: str = DEFAULT_START,
    rain_step_s: float | None = None,
) -> Case:
    """Read the case that a file or folder holds.

    Parameters
    ----------
    path : Path
    crs : str, optional
        Coordinate reference system, where the heightmap names none.
    start : str
        UTC time of the start; none of the formats holds one.
    rain_step_s : float, optional
        Step for a LISFLOOD-FP rain series.

    Raises
    ------
    DataError
        If it holds none, or several.
    """
    cases = [found for found in recognise(path) if found.kind == "case"]
    if len(cases) != 1:
        names = ", ".join(found.path.name for found in cases) or "none"
        raise DataError(
            f"exchange: opening {path}: found the cases {names}, expected one",
            hint="name its parameter file",
        )
    if cases[0].model == lisflood.MODEL:
        return lisflood.read_lisflood(cases[0].path, crs=crs, start=start, rain_step_s=rain_step_s)
    return caesar.read_caesar(cases[0].path, crs=crs, start=start)


def open_results(path: Path, given: Given) -> Simulated:
    """Read the results that a file or folder holds, or that a case's model wrote.

    Parameters
    ----------
    path : Path
        Results; or a parameter file, whose model's results are looked for where it says.
    given : Given
        What the files do not hold.

    Returns
    -------
    Simulated
        Ready for :func:`~inundate.hydro.external.results.save_simulation`.

    Raises
    ------
    ConfigError
        If something that the files do not hold is not given.
    DataError, GridError
        If files are wrong or do not fit.
    """
    found = _results(Path(path), given)
    if found.model == sfincs.MODEL:
        return _open_sfincs(found.path, given)
    terrain = _terrain(given)
    grid = grid_of(terrain)
    every_s = given.every_s
    if every_s is None and given.case is not None:
        every_s = given.case.results.every_s
    prefix = given.prefix
    budget: dict[str, float] = {}
    if found.model == lisflood.MODEL:
        if every_s is None:
            raise _lacking("the time between depth grids", "--every-s, or the .par file by --case")
        frames = read_lisflood_depths(
            found.path, grid, every_s=every_s, prefix=prefix, crs=given.crs
        )
        budget = _mass(found.path, prefix)
    else:
        budget = _outlet(found.path, given.case)
        if prefix is None:
            prefix = given.case.results.prefix if given.case else "WaterDepths"
        frames = read_caesar_depths(
            found.path, grid, crs=given.crs, prefix=prefix, every_s=every_s, first_s=given.first_s
        )
    return _simulated(found.model, terrain, frames, given, budget)


def _results(path: Path, given: Given) -> Found:
    """Find the results: at the path, or where the case at the path says."""
    prefix = given.prefix
    if prefix is None and given.case is not None and given.case.model == caesar.MODEL:
        prefix = given.case.results.prefix
    every = recognise(path, prefix=prefix)
    results = [found for found in every if found.kind == "results"]
    if not results and given.case is not None:
        folder = Path(given.case.results.folder)
        here = given.case.path.parent
        for candidate in (here / folder, here / folder.name):
            if candidate.is_dir():
                inside = recognise(candidate, prefix=prefix)
                results = [found for found in inside if found.kind == "results"]
                break
    if given.case is not None:
        results = [found for found in results if found.model == given.case.model]
    if len(results) != 1:
        names = ", ".join(f"{found.model} ({found.path})" for found in results) or "none"
        raise DataError(
            f"exchange: opening {path}: found the results {names}, expected those of one model",
            hint="name the folder of its depth grids",
        )
    return results[0]


def _lacking(what: str, hint: str) -> ConfigError:
    return ConfigError(f"importing results: {what} is not in the files", hint=f"give {hint}")


def _terrain(given: Given) -> xr.DataArray:
    if given.terrain is not None:
        return given.terrain
    if given.case is None:
        raise _lacking("the heightmap", "--terrain, or the parameter file by --case")
    return given.case.terrain


def _mass(folder: Path, prefix: str | None) -> dict[str, float]:
    name, _ = find_run(folder, prefix)
    path = folder / f"{name}.mass"
    return budget_of_mass(read_mass(path), rain_m3=None) if path.is_file() else {}


def _outlet(path: Path, case: Case | None) -> dict[str, float]:
    """Give the outflow of a HAIL-CAESAR run, where its series lies beside the depth grids."""
    if case is None or case.results.series is None:
        return {}
    name, step_s = case.results.series
    beside = (path if path.is_dir() else path.parent) / Path(name).name
    if not beside.is_file():
        return {}
    series = read_catchment_series(beside, step_s=step_s)
    return {"outflow_m3": float(series["discharge"].sum()) * step_s}


def _simulated(
    model: str, terrain: xr.DataArray, frames: Frames, given: Given, budget: dict[str, float]
) -> Simulated:
    case = given.case
    rain = given.rain if given.rain is not None else (case.rain if case else None)
    if rain is None:
        raise _lacking("the rain", "--rain, or the parameter file by --case")
    roughness = given.roughness
    if roughness is None and case is not None:
        roughness = case.roughness
        if roughness is None:
            roughness = float(case.settings.get("manning", 0.0)) or None
    if roughness is None:
        raise _lacking("the roughness", "--manning or --roughness, or the file by --case")
    if isinstance(roughness, xr.DataArray):
        check_same_grid(roughness, terrain, "roughness", "terrain")
    settings = dict(case.settings) if case else {}
    if isinstance(roughness, float):
        settings["manning"] = roughness
    return Simulated(
        model, terrain, rain, roughness, frames, settings,
        starts_dry=given.starts_dry if case is None else case.initial_depth is None,
        budget=budget,
        remarks=case.remarks if case else Remarks(),
    )  # fmt: skip


def _open_sfincs(path: Path, given: Given) -> Simulated:
    found = sfincs.read_sfincs(path, crs=given.crs)
    rain = given.rain if given.rain is not None else found.rain
    if rain is None:
        raise _lacking("the rain (precipitation_rate, storemeteo = 1)", "--rain")
    roughness = given.roughness if given.roughness is not None else found.manning
    if roughness is None:
        raise _lacking("one roughness", "--manning or --roughness")
    terrain = found.terrain
    if given.terrain is not None:
        check_same_grid(given.terrain, terrain, "terrain", str(path))
        terrain = terrain.assign_attrs(
            {k: v for k, v in given.terrain.attrs.items() if k == "terrain_name"}
        )
    settings: dict[str, Any] = {"manning": roughness} if isinstance(roughness, float) else {}
    return Simulated(
        sfincs.MODEL, terrain, rain, roughness, found.frames, settings,
        start=found.start, starts_dry=given.starts_dry, remarks=found.remarks,
    )  # fmt: skip
