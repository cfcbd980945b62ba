"""How much of Mode H's correction is made: less where its hybrid already knows the water.

On fine cells of flat ground a coarse solver is nearly right, most of all where water is deep; a
network that learned on all kinds of ground moves it there for the worse now and then. The numbers
below were chosen on validation ground.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from inundate.emulate.inputs import POSITION, TERRAIN_CHANNELS, terrain_scale

__all__ = ["ground_slope", "trust"]

_CELL_SIZE = TERRAIN_CHANNELS.index("cell_size")
_FINE_M, _COARSE_M = 5.0, 10.0  # cells on which all of this holds, and none of it
_FLAT, _STEEP = 0.02, 0.06  # slopes of regimes, see :func:`inundate.terrain.derive.regime_of`
# by factor of the coarse solver, the share of the correction that is made of shallow water on flat
# ground; deep water there is left as it is
_ON_FLAT = {2: 0.7, 4: 0.85, 8: 0.85}
_DEEP_ANYWHERE = frozenset((2,))  # factors at which deep water on steep ground is left as well
_NO_GROUND_M = 1.0e5  # heights above are those of cells without ground


def trust(terrain: Tensor, heights: Tensor, factor: int) -> Tensor:
    """Say which share of the correction is made, where water is shallow and where it is deep.

    Parameters
    ----------
    terrain : Tensor (B, C, H, W)
        Inputs of :data:`inundate.emulate.inputs.TERRAIN_CHANNELS`.
    heights : Tensor (B, H, W), m
        Cells without ground above 1e5 m.
    factor : int
        Of the coarse solver.

    Returns
    -------
    Tensor (B, 2, H / 4, W / 4), 0 to 1
    """
    count, rows, cols = heights.shape
    shape = (count, 2, rows // POSITION, cols // POSITION)
    if factor not in _ON_FLAT:
        return heights.new_ones(shape)
    stretch, divisor = terrain_scale("cell_size")
    assert stretch is not None
    # 0 without ground
    size = torch.sinh(terrain[:, _CELL_SIZE].amax(dim=(-2, -1)) * divisor) * stretch
    fine = ((_COARSE_M - size) / (_COARSE_M - _FINE_M)).clamp(0.0, 1.0)[:, None, None]
    if not bool(fine.any()):
        return heights.new_ones(shape)
    slope = ground_slope(heights, size)
    flat = ((_STEEP - slope) / (_STEEP - _FLAT)).clamp(0.0, 1.0)
    held = fine * flat
    shallow = 1.0 - held * (1.0 - _ON_FLAT[factor])
    deep = shallow * (1.0 - (fine if factor in _DEEP_ANYWHERE else held))
    return torch.stack([shallow, deep], dim=1)


def ground_slope(heights: Tensor, cell_size: Tensor) -> Tensor:
    """Give the slope of the ground between buildings, position by position.

    The lowest cell in 3 x 3 positions stands for the ground of the middle one, so that a wall or
    a house of up to eight cells is no slope; the slope is what the ground rises over 3 x 3
    positions, whichever way.

    Parameters
    ----------
    heights : Tensor (B, H, W), m
        Cells without ground above 1e5 m.
    cell_size : Tensor (B,), m

    Returns
    -------
    Tensor (B, H / 4, W / 4), 1
        0 where there is no ground.
    """
    lowest = -functional.max_pool2d(-heights[:, None], POSITION)
    lowest = -functional.max_pool2d(-lowest, 3, 1, 1)
    known = lowest < _NO_GROUND_M
    top = functional.max_pool2d(torch.where(known, lowest, -_NO_GROUND_M), 3, 1, 1)
    foot = -functional.max_pool2d(-lowest, 3, 1, 1)
    rise = torch.where(known, top - foot, 0.0).squeeze(1)
    return rise / (2 * POSITION * cell_size.clamp(min=1e-6))[:, None, None]
