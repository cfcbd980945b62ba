"""Water that swings in a basin without friction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.hydro.timestep import GRAVITY

__all__ = ["bowl_bed", "bowl_depth", "bowl_period", "seiche_level", "seiche_period"]

Array = NDArray[np.float64]


def seiche_period(*, length: float, depth: float) -> float:
    """Give the period of the first standing wave between two walls.

    Parameters
    ----------
    length : float
        Distance of the walls, m.
    depth : float
        Depth of the still water, m.

    Returns
    -------
    float
        Seconds.

    Source
    ------
    Merian (1828), as in Rabinovich (2009), doi:10.1142/9789812819307_0009, eq. 9.1.
    """
    return float(2 * length / np.sqrt(GRAVITY * depth))


def seiche_level(
    x: ArrayLike, time_s: float, *, length: float, depth: float, height: float
) -> Array:
    """Give the level of a small standing wave over still water, at rest at time 0.

    Parameters
    ----------
    x : array, m
        Distance from the first wall.
    time_s : float
        Time, s.
    length : float
        Distance of the walls, m.
    depth : float
        Depth of the still water, m.
    height : float
        Of the crest over the still water, m; small beside ``depth``.

    Returns
    -------
    array, m
        Above the still water.

    Source
    ------
    Linear long waves; Rabinovich (2009), doi:10.1142/9789812819307_0009, eq. 9.2.
    """
    swing = np.cos(2 * np.pi * time_s / seiche_period(length=length, depth=depth))
    return np.asarray(height * np.cos(np.pi * np.asarray(x, dtype=np.float64) / length) * swing)


def bowl_bed(x: ArrayLike, y: ArrayLike, *, depth: float, radius: float) -> Array:
    """Give the ground of a round bowl, 0 at the rim of its still water.

    Parameters
    ----------
    x, y : array, m
        Distance from the middle.
    depth : float
        Of the still water in the middle, m.
    radius : float
        Of the still water, m.

    Returns
    -------
    array, m
    """
    across = np.asarray(x, dtype=np.float64) ** 2 + np.asarray(y, dtype=np.float64) ** 2
    return np.asarray(depth * (across / radius**2 - 1))


def bowl_period(*, depth: float, radius: float) -> float:
    """Give the period of the round swing of :func:`bowl_depth`, s.

    Parameters
    ----------
    depth : float
        Of the still water in the middle, m.
    radius : float
        Of the still water, m.
    """
    return float(2 * np.pi * radius / np.sqrt(8 * GRAVITY * depth))


def bowl_depth(
    x: ArrayLike, y: ArrayLike, time_s: float, *, depth: float, radius: float, start: float
) -> Array:
    """Give the depth of water that swings in and out in a round bowl, at rest at time 0.

    Parameters
    ----------
    x, y : array, m
        Distance from the middle.
    time_s : float
        Time, s.
    depth : float
        Of the still water in the middle, m.
    radius : float
        Of the still water, m.
    start : float
        Radius of the water at time 0, m.

    Returns
    -------
    array, m

    Source
    ------
    Thacker (1981), doi:10.1017/S0022112081001882, as in Delestre et al. (2013),
    doi:10.1002/fld.3741, section 4.2.2, radially symmetrical; their A written for the radius of
    the water's edge.
    """
    across = np.asarray(x, dtype=np.float64) ** 2 + np.asarray(y, dtype=np.float64) ** 2
    share = (radius**4 - start**4) / (radius**4 + start**4)
    swing = 1 - share * np.cos(2 * np.pi * time_s / bowl_period(depth=depth, radius=radius))
    level = depth * (
        np.sqrt(1 - share**2) / swing - 1 - across / radius**2 * ((1 - share**2) / swing**2 - 1)
    )
    return np.asarray(np.maximum(level - bowl_bed(x, y, depth=depth, radius=radius), 0.0))
