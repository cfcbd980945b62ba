"""Boscastle 2004 beside HAIL-CAESAR's stored answer: what differs, and by how much.

HAIL-CAESAR's 50 m test of this storm ships its depth map at minute 3360. It is no truth: the model
has a fault in its friction, and puts TOPMODEL runoff at points where this package lets rain fall
on every cell. Each known difference is shown by a run of this package with that one thing changed.

Source
------
Files: ``test/`` of the HAIL-CAESAR repository (GPL-3), read and never shipped. Runoff: Coulthard,
Macklin and Kirkby (2002), doi:10.1002/esp.318, after Beven and Kirkby (1979).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.names import attributes
from inundate.hydro.external.caesar import read_caesar
from inundate.hydro.external.caesar_output import read_caesar_depths, read_catchment_series
from inundate.hydro.external.case import Case
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate

__all__ = ["Boscastle", "boscastle_case", "compare_boscastle", "topmodel_runoff"]

Array = NDArray[np.float64]

_CRS = "EPSG:27700"  # of the files' README: OSGB metres
_PARAMS = "boscastle_test_72hr_50m_u.params"
_DEPTH = "answer_50m_72hr_u_WaterDepths3360.asc"
_SERIES = "answer_50m_72hr_u.dat"
_RUNOFF_START = 1e-9  # m s-1: HAIL-CAESAR's runoff before the first rain
_MM_H = 3.6e6  # in 1 m s-1
_SHALLOWEST_M = 1e-3  # below, the depth under the root of the friction fault says nothing


@dataclass(frozen=True)
class Boscastle:
    """The case and what HAIL-CAESAR stored of it.

    Attributes
    ----------
    case : Case
        Heightmap, settings, and rain until the time of the map.
    depth : array (H, W), m
        HAIL-CAESAR's map.
    seconds : float
        Its time.
    series : Dataset
        HAIL-CAESAR's ``runoff`` and ``discharge`` until then, m3 s-1.
    topmodel_m : float
        Parameter m of its runoff model, m.
    """

    case: Case
    depth: Array
    seconds: float
    series: xr.Dataset
    topmodel_m: float

    @property
    def rates(self) -> Array:
        """Rain, the same everywhere, mm h-1 (T,)."""
        return np.asarray(self.case.rain.to_numpy()[:, 0, 0], dtype=np.float64)

    @property
    def step_s(self) -> float:
        """Length of a rain step, s."""
        return float(self.case.rain.attrs["interval_s"])

    @property
    def cell_m2(self) -> float:
        """Area of a cell, m2."""
        return self.case.grid.dx**2


def boscastle_case(folder: Path) -> Boscastle:
    """Read the 50 m case and HAIL-CAESAR's stored answer.

    Parameters
    ----------
    folder : Path
        With the heightmap, rain, parameters and answer as HAIL-CAESAR ships them.

    Raises
    ------
    MissingFileError, DataError, GridError
        If a file is absent or does not fit.
    """
    case = read_caesar(folder / _PARAMS, crs=_CRS)
    frames = read_caesar_depths(folder / _DEPTH, case.grid)
    seconds = float(frames.seconds[0])
    step_s = float(case.rain.attrs["interval_s"])
    steps = round(seconds / step_s)
    case.rain = case.rain.isel(time=slice(0, steps))
    case.settings["run_on_min"] = 0.0
    series = read_catchment_series(folder / _SERIES, step_s=step_s).isel(time=slice(0, steps))
    m = next(r for r in case.remarks.all if r.item.startswith("topmodel_m_value"))
    return Boscastle(
        case, frames.read(0).astype(np.float64), seconds, series, float(m.item.split()[-1])
    )


def topmodel_runoff(rates: Array, *, m: float, step_s: float) -> Array:
    """Give the runoff that CAESAR-Lisflood makes of rain, minute by minute.

    Without rain runoff recedes as 1 / (1 + j t / m); under rain r it tends to r.

    Parameters
    ----------
    rates : array (T,), mm h-1
        Rain.
    m : float
        Recession parameter, m.
    step_s : float
        Length of a step, s; whole minutes.

    Returns
    -------
    array (T,), mm h-1
        Mean runoff of each step.

    Source
    ------
    Coulthard, Macklin and Kirkby (2002), doi:10.1002/esp.318; the integral over a minute is exact.
    """
    minute, now = 60.0, _RUNOFF_START
    found = np.empty(rates.size)
    for number, rate in enumerate((rates / _MM_H).tolist()):
        total = 0.0
        for _ in range(round(step_s / minute)):
            if rate > 0:
                growth = math.exp(rate * minute / m)
                total += m * math.log1p(now / rate * (growth - 1))
                now = rate / ((rate / now - 1) / growth + 1)
            else:
                total += m * math.log1p(now * minute / m)
                now /= 1 + now * minute / m
        found[number] = total / step_s
    return found * _MM_H


def compare_boscastle(folder: Path, *, progress: bool = False) -> dict[str, Any]:
    """Run this package's solver on the case, then with each known difference taken away.

    Parameters
    ----------
    folder : Path
        See :func:`boscastle_case`.
    progress : bool
        Show how far each run is.

    Returns
    -------
    dict
        ``stored``: volumes of HAIL-CAESAR's answer. ``rows``: for each run its ``name``,
        ``changed``, ``says``, critical success index at 0.05 and 0.1 m (``csi_0_05``,
        ``csi_0_1``), ``rmse_m`` over all cells, ``stored_m3``, ``outflow_m3`` and
        ``error_relative`` of its volume budget. ``runoff_model_error``: volume of our
        :func:`topmodel_runoff` against HAIL-CAESAR's series.
    """
    found = boscastle_case(folder)
    runoff = topmodel_runoff(found.rates, m=found.topmodel_m, step_s=found.step_s)
    height, width = found.case.grid.shape
    runoff *= (height - 1) * (width - 1) / (height * width)
    base, deepest = _row(found, "rain on the grid", "nothing", _SAYS["base"], progress=progress)
    rough = found.case.resolved().manning * np.maximum(deepest, _SHALLOWEST_M) ** (1 / 6)
    lowered = _less_constant_loss(found.rates, float(runoff.sum()))
    plans: list[tuple[str, str, dict[str, Any]]] = [
        ("friction", "roughness n h^(1/6), h the largest depth", {"roughness": rough}),
        ("runoff", "TOPMODEL runoff instead of rain", {"rates": runoff}),
        ("loss", "rain less a constant loss, volume of the runoff", {"rates": lowered}),
        ("edges", "open edges with a slope of 0.5", {"edge_slope": 0.5}),
        ("limiter", "Froude cap 0.83 instead of 0.8", {"froude_cap": 0.83}),
        (
            "together", "friction, runoff and edges at once",
            {"roughness": rough, "rates": runoff, "edge_slope": 0.5},
        ),
    ]  # fmt: skip
    rows = [base]
    for name, changed, change in plans:
        rows.append(_row(found, name, changed, _SAYS[name], progress=progress, **change)[0])
    own = float(found.series["runoff"].sum()) * found.step_s
    depth_mm = runoff.sum() * found.step_s / 3600
    ours = depth_mm / 1000 * found.depth.size * found.cell_m2
    return {
        "case": "Boscastle 2004, 50 m, minute 3360",
        "stored": {
            "stored_m3": float(found.depth.sum()) * found.cell_m2,
            "outflow_m3": float(found.series["discharge"].sum()) * found.step_s,
            "runoff_m3": own,
            "rain_m3": float(found.rates.sum()) * found.step_s / 3.6e6 * found.depth.size
            * found.cell_m2,
        },
        "runoff_model_error": float(ours / own - 1),
        "rows": rows,
    }  # fmt: skip


_SAYS = {
    "base": "Both models fill the same hollows of a heightmap in whole metres; what differs is how "
    "much water there is.",
    "friction": "HAIL-CAESAR writes (10 / 3) in whole numbers, so h^3 for h^(10/3): its n acts as "
    "n h^(1/6). Thin water runs faster, but after two days all of it has run off or stands.",
    "runoff": "The largest difference. Its runoff model holds rain back, and counts one row and "
    "column of cells less; what is left is spread over cells with much land above them.",
    "loss": "A constant loss to the same volume instead: the volume alone, not its timing.",
    "edges": "HAIL-CAESAR sets every edge cell back to 1 cm each step; the steepest open edge "
    "is the nearest to that here.",
    "limiter": "Its cap on a face, a quarter of the depth a step, allows Froude numbers of 0.25 "
    "over the Courant number 0.3: 0.83 in the deepest cell and more elsewhere. Beside "
    "its Froude cap of 0.8 it does nothing.",
    "together": "What these differences explain. Where its runoff is put, on cells with much land "
    "above them, and its cells of 1 cm at the edges have no counterpart here.",
}


def _row(
    found: Boscastle,
    name: str,
    changed: str,
    says: str,
    *,
    progress: bool,
    roughness: Array | None = None,
    rates: Array | None = None,
    **settings: float,
) -> tuple[dict[str, Any], Array]:
    """Run with one thing changed; give the row and the largest depth (H, W)."""
    case = found.case
    known: dict[str, Any] = {
        **{key: case.settings[key] for key in ("manning", "froude_cap", "edges")},
        **{"output_every_s": found.seconds, "run_on_min": 0.0},
        **settings,
    }
    ran = simulate(
        case.rain if rates is None else _uniform(case.rain, rates),
        case.terrain,
        settings=SimulateSettings(**known),
        roughness=None if roughness is None else _raster(case.terrain, roughness),
        progress=progress,
    )
    depth = ran["water_depth"][-1].to_numpy().astype(np.float64)
    budget = json.loads(ran.attrs["volume_budget"])
    row = {
        "name": name,
        "changed": changed,
        "csi_0_05": _success(depth, found.depth, 0.05),
        "csi_0_1": _success(depth, found.depth, 0.1),
        "rmse_m": float(np.sqrt(np.mean((depth - found.depth) ** 2))),
        "stored_m3": float(budget["stored_m3"]),
        "outflow_m3": float(budget["outflow_m3"]),
        "error_relative": float(budget["error_relative"]),
        "says": says,
    }
    return row, ran["water_depth_max"].to_numpy().astype(np.float64)


def _success(depth: Array, stored: Array, threshold: float) -> float:
    ours, theirs = depth >= threshold, stored >= threshold
    return float((ours & theirs).sum() / max((ours | theirs).sum(), 1))


def _uniform(rain: xr.DataArray, rates: Array) -> xr.DataArray:
    values = np.broadcast_to(rates[:, None, None], rain.shape).astype(np.float32)
    return rain.copy(data=values)


def _raster(terrain: xr.DataArray, values: Array) -> xr.DataArray:
    kept = {"grid_mapping": terrain.attrs["grid_mapping"], **attributes("roughness")}
    return terrain.copy(data=values.astype(np.float32)).rename("roughness").drop_attrs(
        deep=False
    ).assign_attrs(kept)  # fmt: skip


def _less_constant_loss(rates: Array, total: float) -> Array:
    """Take the constant loss from the rain that leaves a sum (phi index)."""
    low, high = 0.0, float(rates.max())
    for _ in range(60):
        middle = (low + high) / 2
        left = float(np.maximum(rates - middle, 0.0).sum())
        low, high = (middle, high) if left > total else (low, middle)
    return np.maximum(rates - low, 0.0)
