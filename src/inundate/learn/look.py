"""What the watch saw of a model, and the rules that call it broken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from inundate.learn.alarm import Alarm, Cause
from inundate.learn.settings import WatchSettings

__all__ = ["Look", "Patience", "Shuffled", "judge"]


@dataclass(frozen=True)
class Shuffled:
    """What shuffling one input between samples did.

    Parameters
    ----------
    rise : float
        Relative rise of the error.
    change : float
        Root mean square change of the output over the truth's spread.
    """

    rise: float
    change: float


@dataclass(frozen=True)
class Look:
    """What the watch saw at one step, over its fixed samples.

    Parameters
    ----------
    step : int
        Optimiser steps made.
    loss, error : float
        Mean loss, and mean of the watch's metric.
    skill : dict of str to float or None
        1 - error / error of each baseline; None where the baseline is perfect.
    spread, size : float or None
        Standard deviation across samples, and root mean square, of the output over the
        truth's; None where the truth's is 0.
    ratio : dict of str to float or None
        Predicted over true value of each statistic; None where the true one is 0.
    shuffled : dict of str to Shuffled or None
        By input; None where the input does not differ between samples.
    dead : dict of str to float
        By activation module, share of units that were never active.
    """

    step: int
    loss: float
    error: float
    skill: Mapping[str, float | None] = field(default_factory=dict)
    spread: float | None = None
    size: float | None = None
    ratio: Mapping[str, float | None] = field(default_factory=dict)
    shuffled: Mapping[str, Shuffled | None] = field(default_factory=dict)
    dead: Mapping[str, float] = field(default_factory=dict)


def judge(
    look: Look,
    settings: WatchSettings,
    *,
    must_use: Collection[str] | None = None,
    must_beat: Collection[str] | None = None,
) -> list[Alarm]:
    """Say what is wrong with a model by what was seen of it.

    Parameters
    ----------
    look : Look
        What was seen.
    settings : WatchSettings
        Thresholds.
    must_use, must_beat : collection of str, optional
        Inputs that must matter and baselines that must be beaten; None: all of them.

    Returns
    -------
    list of Alarm
        Empty for a healthy model.
    """
    found = []
    if look.size is not None and look.size < settings.zero_below:
        found.append(
            Alarm(
                Cause.ALL_ZERO,
                f"root mean square of the output is {look.size:.3g} of the truth's; "
                f"expected at least {settings.zero_below:g}",
            )
        )
    if look.spread is not None and look.spread < settings.constant_below:
        found.append(
            Alarm(
                Cause.CONSTANT_OUTPUT,
                f"across samples the output's standard deviation is {look.spread:.3g} of the "
                f"truth's; expected at least {settings.constant_below:g}",
            )
        )
    found += _ignored(look, settings, must_use)
    found += _wet_fraction(look, settings)
    found += [
        Alarm(
            Cause.NO_SKILL,
            f"skill against {name!r} is {skill:.3f} (error {look.error:.4g}); "
            f"expected more than {settings.skill_above:g}",
            name,
        )
        for name, skill in look.skill.items()
        if (must_beat is None or name in must_beat)
        and skill is not None
        and skill <= settings.skill_above
    ]
    return found


def _ignored(look: Look, settings: WatchSettings, must_use: Collection[str] | None) -> list[Alarm]:
    return [
        Alarm(
            Cause.IGNORES_INPUT,
            f"shuffling {name!r} between samples raises the error by {100 * seen.rise:.2f} % and "
            f"moves the output by {seen.change:.3g} of the truth's spread; expected a rise of "
            f"at least {100 * settings.ignored_rise:g} %",
            name,
        )
        for name, seen in look.shuffled.items()
        if (must_use is None or name in must_use)
        and seen is not None
        and seen.rise < settings.ignored_rise
    ]


def _wet_fraction(look: Look, settings: WatchSettings) -> list[Alarm]:
    ratio = look.ratio.get("wet_fraction")
    if ratio is None or settings.ratio_low <= ratio <= settings.ratio_high:
        return []
    return [
        Alarm(
            Cause.WET_FRACTION,
            f"predicted over true wet fraction is {ratio:.3g}; "
            f"expected {settings.ratio_low:g} to {settings.ratio_high:g}",
        )
    ]


class Patience:
    """Count for how many looks in a row each fault has been seen."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.counts: dict[str, int] = {}

    def ripe(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        """Take in the alarms of one look and give those seen often enough."""
        self.counts = {alarm.key: self.counts.get(alarm.key, 0) + 1 for alarm in alarms}
        return [alarm for alarm in alarms if self.counts[alarm.key] >= self.looks]
