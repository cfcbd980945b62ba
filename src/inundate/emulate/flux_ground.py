"""What Mode E's flux passes know of the ground: storage, sills, falls and friction of blocks, soil.

A block is ``block`` x ``block`` fine cells and holds one volume of water. The tables are those of
the coarse solver (:mod:`inundate.hydro.subgrid_tables`), as tensors: heights above the lowest cell
of a block, its base, so that float32 holds them well and no datum is left in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inundate.emulate.flux_edges import Edges, find_edges
from inundate.emulate.inputs import (
    SOIL_CHANNELS,
    SOIL_DIVISORS,
    TERRAIN_CHANNELS,
    terrain_scale,
)
from inundate.hydro.subgrid_tables import line_counts

__all__ = ["BlockGround", "beyond", "make_ground"]

_MISSING_M = 1.0e5  # heights above are those of cells without ground
_NEVER_M = 1.0e9  # bed of a lane that no water passes
_LEAST_FALL_M = 1.0e-6  # the wedge divides by it
_LEAST_ROUGHNESS = 0.005
_ALL_LINES = 4  # cells along a block up to which the storage curve is exact


@dataclass(frozen=True)
class BlockGround:
    """The ground as the flux passes see it.

    Attributes
    ----------
    cells : Tensor (B, C, h, w), m
        Height of each cell above its block's base; 1e9 without ground.
    known : Tensor (B, 1, h, w)
        1 where a block has any ground, else 0.
    share : Tensor (B, h, w)
        Share of a block's cells with ground.
    lines, slopes : Tensor (B, M, h, w) and (M, 1, 1)
        The level over a block with mean depth ``v`` is the least of ``lines + slopes * v``.
    bed : Tensor (B, 2, P, h, w), m
        Sill of each lane through a block's eastern and southern face, above the block's base.
    rise : Tensor (B, 2, h, w), m
        From the base of a block to that of its eastern and southern neighbour.
    fall, fall_back : Tensor (B, 2, h, w), m
        Of the thalweg of a block towards its eastern and southern face, and of the neighbour's
        towards the same face.
    ease : Tensor (B, 2, h, w), s-1 m1/3
        One over Manning's n at the faces.
    open : Tensor (B, 2, h, w)
        1 where any lane of the face can be passed.
    side_m : Tensor (B, 1, 1)
        Side of a block.
    soil_rate, soil_storage : Tensor (B, h, w), mm h-1 and mm
    takes_water : bool
        Whether any soil takes water.
    edges : Edges
    """

    cells: Tensor
    known: Tensor
    share: Tensor
    lines: Tensor
    slopes: Tensor
    bed: Tensor
    rise: Tensor
    fall: Tensor
    fall_back: Tensor
    ease: Tensor
    open: Tensor
    side_m: Tensor
    soil_rate: Tensor
    soil_storage: Tensor
    takes_water: bool
    edges: Edges

    def level(self, volume: Tensor) -> tuple[Tensor, Tensor]:
        """Give the level over each block's base and the share of its cells that are wet.

        The level is a concave function of the volume, made of one line for each number of wet
        cells, and so the least of these lines. All are kept up to 16 cells, which leaves a lake
        at rest; of larger blocks those that the coarse solver keeps.

        Parameters
        ----------
        volume : Tensor (B, h, w), m
            Mean depth over the block.

        Returns
        -------
        tuple of Tensor (B, h, w)
            In m, and at least one cell of the block.
        """
        level, line = (self.lines + self.slopes * volume[:, None]).min(dim=1)
        return level, 1.0 / self.slopes.flatten()[line]


def beyond(values: Tensor) -> Tensor:
    """Give the values (B, h, w) of the eastern and southern neighbours, (B, 2, h, w).

    A block in the last column or row is its own neighbour; its faces have no open lane.
    """
    east = torch.cat([values[..., 1:], values[..., -1:]], dim=-1)
    south = torch.cat([values[..., 1:, :], values[..., -1:, :]], dim=-2)
    return torch.stack([east, south], dim=1)


@torch.no_grad()
def make_ground(terrain: Tensor, heights: Tensor, block: int) -> BlockGround:
    """Derive the blocks from a model's inputs.

    Parameters
    ----------
    terrain : Tensor (B, C, H, W)
        Scaled terrain and soil channels, see :mod:`inundate.emulate.inputs`.
    heights : Tensor (B, H, W), m
        Above any datum; 1e6 where there is no ground.
    block : int
        Cells along a block, at least 2.
    """
    known = heights < _MISSING_M
    cells = functional.pixel_unshuffle(heights[:, None], block)  # (B, C, h, w)
    base = cells.amin(dim=1)
    has_ground = base < _MISSING_M
    ground = torch.where(cells < _MISSING_M, cells - base[:, None], _NEVER_M)
    cells_wet = np.arange(1, block**2 + 1) if block <= _ALL_LINES else line_counts(block)
    count = torch.from_numpy(cells_wet).to(heights.device).reshape(-1, 1, 1)
    lines = ground.sort(dim=1).values.cumsum(dim=1)[:, count.flatten() - 1] / count
    dx = _unscaled(terrain, "cell_size").amax(dim=(-2, -1)).clamp(min=0.01)[:, None, None]
    rough = _unscaled(terrain, "roughness").clamp(min=_LEAST_ROUGHNESS)
    bed = _beds(heights, base, block)
    passed = bed < _MISSING_M
    is_open = passed.any(dim=2)
    falls = _falls(ground, block)
    edge = terrain[:, TERRAIN_CHANNELS.index("edge")].float()
    soil_rate = _soil(terrain, known, block, 0)
    return BlockGround(
        cells=ground,
        known=has_ground[:, None].float(),
        share=_blocks(known.float(), block).mean(dim=1),
        lines=torch.where(has_ground[:, None], lines, 0.0),
        slopes=block**2 / count.to(heights.dtype),
        bed=bed,
        rise=torch.where(is_open, beyond(base) - base[:, None], 0.0),
        fall=falls[:, :2],
        fall_back=torch.stack([beyond(falls[:, 2])[:, 0], beyond(falls[:, 3])[:, 1]], dim=1),
        ease=_ease(rough, passed, block),
        open=is_open.float(),
        side_m=dx * block,
        soil_rate=soil_rate,
        soil_storage=_soil(terrain, known, block, 1),
        takes_water=bool(soil_rate.max() > 0),
        edges=find_edges(heights, known, edge, rough, dx, ground, falls),
    )


def _unscaled(terrain: Tensor, name: str) -> Tensor:
    stretch, divisor = terrain_scale(name)
    values = terrain[:, TERRAIN_CHANNELS.index(name)].float() * divisor
    return values if stretch is None else stretch * torch.sinh(values)


def _soil(terrain: Tensor, known: Tensor, block: int, number: int) -> Tensor:
    """Give a soil property, mean over the known cells of a block."""
    name = SOIL_CHANNELS[number]
    scaled = terrain[:, len(TERRAIN_CHANNELS) + number].float() * SOIL_DIVISORS[name]
    values = torch.where(known, torch.expm1(scaled).clamp(min=0.0), 0.0)
    count = _blocks(known.float(), block).sum(dim=1).clamp(min=1)
    return _blocks(values, block).sum(dim=1) / count


def _blocks(values: Tensor, block: int) -> Tensor:
    """Group (B, H, W) as (B, block ** 2, h, w)."""
    return functional.pixel_unshuffle(values[:, None], block)


def _lanes(values: Tensor, block: int, fill: float) -> tuple[Tensor, Tensor]:
    """Give the cells on both sides of the eastern and southern faces, each (B, 2, P, h, w)."""
    count, height, width = values.shape
    rows, cols = height // block, width // block
    wide = functional.pad(values, (0, 1, 0, 1), value=fill)
    last, next_ = slice(block - 1, -1, block), slice(block, None, block)

    def both(eastern: Tensor, southern: Tensor) -> Tensor:
        one = eastern.reshape(count, rows, block, cols).transpose(1, 2)
        other = southern.reshape(count, rows, cols, block).permute(0, 3, 1, 2)
        return torch.stack([one, other], dim=1)

    return (
        both(wide[:, :-1, last], wide[:, last, :-1]),
        both(wide[:, :-1, next_], wide[:, next_, :-1]),
    )


def _beds(heights: Tensor, base: Tensor, block: int) -> Tensor:
    """Give the sill of each lane: its own, or the least on a way between the lowest cells."""
    here, there = _lanes(heights, block, 10.0 * _MISSING_M)
    lane = torch.maximum(here, there)
    reach, reach_there = _lanes(_levels_within(heights, block), block, torch.inf)
    sill = torch.maximum(reach, reach_there)
    sill = torch.where(lane < _MISSING_M, sill, torch.inf).amin(dim=2, keepdim=True)
    # where the lowest cells are not joined within the blocks nothing is known of a sill
    sill = torch.where(sill < _MISSING_M, sill, -torch.inf)
    bed = torch.maximum(lane, sill) - base[:, None, None]
    return torch.where(lane < _MISSING_M, bed, _NEVER_M)


def _levels_within(heights: Tensor, block: int) -> Tensor:
    """Give the level that water needs to get from a block's lowest cell to each other, inside."""
    count, height, width = heights.shape
    split = heights.reshape(count, height // block, block, width // block, block)
    z = split.transpose(2, 3).flatten(0, 2)  # (blocks, block, block)
    z = torch.where(z < _MISSING_M, z, torch.inf)
    level = torch.full_like(z, torch.inf).flatten(1)
    seed = z.flatten(1).argmin(dim=1, keepdim=True)
    level = level.scatter(1, seed, z.flatten(1).gather(1, seed)).reshape(z.shape)
    for _ in range(block**2 - 1):  # no way is longer
        wide = functional.pad(level, (1, 1, 1, 1), value=torch.inf)
        rows = torch.minimum(wide[:, :-2, 1:-1], wide[:, 2:, 1:-1])
        cols = torch.minimum(wide[:, 1:-1, :-2], wide[:, 1:-1, 2:])
        level = torch.minimum(level, torch.maximum(torch.minimum(rows, cols), z))
    joined = level.reshape(count, height // block, width // block, block, block)
    return joined.transpose(2, 3).reshape(heights.shape)


def _falls(ground: Tensor, block: int) -> Tensor:
    """Give the fall of the lowest cells of rows and columns towards each side, (B, 4, h, w), m.

    Sides in the order east, south, west, north.
    """
    count, _, rows, cols = ground.shape
    cells = ground.reshape(count, block, block, rows, cols)
    west, east = cells[:, :, 0].amin(dim=1), cells[:, :, -1].amin(dim=1)
    north, south = cells[:, 0].amin(dim=1), cells[:, -1].amin(dim=1)
    stretch = block / (block - 1)  # from the middle of the first cell to that of the last
    east_fall = torch.where(torch.maximum(east, west) < _MISSING_M, (west - east) * stretch, 0.0)
    south_fall = torch.where(
        torch.maximum(south, north) < _MISSING_M, (north - south) * stretch, 0.0
    )
    found = torch.stack([east_fall, south_fall, -east_fall, -south_fall], dim=1)
    return found.clamp(min=_LEAST_FALL_M)


def _ease(rough: Tensor, passed: Tensor, block: int) -> Tensor:
    """Give one over Manning's n, mean over the lanes of a face."""
    here, there = _lanes(rough, block, 1.0)
    ease = torch.where(passed, torch.sqrt(2.0 / (here**2 + there**2)), 0.0)
    return ease.sum(dim=2) / passed.sum(dim=2).clamp(min=1)
