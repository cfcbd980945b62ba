"""What another model's input files say, in this package's arrays, and a folder that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.config import write_toml
from inundate.core.files import atomic_folder, check_output, write_text
from inundate.core.grid import Grid, grid_of
from inundate.core.provenance import provenance
from inundate.core.store import write_dataset
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.textfile import Line
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import make_rain, to_rain_dataset
from inundate.rain.storm import DEFAULT_START

__all__ = ["Case", "Results", "dry_rain", "fitted", "save_case"]


@dataclass(frozen=True)
class Results:
    """Where a model writes its results.

    Attributes
    ----------
    folder : str
        As the input file names it; it may be relative to where the model was run.
    prefix : str
        Start of the names of the files.
    every_s : float or None
        Time between depth grids, s.
    series : (str, float) or None
        File of the series at the outlet, and its step, s.
    """

    folder: str
    prefix: str
    every_s: float | None
    series: tuple[str, float] | None = None


@dataclass
class Case:
    """One problem of another model.

    Attributes
    ----------
    model : str
        Name of the model.
    path : Path
        The file that was read.
    name : str
        Of the case, from the file.
    terrain : DataArray (y, x), m
    rain : DataArray (time, y, x), mm h-1
        Dry where the model has no rain; its length is that of the simulation at most.
    settings : dict
        Those of :class:`~inundate.hydro.settings.SimulateSettings` that the files set.
    roughness, initial_depth : DataArray (y, x), optional
    results : Results
    remarks : Remarks
        What became of each line.
    boundaries, sources : list of dict
        Tables ``[[boundary]]`` and ``[[source]]``; see :mod:`inundate.hydro.stretches` and
        :mod:`inundate.hydro.sources`.
    series : dict
        By the file name that a table gives: heading of its value, and the series.
    """

    model: str
    path: Path
    name: str
    terrain: xr.DataArray
    rain: xr.DataArray
    settings: dict[str, Any]
    results: Results
    remarks: Remarks
    roughness: xr.DataArray | None = None
    initial_depth: xr.DataArray | None = None
    boundaries: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    series: dict[str, tuple[str, Series]] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """Grid of the heightmap."""
        return grid_of(self.terrain)

    def resolved(self) -> SimulateSettings:
        """Give the settings, with defaults where the files say nothing."""
        return SimulateSettings(**self.settings)


def dry_rain(grid: Grid, seconds: float, start: str = DEFAULT_START) -> xr.DataArray:
    """Give one dry step of a length, for a model that runs without rain."""
    whole = Grid(
        grid.crs, grid.left, grid.top, grid.dx * grid.width / 2, grid.dy * grid.height / 2, 2, 2
    )
    end = np.datetime64(start, "ns") + np.timedelta64(round(seconds * 1e9), "ns")
    return make_rain(np.zeros((1, 2, 2)), np.array([end]), whole, step_s=seconds)


def fitted(name: str, value: float, line: Line) -> tuple[float, str]:
    """Bring a value into the range that a setting allows, and say so where that changed it.

    Parameters
    ----------
    name : str
        Of the setting.
    value : float
        In its unit.
    line : Line
        Where the value stands.

    Returns
    -------
    value : float
    says : str

    Raises
    ------
    DataError
        If the value is 0 or negative where that makes no sense.
    """
    low, high = -np.inf, np.inf
    for rule in SimulateSettings.model_fields[name].metadata:
        above = getattr(rule, "gt", None)
        if above is not None and value <= above:
            raise line.fault(f"{value:g}", f"more than {above:g} for {name}")
        low = max(low, getattr(rule, "ge", low))
        high = min(high, getattr(rule, "le", high))
    if value < 0 <= low:
        raise line.fault(f"{value:g}", f"0 or more for {name}")
    if value > high:
        return float(high), f"{name} = {high:g}, the most that is allowed here"
    if value < low:
        return float(low), f"{name} = {low:g}, the least that is allowed here"
    return float(value), f"{name} = {value:g}"


def _series_csv(heading: str, series: Series) -> str:
    rows = zip(series.time_s.tolist(), series.value.tolist(), strict=True)
    return "\n".join([f"time_s,{heading}", *(f"{time!r},{value!r}" for time, value in rows), ""])


def save_case(
    case: Case, folder: Path, *, overwrite: bool = False, inputs: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Write a case as files that ``inundate simulate`` takes.

    Parameters
    ----------
    case : Case
    folder : Path
        Receives ``terrain.nc``, ``rain.nc``, ``simulate.toml``, ``exchange.json`` and, where the
        case has them, ``roughness.nc``, ``initial_depth.nc`` and the files of edges and sources.
    overwrite : bool
        Replace a folder that is there.
    inputs : mapping, optional
        Hashes of the files that were read.

    Returns
    -------
    dict
        Name of each file by what it holds.

    Raises
    ------
    RunError
        If the folder exists and may not be replaced.
    """
    target = check_output(folder, overwrite)
    files = {"terrain": "terrain.nc", "rain": "rain.nc", "settings": "simulate.toml"}
    with atomic_folder(target) as temporary:
        write_dataset(case.terrain.to_dataset(name="elevation"), temporary / "terrain.nc")
        write_dataset(to_rain_dataset(case.rain), temporary / "rain.nc")
        for what, name, data in (
            ("roughness", "roughness", case.roughness),
            ("initial_depth", "water_depth", case.initial_depth),
        ):
            if data is not None:
                files[what] = f"{what}.nc"
                write_dataset(data.to_dataset(name=name), temporary / files[what])
        write_toml(temporary / "simulate.toml", {"simulate": case.settings})
        for what, tables in (("boundary", case.boundaries), ("source", case.sources)):
            if tables:
                name = {"boundary": "boundaries", "source": "sources"}[what]
                files[name] = f"{name}.toml"
                write_toml(temporary / files[name], {what: tables})
        if "evaporation.csv" in case.series:
            files["evaporation"] = "evaporation.csv"
        for name, (heading, series) in case.series.items():
            write_text(temporary / name, _series_csv(heading, series))
        record = {
            "kind": "exchange", "model": case.model, "source": str(case.path), "name": case.name,
            "files": files, "remarks": case.remarks.to_list(), "inputs": dict(inputs or {}),
            "provenance": provenance(),
        }  # fmt: skip
        write_text(temporary / "exchange.json", json.dumps(record, indent=1))
    return files
