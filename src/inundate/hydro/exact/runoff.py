"""Rain that runs off planes, after the kinematic wave."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["film_depth", "normal_depth", "plane_hydrograph", "valley_hydrograph"]

Array = NDArray[np.float64]

_STEP_S = 5.0  # of the quadrature along characteristics


def normal_depth(flow: ArrayLike, *, slope: float, manning: float) -> Array:
    """Give the depth of steady uniform flow in a wide channel.

    Parameters
    ----------
    flow : array, m2 s-1
        Unit discharge.
    slope : float
        Fall of the bed, m/m.
    manning : float
        Manning's n, s m-1/3.

    Returns
    -------
    array, m

    Examples
    --------
    >>> round(float(normal_depth(2.0, slope=0.001, manning=0.03)), 3)
    1.469
    """
    return np.asarray((manning * np.asarray(flow, dtype=np.float64) / np.sqrt(slope)) ** 0.6)


def film_depth(x: ArrayLike, *, rain: float, slope: float, manning: float) -> Array:
    """Give the steady depth of rain running off a plane.

    Parameters
    ----------
    x : array, m
        Distance from the top.
    rain : float
        Rate, m s-1.
    slope : float
        Fall of the plane, m/m.
    manning : float
        Manning's n, s m-1/3.

    Returns
    -------
    array, m

    Source
    ------
    Kinematic wave with Manning's law; Henderson and Wooding (1964), doi:10.1029/JZ069i008p01531.
    """
    flow = rain * np.asarray(x, dtype=np.float64)
    return normal_depth(flow, slope=slope, manning=manning)


def plane_hydrograph(
    time_s: ArrayLike,
    *,
    length: float,
    rain: float,
    duration_s: float,
    slope: float,
    manning: float,
) -> Array:
    """Give the unit discharge at the foot of a plane under a block of rain.

    Parameters
    ----------
    time_s : array, s
        Time since the rain began.
    length : float
        Length of the plane, m.
    rain : float
        Rate, m s-1.
    duration_s : float
        Length of the rain, at least the time to equilibrium.
    slope, manning : float
        Fall of the plane, and Manning's n.

    Returns
    -------
    array, m2 s-1
        Rising limb, plateau and recession of the kinematic wave.

    Source
    ------
    Henderson and Wooding (1964), doi:10.1029/JZ069i008p01531.
    """
    time = np.asarray(time_s, dtype=np.float64)
    conveyance = np.sqrt(slope) / manning  # q = conveyance h^(5/3)
    plateau = rain * length
    rising = conveyance * (rain * np.maximum(time, 0)) ** (5 / 3)
    flow = np.minimum(rising, plateau)
    for index in np.flatnonzero(time > duration_s):
        flow[index] = _recession(time[index] - duration_s, length, rain, conveyance)
    return np.asarray(flow)


def _recession(since: float, length: float, rain: float, conveyance: float) -> float:
    """Discharge at the foot some time after the rain: depth h comes from x = q(h) / rain."""
    low, high = 0.0, float((rain * length / conveyance) ** 0.6)
    for _ in range(200):
        depth = 0.5 * (low + high)
        reach = conveyance * depth ** (5 / 3) / rain
        reach += 5 / 3 * conveyance * depth ** (2 / 3) * since
        low, high = (depth, high) if reach < length else (low, depth)
    return float(conveyance * depth ** (5 / 3))


def valley_hydrograph(
    time_s: ArrayLike,
    *,
    rain: float,
    duration_s: float,
    plane: tuple[float, float, float],
    channel: tuple[float, float, float],
    width: float,
) -> Array:
    """Give the discharge of a channel between two planes under a block of rain.

    Parameters
    ----------
    time_s : array, s
        Time since the rain began.
    rain : float
        Rate, m s-1.
    duration_s : float
        Length of the rain, at least the planes' time to equilibrium.
    plane, channel : tuple of float
        Length in m, fall in m/m, and Manning's n of each plane and of the channel.
    width : float
        Of the channel, m; wide beside its depth.

    Returns
    -------
    array, m3 s-1
        At the foot of the channel.

    Source
    ------
    Two kinematic waves, the channel's by characteristics: water that starts at the head at
    time s has the depth I(t) - I(s), with I the supply of a unit of the channel so far, and moves
    at 5/3 of its speed; Eagleson (1970), Dynamic Hydrology, chapter 15.
    """
    wanted = np.asarray(time_s, dtype=np.float64)
    time = np.arange(0.0, max(wanted.max(), 2 * _STEP_S) + _STEP_S, _STEP_S)
    length, slope, manning = plane
    sides = plane_hydrograph(
        time, length=length, rain=rain, duration_s=duration_s, slope=slope, manning=manning
    )
    supply = 2 * sides / width + np.where(time <= duration_s, rain, 0.0)
    sums = 0.5 * (supply[1:] + supply[:-1]) * _STEP_S
    depth_head = np.concatenate([[0.0], np.cumsum(sums)])  # of water that started at time 0
    length, slope, manning = channel
    conveyance = np.sqrt(slope) / manning
    arrival, depth = [], []
    for start in range(time.size):
        along = depth_head[start:] - depth_head[start]
        speed = 5 / 3 * conveyance * along ** (2 / 3)
        reach = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * _STEP_S)])
        if reach[-1] < length:
            break
        when = float(np.interp(length, reach, time[start:]))
        arrival.append(when)
        depth.append(float(np.interp(when, time[start:], along)))
    first = arrival[0] if arrival else np.inf
    late = np.interp(wanted, arrival, depth) if arrival else 0.0
    found = np.where(wanted < first, np.interp(wanted, time, depth_head), late)
    return np.asarray(width * conveyance * found ** (5 / 3))
