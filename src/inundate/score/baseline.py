"""Predictions without learning that any emulator has to beat, and the list of them all.

Each is told what an emulator is told: the terrain, the rain up to each frame and the depth at
the start. The one exception, ``persistence_30min``, is told the true depth half an hour
earlier, which no roll-out knows; its ``advantage`` says so wherever it is shown. The untrained
hybrid solver is a baseline too and lives with the emulators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.score.case import Baseline, Case
from inundate.score.sample import Depth
from inundate.score.standing import Bathtub, FillSpill, bathtub, fill_spill
from inundate.score.trained import Climatology, PerPixelLine

__all__ = [
    "BASELINES",
    "AllDry",
    "Baseline",
    "Bathtub",
    "Case",
    "Climatology",
    "FillSpill",
    "PerPixelLine",
    "Persistence",
    "all_dry",
    "bathtub",
    "fill_spill",
    "fit_baselines",
    "make_baseline",
]


class AllDry:
    """No water anywhere: what a low RMSE on all cells is worth."""

    name: ClassVar[str] = "all_dry"
    title: ClassVar[str] = "no water anywhere"
    advantage: ClassVar[str] = ""

    def learn(self, case: Case) -> None:
        """Do nothing."""

    def predict(self, case: Case) -> Depth:
        """Give zeros."""
        return all_dry(case.rain_rate.shape)


class Persistence:
    """The last known depth stays.

    Parameters
    ----------
    lead_min : float, min, optional
        None: the depth at the start of the roll-out stays, which from dry ground is all dry.
        A number: each frame shows the *true* depth this long before it. An emulator's
        roll-out never sees that, so it is an advantage, large once the rain is over.
    """

    title: ClassVar[str] = "the last known depth stays"

    def __init__(self, lead_min: float | None = None) -> None:
        if lead_min is not None and not lead_min > 0:
            raise ConfigError(f"persistence: lead of {lead_min} min, expected more than 0")
        self.lead_min = lead_min
        self.name = "persistence" if lead_min is None else f"persistence_{lead_min:g}min"
        self.advantage = "" if lead_min is None else f"told the true depth {lead_min:g} min earlier"

    def learn(self, case: Case) -> None:
        """Do nothing."""

    def predict(self, case: Case) -> Depth:
        """Give the depth known at the start, or a lead time before each frame.

        A cell that was not observed then keeps the last depth known before.

        Raises
        ------
        DataError
            If the lead is not a whole number of frames.
        """
        frames = len(case.rain_rate)
        if self.lead_min is None:
            return np.repeat(case.start[None], frames, axis=0)
        steps = self.lead_min * 60 / case.interval_s
        if steps < 1 or abs(steps - round(steps)) > 1e-6:
            raise DataError(
                f"persistence: a lead of {self.lead_min:g} min is {steps:g} frames of "
                f"{case.interval_s:g} s, expected a whole number",
                hint=f"take a multiple of {case.interval_s / 60:g} min",
            )
        known = case.start
        depth = np.empty(case.rain_rate.shape, dtype=np.float32)
        for t in range(frames):
            if t >= round(steps):
                seen = case.truth[t - round(steps)]
                known = np.where(np.isnan(seen), known, seen).astype(np.float32)
            depth[t] = known
        return depth


BASELINES: dict[str, Callable[[], Baseline]] = {
    "all_dry": AllDry,
    "climatology": Climatology,
    "persistence": Persistence,
    "persistence_30min": lambda: Persistence(30.0),
    "per_pixel_line": PerPixelLine,
    "fill_spill": FillSpill,
    "bathtub": Bathtub,
}


def make_baseline(name: str) -> Baseline:
    """Make a baseline by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in BASELINES:
        close = nearest(name, BASELINES)
        raise ConfigError(
            f"baseline {name!r} is not known; there are {', '.join(BASELINES)}",
            hint=f"did you mean {close}?" if close else None,
        )
    return BASELINES[name]()


def fit_baselines(names: Iterable[str], training: Iterable[Case]) -> dict[str, Baseline]:
    """Make baselines and let them learn, in one pass over the training cases.

    Parameters
    ----------
    names : iterable of str
        Keys of :data:`BASELINES`.
    training : iterable of Case
        Cases with observed depths; those of the test split must not be among them.

    Raises
    ------
    ConfigError
        If a name is not known.
    DataError
        If a case cannot be learnt from.
    """
    made = {name: make_baseline(name) for name in names}
    for case in training:
        for baseline in made.values():
            baseline.learn(case)
    return made


def all_dry(shape: tuple[int, ...]) -> Depth:
    """Give zeros of a shape."""
    return np.zeros(shape, dtype=np.float32)
