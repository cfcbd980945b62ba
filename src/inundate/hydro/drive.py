"""What drives the water from one time to another: rain, sources, levels, evaporation.

Volumes are exact: a source enters at its mean over the interval. A level is taken at the middle
of the interval, which is as exact as its mean for a straight line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.boundary import LEVEL, EdgePlan
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array, Ground, Supply

__all__ = ["Drive"]

_MM_H = 1.0 / 3.6e6  # m s-1
_ROUNDING_S = 1e-7


@dataclass(frozen=True)
class _Inflow:
    """Water that enters cells at a volume rate."""

    series: Series
    cells: NDArray[np.int64]  # flat
    weight: NDArray[np.floating[Any]]  # depth rate in m s-1 for each unit of the series


@dataclass(frozen=True)
class _Last:
    """The supply made last, and what of."""

    values: tuple[float, ...]
    rain: Array
    supply: Supply
    sources: float


@dataclass
class Drive:
    """Makes the supply of each interval.

    Parameters
    ----------
    site : Site
        Sources, boundaries, evaporation.
    settings : SimulateSettings
        Evaporation where the site has none.
    ground : Ground
        Cells and edge faces.
    plan : EdgePlan
        Which faces and cells belong to which part of the edges.

    Raises
    ------
    DataError
        If a source lies outside the grid or on no ground.
    """

    site: Site
    settings: SimulateSettings
    ground: Ground
    plan: EdgePlan
    _inflows: list[_Inflow] = field(init=False)
    _levels: list[tuple[Series, NDArray[np.int64]]] = field(init=False)
    _evaporation: Series = field(init=False)
    _series: list[Series] = field(init=False)
    _last: _Last | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        area = self.ground.cell_area_m2
        self._inflows = [
            _spread(source.flow, source.cells(self.ground.valid), 1.0, area)
            for source in self.site.sources
        ]
        stretches = self.site.boundaries.stretches if self.site.boundaries else ()
        self._levels = []
        for number, stretch in enumerate(stretches):
            if stretch.inflow is not None:
                cells = self.plan.inflow[number]
                length = self.ground.cell_size_m * cells.size if stretch.per_metre else 1.0
                self._inflows.append(_spread(stretch.inflow, cells, length, area))
            elif stretch.level is not None and not stretch.level.is_constant:
                mine = (self.plan.stretch == number) & (self.ground.edges.kind == LEVEL)
                self._levels.append((stretch.level, np.flatnonzero(mine)))
        self._evaporation = self.site.evaporation or Series.constant(
            self.settings.evaporation_mm_h, "evaporation"
        )
        moving = [inflow.series for inflow in self._inflows] + [pair[0] for pair in self._levels]
        moving.append(self._evaporation)
        self._series = [series for series in moving if not series.is_constant]

    def cut(self, start_s: float, end_s: float) -> float:
        """Give where an interval must end so that what changes is followed closely enough.

        Parameters
        ----------
        start_s, end_s : float
            Interval wanted, s since the start.

        Returns
        -------
        float
            ``end_s``, or the next multiple of ``forcing_every_s`` if anything changes before.
        """
        if all(series.is_steady(start_s, end_s) for series in self._series):
            return end_s
        every = self.settings.forcing_every_s
        tick = every * (np.floor(start_s / every + 1e-9) + 1)
        return end_s if tick > end_s - _ROUNDING_S else float(tick)

    def supply(self, rain: Array, start_s: float, end_s: float) -> tuple[Supply, float]:
        """Give what drives the water over an interval.

        Parameters
        ----------
        rain : array (H, W), m s-1
            In the working precision; 0 on cells that hold no water.
        start_s, end_s : float
            Interval, s since the start.

        Returns
        -------
        supply : Supply
            The same object as before if nothing has changed.
        sources : float, m3 s-1
            All that enters through sources and inflow.

        Raises
        ------
        DataError
            If a series does not know the interval.
        """
        flows = [inflow.series.mean(start_s, end_s) for inflow in self._inflows]
        middle = start_s + (end_s - start_s) / 2
        levels = [series.at(middle) for series, _ in self._levels]
        air = self._evaporation.mean(start_s, end_s) * _MM_H
        values = (*flows, *levels, air)
        last = self._last
        if last is not None and last.values == values and last.rain is rain:
            return last.supply, last.sources
        found = Supply(self._with_inflow(rain, flows), air, self._outside(levels))
        depth = sum(
            float(inflow.weight.sum()) * flow
            for inflow, flow in zip(self._inflows, flows, strict=True)
        )
        self._last = _Last(values, rain, found, depth * self.ground.cell_area_m2)
        return found, self._last.sources

    def _with_inflow(self, rain: Array, flows: list[float]) -> Array:
        if not any(flows):
            return rain
        found = rain.copy()
        flat = found.reshape(-1)
        for inflow, flow in zip(self._inflows, flows, strict=True):
            flat[inflow.cells] += inflow.weight * flow
        return found

    def _outside(self, levels: list[float]) -> Array:
        outside = self.ground.edges.outside
        if not levels:
            return outside
        outside = outside.copy()
        for (_, faces), level in zip(self._levels, levels, strict=True):
            outside[faces] = np.maximum(level - self.plan.ground[faces], 0.0)
        return outside


def _spread(series: Series, cells: NDArray[np.int64], factor: float, area: float) -> _Inflow:
    """Share a volume rate over cells; a cell named twice takes twice as much."""
    unique, counts = np.unique(cells, return_counts=True)
    return _Inflow(series, unique, factor * counts / (cells.size * area))
