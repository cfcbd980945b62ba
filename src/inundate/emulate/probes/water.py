"""Probes of what water may not do: come from nowhere, be negative, shrink under more rain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from inundate.emulate.probes.result import ProbeResult, at_most, not_applicable
from inundate.emulate.probes.trial import Trial

__all__ = ["dry_down", "finite", "more_rain", "no_rain", "within_rain"]

_SCALES = (0.5, 1.0, 1.5)


def no_rain(trial: Trial) -> ProbeResult:
    """No rain, no water."""
    found, tells = {}, {}
    for case in {case.terrain: case for case in trial.cases}.values():
        depth = trial.depth(case.ground.under(np.zeros_like(case.ground.rain_rate)))
        wet = np.abs(depth[:, case.ground.known])
        found[case.terrain] = float(wet.max())
        cells = int((wet.max(axis=0) > trial.bounds.dry_m).sum())
        tells[case.terrain] = (
            f"without rain {found[case.terrain]:.3g} m of water, {cells} cells wet"
        )
    return at_most("no-rain", found, trial.bounds.dry_m, unit="m", tells=tells)


def finite(trial: Trial) -> ProbeResult:
    """Depth is a number and never negative."""
    found, tells = {}, {}
    for case in trial.cases:
        depth = trial.depth(case.ground)[:, case.ground.known]
        nothing = int((~np.isfinite(depth)).sum())
        below = int((depth < 0).sum())
        found[case.name] = float(nothing + below)
        least = float(np.nanmin(depth)) if nothing < depth.size else np.nan
        tells[case.name] = (
            f"of {depth.size} depths {nothing} are no number and {below} negative; "
            f"least {least:.3g} m"
        )
    return at_most("finite", found, 0.0, unit="depths", tells=tells)


def within_rain(trial: Trial) -> ProbeResult:
    """No more water stands at any time than rain has fallen by then."""
    found, tells = {}, {}
    for case in trial.cases:
        stored = case.ground.stored_m3(trial.depth(case.ground))  # (T,)
        fallen = case.ground.fallen_m3
        excess = (stored - fallen) / fallen[-1]
        frame = int(np.argmax(excess))
        found[case.name] = float(excess[frame])
        tells[case.name] = (
            f"{stored[frame]:,.0f} m3 stand in frame {frame + 1} after {fallen[frame]:,.0f} m3 of "
            "rain"
        )
    return at_most("within-rain", found, trial.volume_share, unit="of the rain", tells=tells)


def dry_down(trial: Trial) -> ProbeResult:
    """After the rain the water does not grow."""
    found, tells = {}, {}
    for case in trial.cases:
        ground = case.ground
        raining = np.flatnonzero(ground.rain_rate[:, ground.known].max(axis=1) > 0)
        if raining[-1] + 1 == ground.shape[0]:
            continue
        after = slice(int(raining[-1]), None)  # from the end of the last rain on
        rise = np.diff(ground.stored_m3(trial.depth(ground))[after])
        frame = int(np.argmax(rise))
        found[case.name] = float(rise[frame] / ground.fallen_m3[-1])
        change = "grows" if rise[frame] > 0 else "shrinks"
        tells[case.name] = (
            f"in frame {raining[-1] + frame + 2}, {frame + 1} after the rain, the water {change} "
            f"by {abs(rise[frame]):,.3g} m3"
        )
    if not found:
        return not_applicable("dry-down", "in every case it rains to the last frame")
    return at_most("dry-down", found, trial.volume_share, unit="of the rain", tells=tells)


def more_rain(trial: Trial) -> ProbeResult:
    """More rain, not less volume."""
    found, tells = {}, {}
    for case in trial.cases:
        grounds = [case.ground.under(case.ground.rain_rate * scale) for scale in _SCALES]
        volumes = [ground.stored_m3(trial.depth(ground)) for ground in grounds]  # (T,) each
        for step, (less, more) in enumerate(pairwise(volumes)):
            name = f"{case.name}, x{_SCALES[step]:g} to x{_SCALES[step + 1]:g}"
            fall = (less - more) / grounds[step].fallen_m3[-1]
            frame = int(np.argmax(fall))
            found[name] = float(fall[frame])
            tells[name] = f"{less[frame]:,.0f} m3 become {more[frame]:,.0f} m3 in frame {frame + 1}"
    return at_most("more-rain", found, trial.bounds.more_share, unit="of the rain", tells=tells)
