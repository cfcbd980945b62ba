"""How long a step may be.

Source
------
Von Neumann analysis of the two-dimensional scheme (checkerboard mode): a step is stable up to
``sqrt(theta / 2) * cell_size / sqrt(g * depth)``, with theta the weight of a face's own flow.
"""

from __future__ import annotations

import math

__all__ = ["GRAVITY", "courant_limit", "longest_stable_step"]

GRAVITY = 9.80665  # m s-2, standard


def courant_limit(theta: float = 1.0) -> float:
    """Give the largest stable Courant number in two dimensions.

    Parameters
    ----------
    theta : float
        Weight of a face's own discharge, 0 to 1.

    Examples
    --------
    >>> round(courant_limit(), 3)
    0.707
    """
    return math.sqrt(theta / 2)


def longest_stable_step(
    depth_m: float, cell_size_m: float, courant: float, max_step_s: float
) -> float:
    """Give the step that the solver takes for a largest depth.

    Parameters
    ----------
    depth_m : float
        Largest depth anywhere, m.
    cell_size_m : float
        Side of a cell, m.
    courant : float
        Share of the wave's crossing time.
    max_step_s : float
        Upper limit, s.

    Returns
    -------
    float
        Seconds.

    Examples
    --------
    >>> round(longest_stable_step(1.0, 50, 0.6, 60), 2)
    9.58
    """
    if depth_m <= 0:
        return max_step_s
    return min(max_step_s, courant * cell_size_m / math.sqrt(GRAVITY * depth_m))
