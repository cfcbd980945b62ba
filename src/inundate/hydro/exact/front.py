"""Waves that run onto dry ground: a front at constant speed, and dams that break."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.hydro.timestep import GRAVITY

__all__ = ["dry_dam_break", "wet_dam_break", "wetting_front"]

Array = NDArray[np.float64]

_POINTS = 40_001  # of the tabulated profile: its error is below 1e-6 m
_DEEPEST_M = 60.0  # of the tabulated profile


def wetting_front(
    x: ArrayLike,
    time_s: float,
    *,
    speed: float,
    manning: float,
    rise: float = 0.0,
    inertia: bool = False,
) -> Array:
    """Give the depth of a wave that advances at constant speed over a plane.

    Water of one speed has no net acceleration, so this solves the full shallow water equations
    and the diffusive ones alike. The local inertial equations lack the advection that makes up
    for the local acceleration: their wave, given with ``inertia``, is deeper and ends in a step
    of the critical depth.

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
    rise : float
        Rise of the ground in the direction of the wave, m/m; not negative.
    inertia : bool
        Solve the local inertial equations.

    Returns
    -------
    array, m
        Depth; 0 beyond the front.

    Source
    ------
    Hunter et al. (2005), doi:10.1016/j.advwatres.2005.03.007, for the flat and the rising bed.
    With ``inertia``, the same substitution ``q = speed * h(speed * t - x)`` in Bates et al.
    (2010), doi:10.1016/j.jhydrol.2010.03.027, eq. 5:
    ``(h - speed^2 / g) h' = n^2 speed^2 h^(-1/3) + rise h``.
    """
    behind = np.maximum(speed * time_s - np.asarray(x, dtype=np.float64), 0.0)
    head = speed**2 / GRAVITY if inertia else 0.0
    loss = (manning * speed) ** 2
    if rise == 0 and not inertia:
        return np.asarray((7 / 3 * loss * behind) ** (3 / 7))
    distance, depth = _profile(loss, rise, head)
    return np.where(behind > 0, np.interp(behind, distance, depth), 0.0)


@lru_cache(maxsize=8)
def _profile(loss: float, rise: float, head: float) -> tuple[Array, Array]:
    """Tabulate the distance behind the front and the depth there.

    By the midpoint rule in the cube root of the depth, in which the integrand is smooth down to 0.
    """
    root = np.linspace(0.0, 1.0, _POINTS)
    middle = 0.5 * (root[1:] + root[:-1])
    depth = head + _DEEPEST_M * middle**3
    slope = (loss * depth ** (-1 / 3) + rise * depth) / (depth - head)
    length = 3 * _DEEPEST_M * middle**2 * (root[1] - root[0]) / slope
    distance = np.concatenate([[0.0], np.cumsum(length)])
    return distance, head + _DEEPEST_M * root**3


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
