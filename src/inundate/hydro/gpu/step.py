"""One local inertial step on tensors: the same arithmetic as the compiled kernel, for a batch.

Fields have the shape (B, H, W); each member has its own time step, so a member's answer does not
depend on the others. All is functional, without indexing by data except at the edge cells, so
that ``torch.compile`` fuses it into a few kernels and gradients pass through.

Source
------
Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027: the inertial flux.
de Almeida, Bates, Freer and Souvignet (2012), doi:10.1029/2011WR011570: the weight theta.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from inundate.hydro.boundary import OPEN
from inundate.hydro.gpu.tensors import NO_FACE, DeviceGround, Forces, Soil
from inundate.hydro.state import Scheme
from inundate.hydro.timestep import GRAVITY

__all__ = ["Change", "Fields", "step"]

_TINY = 1e-30
_LEAST = 1e-300  # the gradient of a root at 0 is infinite


class Fields(NamedTuple):
    """The water before or after a step; shapes as in :class:`~inundate.hydro.gpu.tensors.Water`."""

    depth: Tensor
    carry: Tensor
    deepest: Tensor
    flow_x: Tensor
    flow_y: Tensor
    edge_flow: Tensor
    soaked: Tensor


class Change(NamedTuple):
    """What a step did, for each member.

    Attributes
    ----------
    largest : tensor (B,), m, float64
        Largest depth, before losses; not a number if one was.
    sums : tensor (4, B), m, float64
        Depths lost and gained through edges, drained and evaporated, summed over cells.
    """

    largest: Tensor
    sums: Tensor


class _Numbers(NamedTuple):
    """The scalars of a step in the working precision, (B, 1, 1) where they depend on the step."""

    step: Tensor
    dt_dx: Tensor
    dx_dt: Tensor
    half_dt_dx: Tensor
    g_dt_dx: Tensor
    wave: Tensor
    scheme: Scheme


def step(
    fields: Fields, land: DeviceGround, forces: Forces, dt: Tensor, scheme: Scheme
) -> tuple[Fields, Change]:
    """Advance the water by one step.

    Parameters
    ----------
    fields : Fields
        The water; not changed.
    land : DeviceGround
        Ground, roughness, edges and losses.
    forces : Forces
        Rain, evaporation, depths beyond the edges.
    dt : tensor (B,), s, float64
        Step of each member, above 0.
    scheme : Scheme
        Numbers of the scheme; ``threads`` is not used.
    """
    depth = fields.depth
    numbers = _numbers(dt, land.cell_size_m, depth.dtype, scheme)
    flow_x = pad(_flow_x(fields, land, numbers), (1, 1))
    flow_y = pad(_flow_y(fields, land, numbers), (0, 0, 1, 1))
    out_x = flow_x[..., 1:].clamp(min=0) + (-flow_x[..., :-1]).clamp(min=0)
    out_y = flow_y[:, 1:].clamp(min=0) + (-flow_y[:, :-1]).clamp(min=0)
    out = out_x + out_y
    carry, edge_flow = fields.carry, fields.edge_flow
    lost = gained = None
    if land.cells.numel():
        edge_flow = _edge_flow(fields, land, forces, numbers)
        leaving = edge_flow.clamp(min=0).sum(-1)  # (B, C)
        out = out.flatten(1).index_add(1, land.cells, leaving).view_as(depth)
    factor = (depth * numbers.dx_dt / out.clamp(min=_TINY)).clamp(max=1)
    flow_x = _scaled(flow_x, pad(factor, (1, 0)), pad(factor, (0, 1)))
    flow_y = _scaled(flow_y, pad(factor, (0, 0, 1, 0)), pad(factor, (0, 0, 0, 1)))
    if land.cells.numel():
        scale = factor.flatten(1)[:, land.cells][..., None]
        edge_flow = edge_flow * torch.where(edge_flow > 0, scale, 1.0)
        lost = numbers.dt_dx[..., 0] * edge_flow.clamp(min=0).sum(-1)
        gained = numbers.dt_dx[..., 0] * (-edge_flow).clamp(min=0).sum(-1)
        carry = carry.flatten(1).index_add(1, land.cells, gained - lost).view_as(depth)
    spread = (flow_x[..., 1:] - flow_x[..., :-1]) + (flow_y[:, 1:] - flow_y[:, :-1])
    change = (numbers.step * forces.rain - numbers.dt_dx * spread) + carry
    total = depth + change
    new = total.clamp(min=0)
    carry = change - (new - depth)
    deepest = torch.maximum(fields.deepest, new)
    largest = total.detach().abs().amax((1, 2)).double()
    new, carry, soaked, drained, air = _lose(new, carry, fields.soaked, land.soil, forces, dt)
    sums = torch.stack([_sum(part, largest) for part in (lost, gained, drained, air)])
    found = Fields(new, carry, deepest, flow_x, flow_y, edge_flow, soaked)
    return found, Change(largest, sums)


def _sum(part: Tensor | None, like: Tensor) -> Tensor:
    if part is None:
        return torch.zeros_like(like)
    return part.detach().flatten(1).sum(1, dtype=torch.float64)


def _numbers(dt: Tensor, dx: float, kind: torch.dtype, scheme: Scheme) -> _Numbers:
    def of(values: Tensor) -> Tensor:
        return values.to(kind)[:, None, None]

    wave = math.sqrt(GRAVITY) * dt / (2 * dx)
    return _Numbers(
        of(dt), of(dt / dx), of(dx / dt), of(dt / (2 * dx)), of(GRAVITY * dt / dx), of(wave), scheme
    )


def _inverse_cube_root(value: Tensor) -> Tensor:
    """Give ``value ** (-1/3)`` of positive numbers.

    Without gradients from the bits, as the compiled kernel does, where the constants are told:
    faster on a device, and the same for each element wherever it lies, which ``pow`` is not.
    """
    if torch.is_grad_enabled():
        return value.pow(-1 / 3)
    if value.dtype == torch.float32:
        bits = value.view(torch.int32).to(torch.float32)
        root = (1418614276.1 - bits * (1 / 3)).to(torch.int32).view(torch.float32)
    else:
        bits = value.view(torch.int64).to(torch.float64)
        root = (6.1419130950e18 - bits * (1 / 3)).to(torch.int64).view(torch.float64)
    rest = 1 - (value * root) * (root * root)
    root = root * (
        0.9978145981 + rest * (0.3645867297 + rest * (0.0626093945 + rest * 0.4971419232))
    )
    if value.dtype == torch.float32:
        return root
    rest = 1 - (value * root) * (root * root)  # a step of Newton's method
    return root + root * (rest * (1 / 3))


def _face(
    left: Tensor,
    right: Tensor,
    rise: Tensor | None,
    rest: Tensor | None,
    flow: Tensor,
    beside: Tensor,
    drag: Tensor,
    numbers: _Numbers,
) -> Tensor:
    """Give the new discharge of faces; arguments as in the compiled kernel, None for 0."""
    scheme = numbers.scheme
    slope = right - left
    if rise is None:
        depth = torch.maximum(left, right)
    else:
        depth = torch.maximum(left - rise.clamp(min=0), right + rise.clamp(max=0))
        slope = rise + slope
    if rest is not None:
        slope = slope + rest
    wet = depth.clamp(min=scheme.depth_min_m)
    third = _inverse_cube_root(wet)
    two_thirds = third * third
    speed = wet.sqrt()
    way = ((numbers.half_dt_dx * flow.abs()) * third) * two_thirds
    share = torch.minimum(way, numbers.wave * speed).clamp(max=scheme.weight_cap / 2)
    pushed = flow + share * (beside - (flow + flow)) - (numbers.g_dt_dx * wet) * slope
    slowed = (drag * (two_thirds * two_thirds)) * way
    found = (pushed + slowed * flow) / (1 + (slowed + slowed))
    limit = (math.sqrt(GRAVITY) * scheme.froude_cap * wet) * speed
    found = torch.minimum(torch.maximum(found, -limit), limit)
    return torch.where(depth > scheme.depth_min_m, found, 0.0)


def _flow_x(fields: Fields, land: DeviceGround, numbers: _Numbers) -> Tensor:
    """Advance the inner x-faces, (B, H, W - 1)."""
    depth, carry, drag, flow = fields.depth, fields.carry, land.friction, fields.flow_x[..., 1:-1]
    # beside an edge the face itself stands in for its missing neighbour
    before = torch.cat([flow[..., :1], flow[..., :-1]], -1)
    after = torch.cat([flow[..., 1:], flow[..., -1:]], -1)
    return _face(
        depth[..., :-1], depth[..., 1:], land.rise_x, carry[..., 1:] - carry[..., :-1], flow,
        before + after, drag[..., :-1] + drag[..., 1:], numbers,
    )  # fmt: skip


def _flow_y(fields: Fields, land: DeviceGround, numbers: _Numbers) -> Tensor:
    """Advance the inner y-faces, (B, H - 1, W)."""
    depth, carry, drag, flow = fields.depth, fields.carry, land.friction, fields.flow_y[:, 1:-1]
    before = torch.cat([flow[:, :1], flow[:, :-1]], 1)
    after = torch.cat([flow[:, 1:], flow[:, -1:]], 1)
    return _face(
        depth[:, :-1], depth[:, 1:], land.rise_y, carry[:, 1:] - carry[:, :-1], flow,
        before + after, drag[:, :-1] + drag[:, 1:], numbers,
    )  # fmt: skip


def _edge_flow(fields: Fields, land: DeviceGround, forces: Forces, numbers: _Numbers) -> Tensor:
    """Advance the edge faces, unscaled, (B, C, 4)."""
    scheme = numbers.scheme
    water = fields.depth.flatten(1)[:, land.cells][..., None]  # (B, C, 1)
    drag = land.friction.flatten(1)[:, land.cells][..., None]
    rough = land.roughness.flatten(1)[:, land.cells][..., None]
    wet = water.clamp(min=scheme.depth_min_m)
    normal = wet * wet * _inverse_cube_root(wet) * (land.slope_root / rough)
    normal = torch.minimum(normal, scheme.froude_cap * wet * (GRAVITY * wet).sqrt())
    normal = torch.where(water > scheme.depth_min_m, normal, 0.0)
    old = fields.edge_flow
    level = _face(water, forces.outside, None, None, old, old + old, drag + drag, numbers)
    found = torch.where(land.kind == OPEN, normal, level)
    return torch.where(land.kind == NO_FACE, 0.0, found)


def _scaled(flow: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Scale faces by the factor of the cell that the water leaves."""
    return flow * torch.where(flow > 0, before, after)


def _lose(
    depth: Tensor, carry: Tensor, soaked: Tensor, soil: Soil | None, forces: Forces, dt: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
    """Let water into the ground, the drains and the air, in this order."""
    kind, seconds = depth.dtype, dt[:, None, None]
    drained = air = None
    if soil is not None:
        capacity = soil.rate * seconds
        # rate (1 + (head + depth) deficit / F) over the step with F at mid-step
        store = (soil.head + depth) * soil.deficit
        half_step = soaked - 0.5 * capacity
        inside = half_step * half_step + 2 * capacity * (soaked + store)
        ponded = inside.clamp(min=_LEAST).sqrt() - half_step
        capacity = torch.where(soil.is_green_ampt, ponded, capacity)
        capacity = torch.where(soil.soaks, capacity, 0.0)
        depth, carry, taken = _take(depth, carry, capacity.to(kind))
        soaked = soaked + taken
        depth, carry, drained = _take(depth, carry, (soil.drain * seconds).to(kind))
    if forces.evaporation > 0:
        depth, carry, air = _take(depth, carry, (forces.evaporation * seconds).to(kind))
    return depth, carry, soaked, drained, air


def _take(depth: Tensor, carry: Tensor, capacity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take water, as much as there is; the rounding goes into the carried residual."""
    taken = torch.minimum(capacity, depth)
    left = depth - taken
    return left, carry + ((depth - left) - taken), taken
