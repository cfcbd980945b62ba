"""Design hyetographs: how the depth of a storm is spread over its time, in closed form.

Each function integrates its profile over every step exactly, so that the depths of the steps
add up to the total whatever the step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, nearest

__all__ = [
    "FEH_PROFILES",
    "chicago_hyetograph",
    "chicago_total",
    "feh_hyetograph",
    "uniform_hyetograph",
]

Array = NDArray[np.float64]

# (a, b) of the symmetric profiles, Flood Estimation Handbook (1999) vol. 2, ch. 4, after the
# Flood Studies Report (1975) vol. II
FEH_PROFILES: dict[str, tuple[float, float]] = {
    "winter-75": (0.060, 1.026),
    "summer-50": (0.100, 0.815),
}


def uniform_hyetograph(total_mm: float, duration_min: float, step_s: float) -> Array:
    """Give a constant rate.

    Parameters
    ----------
    total_mm : float
        Depth of the storm, mm.
    duration_min : float
        Its duration, minutes; a last step that is not full gets its share.
    step_s : float
        Length of a step, seconds.

    Returns
    -------
    array (T,), mm h-1
        Mean rate of each step.

    Raises
    ------
    ConfigError
        If a number is not above 0.

    Examples
    --------
    >>> uniform_hyetograph(10, 25, 600).round(3).tolist()
    [24.0, 24.0, 12.0]
    """
    return _rates(_share_uniform, total_mm, duration_min, step_s)


def _share_uniform(time: Array) -> Array:
    return time


def feh_hyetograph(
    total_mm: float, duration_min: float, step_s: float, *, profile: str = "winter-75"
) -> Array:
    """Give the symmetric, centre-peaked profile of British design practice.

    A share x of the duration, centred on the peak, holds the share
    y = (1 - a^z) / (1 - a) with z = x^b of the depth.

    Parameters
    ----------
    total_mm, duration_min, step_s
        As :func:`uniform_hyetograph`.
    profile : {"winter-75", "summer-50"}
        75 % winter for rural and 50 % summer for urban catchments; the second is peakier.

    Returns
    -------
    array (T,), mm h-1
        Mean rate of each step.

    Raises
    ------
    ConfigError
        If a number is not above 0 or the profile unknown.

    Source
    ------
    Flood Estimation Handbook (1999), volume 2, chapter 4; Flood Studies Report (1975), volume II.
    """
    if profile not in FEH_PROFILES:
        close = nearest(profile, FEH_PROFILES)
        raise ConfigError(
            f"designing a storm: profile {profile!r}, expected one of {', '.join(FEH_PROFILES)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    a, b = FEH_PROFILES[profile]

    def share(time: Array) -> Array:
        from_middle = 2.0 * time - 1.0  # -1 at the start, 1 at the end
        held = (1.0 - a ** (np.abs(from_middle) ** b)) / (1.0 - a)
        return np.asarray(0.5 + 0.5 * np.sign(from_middle) * held)

    return _rates(share, total_mm, duration_min, step_s)


def chicago_hyetograph(
    total_mm: float,
    duration_min: float,
    step_s: float,
    *,
    peak_position: float = 0.4,
    b_min: float = 10.0,
    n: float = 0.75,
) -> Array:
    """Give a storm whose worst window of every length has the intensity of an IDF curve.

    The curve is i = a / (t + b)^n for the mean intensity over t minutes. Its a follows from
    the total; :func:`chicago_total` gives the total of a curve with a known a.

    Parameters
    ----------
    total_mm, duration_min, step_s
        As :func:`uniform_hyetograph`.
    peak_position : float
        Share r of the duration before the peak, 0 to 1.
    b_min : float
        b of the curve, minutes; the larger, the flatter the peak.
    n : float
        Exponent of the curve, above 0 to 1.

    Returns
    -------
    array (T,), mm h-1
        Mean rate of each step.

    Raises
    ------
    ConfigError
        If a number is out of range.

    Source
    ------
    Keifer and Chu (1957), Synthetic storm pattern for drainage design, J. Hydraul. Div. ASCE 83(4).
    """
    _check_curve(b_min, n)
    if not 0 <= peak_position <= 1:
        raise ConfigError(f"designing a storm: peak_position is {peak_position:g}, expected 0 to 1")
    ratio = b_min / duration_min if duration_min > 0 else 0.0

    def worst(window: Array) -> Array:
        """Share of the depth in the worst window, given as a share of the duration."""
        safe = np.where(window > 0, window, 1.0)
        return np.where(window > 0, safe * ((1 + ratio) / (safe + ratio)) ** n, 0.0)

    def share(time: Array) -> Array:
        # the worst window of length w begins r w before the peak and ends (1 - r) w after it
        before = np.clip(peak_position - time, 0.0, None)
        after = np.clip(time - peak_position, 0.0, None)
        r, rest = peak_position, 1.0 - peak_position
        early = r * worst(before / r) if r > 0 else np.zeros_like(time)
        late = rest * worst(after / rest) if rest > 0 else np.zeros_like(time)
        return r - early + late

    return _rates(share, total_mm, duration_min, step_s)


def chicago_total(duration_min: float, *, a: float, b_min: float, n: float) -> float:
    """Give the depth of an IDF curve i = a / (t + b)^n over a duration.

    Parameters
    ----------
    duration_min : float
        Duration t, minutes.
    a : float
        Coefficient, so that i is in mm h-1 with t and b in minutes.
    b_min, n : float
        As :func:`chicago_hyetograph`.

    Returns
    -------
    float
        mm

    Raises
    ------
    ConfigError
        If a number is out of range.

    Examples
    --------
    >>> chicago_total(60, a=700, b_min=10, n=1)
    10.0
    """
    _check_curve(b_min, n)
    if not (a > 0 and duration_min > 0):
        raise ConfigError(
            f"designing a storm: a is {a:g} and duration_min {duration_min:g}, expected above 0"
        )
    return float(a * (duration_min / 60.0) / (duration_min + b_min) ** n)


def _check_curve(b_min: float, n: float) -> None:
    if not (b_min >= 0 and 0 < n <= 1) or (b_min == 0 and n == 1):
        raise ConfigError(
            f"designing a storm: b_min is {b_min:g} and n {n:g}, expected b_min of 0 or more and "
            "n above 0 and at most 1, and not 0 with 1",
            hint="an IDF curve i = a / (t + b)^n has n near 0.75 and b near 10 min",
        )


def _rates(
    share: Callable[[Array], Array], total_mm: float, duration_min: float, step_s: float
) -> Array:
    """Integrate a cumulative share of depth, a function of the share of time, over each step."""
    for name, value in (("total_mm", total_mm), ("duration_min", duration_min), ("step_s", step_s)):
        if not (value > 0 and np.isfinite(value)):
            raise ConfigError(f"designing a storm: {name} is {value:g}, expected above 0")
    seconds = duration_min * 60.0
    count = int(np.ceil(seconds / step_s - 1e-9))
    edges = np.minimum(np.arange(count + 1) * (step_s / seconds), 1.0)  # shares of the duration
    edges[-1] = 1.0
    return np.asarray(total_mm * np.diff(share(edges)) * (3600.0 / step_s))
