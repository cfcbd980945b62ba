"""What Mode E's network sees of the water, and how what it says of blocks becomes one of faces."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from inundate.emulate.flux_ground import BlockGround, beyond
from inundate.emulate.fluxes import Water

__all__ = ["LOOK_NUMBERS", "face_means", "look"]

_SHALLOW_M, _DEEP_M = 0.05, 1.0  # scales at which the network sees the distance to the level
LOOK_NUMBERS = 13
"""Numbers of a block that :func:`look` gives, beside two for each cell."""


def look(water: Water, ground: BlockGround, rate: Tensor, total: Tensor, seconds: Tensor) -> Tensor:
    """Give what the network sees of the state and the rain, (B, C, h, w).

    Parameters
    ----------
    water : Water
    ground : BlockGround
    rate, total : Tensor (B, h, w), mm h-1 and mm
        Rain now and so far.
    seconds : Tensor (B, 1, 1), s
        Length of a network step.
    """
    volume = water.volume.float()
    level, _ = ground.level(volume)
    # what is said of cells without ground must not depend on their height
    signed = (level[:, None] - ground.cells).clamp(min=-100.0)
    drop = (level[:, None] - beyond(level) - ground.rise) * ground.open
    soil = ground.soil_rate * (1.0 + ground.soil_storage / (1.0e3 * water.soaked.float() + 1.0))
    single = [
        torch.asinh(volume / 0.05) / 3.0,
        torch.log1p(rate.clamp(min=0.0)) / 3.0,
        torch.log1p(total.clamp(min=0.0)) / 4.0,
        torch.log1p(soil) / 4.0,
        (torch.log(seconds / 100.0) / 2.0).expand_as(volume),
    ]
    parts = [
        signed / (_SHALLOW_M + signed.abs()),
        signed / (_DEEP_M + signed.abs()),
        torch.stack(single, dim=1),
        _both_sides(drop / (drop.abs() + 0.25)),
        _both_sides(torch.asinh(water.flow / 0.05) / 3.0),
    ]
    return torch.cat(parts, dim=1) * ground.known


def _both_sides(faces: Tensor) -> Tensor:
    """Give each block what passes out of its four sides, (B, 4, h, w)."""
    west = -functional.pad(faces[:, :1], (1, 0))[..., :-1]
    north = -functional.pad(faces[:, 1:], (0, 0, 1, 0))[..., :-1, :]
    return torch.cat([faces, west, north], dim=1)


def face_means(sides: Tensor, sign: float) -> Tensor:
    """Join what blocks say of their sides to eastern and southern faces (B, 2, h, w).

    Parameters
    ----------
    sides : Tensor (B, 4, h, w)
        East, south, west, north.
    sign : float
        Of what the block beyond the face says: -1 for a direction.
    """
    east = beyond(sides[:, 2])[:, 0]
    south = beyond(sides[:, 3])[:, 1]
    return 0.5 * (sides[:, :2] + sign * torch.stack([east, south], dim=1))
