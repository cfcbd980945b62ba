"""Calibrate roughness, rain or infiltration to observed levels, with honest uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.progress import Progress
from inundate.hydro.calibrate_fit import Fit, Task, gauss_newton, newton_step, spread, tell_apart
from inundate.hydro.calibrate_model import Model, keep_in_worker
from inundate.hydro.calibrate_settings import CalibrateSettings
from inundate.hydro.settings import SimulateSettings

__all__ = ["Calibration", "FittedValue", "calibrate"]

Values = NDArray[np.float64]

_WIDE = 1.96  # standard deviations either side hold 95 % of a normal distribution
_AT_BOUND = 1e-3  # of a logarithm


@dataclass(frozen=True)
class FittedValue:
    """A value after the fit.

    Attributes
    ----------
    name, code, share
        As in :class:`~inundate.hydro.calibrate_model.Parameter`.
    start, value : float
        Before and after; equal if it was not fitted.
    is_identified : bool
        Whether the observations tell it better than what was believed before.
    low, high : float or None
        95 % of what the observations allow; None where they do not tell it.
    reason : str
        Why it was not fitted, or that it stands at a bound; empty otherwise.
    """

    name: str
    code: int | None
    share: float
    start: float
    value: float
    is_identified: bool
    low: float | None
    high: float | None
    reason: str


@dataclass(frozen=True)
class Calibration:
    """What a calibration found.

    Attributes
    ----------
    fit, method : str
        What was fitted, and how.
    values : tuple of FittedValue
    rmse_m : dict
        Root mean square error of depth: ``before`` (the values given), ``uniform`` (one Manning's n
        of 0.035, where classes were fitted), ``after``, and ``cross_validated`` (each gauge when it
        was left out of the fit; None with a single gauge).
    observations : list of dict
        Gauge, time, observed and predicted depth.
    observation_count, gauge_count, rounds, simulations : int
    has_converged : bool
    warnings : tuple of str
        What a reader must know.
    """

    fit: str
    method: str
    values: tuple[FittedValue, ...]
    rmse_m: dict[str, float | None]
    observations: list[dict[str, Any]]
    observation_count: int
    gauge_count: int
    rounds: int
    simulations: int
    has_converged: bool
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        return asdict(self)


def calibrate(model: Model, settings: CalibrateSettings, *, progress: bool = True) -> Calibration:
    """Fit the values of a model to its observations.

    Parameters
    ----------
    model : Model
        The flood and its observations.
    settings : CalibrateSettings
        Bounds, method, beliefs.
    progress : bool
        Show how far it is, on standard error.

    Returns
    -------
    Calibration
        Values that the observations do not tell are named and stay as they were.

    Raises
    ------
    ConfigError
        If the method cannot fit what is asked for.
    StabilityError
        If a simulation broke down.
    """
    if settings.method == "gradient" and settings.fit == "infiltration":
        raise ConfigError(
            "calibrating: method 'gradient' fits roughness and rain, not infiltration"
        )
    with (
        _pool(model, settings) as pool,
        Progress("calibrate", unit="simulations", enabled=progress) as bar,
    ):
        return _Calibrator(model, settings, pool, bar).run()


@contextmanager
def _pool(model: Model, settings: CalibrateSettings) -> Iterator[Executor | None]:
    if settings.jobs == 1:
        yield None
        return
    with ProcessPoolExecutor(
        settings.jobs, get_context("spawn"), initializer=keep_in_worker, initargs=(model,)
    ) as pool:
        yield pool


class _Calibrator:
    """A calibration under way."""

    def __init__(
        self, model: Model, settings: CalibrateSettings, pool: Executor | None, bar: Progress
    ) -> None:
        self.model, self.settings, self.pool, self.bar = model, settings, pool, bar
        self.simulations = 0
        seen = model.observations
        start = np.array([parameter.start for parameter in model.parameters])
        highest = np.full(start.size, np.inf)
        if model.fit == "roughness":
            highest[:] = 1.0 if model.roughness is None else settings.factor_high
        self.task = Task(
            start=start,
            low=start * settings.factor_low,
            high=np.maximum(np.minimum(start * settings.factor_high, highest), start),
            prior_sd=math.log(settings.prior_factor),
            observed=seen.depth,
            sd=seen.sd,
        )

    def predict(self, cases: Sequence[Values]) -> list[Values]:
        """Simulate, and count."""
        found = self.model.predict_all(cases, self.pool)
        self.simulations += len(cases)
        self.bar.advance(len(cases))
        return found

    def run(self) -> Calibration:
        """Fit, find what is not told, fit the rest again, and leave gauges out."""
        task, names = self.task, [parameter.name for parameter in self.model.parameters]
        logs = np.log(task.start)
        before = self._simulate(task.start)
        free = np.ones(logs.size, dtype=bool)
        fit = self._fit(logs, free)
        reasons = tell_apart(task, fit, names)
        if reasons:
            free[list(reasons)] = False
            again = np.where(free, fit.logs, logs)
            rounds = fit.rounds
            fit = self._fit(again, free)
            fit.rounds += rounds
        rmse = {"before": self._rmse(before), "uniform": None, "after": self._rmse(fit.predicted)}
        if self.model.fit == "roughness" and self.model.by_class:
            uniform = SimulateSettings.model_fields["manning"].default
            rmse["uniform"] = self._rmse(self._simulate(np.full(logs.size, uniform)))
        rmse["cross_validated"] = self._left_out(fit, free)
        return Calibration(
            fit=self.model.fit,
            method=self.settings.method,
            values=self._values(fit, free, reasons),
            rmse_m=rmse,
            observations=self._observations(before, fit.predicted),
            observation_count=len(self.model.observations),
            gauge_count=len(self.model.observations.names),
            rounds=fit.rounds,
            simulations=self.simulations,
            has_converged=fit.has_converged or not free.any(),
            warnings=tuple(self._warnings(rmse, fit, free)),
        )

    def _simulate(self, values: Values) -> Values:
        return self.predict([values])[0]

    def _fit(self, logs: Values, free: NDArray[np.bool_]) -> Fit:
        watch = partial(self._show, free)
        if self.settings.method == "gradient":
            module = import_module("inundate.hydro.gpu.fit")
            logs = module.fit_by_gradient(self.model, self.task, logs, free, self.settings)
            # a round of differences for the uncertainty, from where the gradient led
            return gauss_newton(self.task, self.predict, logs, free, 1, watch)
        return gauss_newton(self.task, self.predict, logs, free, self.settings.most_rounds, watch)

    def _show(self, free: NDArray[np.bool_], fit: Fit) -> None:
        self.bar.note(
            f"round {fit.rounds}, {int(free.sum())} values, RMSE {self._rmse(fit.predicted):.4f} m"
        )

    def _rmse(self, predicted: Values) -> float:
        return float(np.sqrt(np.mean((predicted - self.task.observed) ** 2)))

    def _left_out(self, fit: Fit, free: NDArray[np.bool_]) -> float | None:
        """Give the error at gauges that were left out of the fit, in groups.

        Each group is left out by one step of Gauss-Newton from the fit of all, and simulated.
        """
        gauge = self.model.observations.gauge
        count = len(self.model.observations.names)
        if count < 2:
            return None
        group = gauge % min(count, self.settings.folds)
        cases = [
            np.exp(self.task.clip(fit.logs + newton_step(self.task, fit, free, rows=group != k)))
            for k in range(int(group.max()) + 1)
        ]
        found = self.predict(cases)
        return self._rmse(np.array(found)[group, np.arange(group.size)])

    def _values(
        self, fit: Fit, free: NDArray[np.bool_], reasons: dict[int, str]
    ) -> tuple[FittedValue, ...]:
        task, spreads = self.task, spread(self.task, fit, free)
        found = []
        for k, parameter in enumerate(self.model.parameters):
            value = float(np.exp(fit.logs[k])) if free[k] else parameter.start
            reason = reasons.get(k, "")
            edge = min(abs(fit.logs[k] - math.log(task.low[k])),
                       abs(fit.logs[k] - math.log(task.high[k])))  # fmt: skip
            if free[k] and edge < _AT_BOUND:
                reason = "stands at a bound"
            wide = _WIDE * float(spreads[k])
            found.append(
                FittedValue(
                    parameter.name, parameter.code, float(parameter.share), parameter.start, value,
                    bool(free[k]),
                    value * math.exp(-wide) if free[k] else None,
                    value * math.exp(wide) if free[k] else None,
                    reason,
                )
            )  # fmt: skip
        return tuple(found)

    def _observations(self, before: Values, after: Values) -> list[dict[str, Any]]:
        seen = self.model.observations
        return [
            {
                "gauge": seen.names[seen.gauge[k]],
                "time_s": None if np.isnan(seen.time_s[k]) else float(seen.time_s[k]),
                "observed_m": float(seen.depth[k]),
                "before_m": float(before[k]),
                "after_m": float(after[k]),
            }
            for k in range(len(seen))
        ]

    def _warnings(
        self, rmse: dict[str, float | None], fit: Fit, free: NDArray[np.bool_]
    ) -> Iterator[str]:
        seen, count = self.model.observations, len(self.model.parameters)
        if len(seen) <= count:
            yield (
                f"{len(seen)} observations for {count} values: too few to tell how well they fit"
            )
        if len(seen.names) < 2:
            yield "a single gauge: the error elsewhere is not known"
        if not free.any():
            yield "the observations tell none of the values: all stay as they were"
        if not fit.has_converged and free.any():
            yield f"not converged after {fit.rounds} rounds: see most_rounds"
        crossed, before = rmse["cross_validated"], rmse["before"]
        if crossed is not None and before is not None and crossed >= before and free.any():
            yield (
                f"at gauges left out the error is {crossed:.3f} m, before the fit {before:.3f} m: "
                "the fit does not carry over"
            )
