"""Loss of water into the ground: a constant rate, or Green and Ampt.

The compiled loop stands in :mod:`inundate.hydro.inertial`; here are the parameters in its units
and the exact Green-Ampt solution that the loop is tested against.

Source
------
Green and Ampt (1911), doi:10.1017/S0021859600001441. Soil classes: Rawls, Brakensiek and Miller
(1983), doi:10.1061/(ASCE)0733-9429(1983)109:1(62); the defaults are their silt loam.
"""

from __future__ import annotations

import math

import numpy as np

from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Losses

__all__ = ["CONSTANT_LOSS", "GREEN_AMPT", "NO_LOSS", "green_ampt_depth", "uniform_losses"]

NO_LOSS, CONSTANT_LOSS, GREEN_AMPT = 0, 1, 2
_MM_H = 1.0 / 3.6e6  # m s-1


def uniform_losses(settings: SimulateSettings, shape: tuple[int, int]) -> Losses:
    """Give the same loss for every cell, as the settings say.

    Parameters
    ----------
    settings : SimulateSettings
        Infiltration and its numbers, and the drains' capacity.
    shape : tuple
        Rows and columns of the grid.
    """
    drain = settings.drain_capacity_mm_h * _MM_H
    row = (NO_LOSS, 0.0, 0.0, 0.0, drain)
    if settings.infiltration == "constant":
        row = (CONSTANT_LOSS, settings.loss_mm_h * _MM_H, 0.0, 0.0, drain)
    elif settings.infiltration == "green_ampt":
        row = (
            GREEN_AMPT,
            settings.conductivity_mm_h * _MM_H,
            settings.suction_mm * 1e-3,
            settings.moisture_deficit,
            drain,
        )
    return Losses(np.zeros(shape, dtype=np.uint8), np.array([row], dtype=np.float64))


def green_ampt_depth(time_s: float, rate: float, head_m: float, deficit: float) -> float:
    """Give the depth soaked in under ponding after a time, from dry soil.

    Solves ``F - s ln(1 + F / s) = K t`` with ``s = head * deficit`` by Newton's method.

    Parameters
    ----------
    time_s : float
        Seconds of ponding.
    rate : float
        Hydraulic conductivity, m s-1.
    head_m : float
        Suction head plus ponded depth, m.
    deficit : float
        Moisture deficit.

    Returns
    -------
    float
        Depth, m.

    Examples
    --------
    >>> round(green_ampt_depth(3600, 6.5 / 3.6e6, 0.1668, 0.3), 3)
    0.03
    """
    storage = head_m * deficit
    supply = rate * time_s
    if storage == 0 or supply == 0:
        return supply
    depth = supply + math.sqrt(2 * storage * supply)  # above the root, so Newton falls to it
    for _ in range(50):
        rest = depth - storage * math.log1p(depth / storage) - supply
        change = rest * (storage + depth) / depth
        depth -= change
        if abs(change) <= 1e-15 * depth:
            break
    return depth
