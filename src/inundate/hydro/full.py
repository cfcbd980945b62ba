"""The full shallow-water equations by finite volumes, compiled for the host.

Everything compiled stands in this file on purpose: numba's cache looks only at the file of the
function that it loads, so a kernel spread over several files would go stale unseen.

Depth and both components of unit discharge stand at cell centres. Level, depth and velocity are
reconstructed linearly in each cell (MUSCL with a limiter), the water is fitted to the step of the
bed at each face so that water at rest stays at rest, an HLLC Riemann solver gives the fluxes, and
two such stages make a step (Heun, strong-stability-preserving). Friction is implicit in each
stage. Only differences of elevation enter, never elevation plus depth, and every momentum flux is
taken less the pressure of still water, so that nothing large cancels in float32.

Both directions run through the same functions, and every sum is written so that turning the grid
round swaps or negates its terms: hence no fused multiply-add here, which would round one of two
mirrored products differently. The answer is then the same bit by bit for flipped and transposed
ground.

Edges: an open face lets water out at normal depth on its slope where that is slower than a wave
and freely where it is faster, and lets nothing in; a face of fixed level sees that depth with the
speed that the outgoing wave brings there, at most critical inwards; all others reflect.

Source
------
Audusse, Bouchut, Bristeau, Klein and Perthame (2004), doi:10.1137/S1064827503431090: fitting the
water to the bed, second order. Chen and Noelle (2017), doi:10.1137/15M1053074: the push of a
step of the bed that is higher than the water below it, which thin water on steep ground needs.
Toro (2001), Shock-Capturing Methods for Free-Surface Shallow Flows, ISBN 978-0-471-98766-6,
chapter 10: HLLC and its wave speeds. Bouchut (2004), doi:10.1007/b93802: velocities that
conserve momentum in a cell of sloping depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np
from numba import njit, prange

from inundate.hydro.boundary import OPEN
from inundate.hydro.full_edges import FaceLayout, lay_out
from inundate.hydro.infiltration import CONSTANT_LOSS, GREEN_AMPT
from inundate.hydro.state import DEPTH_LIMIT_M, Array, Ground, Scheme, State, StepReport, Supply
from inundate.hydro.timestep import GRAVITY

__all__ = ["FullKernel", "FullState"]

SPEED_LIMIT_M_S = 10_000.0  # faster than any flood: the computation has broken down
_WORK = 40_000_000  # cell updates before control returns: some seconds
_WALL_M = 5.0e5  # a higher step of the ground is a wall or the rim
_OUTSIDE_M = 1.0e6  # ground of the ring of cells around the grid
_STEEPNESS = 1.5  # of the limiter: 1 is minmod, 2 the steepest that keeps depths positive
_BOUND = 0.9  # largest Courant number of the second stage; 1 is the limit
_HALVINGS = 40  # of a step before the computation counts as broken down
_OWED = 1e-3  # share of the smallest depth that a cell may owe to rounding

_Function = TypeVar("_Function", bound=Callable[..., Any])


# without the wrappers for callers that do not exist, which take long to compile
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_INNER: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True}


def _compiled(function: _Function) -> _Function:
    compile_: Any = njit(**_INNER)
    found: _Function = compile_(function)
    return found


def _called(function: _Function) -> _Function:
    compile_: Any = njit(**_OPTIONS, cache=True)
    found: _Function = compile_(function)
    return found


def _threaded(function: _Function) -> _Function:
    compile_: Any = njit(**_OPTIONS, cache=True, parallel=True)
    found: _Function = compile_(function)
    return found


@_compiled
def _numbers(kind: Any, dt: Any, dx: Any, depth_min: Any) -> Any:
    """Give the scalars of a step in the working precision."""
    return (
        kind(0), kind(0.25), kind(0.5), kind(1), kind(2), kind(4), kind(1e-30), kind(GRAVITY),
        kind(dt / dx), kind(dt), kind(dx), kind(depth_min), kind(_STEEPNESS), kind(_WALL_M),
    )  # fmt: skip


@_compiled
def _riemann(h_left: Any, u_left: Any, h_right: Any, u_right: Any, numbers: Any) -> Any:
    """Give the mass flux, and the momentum flux less the still pressure on either side."""
    zero, quarter, half, one, two, _, tiny, gravity = numbers[:8]
    c_left, c_right = math.sqrt(gravity * h_left), math.sqrt(gravity * h_right)
    u_between = half * (u_left + u_right) + (c_left - c_right)
    c_between = half * (c_left + c_right) + quarter * (u_left - u_right)
    slow = min(u_left - c_left, u_between - c_between)
    fast = max(u_right + c_right, u_between + c_between)
    slow = slow if h_left > zero else u_right - two * c_right
    fast = fast if h_left > zero else u_right + c_right
    slow = slow if h_right > zero else u_left - c_left
    fast = fast if h_right > zero else u_left + two * c_left
    slow, fast = min(slow, zero), max(fast, zero)
    share = one / max(fast - slow, tiny)
    both = slow * fast
    q_left, q_right = h_left * u_left, h_right * u_right
    push_left, push_right = q_left * u_left, q_right * u_right
    still = half * gravity * ((h_right - h_left) * (h_right + h_left))
    mass = ((fast * q_left - slow * q_right) + both * (h_right - h_left)) * share
    spread = both * (q_right - q_left)
    left = ((fast * push_left - slow * (push_right + still)) + spread) * share
    right = ((fast * (push_left - still) - slow * push_right) + spread) * share
    return mass, left, right


@_compiled
def _edge_flux(
    kind: Any, h: Any, u: Any, slope_root: Any, outside: Any, roughness: Any, numbers: Any
) -> Any:
    """Give the mass and momentum flux out through an edge face; ``u`` is positive outwards."""
    zero, half, one, two, gravity, depth_min = (
        numbers[0], numbers[2], numbers[3], numbers[4], numbers[7], numbers[11],
    )  # fmt: skip
    if kind == OPEN and h <= depth_min:
        return zero, zero
    c = math.sqrt(gravity * h)
    if kind == OPEN:
        normal = h ** (two / (one + two)) * slope_root / roughness
        mass, push, _ = _riemann(h, u, h, min(normal, max(u, c)), numbers)
        if mass < zero:
            mass, push, _ = _riemann(h, u, h, -u, numbers)
        return mass, push
    # the wave that runs out keeps u + 2 c, and no level beyond can draw more than critical flow
    c_beyond = max(math.sqrt(gravity * outside), min((u + two * c) / (one + two), c))
    speed = max(u + two * (c - c_beyond), -c_beyond)
    beyond = c_beyond * c_beyond / gravity
    if u < c:
        more = half * gravity * ((beyond - h) * (beyond + h))
        return beyond * speed, beyond * speed * speed + more
    mass, push, _ = _riemann(h, u, beyond, speed, numbers)
    return mass, push


# ------------------------------------------------------------------------------- rows of cells


@_compiled
def _differences(
    h_a: Any, h_b: Any, z_a: Any, z_b: Any, u_a: Any, u_b: Any, t_a: Any, t_b: Any, found: Any,
    numbers: Any,
) -> Any:  # fmt: skip
    """Give the change of level, bed and both velocities across faces; none across walls."""
    zero, wall = numbers[0], numbers[13]
    level, bed, along, across = found[0], found[1], found[2], found[3]
    for j in range(level.size):
        rise = z_b[j] - z_a[j]
        both = rise + (h_b[j] - h_a[j])
        faster, sideways = u_b[j] - u_a[j], t_b[j] - t_a[j]
        is_free = abs(rise) < wall
        level[j] = both if is_free else zero
        bed[j] = rise if is_free else zero
        along[j] = faster if is_free else zero
        across[j] = sideways if is_free else zero


@_compiled
def _limit(before: Any, after: Any, numbers: Any) -> Any:
    """Give the difference across a cell from those to its two neighbours."""
    zero, half, steepness = numbers[0], numbers[2], numbers[12]
    most = steepness * min(abs(before), abs(after))
    size = min(half * abs(before + after), most)
    return math.copysign(size, before) if before * after > zero else zero


@_compiled
def _gentle(before: Any, after: Any, share: Any, numbers: Any) -> Any:
    """Give the difference across a cell, hardly larger than the smaller of both given.

    More would raise a sill at a face, which thin water on steep ground could not pass: hence
    only by a share of the depth.
    """
    found = _limit(before, after, numbers)
    return math.copysign(min(abs(found), min(abs(before), abs(after)) + share), found)


@_compiled
def _reconstruct(
    h: Any, u: Any, t: Any, before: Any, after: Any, skip: Any, found: Any, at: Any, numbers: Any
) -> Any:
    """Give depth and velocities at both ends of cells, and how far bed and level rise in them.

    ``after`` is read from its column ``skip`` on, ``found`` written from its column ``at`` on.
    """
    quarter, half, one, two, depth_min = (
        numbers[1], numbers[2], numbers[3], numbers[4], numbers[11],
    )  # fmt: skip
    size = h.size
    end, reach = skip + size, at + size
    level_before, level_after = before[0, :size], after[0, skip:end]
    bed_before, bed_after = before[1, :size], after[1, skip:end]
    low, high, bed, level = (
        found[0, at:reach], found[3, at:reach], found[6, at:reach], found[7, at:reach],
    )  # fmt: skip
    for j in range(size):
        share = quarter * h[j]
        ground = _gentle(bed_before[j], bed_after[j], share, numbers)
        rise = _gentle(level_before[j], level_after[j], share, numbers)
        # where the level falls to a dry cell, it cannot fall faster than bed and depth together
        rise = math.copysign(min(abs(rise), abs(ground) + two * h[j]), rise)
        more = rise - ground
        more = math.copysign(min(abs(more), two * h[j]), more)
        low[j] = h[j] - half * more
        high[j] = h[j] + half * more
        bed[j] = rise - more
        level[j] = rise
    for k in range(2):
        value = u if k == 0 else t
        value_before, value_after = before[2 + k, :size], after[2 + k, skip:end]
        value_low, value_high = found[1 + k, at:reach], found[4 + k, at:reach]
        for j in range(size):
            more = half * _limit(value_before[j], value_after[j], numbers)
            more *= one / max(h[j], depth_min)
            value_low[j] = value[j] - more * high[j]
            value_high[j] = value[j] + more * low[j]


@_compiled
def _fluxes(
    west: Any, east: Any, skip: Any, z_west: Any, z_east: Any, found: Any, numbers: Any
) -> Any:
    """Give the fluxes through faces from the cells before and after them.

    ``west`` and ``east`` are rows of reconstructed cells, of which the high end of the one and
    the low end of the other are used; ``east`` is read from its column ``skip`` on.
    """
    zero, half, gravity, wall = numbers[0], numbers[2], numbers[7], numbers[13]
    mass, left, right, across = found[0], found[1], found[2], found[3]
    size = mass.size
    end = skip + size
    h_west, u_west, t_west, bed_west = (
        west[3, :size], west[4, :size], west[5, :size], west[6, :size],
    )  # fmt: skip
    h_east, u_east, t_east, bed_east = (
        east[0, skip:end], east[1, skip:end], east[2, skip:end], east[6, skip:end],
    )  # fmt: skip
    for j in range(size):
        rise = z_east[j] - z_west[j]
        h_a, h_b, u_a, u_b = h_west[j], h_east[j], u_west[j], u_east[j]
        is_wall, is_west = abs(rise) > wall, rise > zero
        # a wall reflects: the state beyond is the mirror image
        h_wall, u_wall = h_a if is_west else h_b, u_a if is_west else -u_b
        h_a, h_b = h_wall if is_wall else h_a, h_wall if is_wall else h_b
        u_a, u_b = u_wall if is_wall else u_a, -u_wall if is_wall else u_b
        step = zero if is_wall else rise - half * (bed_west[j] + bed_east[j])
        # water above the step: between the higher bed, or the lower level if that is below it
        raised_a = min(max(step, zero), min(h_a, h_b + step))
        raised_b = min(max(-step, zero), min(h_b, h_a - step))
        flow, push_a, push_b = _riemann(
            min(h_a - raised_a, h_a), u_a, min(h_b - raised_b, h_b), u_b, numbers
        )
        mass[j] = flow
        left[j] = push_a - gravity * h_a * max(-(h_b + step), zero)
        right[j] = push_b - gravity * h_b * max(step - h_a, zero)
        across[j] = flow * (t_west[j] if flow > zero else t_east[j])


@_compiled
def _push(
    q: Any, h: Any, level: Any, left: Any, right: Any, after: Any, before: Any, found: Any,
    numbers: Any,
) -> Any:  # fmt: skip
    """Give unit discharge after a step without friction."""
    gravity, dt_dx = numbers[7], numbers[8]
    for j in range(q.size):
        change = (left[j] - right[j]) + (after[j] - before[j])
        found[j] = q[j] - dt_dx * (change + gravity * h[j] * level[j])


@_compiled
def _largest(bits: Any) -> Any:
    """Give the largest of some integers."""
    found = bits[0]
    for j in range(bits.size):
        found = max(found, bits[j])
    return found


@_compiled
def _rub(
    push_x: Any, push_y: Any, h: Any, roughness: Any, work: Any, bits: Any, numbers: Any
) -> Any:
    """Slow unit discharge down by Manning friction, in place: the root of a quadratic."""
    zero, _, _, one, two, four = numbers[:6]
    gravity, dt, depth_min = numbers[7], numbers[9], numbers[11]
    kind = h.dtype.type
    third, two_ninths = kind(1 / 3), kind(2 / 9)
    wet, root, wet_bits, root_bits = work[0], work[1], bits[0], bits[1]
    whole = bits.dtype.type
    # h^(-1/3) without pow: a guess from a third of the exponent bits, 6 % off, then cubically
    # converging steps; the constants are 4/3 (bias - 0.0859) 2^mantissa
    guess = kind(1419510000.0) if bits.itemsize == 4 else kind(6.142393983125072e18)
    for j in range(h.size):
        wet[j] = max(h[j], depth_min)
    for j in range(h.size):
        root_bits[j] = whole(guess - kind(wet_bits[j]) * third)
    for j in range(h.size):
        value, found = wet[j], root[j]
        rest = one - value * found * found * found
        found += found * rest * (third + two_ninths * rest)
        rest = one - value * found * found * found
        found += found * rest * (third + two_ninths * rest)
        rest = one - value * found * found * found
        found += found * rest * (third + two_ninths * rest)
        inverse = found * found * found
        drag = gravity * dt * roughness[j] * roughness[j] * found * inverse * inverse
        size = math.sqrt(push_x[j] * push_x[j] + push_y[j] * push_y[j])
        factor = two / (one + math.sqrt(one + four * drag * size))
        factor = factor if h[j] > depth_min else zero
        push_x[j] *= factor
        push_y[j] *= factor


@_compiled
def _speeds(q_x: Any, q_y: Any, h: Any, u: Any, v: Any, work: Any, bits: Any, numbers: Any) -> Any:
    """Give velocities, and the bits of the largest speed of waves, both directions added."""
    zero, one, two, gravity, depth_min = (
        numbers[0], numbers[3], numbers[4], numbers[7], numbers[11],
    )  # fmt: skip
    speed = work[0]
    for j in range(h.size):
        share = one / max(h[j], depth_min)
        share = share if h[j] > depth_min else zero
        u[j] = q_x[j] * share
        v[j] = q_y[j] * share
        speed[j] = (abs(u[j]) + abs(v[j])) + two * math.sqrt(gravity * h[j])
    return _largest(bits[0])


# ---------------------------------------------------------------------------------- edge faces


@_compiled
def _edge_differences(
    r: Any, faces: Any, edges: Any, h_a: Any, h_b: Any, found: Any, numbers: Any
) -> Any:
    """Set the change of level and bed across the edge faces of a row of faces.

    ``h_a`` and ``h_b`` are the depths before and after each face.
    """
    zero, dx = numbers[0], numbers[10]
    start, place, way, number = faces
    kind, slope_root, outside = edges
    for e in range(start[r], start[r + 1]):
        j, f = place[e], number[e]
        level = bed = -(slope_root[f] * slope_root[f] * dx)
        if kind[f] != OPEN:
            level, bed = outside[f] - (h_a[j] if way[e] > 0 else h_b[j]), zero
        found[0, j] = level if way[e] > 0 else -level
        found[1, j] = bed if way[e] > 0 else -bed
        found[2, j] = zero
        found[3, j] = zero


@_compiled
def _edge_fluxes(
    r: Any, faces: Any, edges: Any, west: Any, east: Any, skip: Any, rough_a: Any, rough_b: Any,
    found: Any, numbers: Any,
) -> Any:  # fmt: skip
    """Set the fluxes through the edge faces of a row of faces."""
    zero = numbers[0]
    start, place, way, number = faces
    kind, slope_root, outside = edges
    for e in range(start[r], start[r + 1]):
        j, f = place[e], number[e]
        if way[e] > 0:
            mass, push = _edge_flux(
                kind[f], west[3, j], west[4, j], slope_root[f], outside[f], rough_a[j], numbers
            )
            found[0, j], found[1, j] = mass, push
            found[3, j] = max(mass, zero) * west[5, j]
        else:
            mass, push = _edge_flux(
                kind[f], east[0, j + skip], -east[1, j + skip], slope_root[f], outside[f],
                rough_b[j], numbers,
            )  # fmt: skip
            found[0, j], found[2, j] = -mass, push
            found[3, j] = -(max(mass, zero) * east[2, j + skip])


@_compiled
def _edge_sums(layout: Any, flow_x: Any, flow_y: Any, edge_flow: Any, dt_dx: Any) -> Any:
    """Note the flow of every edge face; give the depths lost and gained, summed."""
    lost, gained = 0.0, 0.0
    for k in range(2):
        start, place, way, number = layout[:4] if k == 0 else layout[4:]
        flow = flow_x if k == 0 else flow_y
        for r in range(start.size - 1):
            for e in range(start[r], start[r + 1]):
                out = flow[r, place[e]] if way[e] > 0 else -flow[r, place[e]]
                edge_flow[number[e]] = out
                lost += max(np.float64(dt_dx * out), 0.0)
                gained += max(np.float64(-(dt_dx * out)), 0.0)
    return lost, gained


# -------------------------------------------------------------------------------------- stages


@_compiled
def _sweep(
    first: Any, last: Any, is_second: Any, water: Any, base: Any, after: Any, flows: Any,
    land: Any, edges: Any, layout: Any, scratch: Any, numbers: Any,
) -> Any:  # fmt: skip
    """Do one stage for the rows ``first`` to ``last - 1``, counted from 1.

    ``water`` is what the stage starts from: depth and velocities, with a ring of dry cells.
    ``base`` is depth and unit discharge of the step's start; ``after`` takes depth, velocities
    and unit discharge of the first stage. The second stage leaves its unit discharge in ``base``
    and the mean mass flux of both in ``flows``.

    Gives the bits of the largest speed of waves, and whether a cell lacks water for its outflow.
    """
    h, u, v = water
    h_base, q_x, q_y = base
    h_after, u_after, v_after, x_after, y_after = after
    flow_x, flow_y = flows
    z, roughness, mask, rain = land
    x_faces, y_faces = layout[:4], layout[4:]
    x_diff, x_cell, x_flux, y_diff, y_cell, y_flux, work, bits = scratch
    zero, half, dt_dx, dt, depth_min = numbers[0], numbers[2], numbers[8], numbers[9], numbers[11]
    height, width = q_x.shape
    owed = -h.dtype.type(_OWED) * depth_min
    fastest, is_short = bits[0, 0] * 0, False
    inner = slice(1, width + 1)
    for r in range(first - 2, last + 1):
        now, past = r & 1, (r + 1) & 1
        # y_diff[now]: faces between rows r and r + 1; y_cell[now]: row r; y_flux[now]: r - 1 | r
        if 0 <= r <= height:
            _differences(
                h[r, inner], h[r + 1, inner], z[r, inner], z[r + 1, inner], v[r, inner],
                v[r + 1, inner], u[r, inner], u[r + 1, inner], y_diff[now], numbers,
            )  # fmt: skip
            _edge_differences(r, y_faces, edges, h[r, inner], h[r + 1, inner], y_diff[now], numbers)
        if r < first - 1:
            continue
        y_cell[now][:] = zero
        if 1 <= r <= height:
            _reconstruct(
                h[r, inner], v[r, inner], u[r, inner], y_diff[past], y_diff[now], 0, y_cell[now],
                0, numbers,
            )  # fmt: skip
        if r < first:
            continue
        _fluxes(y_cell[past], y_cell[now], 0, z[r - 1, inner], z[r, inner], y_flux[now], numbers)
        _edge_fluxes(
            r - 1, y_faces, edges, y_cell[past], y_cell[now], 0, roughness[max(r - 2, 0)],
            roughness[min(r - 1, height - 1)], y_flux[now], numbers,
        )  # fmt: skip
        if r == first:
            continue
        k = r - 1  # the row that is complete now, and its index without the ring
        i = k - 1
        north, south = y_flux[past], y_flux[now]
        _differences(
            h[k, :-1], h[k, 1:], z[k, :-1], z[k, 1:], u[k, :-1], u[k, 1:], v[k, :-1], v[k, 1:],
            x_diff, numbers,
        )  # fmt: skip
        _edge_differences(i, x_faces, edges, h[k, :-1], h[k, 1:], x_diff, numbers)
        _reconstruct(h[k, inner], u[k, inner], v[k, inner], x_diff, x_diff, 1, x_cell, 1, numbers)
        _fluxes(x_cell, x_cell, 1, z[k, :-1], z[k, 1:], x_flux, numbers)
        x_cell[8, inner] = roughness[i]
        _edge_fluxes(
            i, x_faces, edges, x_cell, x_cell, 1, x_cell[8, :-1], x_cell[8, 1:], x_flux, numbers
        )
        push_x, push_y, depth = work[2], work[3], work[4]
        start_x, start_y = (x_after[i], y_after[i]) if is_second else (q_x[i], q_y[i])
        _push(
            start_x, h[k, inner], x_cell[7, inner], x_flux[1, 1:], x_flux[2, :-1], south[3],
            north[3], push_x, numbers,
        )  # fmt: skip
        _push(
            start_y, h[k, inner], y_cell[past][7], south[1], north[2], x_flux[3, 1:],
            x_flux[3, :-1], push_y, numbers,
        )  # fmt: skip
        h_row, rain_row, mask_row = h[k, inner], rain[i], mask[i]
        x_mass, north_mass, south_mass = x_flux[0], north[0], south[0]
        for j in range(width):
            spread = (x_mass[j + 1] - x_mass[j]) + (south_mass[j] - north_mass[j])
            depth[j] = (h_row[j] + (dt * rain_row[j] - dt_dx * spread)) * mask_row[j]
        if is_second:
            h_old, q_x_row, q_y_row = h_base[k, inner], q_x[i], q_y[i]
            lacking = 0
            for j in range(width):
                lacking += 1 if half * (h_old[j] + depth[j]) < owed else 0
                depth[j] = max(depth[j], zero)
            is_short = is_short or lacking > 0
            _rub(push_x, push_y, depth, roughness[i], work, bits, numbers)
            for j in range(width):
                q_x_row[j] = half * (q_x_row[j] + push_x[j])
                q_y_row[j] = half * (q_y_row[j] + push_y[j])
            _mean(flow_x[i], x_mass, half)
            _mean(flow_y[i], north_mass, half)
            if k == height:
                _mean(flow_y[height], south_mass, half)
        else:
            for j in range(width):
                depth[j] = max(depth[j], zero)
            _rub(push_x, push_y, depth, roughness[i], work, bits, numbers)
            x_after[i, :] = push_x
            y_after[i, :] = push_y
            h_after[k, inner] = depth
            found = _speeds(
                push_x, push_y, depth, u_after[k, inner], v_after[k, inner], work, bits, numbers
            )
            fastest = max(fastest, found)
            flow_x[i, :] = x_mass
            flow_y[i, :] = north_mass
            if k == height:
                flow_y[height, :] = south_mass
    return fastest, is_short


@_compiled
def _mean(values: Any, others: Any, half: Any) -> Any:
    """Set values to the mean of both."""
    for j in range(values.size):
        values[j] = half * (values[j] + others[j])


@_compiled
def _ration(
    h: Any, carry: Any, rain: Any, mask: Any, flow_x: Any, flow_y: Any, factor: Any, numbers: Any
) -> Any:
    """Scale the outflow of each cell to the water that it has; ``factor`` is used up."""
    zero, one, tiny, dt_dx, dt = numbers[0], numbers[3], numbers[6], numbers[8], numbers[9]
    height, width = carry.shape
    factor[:] = one
    for i in range(height):
        for j in range(width):
            out_x = max(flow_x[i, j + 1], zero) + max(-flow_x[i, j], zero)
            out_y = max(flow_y[i + 1, j], zero) + max(-flow_y[i, j], zero)
            there = max((h[i + 1, j + 1] + dt * rain[i, j]) + carry[i, j], zero)
            out = dt_dx * (out_x + out_y)
            if out > there and mask[i, j] > zero:
                factor[i + 1, j + 1] = there / max(out, tiny)
    for i in range(height):
        for j in range(width + 1):
            flow_x[i, j] *= factor[i + 1, j] if flow_x[i, j] > zero else factor[i + 1, j + 1]
    for i in range(height + 1):
        for j in range(width):
            flow_y[i, j] *= factor[i, j + 1] if flow_y[i, j] > zero else factor[i + 1, j + 1]
    factor[:] = zero


@_compiled
def _lose(
    h: Any, carry: Any, q_x: Any, q_y: Any, soaked: Any, cover: Any, table: Any, air: Any, dt: Any
) -> Any:
    """Let a row's water into the ground, the drains and the air, in this order.

    Gives the depths drained and evaporated, summed. Water that leaves takes its momentum along.
    """
    kind = h.dtype.type
    drained, evaporated = 0.0, 0.0
    for j in range(h.size):
        old = h[j]
        if not old > 0:
            continue
        row = table[cover[j]]
        new = old
        for way in range(3):
            capacity = air * dt
            if way == 0:
                capacity = _soaking(row, soaked[j], old, dt) if row[0] != 0 else 0.0
            elif way == 1:
                capacity = row[4] * dt
            taken = min(kind(capacity), new)
            left = new - taken
            carry[j] += (new - left) - taken
            new = left
            if way == 0 and taken > 0:
                soaked[j] += taken
            elif way == 1:
                drained += np.float64(taken)
            elif way == 2:
                evaporated += np.float64(taken)
        h[j] = new
        q_x[j] *= new / old
        q_y[j] *= new / old
    return drained, evaporated


@_compiled
def _soaking(row: Any, soaked: Any, depth: Any, dt: Any) -> Any:
    """Give the depth that the ground can take in a step."""
    capacity = row[1] * dt
    if row[0] == GREEN_AMPT:
        # rate (1 + (head + depth) deficit / F) over the step with F at mid-step: a quadratic
        store = (row[2] + depth) * row[3]
        half_step = soaked - 0.5 * capacity
        return math.sqrt(half_step * half_step + 2 * capacity * (soaked + store)) - half_step
    return capacity if row[0] == CONSTANT_LOSS else 0.0


@_compiled
def _settle(
    first: Any, last: Any, water: Any, base: Any, kept: Any, flows: Any, land: Any, losses: Any,
    scratch: Any, numbers: Any, dt_s: Any,
) -> Any:  # fmt: skip
    """End a step for the rows ``first`` to ``last - 1``, counted from 1.

    Gives the bits of the largest speed and depth, and the depths drained and evaporated, summed.
    """
    h, u, v = water
    _, q_x, q_y = base
    carry, deepest, soaked = kept
    flow_x, flow_y = flows
    _, _, mask, rain = land
    cover, table, air, takes = losses
    work, bits = scratch[6], scratch[7]
    zero, dt_dx, dt = numbers[0], numbers[8], numbers[9]
    width = q_x.shape[1]
    fastest, most = bits[0, 0] * 0, bits[0, 0] * 0
    drained, evaporated = 0.0, 0.0
    for k in range(first, last):
        i = k - 1
        depth, rest, top, rain_row, mask_row = (
            h[k, 1 : width + 1],
            carry[i],
            deepest[i],
            rain[i],
            mask[i],
        )
        x_mass, north, south, size = flow_x[i], flow_y[i], flow_y[i + 1], work[0]
        for j in range(width):
            spread = (x_mass[j + 1] - x_mass[j]) + (south[j] - north[j])
            change = (dt * rain_row[j] - dt_dx * spread) * mask_row[j] + rest[j]
            old = depth[j]
            total = old + change
            new = max(total, zero)
            rest[j] = change - (new - old)
            depth[j] = new
            top[j] = max(top[j], new)
            size[j] = abs(total)
        most = max(most, _largest(bits[0]))
        if takes:
            out, up = _lose(
                depth, rest, q_x[i], q_y[i], soaked[i % soaked.shape[0]], cover[i], table, air,
                dt_s,
            )  # fmt: skip
            drained += out
            evaporated += up
        fastest = max(fastest, _quiet(q_x[i], q_y[i], depth, u[k], v[k], work, bits, numbers))
    return fastest, most, drained, evaporated


@_compiled
def _quiet(q_x: Any, q_y: Any, h: Any, u: Any, v: Any, work: Any, bits: Any, numbers: Any) -> Any:
    """Still the water of dry cells and give the velocities of all, and the bits of the fastest."""
    zero, depth_min = numbers[0], numbers[11]
    for j in range(h.size):
        q_x[j] = q_x[j] if h[j] > depth_min else zero
        q_y[j] = q_y[j] if h[j] > depth_min else zero
    return _speeds(q_x, q_y, h, u[1 : h.size + 1], v[1 : h.size + 1], work, bits, numbers)


@_compiled
def _next_step(done: Any, duration: Any, fastest: Any, dx: Any, limits: Any) -> Any:
    """Give the length of the next step."""
    dt = min(limits[1], limits[0] * dx / max(fastest, 1e-30))
    left = duration - done
    if dt >= left:
        return left
    return min(dt, 0.5 * left)  # two even steps rather than one and a sliver


@_compiled
def _as_float(found: Any, work: Any, bits: Any) -> Any:
    """Read the bits of a float."""
    bits[0, 0] = found
    return np.float64(work[0, 0])


@_compiled
def _make_scratch(strips: Any, width: Any, like: Any, whole: Any) -> Any:
    """Allocate the rows that each strip works with."""
    kind = like.dtype
    work = np.zeros((strips, 5, width), kind)
    return (
        np.zeros((strips, 4, width + 1), kind), np.zeros((strips, 9, width + 2), kind),
        np.zeros((strips, 4, width + 1), kind), np.zeros((strips, 2, 4, width), kind),
        np.zeros((strips, 2, 9, width), kind), np.zeros((strips, 2, 4, width), kind), work,
        work.view(whole.dtype),
    )  # fmt: skip


@_compiled
def _begin(water: Any, base: Any, scratch: Any, dx: Any, depth_min: Any) -> Any:
    """Give velocities from unit discharge, and the largest speed of waves."""
    h, u, v = water
    _, q_x, q_y = base
    work, bits = scratch[6][0], scratch[7][0]
    numbers = _numbers(h.dtype.type, 1.0, dx, depth_min)
    found = bits[0, 0] * 0
    for i in range(q_x.shape[0]):
        fastest = _quiet(q_x[i], q_y[i], h[i + 1, 1:-1], u[i + 1], v[i + 1], work, bits, numbers)
        found = max(found, fastest)
    return _as_float(found, work, bits)


@_compiled
def _do_part(
    part: Any, k: Any, strips: Any, water: Any, base: Any, kept: Any, after: Any, flows: Any,
    land: Any, edges: Any, layout: Any, losses: Any, scratch: Any, marks: Any, lost: Any,
    numbers: Any, dt: Any,
) -> Any:  # fmt: skip
    """Do one part of a step for one strip: the first stage, the second, or its end.

    Notes in ``marks`` the bits of the largest speed and depth and whether water is short, and
    in ``lost`` the depths drained and evaporated. One function for all parts, called at one
    place: whatever calls the sweep is compiled with a copy of it.
    """
    height = kept[0].shape[0]
    first, last = 1 + k * height // strips, 1 + (k + 1) * height // strips
    rows = (
        scratch[0][k], scratch[1][k], scratch[2][k], scratch[3][k], scratch[4][k], scratch[5][k],
        scratch[6][k], scratch[7][k],
    )  # fmt: skip
    if part == 2:
        found, most, drained, up = _settle(
            first, last, water, base, kept, flows, land, losses, rows, numbers, dt
        )
        marks[k, 0], marks[k, 1] = found, most
        lost[k, 0], lost[k, 1] = drained, up
    else:
        source = water if part == 0 else (after[0], after[1], after[2])
        found, is_short = _sweep(
            first, last, part == 1, source, base, after, flows, land, edges, layout, rows, numbers
        )
        marks[k, 0], marks[k, 2] = found, is_short


@_compiled
def _add_edges(
    sums: Any, is_short: Any, water: Any, kept: Any, after: Any, flows: Any, edge_flow: Any,
    land: Any, layout: Any, numbers: Any,
) -> Any:  # fmt: skip
    """Ration the outflow where water is short, and add up what passes the edges."""
    if is_short:
        _ration(water[0], kept[0], land[3], land[2], flows[0], flows[1], after[0], numbers)
    lost, gained = _edge_sums(layout, flows[0], flows[1], edge_flow, numbers[8])
    sums[0] += lost
    sums[1] += gained


@_called
def _advance(
    water: Any, base: Any, kept: Any, after: Any, flows: Any, edge_flow: Any, land: Any,
    edges: Any, layout: Any, losses: Any, whole: Any, dx: Any, duration: Any,
    fastest_outside: Any, limits: Any, most_steps: Any,
) -> Any:  # fmt: skip
    """Take as many steps as a duration needs, ``most_steps`` at the most.

    Gives the steps taken; the depths lost and gained through edges, drained and evaporated,
    summed over cells, m; the largest depth, m, and speed of waves, m s-1; the seconds done.
    """
    scratch = _make_scratch(1, kept[0].shape[1], water[0], whole)
    work, bits = scratch[6][0], scratch[7][0]
    marks, lost = np.zeros((1, 3), np.int64), np.zeros((1, 2))
    fastest, deepest = _begin(water, base, scratch, dx, limits[2]), 0.0
    sums, done, steps = np.zeros(4), 0.0, 0
    while done < duration and steps < most_steps:
        dt = _next_step(done, duration, max(fastest, fastest_outside), dx, limits)
        is_last, part, trials = dt == duration - done, 0, 0
        while part < 3:
            numbers = _numbers(water[0].dtype.type, dt, dx, limits[2])
            _do_part(
                part, 0, 1, water, base, kept, after, flows, land, edges, layout, losses, scratch,
                marks, lost, numbers, dt,
            )  # fmt: skip
            fastest = _as_float(marks[0, 0], work, bits)
            if part == 0 and fastest * dt > _BOUND * dx and trials < _HALVINGS:
                dt, is_last = 0.5 * dt, False  # thin water gained speed: a step for that
                trials += 1
                continue
            if part == 1:
                _add_edges(
                    sums, marks[0, 2] > 0, water, kept, after, flows, edge_flow, land, layout,
                    numbers,
                )  # fmt: skip
            part += 1
        deepest = _as_float(marks[0, 1], work, bits)
        sums[2] += lost[0, 0]
        sums[3] += lost[0, 1]
        steps += 1
        done = duration if is_last else done + dt
        if not (deepest < DEPTH_LIMIT_M and fastest < SPEED_LIMIT_M_S):
            break
    return steps, sums, deepest, fastest, done


@_threaded
def _advance_strips(
    water: Any, base: Any, kept: Any, after: Any, flows: Any, edge_flow: Any, land: Any,
    edges: Any, layout: Any, losses: Any, whole: Any, dx: Any, duration: Any,
    fastest_outside: Any, limits: Any, most_steps: Any, strips: Any,
) -> Any:  # fmt: skip
    """Do as ``_advance`` with strips of rows at once; the result is the same bit by bit."""
    scratch = _make_scratch(strips, kept[0].shape[1], water[0], whole)
    work, bits = scratch[6][0], scratch[7][0]
    marks, lost = np.zeros((strips, 3), np.int64), np.zeros((strips, 2))
    fastest, deepest = _begin(water, base, scratch, dx, limits[2]), 0.0
    sums, done, steps = np.zeros(4), 0.0, 0
    while done < duration and steps < most_steps:
        dt = _next_step(done, duration, max(fastest, fastest_outside), dx, limits)
        is_last, part, trials = dt == duration - done, 0, 0
        while part < 3:
            numbers = _numbers(water[0].dtype.type, dt, dx, limits[2])
            for k in prange(strips):
                _do_part(
                    part, k, strips, water, base, kept, after, flows, land, edges, layout, losses,
                    scratch, marks, lost, numbers, dt,
                )  # fmt: skip
            fastest = _as_float(_largest(marks[:, 0].copy()), work, bits)
            if part == 0 and fastest * dt > _BOUND * dx and trials < _HALVINGS:
                dt, is_last = 0.5 * dt, False
                trials += 1
                continue
            if part == 1:
                is_short = _largest(marks[:, 2].copy()) > 0
                _add_edges(
                    sums, is_short, water, kept, after, flows, edge_flow, land, layout, numbers
                )
            part += 1
        deepest = _as_float(_largest(marks[:, 1].copy()), work, bits)
        for k in range(strips):
            sums[2] += lost[k, 0]
            sums[3] += lost[k, 1]
        steps += 1
        done = duration if is_last else done + dt
        if not (deepest < DEPTH_LIMIT_M and fastest < SPEED_LIMIT_M_S):
            break
    return steps, sums, deepest, fastest, done


@dataclass
class FullState(State):
    """The water at one time, with its momentum.

    ``flow_x`` and ``flow_y`` hold the mean mass flux of the last step, edge faces included.

    Attributes
    ----------
    momentum_x, momentum_y : array (H, W), m2 s-1
        Unit discharge at cell centres, positive eastwards and southwards.
    """

    momentum_x: Array = field(default_factory=lambda: np.zeros((0, 0)))
    momentum_y: Array = field(default_factory=lambda: np.zeros((0, 0)))

    @classmethod
    def start(cls, depth: Array, ground: Ground) -> Self:
        """Begin with still water of a given depth."""
        state = super().start(depth, ground)
        state.momentum_x, state.momentum_y = np.zeros_like(depth), np.zeros_like(depth)
        return state


class FullKernel:
    """The full shallow-water equations on the processor, one or several threads.

    Of the numbers of a scheme it uses ``courant``, here the share of a cell that waves of both
    directions cross in a step (stable up to 1), ``depth_min_m``, below which water has no
    momentum, ``max_step_s`` and ``threads``; the Froude cap and the weight are not its own.
    """

    def __init__(self) -> None:
        self._ground: Ground | None = None  # whose faces and heights are laid out
        self._layout: FaceLayout = FaceLayout.empty()
        self._land: tuple[Array, ...] = ()

    def start(self, depth: Array, ground: Ground) -> FullState:
        """Begin with still water of depth (H, W) in m."""
        return FullState.start(np.ascontiguousarray(depth), ground)

    def advance(
        self, state: State, ground: Ground, supply: Supply, duration_s: float, scheme: Scheme
    ) -> StepReport:
        """Advance a state in place.

        Parameters
        ----------
        state : FullState
            Changed in place.
        ground : Ground
            Terrain, roughness, edges and losses.
        supply : Supply
            Rain and sources, evaporation, levels beyond the edges.
        duration_s : float
            Time to advance by. Much work is left unfinished after some seconds, so that the
            caller can show how far it is, and be interrupted.
        scheme : Scheme
            Numbers of the scheme.

        Returns
        -------
        StepReport
            Not stable if a depth exceeded ``DEPTH_LIMIT_M``, a wave ``SPEED_LIMIT_M_S``, or
            either was not a number. The state then stands at the step where this was found.
        """
        assert isinstance(state, FullState)
        self._lay_out(ground)
        shape = state.depth.shape
        kind = state.depth.dtype
        whole = np.zeros(0, np.int32 if kind.itemsize == 4 else np.int64)
        ringed = np.zeros((6, shape[0] + 2, shape[1] + 2), kind)
        ringed[0, 1:-1, 1:-1] = state.depth
        half = np.zeros((2, *shape), kind)
        z, roughness, mask, cover = self._land
        layout, edges, losses = self._layout.arrays(), ground.edges, ground.losses
        arguments = (
            (ringed[0], ringed[1], ringed[2]), (ringed[0], state.momentum_x, state.momentum_y),
            (state.carry, state.deepest, state.soaked),
            (ringed[3], ringed[4], ringed[5], half[0], half[1]), (state.flow_x, state.flow_y),
            state.edge_flow, (z, roughness, mask, np.ascontiguousarray(supply.rain)),
            (edges.kind, edges.slope_root, supply.outside), layout,
            (cover, losses.table, supply.evaporation,
             losses.soaks or supply.evaporation > 0),
            whole, ground.cell_size_m, float(duration_s),
            # water that comes in as fast as its waves
            3 * math.sqrt(GRAVITY * float(supply.outside.max(initial=0.0))),
            (scheme.courant, scheme.max_step_s, scheme.depth_min_m),
            max(1, _WORK // state.depth.size),
        )  # fmt: skip
        strips = min(scheme.threads, shape[0])
        found = _advance_strips(*arguments, strips) if strips > 1 else _advance(*arguments)
        steps, sums, deepest_now, fastest, done = found
        state.depth[:] = ringed[0, 1:-1, 1:-1]
        state.deepest_now_m = float(deepest_now)
        state.time_s += float(done)
        is_stable = deepest_now < DEPTH_LIMIT_M and fastest < SPEED_LIMIT_M_S  # False for NaN
        out, into, drained, evaporated = (sums * ground.cell_area_m2).tolist()
        return StepReport(int(steps), float(done), out, into, drained, evaporated, is_stable)

    def _lay_out(self, ground: Ground) -> None:
        """Prepare what depends on the ground only."""
        if self._ground is ground:
            return
        z = np.pad(ground.elevation, 1, constant_values=_OUTSIDE_M)
        self._ground, self._layout = ground, lay_out(ground)
        self._land = tuple(
            np.ascontiguousarray(values)
            for values in (z, ground.roughness, ground.valid.astype(z.dtype), ground.losses.cover)
        )
