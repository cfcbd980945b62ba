"""Water that a soil takes up, after Green and Ampt, exactly or to rounding."""

from __future__ import annotations

import math

__all__ = ["pond_soaked", "rain_soaked"]

_SUBSTEPS = 4000  # of the Runge-Kutta rule: 1e-12 of the depth or less


def pond_soaked(
    time_s: float, *, conductivity: float, suction: float, deficit: float, pond: float
) -> float:
    """Give the depth soaked in from a pond that is not refilled, from dry soil.

    Solves ``F / a - b / a^2 ln(1 + a F / b) = K t`` with ``a = 1 - deficit`` and
    ``b = (suction + pond) deficit`` by bisection; the pond's depth, which falls as it drains,
    adds to the suction.

    Parameters
    ----------
    time_s : float
        Seconds since the pond was there.
    conductivity : float
        Hydraulic conductivity, m s-1.
    suction : float
        Suction head at the wetting front, m.
    deficit : float
        Moisture deficit, less than 1.
    pond : float
        Depth at the start, m.

    Returns
    -------
    float
        Depth, m; the whole pond at the most.

    Source
    ------
    Green and Ampt (1911), doi:10.1017/S0021859600001441, with the head ``suction + pond - F``.
    """
    share, store = 1 - deficit, (suction + pond) * deficit

    def seconds(soaked: float) -> float:
        rest = soaked / share - store / share**2 * math.log1p(share * soaked / store)
        return rest / conductivity

    if seconds(pond) <= time_s:
        return pond
    low, high = 0.0, pond
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if seconds(middle) < time_s else (low, middle)
    return 0.5 * (low + high)


def rain_soaked(
    time_s: float, *, rain: float, conductivity: float, suction: float, deficit: float
) -> float:
    """Give the depth soaked in under steady rain on level ground that keeps its water.

    Until the soil takes less than the rain brings, all of it; then the water ponds and its depth
    adds to the suction.

    Parameters
    ----------
    time_s : float
        Seconds since the rain began.
    rain : float
        Rate, m s-1.
    conductivity : float
        Hydraulic conductivity, m s-1.
    suction : float
        Suction head at the wetting front, m.
    deficit : float
        Moisture deficit.

    Returns
    -------
    float
        Depth, m.

    Source
    ------
    Mein and Larson (1973), doi:10.1029/WR009i002p00384, for the time of ponding; from then
    ``dF/dt = K (1 + (suction + rain t - F) deficit / F)`` by the classical Runge-Kutta rule.
    """
    if rain <= conductivity:
        return rain * time_s
    ponding = conductivity * suction * deficit / (rain * (rain - conductivity))
    if time_s <= ponding:
        return rain * time_s

    def rate(time: float, soaked: float) -> float:
        return conductivity * (1 + (suction + rain * time - soaked) * deficit / soaked)

    time, soaked = ponding, rain * ponding
    step = (time_s - ponding) / _SUBSTEPS
    for _ in range(_SUBSTEPS):
        first = rate(time, soaked)
        second = rate(time + step / 2, soaked + step / 2 * first)
        third = rate(time + step / 2, soaked + step / 2 * second)
        fourth = rate(time + step, soaked + step * third)
        soaked += step / 6 * (first + 2 * second + 2 * third + fourth)
        time += step
    return soaked
