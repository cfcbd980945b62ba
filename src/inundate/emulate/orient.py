"""Turn a map to an orientation of its own, so that a prediction does not depend on the given one.

A network that was trained on turned and flipped pieces is nearly, not exactly, indifferent to how
the map lies. Here every map is first turned so that its ground rises, on the whole, most towards
the east and then towards the south; the same ground turned or flipped comes to lie the same
way, and what is predicted is turned back. It costs nothing, unlike a mean over eight turns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.emulate.inputs import TERRAIN_CHANNELS

__all__ = ["orientation", "turn_inputs", "turned", "turned_back"]

_EAST, _NORTH = TERRAIN_CHANNELS.index("slope_x"), TERRAIN_CHANNELS.index("slope_y")
_MM = 1000.0


def orientation(elevation: NDArray[np.floating]) -> tuple[int, bool]:
    """Give the quarter turns and the flip that bring a map to its own orientation.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground.

    Returns
    -------
    turns : int
        Quarter turns anticlockwise, 0 to 3.
    flip : bool
        Whether east and west change places afterwards.
    """
    known = np.isfinite(elevation)
    height, width = elevation.shape
    # whole millimetres above the lowest ground, and twice the offsets: sums are exact
    lowest = np.nanmin(elevation) if known.any() else 0.0
    raised = np.where(known, np.rint((elevation - lowest) * _MM), 0.0).astype(np.int64)
    across = 2 * np.arange(width) - (width - 1)
    down = 2 * np.arange(height) - (height - 1)
    # relative to the mean of known ground, so that its outline has no say
    total, count = int(raised.sum()), int(known.sum())
    east = int((raised.sum(axis=0) * across).sum()) * count
    east -= total * int((known.sum(axis=0) * across).sum())
    south = int((raised.sum(axis=1) * down).sum()) * count
    south -= total * int((known.sum(axis=1) * down).sum())
    best, chosen = (east, south), (0, False)
    for turns in range(4):
        for flip in (False, True):
            moved = _moved(east, south, turns, flip)
            if moved > best:
                best, chosen = moved, (turns, flip)
    return chosen


def _moved(east: int, south: int, turns: int, flip: bool) -> tuple[int, int]:
    """Give a vector after anticlockwise quarter turns of the map, and a flip."""
    for _ in range(turns):
        east, south = south, -east
    return (-east, south) if flip else (east, south)


def turned(values: Tensor, turns: int, flip: bool) -> Tensor:
    """Turn (..., H, W) by quarters anticlockwise, then flip east and west."""
    found = torch.rot90(values, turns, dims=(-2, -1))
    return torch.flip(found, dims=(-1,)) if flip else found


def turned_back(values: NDArray[np.float32], turns: int, flip: bool) -> NDArray[np.float32]:
    """Undo :func:`turned` on an array (..., H, W)."""
    found = np.flip(values, -1) if flip else values
    return np.ascontiguousarray(np.rot90(found, -turns, axes=(-2, -1)))


def turn_inputs(inputs: Mapping[str, Tensor], turns: int, flip: bool) -> dict[str, Tensor]:
    """Turn inputs by quarters anticlockwise and flip them, the slope vector with them.

    Parameters
    ----------
    inputs : mapping
        Of :meth:`inundate.emulate.scene.Scene.inputs`, with or without a batch axis.
    turns : int
        Quarter turns, 0 to 3.
    flip : bool
        Whether east and west change places afterwards.
    """
    found = {name: turned(values, turns, flip) for name, values in inputs.items()}
    terrain = found["terrain"].clone()
    east, north = terrain.select(-3, _EAST), terrain.select(-3, _NORTH)
    for _ in range(turns % 4):  # a quarter turn takes east to north, north to west
        before = east.clone()
        east.copy_(-north)
        north.copy_(before)
    if flip:
        east.neg_()
    found["terrain"] = terrain
    return found
