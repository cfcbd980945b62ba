"""Probes of use: with rain or terrain of another sample the score must be lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inundate.emulate.probes.cases import Case
from inundate.emulate.probes.ground import Array, Ground
from inundate.emulate.probes.result import ProbeResult, at_least, failed, not_applicable
from inundate.emulate.probes.trial import Trial

__all__ = ["rain_matters", "terrain_matters"]

_WET_M = 0.05


@dataclass
class _Score:
    """Critical success index and root mean square error, pooled over cases."""

    hits: int = 0
    either: int = 0
    square: float = 0.0
    count: int = 0

    def add(self, predicted: Array, observed: Array) -> None:
        known = np.isfinite(observed) & np.isfinite(predicted)
        said, true = predicted[known], observed[known]
        self.hits += int(((said >= _WET_M) & (true >= _WET_M)).sum())
        self.either += int(((said >= _WET_M) | (true >= _WET_M)).sum())
        self.square += float(np.square(said - true, dtype=np.float64).sum())
        self.count += said.size

    @property
    def csi(self) -> float:
        return self.hits / self.either if self.either else np.nan

    @property
    def rmse(self) -> float:
        return float(np.sqrt(self.square / self.count)) if self.count else np.nan


def rain_matters(trial: Trial) -> ProbeResult:
    """With the rain of another sample the score is lost."""

    def swap(case: Case, other: Case) -> Ground | None:
        same = np.array_equal(case.ground.rain_rate, other.ground.rain_rate)
        return None if same else case.ground.under(other.ground.rain_rate)

    return _shuffled(trial, "rain-matters", "rain", swap)


def terrain_matters(trial: Trial) -> ProbeResult:
    """With the terrain of another sample the score is lost."""

    def swap(case: Case, other: Case) -> Ground | None:
        one, two = case.ground, other.ground
        if np.array_equal(one.elevation, two.elevation, equal_nan=True):
            return None
        return replace(one, elevation=two.elevation, roughness=two.roughness)

    return _shuffled(trial, "terrain-matters", "terrain", swap)


def _shuffled(
    trial: Trial, name: str, what: str, swap: Callable[[Case, Case], Ground | None]
) -> ProbeResult:
    place, moved, own = _Score(), _Score(), _Score()  # own: of the truth, shuffled as well
    for case in trial.cases:
        place.add(trial.depth(case.ground), trial.truth(case.ground))
    if not place.csi > 0:
        return failed(name, f"it finds no flooded cell even with its own {what}: nothing to lose")
    for case in trial.cases:
        ground = _partner(case, trial.cases, swap)
        if ground is None:
            return not_applicable(name, f"all cases have the same {what}")
        moved.add(trial.depth(ground), trial.truth(case.ground))
        own.add(trial.truth(ground), trial.truth(case.ground))
    evidence = (
        f"with {what} of another sample, the critical success index at {_WET_M:g} m goes from "
        f"{place.csi:.3f} to {moved.csi:.3f} and the error from {place.rmse:.3g} m to "
        f"{moved.rmse:.3g} m; the solver's from 1 to {own.csi:.3f} and from 0 to {own.rmse:.3g} m"
    )
    # not the error: where it is large for other reasons, it hardly rises
    lost = 1.0 - moved.csi / place.csi
    return at_least(
        name, lost, trial.bounds.shuffle_share, unit="of the index lost", evidence=evidence
    )


def _partner(
    case: Case, cases: Sequence[Case], swap: Callable[[Case, Case], Ground | None]
) -> Ground | None:
    """Give the case with an input of the next one in which it differs."""
    start = cases.index(case)
    for step in range(1, len(cases)):
        other = cases[(start + step) % len(cases)]
        if other.ground.shape == case.ground.shape:
            found = swap(case, other)
            if found is not None:
                return found
    return None
