"""Move water between blocks of cells in large steps, with its volume kept exactly.

Volumes and their account are float64; what is moved is computed in float32 and then limited in
float64, so that no block gives more than it has. A learnt model changes *how much* moves
(:class:`Steering`), never the account.

The flow through a face follows the local inertial equation with friction taken implicitly. A pass
is far longer than a wave needs to cross a block, so the inertia of a face is made larger until
waves take two passes for a block: they come late, while slow flow, ruled by friction, and still
water are as they should be.

Source
------
Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027, eq. 11, here with the
friction term solved as a quadratic in the new discharge.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from inundate.emulate.flux_ground import BlockGround, beyond

__all__ = ["FREE_SHARE", "Steering", "VolumeAccount", "Water", "advance", "start_water"]

FREE_SHARE = 0.1
"""Largest share of a block's water that free exchange moves through a face in one pass."""

_GRAVITY = 9.81
_COURANT = 0.5  # blocks that a wave may cross in a pass
_LEAST_M = 1.0e-4  # depth over a sill below which a lane carries nothing, as in the solver
_TINY = 1.0e-9
_MM_H = 1.0 / 3.6e6  # m s-1


@dataclass(frozen=True)
class Water:
    """The state that is stepped, and its account.

    Attributes
    ----------
    volume : Tensor (B, h, w), m, float64
        Mean depth over each block.
    flow : Tensor (B, 2, h, w), m2 s-1
        Unit discharge through the eastern and southern face of each block.
    soaked : Tensor (B, h, w), m, float64
        Taken by soil and drains so far, mean over the block.
    left : Tensor (B, h, w), m, float64
        Left the map so far from each block.
    """

    volume: Tensor
    flow: Tensor
    soaked: Tensor
    left: Tensor


@dataclass(frozen=True)
class Steering:
    """What a network decides for some passes; factors of 1 and else zeros change nothing.

    Attributes
    ----------
    conduct : Tensor (B, 2, h, w)
        Factor on the conveyance of a face.
    sill : Tensor (B, 2, h, w), m
        Rise of the sills of a face.
    free : Tensor (B, 2, h, w)
        Share of the giving block's water that moves through a face each pass besides;
        positive eastwards and southwards, at most :data:`FREE_SHARE`.
    soak, edge : Tensor (B, h, w)
        Factor on what soil can take, and on what leaves the map.
    """

    conduct: Tensor
    sill: Tensor
    free: Tensor
    soak: Tensor
    edge: Tensor


@dataclass(frozen=True)
class VolumeAccount:
    """Where the water of a roll-out went.

    Attributes
    ----------
    initial_m3, rain_m3, stored_m3, outflow_m3, infiltrated_m3 : float
        Water at the start and at the end, and what came and went in between.
    """

    initial_m3: float
    rain_m3: float
    stored_m3: float
    outflow_m3: float
    infiltrated_m3: float

    @property
    def error(self) -> float:
        """What is missing or too much, as a share of the rain and the water at the start."""
        came = self.initial_m3 + self.rain_m3
        rest = came - self.stored_m3 - self.outflow_m3 - self.infiltrated_m3
        return abs(rest) / came if came > 0 else abs(rest)


def start_water(volume: Tensor, soaked: Tensor) -> Water:
    """Begin with a mean depth over blocks and what the soil has taken, (B, h, w), m; at rest."""
    count, rows, cols = volume.shape
    volume = volume.double()
    flow = torch.zeros((count, 2, rows, cols), device=volume.device)
    return Water(volume, flow, soaked.double(), torch.zeros_like(volume))


def advance(
    water: Water, ground: BlockGround, rain: Tensor, seconds: Tensor, steering: Steering
) -> Water:
    """Make one pass: rain, soil, flow through all faces, flow over the edges.

    Parameters
    ----------
    water : Water
    ground : BlockGround
    rain : Tensor (B, h, w), m
        Mean depth over the block that falls in this pass.
    seconds : Tensor (B, 1, 1), s
        Length of the pass.
    steering : Steering
    """
    rain = rain.double()
    held, taken = water.volume + rain, torch.zeros_like(rain)
    if ground.takes_water:
        taken = _soaks(water, ground, rain, seconds, steering)
        held = held - taken
    level, wet = ground.level(held.float())
    flow = _face_flow(water.flow, ground, level, wet, seconds, steering)
    time = seconds[:, None]
    moved = flow * time / ground.side_m[:, None]
    giving = torch.where(steering.free > 0, held[:, None], beyond(held)).float()
    moved = (moved + steering.free * giving * ground.open).double()
    over = _edge_flow(ground, level, seconds, steering).double()
    factor, part = _limits(moved, over, held)
    moved, over = moved * factor, over * part
    came = functional.pad(moved[:, 0], (1, 0))[..., :-1]
    came = came + functional.pad(moved[:, 1], (0, 0, 1, 0))[..., :-1, :]
    # rounding may leave 1e-17 m below zero; cut off, it would add up in the account
    volume = held + came - moved.sum(dim=1) - over
    return Water(volume, flow * factor.float(), water.soaked + taken, water.left + over)


def _soaks(
    water: Water,
    ground: BlockGround,
    rain: Tensor,
    seconds: Tensor,
    steering: Steering,
) -> Tensor:
    """Give what soil and drains take: of the rain everywhere, of standing water where it is."""
    _, wet = ground.level(water.volume.float())
    supply = ground.soil_rate * (_MM_H * seconds)
    store = ground.soil_storage * 1.0e-3
    share = ground.share
    # Green and Ampt with the depth soaked at the middle of the pass, as in the solver
    soaked = water.soaked.float() / share.clamp(min=1.0e-3) - 0.5 * supply
    grown = torch.sqrt(soaked**2 + 2.0 * supply * (soaked + 0.5 * supply + store) + _TINY**2)
    capacity = torch.where(supply > 0, grown - soaked, 0.0).clamp(min=0.0)
    capacity = (capacity * steering.soak).double()
    direct = torch.minimum(rain, capacity * share)
    spare = wet * (capacity - direct / share.clamp(min=1.0e-3))
    ponded = torch.minimum(water.volume.clamp(min=0.0), spare.clamp(min=0.0))
    return direct + ponded


def _face_flow(
    flow: Tensor,
    ground: BlockGround,
    level: Tensor,
    wet: Tensor,
    seconds: Tensor,
    steering: Steering,
) -> Tensor:
    """Advance the unit discharge (B, 2, h, w) through faces by a pass."""
    here, there = level[:, None], beyond(level) + ground.rise
    over = torch.maximum(here, there) - steering.sill
    fall = torch.where(here > there, ground.fall, ground.fall_back)
    depth = _wedge(over[:, :, None] - ground.bed, fall[:, :, None], ground.bed.shape[2])
    mean = depth.mean(dim=2)  # (B, 2, h, w)
    carried = depth.pow(5.0 / 3.0).mean(dim=2) * ground.ease * steering.conduct
    side, time = ground.side_m[:, None], seconds[:, None]
    least = torch.minimum(wet[:, None], beyond(wet))
    slowed = (_COURANT * side / time) ** 2 * least / (_GRAVITY * mean.clamp(min=_LEAST_M / 16))
    push = slowed.clamp(max=1.0) * (_GRAVITY * time) * mean
    driven = torch.where(mean > 0, flow, 0.0) + push * (here - there) / side
    size = driven.abs()
    root = torch.sqrt(carried**2 + 4.0 * push * size + _TINY**2)
    found = 2.0 * driven * carried / (carried + root)
    of_wet = depth.sum(dim=2) / (depth > 0).sum(dim=2).clamp(min=1)
    fastest = mean * torch.sqrt(_GRAVITY * of_wet + _TINY**2)  # Froude number 1
    return torch.maximum(torch.minimum(found, fastest), -fastest)


def _wedge(depth: Tensor, fall: Tensor, lanes: int) -> Tensor:
    """Give the mean depth of the water in a block along the fall of its thalweg.

    The pool of the storage curve stands level at the outlet; running water lies along the slope.
    As in :mod:`inundate.hydro.subgrid_kernel`, no thinner than if the pool were one cell long.
    """
    depth = torch.where(depth > _LEAST_M, depth, 0.0)
    on_slope = torch.minimum(depth, fall)
    lying = on_slope * (0.5 * on_slope / fall + 0.5 / lanes) + (depth - on_slope)
    return torch.maximum(depth / lanes, lying)


def _edge_flow(ground: BlockGround, level: Tensor, seconds: Tensor, steering: Steering) -> Tensor:
    """Give what leaves the map from each block in a pass (B, h, w), m: normal depth."""
    edges, lanes = ground.edges, ground.bed.shape[2]
    # one place more than there are blocks: what pads the list of edge blocks lies there
    levels = functional.pad(level.flatten(), (0, 1))
    above = levels[edges.place, None, None] - edges.bed
    depth = _wedge(above.expand_as(edges.fall), edges.fall, lanes)  # (N, 4, C)
    fastest = depth * torch.sqrt(_GRAVITY * depth + _TINY**2)
    leaving = torch.minimum(depth.pow(5.0 / 3.0) * edges.normal, fastest)
    leaving = torch.where(edges.normal > 0, leaving, 0.0)
    rate = leaving.sum(dim=(1, 2)) / lanes  # of unit discharges, by the width of a lane
    found = torch.zeros_like(levels).index_put((edges.place,), rate)[:-1].reshape(level.shape)
    return found * steering.edge * seconds / ground.side_m


def _limits(moved: Tensor, over: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
    """Give factors for faces and edges, so that each block gives no more than it has."""
    back = (-moved).clamp(min=0.0)
    given = moved.clamp(min=0.0).sum(dim=1) + over
    given = given + functional.pad(back[:, 0], (1, 0))[..., :-1]
    given = given + functional.pad(back[:, 1], (0, 0, 1, 0))[..., :-1, :]
    part = torch.where(given > held, held.clamp(min=0.0) / given.clamp(min=1.0e-30), 1.0)
    return torch.where(moved > 0, part[:, None], beyond(part)), part
