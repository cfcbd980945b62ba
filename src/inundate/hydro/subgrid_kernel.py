"""The step of the sub-grid solver, compiled for the host.

A block holds a volume of water; its level follows from the heights of its fine cells, and each
face carries what its lanes let through. A step has two halves, the faces and then the blocks;
threads take bands of rows and wait for one another between the halves. No face needs another
face and sums are kept row by row, so the result is bit by bit the same for any number of
threads.

Levels are heights above the block's lowest cell, and differences of those lowest cells come
from the tables: elevation is never added to depth, which keeps float32 exact enough. A carried
residual (Kahan) keeps small rain on deep water.

A step is as long as the fastest water allows, not the fastest wave: where a wave would be too
fast for the step, the water of the face is given more inertia. That slows waves on deep water
down, eight times at most, and changes no steady state, at rest or under friction. Levels enter
a little ahead of their time, which damps waves and changes no steady state either.

The small functions that read and write bits are those of :mod:`inundate.hydro.inertial`; the
layout of the arrays is told in :mod:`inundate.hydro.subgrid_tables`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar

import numpy as np
from numba import njit

from inundate.hydro.inertial import (
    _bits_of,
    _float_of,
    _from,
    _inverse_cube_root,
    _load_of,
    _pointer_to,
    _store_to,
    _yield_core,
)
from inundate.hydro.infiltration import GREEN_AMPT, NO_LOSS
from inundate.hydro.state import Array
from inundate.hydro.subgrid_tables import Blocks
from inundate.hydro.timestep import GRAVITY

__all__ = ["SubgridState"]

_CHUNK = 512  # blocks that go through the lanes together, so that their sums stay in cache
_GAP = _CHUNK + 16  # between the rows of scratch
_SCRATCH = 8 * _GAP  # of a thread
_BLOCK = 1024  # blocks of a run of rows, at least
_THREAD_BLOCKS = 8192  # fewer cost more to wake a thread for than they save
_SPINS = 4_000  # looks at the other threads' progress before giving the core away
# the wedge counts where the surface falls with the bed, not where it is level: it is no longer
# than so many times the fall of the surface. Chosen on training terrain, see docs/subgrid.md
_WEDGE = 3.0
_AHEAD = 0.25  # of a step that levels are foreseen by: damps a wave of the shortest length at once
# of the largest stable step of a wave, which is shorter for levels foreseen: dt^2 w^2 (1 + 2
# _AHEAD) < 4 from the roots of the difference equation
_WAVE = 0.9 / (1 + 2 * _AHEAD)
_SLOWER = 8.0  # times that waves on the deepest water are slowed down, at the most
_SUMS = 4  # out through edges, soaked, drained, evaporated

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    # "contract" allows fused multiply-add only: no reordering, so residuals hold
    compile_: Any = njit(nogil=True, error_model="numpy", fastmath={"contract"}, cache=True)
    found: _Function = compile_(function)
    return found


@_compiled
def _constants(kind: Any, dt: Any, dx: Any, factor: Any, froude_cap: Any, depth_min: Any) -> Any:
    """Give the scalars of a step in the working precision."""
    # a sum of eight terms rounds by less than this share of their size
    rounding = 1e-6 if kind(1) + kind(1e-9) == kind(1) else 1e-14
    # a step is stable while dt^2 g 8 / dx^2 times the depth over the wet share is below 4
    clip = _WAVE * dx * dx / (2 * GRAVITY * dt * dt)
    return (
        kind(0), kind(1), kind(2), kind(_WEDGE), kind(0.5), kind(dt), kind(dt / dx),
        kind(dx / dt), kind(4 * GRAVITY * dt), kind(GRAVITY * dt / dx),
        kind(math.sqrt(GRAVITY) * froude_cap), kind(depth_min), kind(1 / factor),
        kind(0.5 / factor), kind(1e-30), kind(1 + rounding), kind(2 * dx / dt), kind(clip),
        kind(factor * factor), kind(_AHEAD), kind(1 + _AHEAD),
    )  # fmt: skip


@_compiled
def _begin_faces(
    first: Any, last: Any, step: Any, level: Any, rise: Any, ahead: Any, behind: Any, top: Any,
    drop: Any, steep: Any, area: Any, carries: Any, wet: Any, constants: Any,
) -> Any:  # fmt: skip
    """Find the higher level beside each face, and the wedge of the block that has it."""
    zero, wedge, half, tiny = constants[0], constants[3], constants[4], constants[14]
    for k in range(first, last):
        at = k - first
        near, far = level[k], level[k + step] + rise[k]
        fall = ahead[k] if near > far else behind[k + step]
        fall = max(min(fall, wedge * abs(near - far)), tiny)
        top[at] = max(near, far)
        drop[at] = fall
        steep[at] = half / fall
        area[at] = zero
        carries[at] = zero
        wet[at] = zero


@_compiled
def _two_lanes(
    first: Any, last: Any, bed: Any, next_bed: Any, top: Any, drop: Any, steep: Any, area: Any,
    carries: Any, wet: Any, constants: Any,
) -> Any:  # fmt: skip
    """Add two lanes of a run of faces to their area, conveyance and number of wet lanes.

    The depth at the outlet of the block upstream becomes the mean depth of a wedge along the
    fall ``drop`` of its thalweg, since its water stands level only in the tables.
    """
    zero, one = constants[:2]
    depth_min, per, half_per = constants[11], constants[12], constants[13]
    for k in range(first, last):
        at = k - first
        surface, fall, slope = top[at], drop[at], steep[at]
        a, b = surface - bed[k], surface - next_bed[k]
        a_wet, b_wet = a > depth_min, b > depth_min
        a, b = a if a_wet else zero, b if b_wet else zero
        a_in, b_in = min(a, fall), min(b, fall)
        a = max(a * per, a_in * (a_in * slope + half_per) + (a - a_in))
        b = max(b * per, b_in * (b_in * slope + half_per) + (b - b_in))
        area[at] += a + b
        # one after the other: of a sum of two products the compiler may round either
        carries[at] = (carries[at] + a * a * _inverse_cube_root(a)) + b * b * _inverse_cube_root(b)
        wet[at] += (one if a_wet else zero) + (one if b_wet else zero)


@_compiled
def _end_faces(
    first: Any, last: Any, step: Any, foreseen: Any, share: Any, rise: Any, conveyance: Any,
    flow: Any, area: Any, carries: Any, wet: Any, fastest: Any, constants: Any,
) -> Any:  # fmt: skip
    """Advance the discharge of a run of faces; give the bits of the largest speed over the lanes.

    Positive floats order like their bits, NaN and infinity come last.
    """
    two, four_g_dt, g_dt_dx, cap = constants[2], constants[8], constants[9], constants[10]
    zero, one, depth_min, per, tiny, clip = (
        constants[0], constants[1], constants[11], constants[12], constants[14], constants[17],
    )  # fmt: skip
    for k in range(first, last):
        at = k - first
        summed, lanes = area[at], wet[at]
        inverse = one / max(summed * lanes, depth_min)
        mean = summed * per
        acts = min(mean, clip * min(share[k], share[k + step]))  # with more inertia where less
        fall = foreseen[k] - (foreseen[k + step] + rise[k])
        pushed = flow[k] + (g_dt_dx * acts) * fall
        # Manning friction, wholly implicit: the root of q (1 + g dt acts |q| / carried^2) = pushed
        carried = carries[at] * conveyance[k]
        # the maximum does nothing but to keep the square rounded, whatever else is
        root = math.sqrt(max(carried * carried, zero) + (four_g_dt * acts) * abs(pushed))
        found = ((two * pushed) * carried) / max(carried + root, tiny)
        limit = (cap * mean) * math.sqrt((summed * summed) * inverse)  # depth of the wet lanes
        found = min(max(found, -limit), limit)
        flow[k] = found
        fastest = max(fastest, _bits_of(abs(found) * (lanes * inverse)))
    return fastest


@_compiled
def _faces(
    first: Any, last: Any, step: Any, water: Any, rise: Any, bed: Any, ahead: Any, behind: Any,
    conveyance: Any, shape: Any, flow: Any, scratch: Any, fastest: Any, constants: Any,
) -> Any:  # fmt: skip
    """Advance the faces between a run of blocks and those ``step`` further on."""
    _, _, size, lanes = shape[:4]
    level, share, foreseen = water[2], water[4], water[5]
    top, drop, steep = _from(scratch, 0), _from(scratch, _GAP), _from(scratch, 2 * _GAP)
    area, carries = _from(scratch, 3 * _GAP), _from(scratch, 4 * _GAP)
    wet = _from(scratch, 5 * _GAP)
    for begin in range(first, last, _CHUNK):
        end = min(begin + _CHUNK, last)
        _begin_faces(
            begin, end, step, level, rise, ahead, behind, top, drop, steep, area, carries, wet,
            constants,
        )  # fmt: skip
        for n in range(0, lanes, 2):
            _two_lanes(
                begin, end, _from(bed, n * size), _from(bed, (n + 1) * size), top, drop, steep,
                area, carries, wet, constants,
            )  # fmt: skip
        fastest = _end_faces(
            begin, end, step, foreseen, share, rise, conveyance, flow, area, carries, wet, fastest,
            constants,
        )  # fmt: skip
    return fastest


@_compiled
def _southern_faces(
    first: Any, last: Any, water: Any, land: Any, shape: Any, flow: Any, scratch: Any,
    fastest: Any, constants: Any,
) -> Any:  # fmt: skip
    """Advance the southern faces of a run of blocks."""
    rise, bed, drop, conveyance = land[:4]
    _, stride, size, lanes = shape[:4]
    return _faces(
        first, last, stride, water, _from(rise, size), _from(bed, lanes * size),
        _from(drop, 2 * size), _from(drop, 3 * size), _from(conveyance, size), shape, flow,
        scratch, fastest, constants,
    )  # fmt: skip


@_compiled
def _edge_lanes(first: Any, last: Any, level: Any, edges: Any, leaving: Any, constants: Any) -> Any:
    """Give the discharge out through a run of edge lanes: normal depth on the given slope."""
    block, bed, drop, normal = edges[2], edges[3], edges[4], edges[5]
    zero, half, cap, depth_min = constants[0], constants[4], constants[10], constants[11]
    per, half_per = constants[12], constants[13]
    for n in range(first, last):
        depth = level[block[n]] - bed[n]
        depth = depth if depth > depth_min else zero
        fall = drop[n]
        inside = min(depth, fall)
        wedge = inside * (inside * (half / fall) + half_per) + (depth - inside)
        mean = max(depth * per, wedge)
        flow = (mean * mean) * _inverse_cube_root(mean) * normal[n]
        leaving[n] = min(flow, (cap * per) * mean * math.sqrt(mean))


@_compiled
def _edge_blocks(
    row: Any, shape: Any, water: Any, flow_x: Any, flow_y: Any, north: Any, edges: Any,
    leaving: Any, factor: Any, sums: Any, constants: Any,
) -> Any:  # fmt: skip
    """Let water out of the edge blocks of a row; give whether a factor is below one.

    What leaves goes into the carried residual, which the update of the volume adds, so that
    edges act at the same time as all other faces.
    """
    volume, carry = water[0], water[1]
    start, place, of_row = edges[0], edges[1], edges[6]
    zero, one, dt_dx, dx_dt = constants[0], constants[1], constants[6], constants[7]
    short = False
    _edge_lanes(start[of_row[row]], start[of_row[row + 1]], water[2], edges, leaving, constants)
    for e in range(of_row[row], of_row[row + 1]):
        k = place[e]
        out = zero
        for n in range(start[e], start[e + 1]):
            out += leaving[n]
        if out > zero:
            within = max(flow_x[k], zero) + max(-flow_x[k - 1], zero)
            within += max(flow_y[k], zero) + max(-north[k], zero)
            share = min(one, volume[k] * dx_dt / (within + out))
            out *= share
            if share < one:
                short = True
                factor[k] = share
            carry[k] -= dt_dx * out
            sums[_SUMS * row] += np.float64(dt_dx * out)
    return short


@_compiled
def _may_run_dry(
    first: Any, last: Any, volume: Any, flow_x: Any, flow_y: Any, north: Any, constants: Any
) -> Any:
    """Tell whether a block of the run may lose more than its water; never misses one."""
    margin, twice_dx_dt = constants[15], constants[16]
    short = 0
    for k in range(first, last):
        west, east = flow_x[k - 1], flow_x[k]
        from_north, south = north[k], flow_y[k]
        # twice the outflow is the spread and the sum of sizes
        sizes = (abs(east) + abs(west)) + (abs(from_north) + abs(south))
        out = ((east - west) + (south - from_north)) + margin * sizes
        short += 1 if out > volume[k] * twice_dx_dt else 0
    return short > 0


@_compiled
def _outflow_factor(
    first: Any, last: Any, volume: Any, flow_x: Any, flow_y: Any, north: Any, factor: Any,
    constants: Any,
) -> Any:  # fmt: skip
    """Give the factor that keeps each block's total outflow within its water."""
    zero, one, dx_dt, tiny = constants[0], constants[1], constants[7], constants[14]
    for k in range(first, last):
        out_x = max(flow_x[k], zero) + max(-flow_x[k - 1], zero)
        out_y = max(flow_y[k], zero) + max(-north[k], zero)
        factor[k] = min(one, volume[k] * dx_dt / max(out_x + out_y, tiny))


@_compiled
def _scale(first: Any, last: Any, step: Any, flow: Any, factor: Any, zero: Any) -> Any:
    """Scale a run of faces by the factor of the block that the water leaves."""
    for k in range(first, last):
        flow[k] *= factor[k] if flow[k] > zero else factor[k + step]


@_compiled
def _fill(
    first: Any, last: Any, water: Any, flow_x: Any, flow_y: Any, north: Any, rain: Any,
    constants: Any,
) -> Any:  # fmt: skip
    """Update the volume of a run of blocks from their faces and rain."""
    volume, carry, deepest = water[0], water[1], water[3]
    zero, dt, dt_dx = constants[0], constants[5], constants[6]
    for k in range(first, last):
        spread = (flow_x[k] - flow_x[k - 1]) + (flow_y[k] - north[k])
        change = (carry[k] + dt * rain[k]) - dt_dx * spread
        old = volume[k]
        new = max(old + change, zero)
        carry[k] = change - (new - old)
        volume[k] = new
        deepest[k] = max(deepest[k], new)


@_compiled
def _lose(
    first: Any, last: Any, row: Any, kind: Any, water: Any, rain: Any, land: Any, loss: Any,
    dt: Any, sums: Any,
) -> Any:  # fmt: skip
    """Let the water of a row of blocks into the ground, the drains and the air, in this order.

    Wet ground loses up to the capacity; all other ground loses what rains on it, up to the
    capacity. A strip as wide as the pool counts as wet from one side of the block to the other,
    since water comes to the pool from somewhere: the root of the pool's share.
    """
    volume, carry, share = water[0], water[1], water[4]
    ground, soaked = land[4], land[5]
    method, rate, head, deficit, drain, air, _ = loss
    for k in range(first, last):
        old = volume[k]
        if not old > 0:
            continue
        wet = min(math.sqrt(np.float64(share[k])), ground[k])
        dry = ground[k] - wet
        left, thin = np.float64(old), dt * np.float64(rain[k]) / ground[k]
        if method != NO_LOSS:
            capacity = rate * dt
            if method == GREEN_AMPT:
                # rate (1 + (head + depth) deficit / F) over the step with F at mid-step
                store = (head + left) * deficit
                half_step = soaked[k] - 0.5 * capacity
                capacity = (
                    math.sqrt(half_step * half_step + 2 * capacity * (soaked[k] + store))
                    - half_step
                )
            taken = min(wet * capacity + dry * min(capacity, thin), left)
            soaked[k] += taken / ground[k]
            sums[_SUMS * row + 1] += taken
            left -= taken
            thin = max(thin - capacity, 0.0)
        taken = min(wet * (drain * dt) + dry * min(drain * dt, thin), left)
        sums[_SUMS * row + 2] += taken
        left -= taken
        thin = max(thin - drain * dt, 0.0)
        taken = min(wet * (air * dt) + dry * min(air * dt, thin), left)
        sums[_SUMS * row + 3] += taken
        left -= taken
        new = kind(left)
        carry[k] += kind(left - np.float64(new))
        volume[k] = new


@_compiled
def _first_lines(
    first: Any, last: Any, water: Any, line: Any, size: Any, slope: Any, part: Any, constants: Any
) -> Any:
    """Give level and wet share if the lines of up to one cell and the next four held."""
    volume, level, share = water[0], water[2], water[4]
    cells = constants[18]
    alone = constants[1] / cells
    slope_a, slope_b, slope_c, slope_d = slope[0], slope[1], slope[2], slope[3]
    part_a, part_b, part_c, part_d = part[0], part[1], part[2], part[3]
    for k in range(first, last):
        held = volume[k]
        least, wet = held * cells, alone
        a, b = held * slope_a + line[k], held * slope_b + line[size + k]
        c, d = held * slope_c + line[2 * size + k], held * slope_d + line[3 * size + k]
        wet, least = part_a if a < least else wet, min(a, least)
        wet, least = part_b if b < least else wet, min(b, least)
        wet, least = part_c if c < least else wet, min(c, least)
        wet, least = part_d if d < least else wet, min(d, least)
        level[k] = least
        share[k] = wet


@_compiled
def _four_lines(
    first: Any, last: Any, water: Any, line: Any, size: Any, slope: Any, part: Any
) -> Any:
    """Lower the level to the least of four more lines of the storage curve."""
    volume, level, share = water[0], water[2], water[4]
    slope_a, slope_b, slope_c, slope_d = slope[0], slope[1], slope[2], slope[3]
    part_a, part_b, part_c, part_d = part[0], part[1], part[2], part[3]
    for k in range(first, last):
        held, least, wet = volume[k], level[k], share[k]
        a, b = held * slope_a + line[k], held * slope_b + line[size + k]
        c, d = held * slope_c + line[2 * size + k], held * slope_d + line[3 * size + k]
        wet, least = part_a if a < least else wet, min(a, least)
        wet, least = part_b if b < least else wet, min(b, least)
        wet, least = part_c if c < least else wet, min(c, least)
        wet, least = part_d if d < least else wet, min(d, least)
        level[k] = least
        share[k] = wet


@_compiled
def _tail_line(
    first: Any, last: Any, water: Any, tail: Any, tail_line: Any, ground: Any, kind: Any
) -> Any:
    """Lower the level where all known ground of a block with gaps is under water."""
    volume, level, share = water[0], water[2], water[4]
    for k in range(first, last):
        full = volume[k] * tail[k] + tail_line[k]
        share[k] = kind(ground[k]) if full < level[k] else share[k]
        level[k] = min(full, level[k])


@_compiled
def _begin_foresight(first: Any, last: Any, water: Any, constants: Any) -> Any:
    """Keep the old levels, as far as they enter the levels foreseen."""
    level, foreseen, ahead = water[2], water[5], constants[19]
    for k in range(first, last):
        foreseen[k] = -ahead * level[k]


@_compiled
def _end_foresight(first: Any, last: Any, water: Any, deepest: Any, constants: Any) -> Any:
    """Extrapolate the levels by a part of a step; give the bits of the largest level."""
    level, foreseen, and_ahead = water[2], water[5], constants[20]
    for k in range(first, last):
        foreseen[k] += and_ahead * level[k]
        deepest = max(deepest, _bits_of(abs(level[k])))
    return deepest


@_compiled
def _levels(
    first: Any, last: Any, kind: Any, water: Any, storage: Any, ground: Any, size: Any,
    deepest: Any, constants: Any,
) -> Any:  # fmt: skip
    """Give level and wet share of a run of blocks from their volume."""
    slope, part, line, lines, tail, tail_line, has_tail = storage
    _begin_foresight(first, last, water, constants)
    _first_lines(first, last, water, line, size, slope, part, constants)
    for m in range(4, lines, 4):
        _four_lines(
            first, last, water, _from(line, m * size), size, _from(slope, m), _from(part, m)
        )
    if has_tail:
        _tail_line(first, last, water, tail, tail_line, ground, kind)
    return _end_foresight(first, last, water, deepest, constants)


@_compiled
def _flow_rows(
    top: Any, bottom: Any, north: Any, shape: Any, water: Any, flows: Any, land: Any, edges: Any,
    work: Any, sums: Any, scratch: Any, fastest: Any, constants: Any,
) -> Any:  # fmt: skip
    """Advance the faces of some rows of blocks, and find what factor their outflow needs."""
    _, stride, size = shape[:3]
    rise, bed, drop, conveyance = land[:4]
    flow_x, flow_y = flows
    _, factor, is_scaled, leaving = work
    first, last = top * stride, bottom * stride
    fastest = _faces(
        first, last, 1, water, rise, bed, drop, _from(drop, size), conveyance, shape, flow_x,
        scratch, fastest, constants,
    )  # fmt: skip
    fastest = _southern_faces(
        first, last, water, land, shape, flow_y, scratch, fastest, constants
    )  # fmt: skip
    short = _may_run_dry(first, last, water[0], flow_x, flow_y, north, constants)
    if short:
        _outflow_factor(first, last, water[0], flow_x, flow_y, north, factor, constants)
    for row in range(top, bottom):
        if is_scaled[row] and not short:
            for k in range(row * stride, (row + 1) * stride):
                factor[k] = constants[1]
        is_scaled[row] = short
        if edges[6][row] < edges[6][row + 1]:
            is_scaled[row] |= _edge_blocks(
                row, shape, water, flow_x, flow_y, north, edges, leaving, factor, sums, constants
            )  # fmt: skip
    return fastest


@_compiled
def _fill_rows(
    top: Any, bottom: Any, kind: Any, north: Any, shape: Any, water: Any, flows: Any, land: Any,
    storage: Any, loss: Any, rain: Any, work: Any, sums: Any, deepest: Any, constants: Any,
    dt: Any,
) -> Any:  # fmt: skip
    """Scale the faces of some rows of blocks where they need it, and update the blocks.

    Gives the bits of the largest level.
    """
    _, stride, size = shape[:3]
    flow_x, flow_y = flows
    _, factor, is_scaled, _ = work
    first, last = top * stride, bottom * stride
    short = False
    for row in range(top, bottom + 1):
        short |= is_scaled[row] != 0
    if short:
        _scale(first, last, 1, flow_x, factor, constants[0])
        _scale(first, last, stride, flow_y, factor, constants[0])
    _fill(first, last, water, flow_x, flow_y, north, rain, constants)
    if loss[6]:
        for row in range(top, bottom):
            _lose(
                row * stride, (row + 1) * stride, row, kind, water, rain, land, loss, dt, sums
            )  # fmt: skip
    return _levels(first, last, kind, water, storage, land[4], size, deepest, constants)


@_compiled
def _meet(thread: Any, threads: Any, shared: Any, turn: Any) -> Any:
    """Wait until all threads have come here ``turn`` times."""
    _store_to(shared, 16 * thread, turn)
    for other in range(threads):
        looks = 0
        while _load_of(shared, 16 * other) < turn:
            looks += 1
            if looks > _SPINS:  # the other thread may be waiting for this core
                _yield_core()


@_compiled
def _advance(
    thread: Any, threads: Any, shape: Any, water: Any, flows: Any, land: Any, storage: Any,
    edges: Any, loss: Any, rain: Any, work: Any, dx: Any, duration: Any, limits: Any,
    shared: Any, found: Any, sums: Any, progress: Any,
) -> Any:  # fmt: skip
    """Take as many steps as a duration needs; a thread's band of rows of them.

    Each thread plans the same steps. ``progress`` holds the largest speed and level, and
    receives them and the number of steps; ``found`` those of the threads.
    """
    kind = water[0].dtype.type
    courant, froude_cap, depth_min, max_step, level_limit = limits
    height, stride, _, factor, rows, lanes = shape
    shape = (height, stride, shape[2], lanes)
    volume, carry, level, deepest, share, foreseen = water
    waters = (
        _pointer_to(volume), _pointer_to(carry), _pointer_to(level), _pointer_to(deepest),
        _pointer_to(share), _pointer_to(foreseen),
    )  # fmt: skip
    rise, bed, drop, conveyance, ground, soaked = land
    lands = (
        _pointer_to(rise), _pointer_to(bed), _pointer_to(drop), _pointer_to(conveyance),
        _pointer_to(ground), _pointer_to(soaked),
    )  # fmt: skip
    slope, part, line, tail, tail_line = storage
    storages = (
        _pointer_to(slope), _pointer_to(part), _pointer_to(line), slope.size, _pointer_to(tail),
        _pointer_to(tail_line), tail.size > 0,
    )  # fmt: skip
    start, place, block, bed_out, drop_out, normal, of_row = edges
    edge_arrays = (
        _pointer_to(start), _pointer_to(place), _pointer_to(block), _pointer_to(bed_out),
        _pointer_to(drop_out), _pointer_to(normal), _pointer_to(of_row),
    )  # fmt: skip
    scratch, scale, is_scaled, leaving = work
    works = (
        _pointer_to(scratch), _pointer_to(scale), _pointer_to(is_scaled), _pointer_to(leaving)
    )  # fmt: skip
    flow_x, flow_y, seams = flows
    pointers = _pointer_to(flow_x), _pointer_to(flow_y)
    rains, totals, signals = _pointer_to(rain), _pointer_to(sums), _pointer_to(shared)
    mine = _from(_pointer_to(scratch), thread * _SCRATCH)
    begin, end = 1 + height * thread // threads, 1 + height * (thread + 1) // threads
    # the faces north of the band belong to the band above; this thread keeps a copy of its own
    above = (begin - 1) * stride
    seam = _from(_pointer_to(seams), thread * stride - above)
    for k in range(above, above + stride):
        seam[k] = flow_y[k]
    usual = _from(pointers[1], -stride)
    speed, highest = progress[0], progress[1]
    done, steps, turn = 0.0, 0, 1
    if threads > 1:
        _meet(thread, threads, signals, turn)  # before the band above changes them
    while done < duration:
        left = duration - done
        fast = max(speed, math.sqrt(GRAVITY * highest) / _SLOWER)
        dt = max_step if fast * max_step <= courant * dx else courant * dx / fast
        needed = math.ceil(left / dt)
        if needed <= 2:  # even steps rather than a sliver at the end
            dt = left / needed
        constants = _constants(kind, dt, dx, factor, froude_cap, depth_min)
        fastest = _bits_of(constants[0])
        if thread > 0:
            _southern_faces(
                above, above + stride, waters, lands, shape, seam, mine, fastest, constants
            )  # fmt: skip
        top = begin
        while top < end:
            is_seam = thread > 0 and top == begin
            bottom = top + 1 if is_seam else min(top + rows, end)
            north = _from(seam, -stride) if is_seam else usual
            fastest = _flow_rows(
                top, bottom, north, shape, waters, pointers, lands, edge_arrays, works, totals,
                mine, fastest, constants,
            )  # fmt: skip
            top = bottom
        found[16 * thread] = factor * np.float64(_float_of(fastest))
        tallest = _bits_of(constants[0])
        turn += 1
        if threads > 1:
            _meet(thread, threads, signals, turn)
        if thread > 0 and (is_scaled[begin - 1] or is_scaled[begin]):
            _scale(above, above + stride, stride, seam, works[1], constants[0])
        top = begin
        while top < end:
            is_seam = thread > 0 and top == begin
            bottom = top + 1 if is_seam else min(top + rows, end)
            north = _from(seam, -stride) if is_seam else usual
            tallest = _fill_rows(
                top, bottom, kind, north, shape, waters, pointers, lands, storages, loss, rains,
                works, totals, tallest, constants, dt,
            )  # fmt: skip
            top = bottom
        found[16 * thread + 1] = np.float64(_float_of(tallest))
        speed, highest = 0.0, 0.0
        for other in range(threads):  # before they meet: then these may change
            speed = max(speed, found[16 * other])
        turn += 1
        if threads > 1:
            _meet(thread, threads, signals, turn)
        for other in range(threads):
            if not found[16 * other + 1] <= highest:
                highest = found[16 * other + 1]  # a NaN wins, and stays
        done = duration if needed <= 1 else done + dt
        steps += 1
        if not highest < level_limit:
            break
    if thread == 0:
        progress[0], progress[1], progress[2] = speed, highest, steps


class SubgridState:
    """The water of all blocks, and what is computed with it.

    Parameters
    ----------
    blocks : Blocks
        Where.
    threads : int
        Threads that share the work, at the most; few blocks take one.
    """

    def __init__(self, blocks: Blocks, threads: int = 1) -> None:
        kind, size, stride = blocks.line.dtype, blocks.size, blocks.stride
        height, width = blocks.shape
        self.threads = max(1, min(threads, height * width // _THREAD_BLOCKS))
        self._blocks = blocks
        self._fields = np.zeros((9, size), kind)
        self.volume, self.carry, self.level, self.deepest, share = self._fields[:5]
        share[:] = 1 / blocks.factor**2
        self._water = tuple(self._fields[:6])
        self._flows = (*self._fields[6:8], np.zeros(self.threads * stride, kind))
        self._rain = self._fields[8]
        self._soaked = np.zeros(size)
        self._sums = np.zeros((height + 2) * _SUMS)
        self._speed, self.highest_m = 0.0, 0.0
        edges = blocks.edges
        rows = min(height, max(1, -(-_BLOCK // stride)))
        self._shape = (height, stride, size, blocks.factor, rows, blocks.bed.shape[1])
        self._land = (
            blocks.rise, blocks.bed, blocks.drop, blocks.conveyance, blocks.ground, self._soaked
        )  # fmt: skip
        self._storage = (
            blocks.slope, blocks.part, blocks.line, blocks.tail, blocks.tail_line
        )  # fmt: skip
        of_row = np.searchsorted(edges.place, np.arange(height + 3) * stride)
        self._edges = (
            edges.start, edges.place, edges.block, edges.bed, edges.drop, edges.normal,
            of_row.astype(np.int64),
        )  # fmt: skip
        self._work = (
            np.zeros(self.threads * _SCRATCH, kind), np.ones(size, kind),
            np.zeros(height + 2, np.uint8), np.zeros(edges.block.size, kind),
        )  # fmt: skip

    def advance(
        self, rain: Array, duration_s: float, dx: float, loss: tuple[float, ...],
        limits: tuple[float, ...],
    ) -> int:  # fmt: skip
        """Advance under constant rain; give the steps taken.

        Parameters
        ----------
        rain : array (h, w), m s-1
            Mean over each block.
        duration_s : float
            Time to advance by.
        dx : float
            Side of a block, m.
        loss : tuple
            Method, rate m s-1, suction head m, moisture deficit, drains and air m s-1.
        limits : tuple
            Courant number of the flow, Froude cap, least depth m, longest step s, level that
            means a breakdown m.
        """
        self._blocks.inner(self._rain)[...] = rain
        soaks = loss[0] != NO_LOSS or loss[4] > 0 or loss[5] > 0
        progress = np.array([self._speed, self.highest_m, 0.0])
        arguments = (
            self.threads, self._shape, self._water, self._flows, self._land, self._storage,
            self._edges, (*loss, soaks), self._rain, self._work, float(dx), float(duration_s),
            limits, np.zeros(16 * self.threads, np.int64), np.zeros(16 * self.threads),
            self._sums, progress,
        )  # fmt: skip
        others = [Thread(target=_advance, args=(k, *arguments)) for k in range(1, self.threads)]
        for other in others:
            other.start()
        _advance(0, *arguments)
        for other in others:
            other.join()
        self._speed, self.highest_m = float(progress[0]), float(progress[1])
        return int(progress[2])

    def sums(self) -> list[float]:
        """Give what left through edges, soaked in, was drained and evaporated: block depths, m."""
        totals: list[float] = self._sums.reshape(-1, _SUMS).sum(axis=0).tolist()
        return totals
