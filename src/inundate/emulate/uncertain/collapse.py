"""Whether a latent grid says anything: alarms beside those of every training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from inundate.learn.alarm import Alarm, Cause
from inundate.learn.look import Look
from inundate.learn.probes import evaluating
from inundate.learn.random_state import isolated_random
from inundate.learn.watch import LossFunction, Watch

__all__ = ["SPREAD_CAUSES", "SpreadWatch", "spread_faults", "spread_figures"]

LEAST_NATS = 0.02
"""Divergence of a latent number below which the posterior says no more than the prior."""
SPREAD_SKILL = (0.8, 1.25)
"""Spread of the members over the error of their mean, outside which it does not fit."""
MOST_GAP = 0.25
"""Distance of the members' mean from the mean path, over the mean depth."""
SPREAD_CAUSES = (Cause.COLLAPSED_LATENT, Cause.WRONG_SPREAD, Cause.MEAN_OFF)
_SUMS = ("divergence", "member_variance", "member_square", "mean_gap", "mean_depth")


def spread_figures(parts: Mapping[str, float]) -> dict[str, float]:
    """Make the figures that are judged from the mean parts of the loss.

    Parameters
    ----------
    parts : mapping
        Of :class:`inundate.emulate.uncertain.loss.SpreadLoss` in evaluation.

    Returns
    -------
    dict
        ``nats``, ``spread_skill`` and ``gap``; NaN where there is no error to compare with.
    """
    error = math.sqrt(parts["member_square"])
    return {
        "nats": parts["divergence"],
        "spread_skill": math.sqrt(parts["member_variance"]) / error if error else math.nan,
        "gap": parts["mean_gap"] / parts["mean_depth"] if parts["mean_depth"] else math.nan,
    }


def spread_faults(figures: Mapping[str, float]) -> list[Alarm]:
    """Say what is wrong with a spread; empty for a healthy one."""
    found = []
    low, high = SPREAD_SKILL
    if figures["nats"] < LEAST_NATS:
        found.append(
            Alarm(
                Cause.COLLAPSED_LATENT,
                f"divergence of a latent number is {figures['nats']:.3g} nat; expected at least "
                f"{LEAST_NATS:g}",
            )
        )
    if not low <= figures["spread_skill"] <= high:
        found.append(
            Alarm(
                Cause.WRONG_SPREAD,
                f"spread over error of the mean is {figures['spread_skill']:.3g}; expected "
                f"{low:g} to {high:g}",
            )
        )
    if figures["gap"] > MOST_GAP:
        found.append(
            Alarm(
                Cause.MEAN_OFF,
                f"the members' mean is {figures['gap']:.3g} of the mean depth away from the mean "
                f"path; expected at most {MOST_GAP:g}",
            )
        )
    return found


class SpreadWatch(Watch):
    """A watch that also looks at the spread of members; it reports that and never stops for it.

    After training the spread is calibrated, so one that does not fit yet is no reason to stop.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.figures: dict[str, float] = {}

    def look(self, model: nn.Module, loss_fn: LossFunction, *, step: int) -> Look:
        """Measure a model, and its spread, on the watched samples."""
        found = super().look(model, loss_fn, step=step)
        sums = dict.fromkeys(_SUMS, 0.0)
        count = 0
        with isolated_random(0, "spread"), evaluating(model):
            for batch in self._watched(model):
                parts = loss_fn(model, batch)
                sums = {name: sums[name] + float(parts[name]) for name in _SUMS}
                count += 1
        self.figures = spread_figures({name: value / count for name, value in sums.items()})
        return found

    def record(self, look: Look, norms: Mapping[str, float] | None = None) -> dict[str, Any]:
        """Give a look as the entries of one line of the metrics, with the spread's faults."""
        faults = [alarm.record() for alarm in spread_faults(self.figures)]
        return {
            **super().record(look, norms),
            "spread": self.figures,
            "spread_alarms": [fault["says"] for fault in faults],
        }

    def faults(self, look: Look) -> list[Alarm]:
        """Give all faults of a look."""
        return [*super().faults(look), *spread_faults(self.figures)]

    def alarms(self, look: Look) -> list[Alarm]:
        """Give the faults for which training should stop."""
        return [a for a in super().alarms(look) if a.cause not in SPREAD_CAUSES]
