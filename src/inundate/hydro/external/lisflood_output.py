"""Results of LISFLOOD-FP: depth grids, maps of maxima and times, and the mass balance table."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, nearest
from inundate.core.files import check_input
from inundate.core.grid import Grid
from inundate.hydro.external.rasters import read_depths, read_on
from inundate.hydro.external.results import Frames
from inundate.hydro.external.textfile import read_lines
from inundate.rain.storm import DEFAULT_START

__all__ = [
    "MAPS", "budget_of_mass", "find_run", "read_lisflood_depths", "read_map", "read_mass",
    "run_names",
]  # fmt: skip

_DEPTH = re.compile(r"^(?P<prefix>.+)-(?P<number>\d{4,})[.-]wd(\.asc)?(\.gz)?$", re.IGNORECASE)
# suffix -> what it holds
MAPS = {
    "max": "largest depth, m",
    "maxtm": "time of the largest depth, h",
    "inittm": "time when water first came, h",
    "totaltm": "time under water, h",
}
_NULL = -9999.0  # in maps of times: water never came
_MASS = (
    "time", "step", "step_min", "steps", "area", "volume", "inflow", "level", "outflow",
    "flow_error", "volume_error", "rain_less_losses",
)  # fmt: skip


def run_names(folder: Path) -> list[str]:
    """Give the names of the runs whose depth grids lie in a folder."""
    return sorted(_runs(folder))


def _runs(folder: Path) -> dict[str, dict[int, Path]]:
    runs: dict[str, dict[int, Path]] = defaultdict(dict)
    for path in sorted(check_input(folder, what="importing results").iterdir()):
        match = _DEPTH.match(path.name)
        if match:
            runs[match["prefix"]][int(match["number"])] = path
    return runs


def find_run(folder: Path, prefix: str | None = None) -> tuple[str, dict[int, Path]]:
    """Find the depth grids of one run.

    Parameters
    ----------
    folder : Path
    prefix : str, optional
        ``resroot`` of the run, where several lie in the folder.

    Returns
    -------
    prefix : str
    files : dict
        By the number of the grid.

    Raises
    ------
    DataError
        If there is none, or more than one run.
    """
    runs = _runs(folder)
    found = ", ".join(sorted(runs)) or "none"
    if prefix is None and len(runs) == 1:
        prefix = next(iter(runs))
    if prefix is None or prefix not in runs:
        close = nearest(prefix or "", runs)
        wanted = f"of {prefix!r}" if prefix is not None else "of one run"
        raise DataError(
            f"importing results from {folder}: found depth grids NAME-0000.wd of {found}, "
            f"expected those {wanted}",
            hint=f"did you mean --prefix {close}?" if close else "say which by --prefix NAME",
        )
    return prefix, dict(sorted(runs[prefix].items()))


def read_lisflood_depths(
    folder: Path, grid: Grid, *, every_s: float, prefix: str | None = None, crs: str | None = None
) -> Frames:
    """Find the depth grids of a run, and its map of the largest depth.

    Parameters
    ----------
    folder : Path
    grid : Grid
        The heightmap's.
    every_s : float
        ``saveint``, s: grid n is of the time n times this.
    prefix : str, optional
        ``resroot`` of the run.
    crs : str, optional
        That of the grids, where they have no ``.prj``.

    Raises
    ------
    DataError, GridError
        If nothing is found or a grid does not fit.
    """
    name, files = find_run(folder, prefix)
    paths = list(files.values())
    seconds = np.array(list(files), dtype=np.float64) * every_s
    reference = crs or grid.crs

    def read(number: int) -> NDArray[np.float32]:
        return next(read_depths(paths[number], grid, reference))

    deepest = None
    for path in (folder / f"{name}.max", folder / f"{name}.max.gz"):
        if path.is_file():
            deepest = next(read_depths(path, grid, reference))
    return Frames(seconds, read, deepest)


def read_map(path: Path, grid: Grid, *, crs: str | None = None) -> xr.DataArray:
    """Read a map of maxima or times; see :data:`MAPS`.

    Returns
    -------
    DataArray (y, x)
        Depth in m, or time in s since the start; missing where water never came.

    Raises
    ------
    DataError
        If the suffix is none of them.
    GridError
        If it does not lie on the heightmap's cells.
    """
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if kind not in MAPS:
        raise DataError(f"reading {path}: suffix {kind!r}, expected one of {', '.join(MAPS)}")
    found = read_on(path, "water_depth_max", grid, crs or grid.crs)
    if kind == "max":
        return found
    hours = found.to_numpy()
    seconds = np.where(hours == _NULL, np.nan, hours * 3600)
    attrs = {"units": "s", "long_name": MAPS[kind].partition(",")[0]}
    return (
        found.copy(data=seconds.astype(np.float32))
        .rename(kind)
        .assign_attrs({**attrs, "standard_name": ""})
    )


def read_mass(path: Path, *, start: str = DEFAULT_START) -> xr.Dataset:
    """Read the ``.mass`` table.

    Parameters
    ----------
    path : Path
    start : str
        UTC time of the start.

    Returns
    -------
    Dataset
        By ``time``: ``step``, ``step_min`` (s), ``steps``, ``area`` (m2), ``volume`` (m3),
        ``inflow`` and ``outflow`` (m3 s-1), ``level`` (m), ``flow_error`` (m3 s-1),
        ``volume_error`` (m3) and ``rain_less_losses`` (m3 since the start).

    Raises
    ------
    DataError
        If there is no header, or a line has other columns or an earlier time.
    """
    rows: list[list[float]] = []
    has_header = False
    for line in read_lines(path):
        words = line.words
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "Time":  # comes again where a run was taken up
            has_header = True
            continue
        if not has_header:
            raise line.fault(f"{line.text[:40]!r}", "the header 'Time Tstep MinTstep …'")
        row = line.numbers("the numbers of a line of the mass balance")
        if len(row) < len(_MASS):
            raise line.fault(f"{len(row)} numbers", f"{len(_MASS)}")
        if rows and row[0] <= rows[-1][0]:
            raise line.fault(
                f"the time {row[0]:g}", f"one after {rows[-1][0]:g}",
                hint="the run was taken up again: cut out what it wrote twice",
            )  # fmt: skip
        rows.append(row[: len(_MASS)])
    if not rows:
        raise DataError(f"reading {path}: found no line of numbers, expected a mass balance")
    table = np.array(rows)
    times = np.datetime64(start, "ns") + np.round(table[:, 0] * 1e9).astype("timedelta64[ns]")
    return xr.Dataset(
        {name: ("time", table[:, number]) for number, name in enumerate(_MASS) if number},
        coords={"time": ("time", times)},
    )


def budget_of_mass(mass: xr.Dataset, *, rain_m3: float | None) -> dict[str, float]:
    """Give the terms of a volume budget that a mass balance table states.

    Inflow and outflow are rates at the times of the table; between them the straight line is
    taken, so these two are estimates.

    Parameters
    ----------
    mass : Dataset
        From :func:`read_mass`.
    rain_m3 : float or None
        Rain that fell; losses follow from it.
    """
    seconds = (mass["time"] - mass["time"][0]).to_numpy() / np.timedelta64(1, "s")
    terms = {
        "inflow_m3": _integral(mass["inflow"], seconds),
        "outflow_m3": _integral(mass["outflow"], seconds),
        "stored_m3": float(mass["volume"][-1]),
        "error_m3": float(mass["volume_error"].sum()),
    }
    if rain_m3 is not None:
        terms["infiltration_m3"] = rain_m3 - float(mass["rain_less_losses"][-1])
    return terms


def _integral(rate: xr.DataArray, seconds: NDArray[np.float64]) -> float:
    values = rate.to_numpy()
    return float((np.diff(seconds) * (values[1:] + values[:-1])).sum() / 2)
