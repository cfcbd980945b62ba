"""How a case runs the solver: the scheme under test, and tanks that keep account of water."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inundate.core.errors import StabilityError
from inundate.hydro.march import March
from inundate.hydro.mass import VolumeBudget
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Array, Kernel, StepReport, Supply

__all__ = ["MM_H", "Setup", "Tank", "mean_error", "rms"]

MM_H = 1.0 / 3.6e6
"""Metres a second in a millimetre an hour."""

_INERTIAL_ONLY = ("theta", "froude_cap")

Varying = ArrayLike | Callable[[float], ArrayLike]


@dataclass
class Setup:
    """The scheme under test.

    Attributes
    ----------
    equations, precision : str
        As in :class:`~inundate.hydro.settings.SimulateSettings`.
    quick : bool
        Leave out what takes long.
    kernel : Kernel, optional
        In place of the one that the settings name.
    budgets : list of VolumeBudget
        Of every tank so far.
    """

    equations: str = "inertial"
    precision: str = "float64"
    quick: bool = False
    kernel: Kernel | None = None
    budgets: list[VolumeBudget] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the full shallow water equations are solved."""
        return self.equations == "full"

    @property
    def is_double(self) -> bool:
        """Whether numbers have 64 bits."""
        return self.precision == "float64"

    def settings(self, **numbers: Any) -> SimulateSettings:
        """Give settings for this scheme; edges are walls unless said otherwise.

        What the full equations have no use for is left out for them.
        """
        named = {"equations": self.equations, "precision": self.precision, "edges": "closed"}
        useless = _INERTIAL_ONLY if self.is_full else ()
        kept = {name: value for name, value in numbers.items() if name not in useless}
        return SimulateSettings(**{**named, **kept})

    def tank(
        self,
        elevation: ArrayLike,
        cell_size_m: float,
        *,
        depth: ArrayLike | None = None,
        roughness: Array | None = None,
        walls: Array | None = None,
        **numbers: Any,
    ) -> Tank:
        """Put water on the ground.

        Parameters
        ----------
        elevation : array (H, W) or (W,), m
            One row if one-dimensional; NaN where there is no ground.
        cell_size_m : float
            Side of a cell, m.
        depth : array like ``elevation``, optional
            Water at the start, m.
        roughness, walls : array (H, W), optional
            As :class:`~inundate.hydro.march.March` takes them.
        **numbers
            Settings.
        """
        march = March(
            np.atleast_2d(np.asarray(elevation, np.float64)),
            cell_size_m,
            self.settings(**numbers),
            roughness,
            None if depth is None else np.atleast_2d(np.asarray(depth, np.float64)),
            walls,
            kernel=self.kernel,
        )
        self.budgets.append(march.budget)
        return Tank(march)


@dataclass
class Tank:
    """A simulation that a case drives by hand, and its volume budget.

    Attributes
    ----------
    march : March
        Ground, state and scheme.
    steps : int
        Taken so far.
    """

    march: March
    steps: int = 0

    @property
    def depth(self) -> Array:
        """Depth (H, W), m, in float64."""
        return self.march.state.depth.astype(np.float64)

    @property
    def row(self) -> Array:
        """Depth along the middle row, m."""
        middle: Array = self.depth[self.march.state.depth.shape[0] // 2]
        return middle

    @property
    def flow_x(self) -> Array:
        """Unit discharge through western faces, m2 s-1, in float64."""
        return self.march.state.flow_x.astype(np.float64)

    @property
    def time_s(self) -> float:
        """Seconds since the start."""
        return self.march.state.time_s

    def set_scheme(self, **numbers: Any) -> None:
        """Change numbers of the scheme beyond what settings allow."""
        self.march.scheme = dataclasses.replace(self.march.scheme, **numbers)

    def advance(
        self,
        until_s: float,
        *,
        every_s: float | None = None,
        rain: Varying = 0.0,
        outside: Varying | None = None,
    ) -> float:
        """Advance to a time; give the volume that left through edges, m3.

        Parameters
        ----------
        until_s : float
            Seconds since the start.
        every_s : float, optional
            Hold ``rain`` and ``outside`` for so long, at their value in the middle.
        rain : array (H, W) or number, m s-1, or callable of the time in s
            Rain and sources.
        outside : array (F,) or number, m, or callable of the time in s
            Depth beyond edges of fixed level.

        Raises
        ------
        StabilityError
            If the computation broke down.
        """
        left = 0.0
        while until_s - self.time_s > 1e-9:
            start = self.time_s
            end = min(until_s, start + every_s) if every_s else until_s
            middle = 0.5 * (start + end)
            supply = self._supply(_at(rain, middle), _at(outside, middle))
            left += self._through(supply, end)
            volume = float(supply.rain.sum(dtype=np.float64)) * self.march.ground.cell_area_m2
            self.march.budget.rain_m3 += volume * (end - start)
        self.march.finish()
        return left

    def _supply(self, rain: ArrayLike, outside: ArrayLike | None) -> Supply:
        ground = self.march.ground
        kind = ground.elevation.dtype
        rates = np.where(ground.valid, np.broadcast_to(np.asarray(rain), ground.valid.shape), 0)
        level = ground.edges.outside
        if outside is not None:
            level = np.broadcast_to(np.asarray(outside), level.shape)
        return Supply(
            np.ascontiguousarray(rates.astype(kind)), 0.0, np.ascontiguousarray(level.astype(kind))
        )

    def _through(self, supply: Supply, end: float) -> float:
        march, left = self.march, 0.0
        assert march.kernel is not None
        while march.state.time_s < end:
            wanted = end - march.state.time_s
            report = march.kernel.advance(march.state, march.ground, supply, wanted, march.scheme)
            if report.seconds >= wanted:
                march.state.time_s = end
            self._count(report)
            left += report.outflow_m3
        return left

    def _count(self, report: StepReport) -> None:
        budget = self.march.budget
        self.steps += report.steps
        budget.outflow_m3 += report.outflow_m3
        budget.inflow_m3 += report.inflow_m3
        budget.drainage_m3 += report.drained_m3
        budget.evaporation_m3 += report.evaporated_m3
        if not report.is_stable:
            raise StabilityError(
                f"checking the solver: it broke down after {self.time_s:.1f} s",
                cause="solver_breakdown",
            )


def _at(value: Varying | None, time_s: float) -> Any:
    return value(time_s) if callable(value) else value


def rms(values: ArrayLike) -> float:
    """Give the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def mean_error(found: ArrayLike, exact: ArrayLike) -> float:
    """Give the mean of the absolute difference."""
    return float(np.mean(np.abs(np.asarray(found) - np.asarray(exact))))
