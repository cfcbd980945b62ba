"""Merewether 2007: a street that a flash flood ran through, with five levels seen after it.

The set-up is that of the study of buildings in flood models for Australian Rainfall and Runoff:
a steady inflow on dry ground until nothing changes, houses raised, roads smooth, walls in the
west and south, free outflow in the east and north.

Source
------
Smith and Wasko (2012), Australian Rainfall and Runoff, Revision Project 15: Two Dimensional
Simulations in Urban Areas, Representation of Buildings in 2D Numerical Flood Models. Files:
``validation_tests/case_studies/merewether`` of ANUGA (Apache-2.0; data of the Water Research
Laboratory, UNSW, marked publishable), with the observed levels and those of TUFLOW.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.grid import Grid
from inundate.hydro.march import March
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.sources import Source
from inundate.terrain.asciiparse import AsciiGrid, parse_asciigrids

__all__ = ["PUBLISHED_RMSE_M", "Gauge", "MerewetherCase", "merewether_case", "run_merewether"]

Array = NDArray[np.float64]

PUBLISHED_RMSE_M = {  # at the five points, against the observed levels of the final report
    # table 9 of Smith and Wasko (2012), as point_observations.csv of SWALS
    # (GeoscienceAustralia/ptha, propagation/SWALS/examples/merewether) quotes it
    "TUFLOW 0.5 m": 0.222,
    "TUFLOW 1 m": 0.145,
    "TUFLOW 2 m": 0.174,
}

_CRS = "EPSG:32756"  # topography1.prj: UTM zone 56 with a false northing
_INFLOW_M3_S = 19.7
_INFLOW_X, _INFLOW_Y, _INFLOW_RADIUS_M = 382265.0, 6354280.0, 10.0
_HOUSE_M = 3.0  # by which houses are raised
_ROAD_MANNING, _MANNING = 0.02, 0.04
_STEADY_S = 1000.0
_WET_M = 1e-3  # the points lie at the rim of the water: the nearest wet cell counts


@dataclass(frozen=True)
class Gauge:
    """A place where a level was seen.

    Attributes
    ----------
    name : str
        Its number in the files.
    x, y : float, m
        Place.
    observed_m, tuflow_m : float, m
        Observed level and that of TUFLOW, both of the final report.
    """

    name: str
    x: float
    y: float
    observed_m: float
    tuflow_m: float


@dataclass(frozen=True)
class MerewetherCase:
    """Ground, inflow and observations.

    Attributes
    ----------
    grid : Grid
        416 x 321 cells of 1 m.
    elevation : array (H, W), m
        Houses raised; NaN in the few cells without ground.
    roughness : array (H, W), s m-1/3
        Manning's n, smaller on the road.
    houses, road : array (H, W), bool
        Cells whose centre is in one.
    source : Source
        The inflow.
    gauges : tuple of Gauge
        The five observations.
    """

    grid: Grid
    elevation: Array
    roughness: Array
    houses: NDArray[np.bool_]
    road: NDArray[np.bool_]
    source: Source
    gauges: tuple[Gauge, ...]

    @property
    def observed_m(self) -> Array:
        """Observed levels (5,), m."""
        return np.array([gauge.observed_m for gauge in self.gauges])

    @property
    def tuflow_m(self) -> Array:
        """Levels of TUFLOW (5,), m."""
        return np.array([gauge.tuflow_m for gauge in self.gauges])

    def levels(self, depth: Array) -> Array:
        """Give the water level at each gauge.

        Parameters
        ----------
        depth : array (H, W), m

        Returns
        -------
        array (5,), m
            That of the nearest wet cell. The ground of point 2 lies 0.2 m above the level that
            was observed there.
        """
        rows, columns = np.nonzero(depth > _WET_M)
        levels = self.elevation[rows, columns] + depth[rows, columns]
        away = [
            (self.grid.x[columns] - gauge.x) ** 2 + (self.grid.y[rows] - gauge.y) ** 2
            for gauge in self.gauges
        ]
        return np.array([levels[squares.argmin()] for squares in away])


def merewether_case(folder: Path | str) -> MerewetherCase:
    """Read the case.

    Parameters
    ----------
    folder : Path
        With ``topography1.zip``, ``houses``, ``Road`` and ``Observations``.

    Raises
    ------
    MissingFileError
        If one of them is not there.
    DataError
        If a file does not hold what it should.
    """
    folder = Path(folder)
    ground = _read_ground(check_input(folder / "topography1.zip"))
    grid = ground.grid(_CRS)
    outlines = sorted(check_input(folder / "houses").glob("house*.csv"))
    if not outlines:
        raise DataError(f"reading {folder / 'houses'}: no house*.csv, expected outlines of houses")
    houses = np.zeros(grid.shape, dtype=bool)
    for outline in outlines:
        houses |= _inside(grid, _read_outline(outline))
    road = _inside(grid, _read_outline(check_input(folder / "Road" / "RoadPolygon.csv")))
    elevation = np.where(ground.values == ground.nodata, np.nan, ground.values)
    rows, columns = np.nonzero(_disc(grid, _INFLOW_X, _INFLOW_Y, _INFLOW_RADIUS_M))
    return MerewetherCase(
        grid=grid,
        elevation=elevation + np.where(houses, _HOUSE_M, 0.0),
        roughness=np.where(road, _ROAD_MANNING, _MANNING),
        houses=houses,
        road=road,
        source=Source("inflow", rows, columns, Series.constant(_INFLOW_M3_S, "inflow")),
        gauges=_read_gauges(check_input(folder / "Observations" / "ObservationPoints.csv")),
    )


def run_merewether(
    case: MerewetherCase, settings: SimulateSettings, *, seconds: float = _STEADY_S
) -> March:
    """Let the flood run until it is steady.

    Parameters
    ----------
    case : MerewetherCase
    settings : SimulateSettings
        Equations, precision and step; its edges are set as the case says.
    seconds : float
        Time from dry ground on; after 1000 s the levels change by millimetres.

    Returns
    -------
    March
        With the last state and the budget.

    Raises
    ------
    StabilityError
        If the computation broke down.
    """
    edges = {
        "edge_west": "closed", "edge_south": "closed", "edge_east": "open", "edge_north": "open",
        "edges": "open", "nodata_edges": "closed",
    }  # fmt: skip
    march = March(
        case.elevation, case.grid.dx, settings.model_copy(update=edges), case.roughness,
        site=Site(sources=(case.source,)),
    )  # fmt: skip
    for _ in march.frames([(seconds, np.zeros(case.grid.shape))]):
        pass
    return march


def _read_ground(path: Path) -> AsciiGrid:
    with zipfile.ZipFile(path) as packed:
        names = [name for name in packed.namelist() if name.endswith(".asc")]
        if len(names) != 1:
            raise DataError(f"reading {path}: found {names}, expected one .asc grid")
        with packed.open(names[0]) as stream:
            return next(parse_asciigrids(io.TextIOWrapper(stream, "ascii"), str(path)))


def _read_outline(path: Path) -> Array:
    """Read corners (N, 2) from lines ``x,y``."""
    try:
        found = np.loadtxt(path, delimiter=",", ndmin=2)
    except ValueError as error:
        raise DataError(f"reading {path}: {error}, expected lines x,y") from error
    if found.shape[1:] != (2,) or len(found) < 3:
        raise DataError(f"reading {path}: {found.shape} numbers, expected three corners or more")
    return found


def _read_gauges(path: Path) -> tuple[Gauge, ...]:
    columns = ("ID", "x", "y", "stage (ARR Report Final)", "TUFLOW (ARR Report Final)")
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream, skipinitialspace=True))
    try:
        rows = [[line[name].strip() for name in columns] for line in lines]
        found = tuple(Gauge(row[0], *(float(value) for value in row[1:])) for row in rows)
    except (KeyError, ValueError, AttributeError) as error:
        raise DataError(f"reading {path}: {error}, expected columns {columns}") from error
    return tuple(sorted(found, key=lambda gauge: gauge.name))


def _inside(grid: Grid, corners: Array) -> NDArray[np.bool_]:
    """Tell which cell centres lie in a polygon: those from which a ray crosses it oddly often."""
    found = np.zeros(grid.shape, dtype=bool)
    x = grid.x[None, :]
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        between = (grid.y > min(y0, y1)) & (grid.y <= max(y0, y1))
        if between.any():
            crossing = x0 + (grid.y[between] - y0) * (x1 - x0) / (y1 - y0)
            found[between] ^= x < crossing[:, None]
    return found


def _disc(grid: Grid, x: float, y: float, radius: float) -> NDArray[np.bool_]:
    found = (grid.x[None, :] - x) ** 2 + (grid.y[:, None] - y) ** 2 <= radius**2
    return np.asarray(found)
