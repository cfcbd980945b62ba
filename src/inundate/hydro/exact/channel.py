"""Channels made for a steady flow: choose the depth, then integrate the bed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.hydro.timestep import GRAVITY

__all__ = ["macdonald_bed", "macdonald_depth"]

Array = NDArray[np.float64]


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
    x: ArrayLike,
    *,
    flow: float,
    manning: float,
    length: float = 1000.0,
    advection: bool = False,
    rain: float = 0.0,
) -> Array:
    """Give the bed on which a steady flow has the depth of :func:`macdonald_depth`.

    Parameters
    ----------
    x : array, m
        Positions, ascending.
    flow : float
        Unit discharge at 0, m2 s-1.
    manning : float
        Manning's n, s m-1/3.
    length : float
        Length of the channel, m.
    advection : bool
        Count the change of velocity head, which the local inertial equations leave out.
    rain : float
        Rate over the channel, m s-1.

    Returns
    -------
    array, m
        Bed, 0 at the last position.

    Source
    ------
    Delestre et al. (2013), doi:10.1002/fld.3741, sections 3.2 and 3.3 (with rain).
    """
    place = np.asarray(x, dtype=np.float64)
    fine = np.linspace(place[0], place[-1], 40 * place.size + 1)
    depth = macdonald_depth(fine, length=length)
    along = flow + rain * fine
    fall = (along * manning) ** 2 / depth ** (10 / 3)
    gradient = np.gradient(depth, fine)
    if advection:
        fall += 2 * along * rain / (GRAVITY * depth**2)
        gradient *= 1 - along**2 / (GRAVITY * depth**3)
    fall += gradient
    below = np.concatenate([[0.0], np.cumsum(0.5 * (fall[1:] + fall[:-1]) * np.diff(fine))])
    return np.asarray(np.interp(place, fine, below[-1] - below))
