"""Exact solutions that the solver is held against.

Each function gives depth or discharge along a line of positions; none shares code with the
solver.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.hydro.timestep import GRAVITY

__all__ = [
    "dry_dam_break",
    "film_depth",
    "macdonald_bed",
    "macdonald_depth",
    "plane_hydrograph",
    "wet_dam_break",
    "wetting_front",
]

Array = NDArray[np.float64]


def wetting_front(x: ArrayLike, time_s: float, *, speed: float, manning: float) -> Array:
    """Give the depth of a wave that advances at constant speed on a flat bed.

    Parameters
    ----------
    x : array, m
        Distance from where the front was at time 0.
    time_s : float
        Time, s.
    speed : float
        Speed of the front, m s-1.
    manning : float
        Manning's n, s m-1/3.

    Returns
    -------
    array, m
        Depth; 0 beyond the front.

    Source
    ------
    Hunter et al. (2005), doi:10.1016/j.advwatres.2005.03.007: diffusive wave, no inertia.
    """
    behind = np.maximum(speed * time_s - np.asarray(x, dtype=np.float64), 0.0)
    return np.asarray((7 / 3 * (manning * speed) ** 2 * behind) ** (3 / 7))


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
    return np.asarray((manning * flow / np.sqrt(slope)) ** 0.6)


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


def dry_dam_break(x: ArrayLike, time_s: float, *, depth: float) -> Array:
    """Give the depth after a dam at 0 breaks over dry ground without friction.

    Parameters
    ----------
    x : array, m
        Distance from the dam; the water stood at ``x < 0``.
    time_s : float
        Time, s.
    depth : float
        Depth behind the dam, m.

    Returns
    -------
    array, m

    Source
    ------
    Ritter (1892), as in Delestre et al. (2013), doi:10.1002/fld.3741, section 4.1.2.
    """
    speed = np.sqrt(GRAVITY * depth)
    place = np.asarray(x, dtype=np.float64) / time_s
    fan = (2 * speed - place) ** 2 / (9 * GRAVITY)
    return np.where(place <= -speed, depth, np.where(place < 2 * speed, fan, 0.0))


def wet_dam_break(x: ArrayLike, time_s: float, *, depth: float, ahead: float) -> Array:
    """Give the depth after a dam at 0 breaks over shallower still water.

    Parameters
    ----------
    x : array, m
        Distance from the dam; the deeper water stood at ``x < 0``.
    time_s : float
        Time, s.
    depth, ahead : float
        Depth behind and before the dam, m.

    Returns
    -------
    array, m

    Source
    ------
    Stoker (1957), as in Delestre et al. (2013), doi:10.1002/fld.3741, section 4.1.1.
    """
    left, right = np.sqrt(GRAVITY * depth), np.sqrt(GRAVITY * ahead)
    low, high = ahead, depth
    for _ in range(200):  # depth between the fan and the shock
        middle = 0.5 * (low + high)
        fan_speed = 2 * (left - np.sqrt(GRAVITY * middle))
        shock_speed = (middle - ahead) * np.sqrt(GRAVITY * (middle + ahead) / (2 * middle * ahead))
        low, high = (middle, high) if fan_speed > shock_speed else (low, middle)
    place = np.asarray(x, dtype=np.float64) / time_s
    inner = fan_speed - np.sqrt(GRAVITY * middle)
    front = middle * fan_speed / (middle - ahead) if middle > ahead else right
    fan = (2 * left - place) ** 2 / (9 * GRAVITY)
    return np.where(
        place <= -left,
        depth,
        np.where(place < inner, fan, np.where(place < front, middle, ahead)),
    )


def macdonald_depth(x: ArrayLike, *, length: float = 1000.0) -> Array:
    """Give the depth that the channel of :func:`macdonald_bed` is made for.

    Parameters
    ----------
    x : array, m
        Distance along the channel.
    length : float
        Its length, m.

    Returns
    -------
    array, m
        Subcritical for 2 m2 s-1.

    Source
    ------
    MacDonald et al. (1997), doi:10.1061/(ASCE)0733-9429(1997)123:11(1041), long channel,
    as in Delestre et al. (2013), doi:10.1002/fld.3741, eq. 32.
    """
    hump = np.exp(-16 * (np.asarray(x, dtype=np.float64) / length - 0.5) ** 2)
    return np.asarray((4 / GRAVITY) ** (1 / 3) * (1 + 0.5 * hump))


def macdonald_bed(
    x: ArrayLike, *, flow: float, manning: float, length: float = 1000.0, advection: bool = False
) -> Array:
    """Give the bed on which a steady flow has the depth of :func:`macdonald_depth`.

    Parameters
    ----------
    x : array, m
        Positions, ascending.
    flow : float
        Unit discharge, m2 s-1.
    manning : float
        Manning's n, s m-1/3.
    length : float
        Length of the channel, m.
    advection : bool
        Count the change of velocity head, which the local inertial equations leave out.

    Returns
    -------
    array, m
        Bed, 0 at the last position.
    """
    place = np.asarray(x, dtype=np.float64)
    fine = np.linspace(place[0], place[-1], 40 * place.size + 1)
    depth = macdonald_depth(fine, length=length)
    froude2 = flow**2 / (GRAVITY * depth**3) if advection else 0.0
    fall = (1 - froude2) * np.gradient(depth, fine) + (flow * manning) ** 2 / depth ** (10 / 3)
    below = np.concatenate([[0.0], np.cumsum(0.5 * (fall[1:] + fall[:-1]) * np.diff(fine))])
    return np.asarray(np.interp(place, fine, below[-1] - below))
