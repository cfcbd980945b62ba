"""The flood as a function of a few values that are to be fitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.hydro.calibrate_observations import Observations
from inundate.hydro.march import March, RainStep
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array

__all__ = ["Model", "Parameter"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A value that is fitted.

    Attributes
    ----------
    name : str
        Class of land cover, or what a factor is on.
    start : float
        Manning's n or factor before the fit.
    share : float
        Share of the cells with ground that it acts on.
    code : int, optional
        Of a class of land cover.
    """

    name: str
    start: float
    share: float
    code: int | None = None


@dataclass
class Model:
    """A flood with all its inputs, run for given values.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground.
    cell_size_m : float
        Side of a cell.
    settings : SimulateSettings
        How the water is moved.
    rain : sequence of (seconds, array (H, W) in mm h-1)
        Steps to the end of the simulation.
    observations : Observations
        Where and when the flood is compared.
    fit : str
        As in :class:`~inundate.hydro.calibrate_settings.CalibrateSettings`.
    site : Site
        Land cover, boundaries, sources.
    roughness : array (H, W), s m-1/3, optional
        Manning's n, in place of the land cover's and the settings'.
    initial_depth : array (H, W), m, optional
        Water at the start.

    Raises
    ------
    ConfigError
        If nothing takes water and infiltration is to be fitted.
    DataError
        If land cover is missing somewhere, or a gauge stands where there is no ground.
    """

    elevation: Array
    cell_size_m: float
    settings: SimulateSettings
    rain: Sequence[RainStep]
    observations: Observations
    fit: str = "roughness"
    site: Site = field(default_factory=Site)
    roughness: Array | None = None
    initial_depth: Array | None = None
    parameters: tuple[Parameter, ...] = field(init=False)
    _rows: NDArray[np.int64] = field(init=False)  # of the land table, that are fitted

    def __post_init__(self) -> None:
        total = sum(seconds for seconds, _ in self.rain)
        update = {"output_every_s": total, "sample_every_s": min(total, self._sample_s())}
        self.settings = self.settings.model_copy(update=update)
        march = self.march()  # checks all inputs
        self._rows = np.zeros(0, dtype=np.int64)
        valid = march.ground.valid
        seen = self.observations
        dry = np.flatnonzero(~valid[seen.rows, seen.columns])
        if dry.size:
            raise DataError(
                f"calibrating: gauge {seen.names[dry[0]]} at row {seen.rows[dry[0]]}, column "
                f"{seen.columns[dry[0]]} stands where there is no ground"
            )
        if self.fit == "roughness" and self.by_class:
            self.parameters = self._classes(valid)
        elif self.fit == "roughness":
            given = self.roughness is not None
            name, start = ("roughness raster", 1.0) if given else ("all", self.settings.manning)
            self.parameters = (Parameter(name, start, 1.0),)
        else:
            if self.fit == "infiltration" and not march.ground.losses.table[:, 0].any():
                raise ConfigError(
                    "calibrating infiltration: no ground takes water",
                    hint="set infiltration, or give land cover whose table does",
                )
            self.parameters = (Parameter(self.fit, 1.0, 1.0),)

    @property
    def by_class(self) -> bool:
        """Whether roughness has a value for each class of land cover."""
        return self.site.land is not None and self.roughness is None

    def _sample_s(self) -> float:
        """Give the time between samples: fine enough for the closest observations."""
        times = np.unique(self.observations.time_s[np.isfinite(self.observations.time_s)])
        closest = float(np.diff(times).min(initial=np.inf))
        return min(self.settings.sample_every_s, max(closest, 1.0))

    def _classes(self, valid: NDArray[np.bool_]) -> tuple[Parameter, ...]:
        land = self.site.land
        assert land is not None
        land.check(valid, "calibrating: ")
        counts = np.bincount(land.cover[valid], minlength=256)
        self._rows = np.flatnonzero(counts[: len(land.kinds)])
        return tuple(
            Parameter(
                land.kinds[row].name, land.kinds[row].manning, counts[row] / valid.sum(),
                land.kinds[row].code,
            )
            for row in self._rows
        )  # fmt: skip

    def class_index(self) -> NDArray[np.int64]:
        """Give the parameter of each cell (H, W); of any where there is no ground."""
        assert self.site.land is not None
        place = np.zeros(256, dtype=np.int64)
        place[self._rows] = np.arange(self._rows.size)
        return place[self.site.land.cover]

    def roughness_of(self, values: Values) -> Array | None:
        """Give Manning's n (H, W) for given values; None where the settings' holds."""
        if self.fit != "roughness":
            return self.roughness
        if self.by_class:
            return np.asarray(values[self.class_index()])
        if self.roughness is not None:
            return np.asarray(np.minimum(self.roughness * values[0], 1.0))
        return np.full(np.shape(self.elevation), values[0])

    def march(self, values: Values | None = None) -> March:
        """Give the simulation for given values, at its start; by default as the inputs say."""
        march = March(
            self.elevation, self.cell_size_m, self.settings,
            self.roughness if values is None else self.roughness_of(values), self.initial_depth,
            site=self.site,
        )  # fmt: skip
        if self.fit == "infiltration" and values is not None:
            losses = march.ground.losses
            table = losses.table.copy()
            table[:, 1] *= values[0]
            march.ground = replace(march.ground, losses=replace(losses, table=table))
        return march

    def rain_of(self, values: Values) -> Iterator[RainStep]:
        """Give the rain for given values, to the last time that is compared."""
        factor = values[0] if self.fit == "rain" else 1.0
        times = self.observations.time_s
        last = np.inf if np.isnan(times).any() else float(times.max())
        for seconds, rate in self.rain:
            if last <= 0:
                return
            yield min(seconds, last), rate * factor
            last -= seconds

    def predict(self, values: Values) -> Values:
        """Simulate the flood for given values; give the depth of each observation, m.

        Raises
        ------
        StabilityError
            If the computation broke down.
        """
        march, seen = self.march(values), self.observations
        times, depths = [0.0], [march.state.depth[seen.rows, seen.columns].astype(np.float64)]

        def look(march: March) -> None:
            times.append(march.state.time_s)
            depths.append(march.state.depth[seen.rows, seen.columns].astype(np.float64))

        march.on_sample.append(look)
        for _ in march.frames(self.rain_of(values)):
            pass
        peak = march.state.deepest[seen.rows, seen.columns].astype(np.float64)
        at, series = np.array(times), np.array(depths)
        return np.array([
            peak[g] if np.isnan(t) else np.interp(t, at, series[:, g])
            for g, t in zip(seen.gauge, seen.time_s, strict=True)
        ])  # fmt: skip

    def predict_all(self, cases: Sequence[Values], pool: Executor | None = None) -> list[Values]:
        """Simulate several floods, side by side if there is a pool."""
        if pool is None:
            return [self.predict(values) for values in cases]
        return list(pool.map(_predict_in_worker, cases))


_WORKER: dict[str, Any] = {}  # the model, in a process that simulates


def keep_in_worker(model: Model) -> None:
    """Keep the model in a process, so that it is sent once."""
    _WORKER["model"] = model


def _predict_in_worker(values: Values) -> Values:
    found: Values = _WORKER["model"].predict(values)
    return found
