"""A table of sums by sample and entrant, and the scores made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.ledger import Scored
from inundate.core.errors import DataError
from inundate.score.aggregate import State, stack, total
from inundate.score.entry import Entry
from inundate.score.extent import THRESHOLDS_M
from inundate.score.interval import Resampler, bounds_of
from inundate.score.statistic import Metric
from inundate.score.table import metrics_of

__all__ = ["METRICS", "REGIMES", "Score", "Sheet", "is_town"]

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in metrics_of(THRESHOLDS_M, probabilistic=True)
}
"""Metrics by name; a sheet has those whose sums were taken."""
_TOWNS = ("urban", "town")
LEVEL = 0.95


def is_town(entry: Entry) -> bool:
    """Say whether a ground of a world is one of its towns, by the name that a world gives it."""
    parts = entry.terrain.split("-")
    return len(parts) > 2 and parts[1] in _TOWNS


REGIMES: dict[str, Callable[[Entry], bool]] = {
    "all": lambda entry: True,
    "flat": lambda entry: entry.regime == "flat",
    "flat-urban": is_town,
    "mixed": lambda entry: entry.regime == "mixed",
    "steep": lambda entry: entry.regime == "steep",
}
"""Parts of the test samples; towns are in the regime of their slope as well."""


@dataclass(frozen=True)
class Score:
    """A metric of one entrant; NaN where undefined.

    Attributes
    ----------
    value, low, high : float
        Of all samples together, with its interval over terrain blocks.
    median, worst : float
        Of the terrains' own scores.
    where : str
        The worst terrain.
    terrains, samples : int
    """

    value: float
    low: float
    high: float
    median: float
    worst: float
    where: str
    terrains: int
    samples: int


class Sheet:
    """Sums by sample and entrant.

    Parameters
    ----------
    entries : mapping of str to Entry
        By sample; each with all entrants.
    facts : mapping of str to mapping of str to dict
        By entrant and sample.
    interval_s : float
        Time between frames.
    draws : int
        Bootstrap draws.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        facts: Mapping[str, Mapping[str, Mapping[str, float]]],
        *,
        interval_s: float,
        draws: int,
    ) -> None:
        self.entries, self.facts = dict(entries), facts
        self.interval_s, self.draws = interval_s, draws
        self._made: dict[Any, Any] = {}

    @classmethod
    def of(cls, scored: Mapping[str, Sequence[Scored]], *, interval_s: float, draws: int) -> Sheet:
        """Lay scores out; all must be of the same truths.

        Raises
        ------
        DataError
            If two are not.
        """
        entries: dict[str, Entry] = {}
        for found in scored.values():
            for one in found:
                mine = entries.setdefault(one.sample, replace(one.entry, models={}))
                mine.take(one.entry, one.sample)
        facts = {name: {one.sample: one.facts for one in found} for name, found in scored.items()}
        return cls(entries, facts, interval_s=interval_s, draws=draws)

    def joined(self, other: Sheet) -> Sheet:
        """Give the samples that two sheets share, with the entrants of both."""
        entries = {}
        for name in sorted(self.entries.keys() & other.entries.keys()):
            entries[name] = replace(self.entries[name], models=dict(self.entries[name].models))
            entries[name].take(other.entries[name], name)
        return self._like(entries, {**self.facts, **other.facts})

    def only(self, regime: str) -> Sheet:
        """Give the samples of one of :data:`REGIMES`."""

        def make() -> Sheet:
            chosen = REGIMES[regime]
            return self._like({k: e for k, e in self.entries.items() if chosen(e)}, self.facts)

        return cast(Sheet, self._once(("only", regime), make))

    def of_terrain(self, terrain: str) -> Sheet:
        """Give the samples of one terrain."""
        return self._like(
            {k: e for k, e in self.entries.items() if e.terrain == terrain}, self.facts
        )

    def pooled(self, name: str, of: Sequence[str]) -> None:
        """Add an entrant whose sums are those of several together, such as of all seeds."""
        for entry in self.entries.values():
            entry.models[name] = total(entry.models[one] for one in of)

    def _like(self, entries: Mapping[str, Entry], facts: Mapping[str, Any]) -> Sheet:
        return Sheet(entries, facts, interval_s=self.interval_s, draws=self.draws)

    @property
    def terrains(self) -> list[str]:
        """Names of the terrains."""
        return sorted({entry.terrain for entry in self.entries.values()})

    def score(self, entrant: str, metric: str) -> Score:
        """Give a metric of one entrant.

        Raises
        ------
        DataError
            If it was not scored on every sample.
        """
        return cast(
            Score, self._once(("score", entrant, metric), lambda: self._score(entrant, metric))
        )

    def _score(self, entrant: str, metric: str) -> Score:
        if not self.entries:
            nan = float("nan")
            return Score(nan, nan, nan, nan, nan, "", 0, 0)
        made = METRICS[metric]
        value, drawn = self.drawn(entrant, metric)
        low, high, _ = bounds_of(drawn, LEVEL, self._resampler.note)
        own = self.by_terrain(entrant, metric)
        defined = {name: one for name, one in own.items() if np.isfinite(one)}
        where = max(defined, key=lambda name: abs(defined[name] - made.target), default="")
        return Score(
            value, low, high,
            float(np.median(list(defined.values()))) if defined else float("nan"),
            defined.get(where, float("nan")), where, len(own), len(self.entries),
        )  # fmt: skip

    def by_terrain(self, entrant: str, metric: str) -> dict[str, float]:
        """Give a metric by terrain; NaN where it is undefined."""
        states = [
            total(self._state(e, entrant) for e in self.entries.values() if e.terrain == name)
            for name in self.terrains
        ]
        values = METRICS[metric].value(stack(states))
        return dict(zip(self.terrains, map(float, values), strict=True))

    def counts(self, entrant: str, metric: str) -> dict[str, float]:
        """Give what the metric rests on by terrain: its denominator."""
        made = METRICS[metric]
        return {
            name: float(made.count(total(
                self._state(e, entrant) for e in self.entries.values() if e.terrain == name
            ).sums))
            for name in self.terrains
        }  # fmt: skip

    def drawn(self, entrant: str, metric: str) -> tuple[float, NDArray[np.float64]]:
        """Give a metric of all samples together, and of each bootstrap draw of blocks."""

        def make() -> tuple[float, NDArray[np.float64]]:
            states = self.states(entrant)
            made = METRICS[metric]
            lined = stack([State({key: s.sums[key] for key in made.needs}) for s in states])
            value = float(made.value(total(states).sums))
            return value, made.value(self._resampler.draw(lined))

        return cast(tuple[float, NDArray[np.float64]], self._once(("drawn", entrant, metric), make))

    def summed(self, entrant: str, key: str) -> tuple[float, NDArray[np.float64]]:
        """Give a sum over all samples, and over each bootstrap draw of blocks."""
        lined = stack([State({key: state.sums[key]}) for state in self.states(entrant)])
        return float(lined[key].sum()), self._resampler.draw(lined)[key]

    def states(self, entrant: str) -> list[State]:
        """Give the sums of an entrant, sample by sample."""
        return [self._state(entry, entrant) for entry in self.entries.values()]

    def bounds(self, drawn: NDArray[np.float64]) -> tuple[float, float]:
        """Give the interval of drawn values; NaN where there is none."""
        low, high, _ = bounds_of(drawn, LEVEL, self._resampler.note)
        return low, high

    @property
    def _resampler(self) -> Resampler:
        places = [entry.place for entry in self.entries.values()]
        return cast(Resampler, self._once("resampler", lambda: Resampler(places, draws=self.draws)))

    def _state(self, entry: Entry, entrant: str) -> State:
        if entrant not in entry.models:
            raise DataError(
                f"benchmark emulator: {entrant} has no score of {entry.terrain}@{entry.storm}"
            )
        return entry.models[entrant]

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]
