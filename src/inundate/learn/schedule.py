"""The learning rate as a plain function of step and progress: no state to resume."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inundate.learn.settings import TrainSettings

__all__ = ["Horizon", "learning_rate"]


@dataclass(frozen=True)
class Horizon:
    """When a training ends: after a number of steps, of seconds, or what comes first.

    Parameters
    ----------
    steps : int or None
        Last step; None without a limit.
    seconds : float or None
        Wall time over all sittings, s; None without a limit.
    named : str
        The setting that gives ``steps``: ``"epochs"`` or ``"max_steps"``.
    """

    steps: int | None
    seconds: float | None
    named: str = "epochs"

    @classmethod
    def of(cls, settings: TrainSettings, *, steps_per_epoch: int) -> Horizon:
        """Read the horizon from the settings."""
        limits = {
            "epochs": settings.epochs * steps_per_epoch,
            "max_steps": settings.max_steps,
        }
        given = {name: limit for name, limit in limits.items() if limit}
        named = min(given, key=lambda name: given[name]) if given else "max_minutes"
        seconds = settings.max_minutes * 60.0 or None
        return cls(given.get(named), seconds, named)

    def progress(self, step: int, elapsed_s: float) -> float:
        """Give the share of the training that is done, 0 to 1.

        Without a time budget it depends on ``step`` alone, so that a resumed run is the
        same bit for bit.
        """
        shares = [0.0]
        if self.steps:
            shares.append(step / self.steps)
        if self.seconds:
            shares.append(elapsed_s / self.seconds)
        return min(1.0, max(shares))

    def ended_by(self, step: int, elapsed_s: float) -> str | None:
        """Name the setting that ends the training here, or None if it goes on."""
        if self.steps is not None and step >= self.steps:
            return self.named
        if self.seconds is not None and elapsed_s >= self.seconds:
            return "max_minutes"
        return None


def learning_rate(settings: TrainSettings, *, step: int, progress: float) -> float:
    """Give the learning rate of a step.

    Parameters
    ----------
    settings : TrainSettings
        Highest rate, warm-up, schedule and floor.
    step : int
        Steps already made.
    progress : float
        Share of the training that is done, 0 to 1 (see :meth:`Horizon.progress`).

    Returns
    -------
    float
        Linear warm-up times the cosine, or the line, from 1 to ``floor`` (or times 1).

    Source
    ------
    Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983, eq. 5, without restarts.

    Examples
    --------
    >>> settings = TrainSettings(learning_rate=1.0, warmup_steps=0, floor=0.1)
    >>> [round(learning_rate(settings, step=9, progress=p), 2) for p in (0, 0.5, 1)]
    [1.0, 0.55, 0.1]
    """
    rise = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    if settings.schedule == "constant":
        return settings.learning_rate * rise
    if settings.schedule == "linear":
        left = 1.0 - progress
    else:
        left = 0.5 * (1.0 + math.cos(math.pi * progress))
    return settings.learning_rate * rise * (settings.floor + (1.0 - settings.floor) * left)
