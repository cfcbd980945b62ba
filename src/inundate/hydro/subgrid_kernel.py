"""The step of the sub-grid solver, compiled for the host.

A block holds a volume of water; its level follows from the heights of its fine cells, and each
face carries what its lanes let through. One sweep down the rows computes the faces, scales the
outflow of blocks that would run dry, and updates volume and level one row behind, in place: no
face needs any other face, and no result depends on the order of blocks.

Levels are heights above the block's lowest cell, and differences of those lowest cells come
from the tables: elevation is never added to depth, which keeps float32 exact enough. A carried
residual (Kahan) keeps small rain on deep water.

The small functions that read and write bits are those of :mod:`inundate.hydro.inertial`; the
layout of the arrays is told in :mod:`inundate.hydro.subgrid_tables`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

from inundate.hydro.inertial import _bits_of, _float_of, _from, _inverse_cube_root, _pointer_to
from inundate.hydro.infiltration import GREEN_AMPT, NO_LOSS
from inundate.hydro.state import Array
from inundate.hydro.subgrid_tables import Blocks
from inundate.hydro.timestep import GRAVITY

__all__ = ["SubgridState"]

_CHUNK = 512  # blocks that go through the lanes together
_GAP = _CHUNK + 16  # between the rows of scratch
_BLOCK = 1024  # blocks of a sweep's rows, at least

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
    return (
        kind(0), kind(1), kind(2), kind(4), kind(0.5), kind(dt), kind(dt / dx), kind(dx / dt),
        kind(GRAVITY * dt), kind(GRAVITY * dt / dx), kind(math.sqrt(GRAVITY) * froude_cap),
        kind(depth_min), kind(1 / factor), kind(0.5 / factor), kind(1e-30), kind(1 + rounding),
        kind(2 * dx / dt),
    )  # fmt: skip


@_compiled
def _lane(
    first: Any, last: Any, bed: Any, top: Any, drop: Any, area: Any, carries: Any, wet: Any,
    constants: Any,
) -> Any:  # fmt: skip
    """Add one lane of a run of faces to their area, conveyance and number of wet lanes.

    The depth at the outlet of the block upstream becomes the mean depth of a wedge along the
    fall ``drop`` of its thalweg, since its water stands level only in the tables.
    """
    zero, one = constants[:2]
    half, depth_min, per, half_per = constants[4], constants[11], constants[12], constants[13]
    for k in range(first, last):
        at = k - first
        depth = top[at] - bed[k]
        is_wet = depth > depth_min
        depth = depth if is_wet else zero
        fall = drop[at]
        on_slope = min(depth, fall)
        mean = max(
            depth * per, on_slope * (on_slope * (half / fall) + half_per) + (depth - on_slope)
        )
        area[at] += mean
        carries[at] += mean * mean * _inverse_cube_root(mean)
        wet[at] += one if is_wet else zero


@_compiled
def _begin_faces(
    first: Any, last: Any, step: Any, level: Any, rise: Any, ahead: Any, behind: Any, top: Any,
    drop: Any, area: Any, carries: Any, wet: Any, zero: Any,
) -> Any:  # fmt: skip
    """Find the higher level beside each face, and the drop of the block that has it."""
    for k in range(first, last):
        at = k - first
        near, far = level[k], level[k + step] + rise[k]
        top[at] = max(near, far)
        drop[at] = ahead[k] if near > far else behind[k + step]
        area[at] = zero
        carries[at] = zero
        wet[at] = zero


@_compiled
def _end_faces(
    first: Any, last: Any, step: Any, level: Any, rise: Any, conveyance: Any, flow: Any,
    area: Any, carries: Any, wet: Any, constants: Any,
) -> Any:  # fmt: skip
    """Advance the discharge of a run of faces under gravity and friction."""
    one, two, four = constants[1:4]
    g_dt, g_dt_dx, cap, per, tiny = (
        constants[8], constants[9], constants[10], constants[12], constants[14],
    )  # fmt: skip
    for k in range(first, last):
        at = k - first
        summed = area[at]
        depth = summed / max(wet[at], one)  # of the wet lanes
        mean = summed * per
        carried = carries[at] * conveyance[k]
        fall = level[k] - (level[k + step] + rise[k])
        pushed = flow[k] + (g_dt_dx * mean) * fall
        # Manning friction, wholly implicit: the root of q (1 + drag |q|) = pushed
        drag = (g_dt * mean) / max(carried * carried, tiny)
        found = (two * pushed) / (one + math.sqrt(one + (four * drag) * abs(pushed)))
        limit = (cap * mean) * math.sqrt(depth)
        flow[k] = min(max(found, -limit), limit)


@_compiled
def _faces(
    first: Any, last: Any, step: Any, level: Any, rise: Any, bed: Any, size: Any, factor: Any,
    ahead: Any, behind: Any, conveyance: Any, flow: Any, scratch: Any, constants: Any,
) -> Any:  # fmt: skip
    """Advance the faces between a run of blocks and those ``step`` further on."""
    top, drop = _from(scratch, 0), _from(scratch, _GAP)
    area, carries = _from(scratch, 2 * _GAP), _from(scratch, 3 * _GAP)
    wet = _from(scratch, 4 * _GAP)
    for begin in range(first, last, _CHUNK):
        end = min(begin + _CHUNK, last)
        _begin_faces(
            begin, end, step, level, rise, ahead, behind, top, drop, area, carries, wet,
            constants[0],
        )  # fmt: skip
        for n in range(factor):
            _lane(begin, end, _from(bed, n * size), top, drop, area, carries, wet, constants)
        _end_faces(begin, end, step, level, rise, conveyance, flow, area, carries, wet, constants)


@_compiled
def _edge_lanes(first: Any, last: Any, level: Any, edges: Any, leaving: Any, constants: Any) -> Any:
    """Give the discharge out through a run of edge lanes: normal depth on the given slope."""
    _, _, block, bed, drop, normal = edges
    zero, cap, depth_min = constants[0], constants[10], constants[11]
    half, per, half_per = constants[4], constants[12], constants[13]
    for n in range(first, last):
        depth = level[block[n]] - bed[n]
        depth = depth if depth > depth_min else zero
        fall = drop[n]
        on_slope = min(depth, fall)
        mean = max(
            depth * per, on_slope * (on_slope * (half / fall) + half_per) + (depth - on_slope)
        )
        flow = (mean * mean) * _inverse_cube_root(mean) * normal[n]
        leaving[n] = min(flow, (cap * per) * mean * math.sqrt(mean))


@_compiled
def _edge_blocks(
    place: Any, until: Any, count: Any, stride: Any, water: Any, flows: Any, edges: Any,
    leaving: Any, factor: Any, offset: Any, constants: Any,
) -> Any:  # fmt: skip
    """Let water out of the edge blocks from number ``place`` on that lie before ``until``.

    What leaves goes into the carried residual, which the update of the volume adds, so that
    edges act at the same time as all other faces. Gives the next number, whether a factor is
    below one, and the sum that left.
    """
    volume, carry = water[0], water[1]
    flow_x, flow_y = flows
    start, places = edges[:2]
    zero, one, dt_dx, dx_dt = constants[0], constants[1], constants[6], constants[7]
    lost, short = 0.0, False
    while place < count and places[place] < until:
        k = places[place]
        out = zero
        for n in range(start[place], start[place + 1]):
            out += leaving[n]
        if out > zero:
            inside = max(flow_x[k], zero) + max(-flow_x[k - 1], zero)
            inside += max(flow_y[k], zero) + max(-flow_y[k - stride], zero)
            share = min(one, volume[k] * dx_dt / (inside + out))
            out *= share
            if share < one:
                short = True
                factor[k - offset] = share
            carry[k] -= dt_dx * out
            lost += np.float64(dt_dx * out)
        place += 1
    return place, short, lost


@_compiled
def _may_run_dry(
    first: Any, last: Any, stride: Any, volume: Any, flow_x: Any, flow_y: Any, constants: Any
) -> Any:
    """Tell whether a block of the run may lose more than its water; never misses one."""
    margin, twice_dx_dt = constants[15], constants[16]
    short = 0
    for k in range(first, last):
        west, east = flow_x[k - 1], flow_x[k]
        north, south = flow_y[k - stride], flow_y[k]
        # twice the outflow is the spread and the sum of sizes
        sizes = (abs(east) + abs(west)) + (abs(north) + abs(south))
        out = ((east - west) + (south - north)) + margin * sizes
        short += 1 if out > volume[k] * twice_dx_dt else 0
    return short > 0


@_compiled
def _outflow_factor(
    first: Any, last: Any, stride: Any, volume: Any, flow_x: Any, flow_y: Any, factor: Any,
    offset: Any, constants: Any,
) -> Any:  # fmt: skip
    """Give the factor that keeps each block's total outflow within its water."""
    zero, one, dx_dt, tiny = constants[0], constants[1], constants[7], constants[14]
    for k in range(first, last):
        out_x = max(flow_x[k], zero) + max(-flow_x[k - 1], zero)
        out_y = max(flow_y[k], zero) + max(-flow_y[k - stride], zero)
        factor[k - offset] = min(one, volume[k] * dx_dt / max(out_x + out_y, tiny))


@_compiled
def _scale(first: Any, last: Any, step: Any, flow: Any, factor: Any, offset: Any, zero: Any) -> Any:
    """Scale a run of faces by the factor of the block that the water leaves."""
    for k in range(first, last):
        at = k - offset
        flow[k] *= factor[at] if flow[k] > zero else factor[at + step]


@_compiled
def _fill(
    first: Any, last: Any, stride: Any, water: Any, flow_x: Any, flow_y: Any, rain: Any,
    constants: Any,
) -> Any:  # fmt: skip
    """Update the volume of a run of blocks from their faces and rain."""
    volume, carry, _, deepest = water
    zero, dt, dt_dx = constants[0], constants[5], constants[6]
    for k in range(first, last):
        spread = (flow_x[k] - flow_x[k - 1]) + (flow_y[k] - flow_y[k - stride])
        change = (dt * rain[k] - dt_dx * spread) + carry[k]
        old = volume[k]
        new = max(old + change, zero)
        carry[k] = change - (new - old)
        volume[k] = new
        deepest[k] = max(deepest[k], new)


@_compiled
def _first_line(first: Any, last: Any, volume: Any, level: Any, cells: Any) -> Any:
    """Give the level if only the lowest cell held water."""
    for k in range(first, last):
        level[k] = volume[k] * cells


@_compiled
def _tail_line(first: Any, last: Any, volume: Any, level: Any, tail: Any, tail_line: Any) -> Any:
    """Lower the level where blocks with missing ground are full."""
    for k in range(first, last):
        level[k] = min(level[k], volume[k] * tail[k] + tail_line[k])


@_compiled
def _four_lines(
    first: Any, last: Any, volume: Any, level: Any, line: Any, size: Any, a: Any, b: Any, c: Any,
    d: Any,
) -> Any:  # fmt: skip
    """Lower the level to the least of four lines of the storage curve."""
    for k in range(first, last):
        water = volume[k]
        one = min(water * a + line[k], water * b + line[size + k])
        two = min(water * c + line[2 * size + k], water * d + line[3 * size + k])
        level[k] = min(level[k], min(one, two))


@_compiled
def _levels(
    first: Any, last: Any, volume: Any, level: Any, storage: Any, size: Any, cells: Any
) -> Any:
    """Give the level of a run of blocks from their volume."""
    coefficient, line, lines, tail, tail_line, has_tail = storage
    _first_line(first, last, volume, level, cells)
    for m in range(0, lines, 4):
        _four_lines(
            first, last, volume, level, _from(line, m * size), size, coefficient[m],
            coefficient[m + 1], coefficient[m + 2], coefficient[m + 3],
        )  # fmt: skip
    if has_tail:
        _tail_line(first, last, volume, level, tail, tail_line)


@_compiled
def _largest(first: Any, last: Any, level: Any, largest: Any) -> Any:
    """Give the bits of the largest level: they order like positive floats, NaN comes last."""
    for k in range(first, last):
        largest = max(largest, _bits_of(abs(level[k])))
    return largest


@_compiled
def _wet_share(k: Any, volume: Any, storage: Any, size: Any, cells: Any) -> Any:
    """Give the share of a block that its pool covers: one over the slope of its level."""
    coefficient, line, lines, tail, tail_line, has_tail = storage
    least, slope = volume[k] * cells, np.float64(cells)
    if volume[k] == 0:
        return 0.0
    for m in range(lines):
        level = volume[k] * coefficient[m] + line[m * size + k]
        if level < least:
            least, slope = level, np.float64(coefficient[m])
    if has_tail and volume[k] * tail[k] + tail_line[k] < least:
        slope = np.float64(tail[k])
    return 1 / slope


@_compiled
def _lose(
    first: Any, last: Any, kind: Any, water: Any, storage: Any, size: Any, cells: Any, rain: Any,
    ground: Any, soaked: Any, loss: Any, dt: Any, sums: Any,
) -> Any:  # fmt: skip
    """Let the water of a run of blocks into the ground, the drains and the air, in this order.

    Standing water loses up to the capacity; ground that no water stands on loses what rains on
    it, up to the capacity.
    """
    volume, carry = water[:2]
    method, rate, head, deficit, drain, air = loss
    for k in range(first, last):
        old = volume[k]
        if not old > 0:
            continue
        wet = _wet_share(k, volume, storage, size, cells)
        dry = max(ground[k] - wet, 0.0)
        fallen = dt * np.float64(rain[k]) / max(ground[k], 1e-30)
        left, thin = np.float64(old), fallen
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
            soaked[k] += taken / max(ground[k], 1e-30)
            sums[1] += taken
            left -= taken
            thin = max(thin - capacity, 0.0)
        taken = min(wet * (drain * dt) + dry * min(drain * dt, thin), left)
        sums[2] += taken
        left -= taken
        thin = max(thin - drain * dt, 0.0)
        taken = min(wet * (air * dt) + dry * min(air * dt, thin), left)
        sums[3] += taken
        left -= taken
        new = kind(left)
        carry[k] += kind(left - np.float64(new))
        volume[k] = new


@_compiled
def _sweep(
    kind: Any, shape: Any, water: Any, flows: Any, land: Any, storage: Any, edges: Any, loss: Any,
    rain: Any, work: Any, sums: Any, constants: Any, dt: Any,
) -> Any:  # fmt: skip
    """Take one step of all blocks; give the largest level."""
    height, stride, size, factor, rows = shape
    rise, bed, drop, conveyance, ground, soaked = land
    scratch, factors, leaving = work
    flow_x, flow_y = flows
    volume, level = water[0], water[2]
    zero, one = constants[:2]
    cells = kind(factor * factor)
    largest = _bits_of(zero)
    place, scaled = 0, False
    edge_start, lanes_done = edges[0], 0
    for k in range((rows + 2) * stride):
        factors[k] = one
    for top in range(1, height + 1, rows):
        bottom = min(top + rows, height + 1)
        first, last = top * stride, bottom * stride
        offset = first - stride
        _faces(
            first, last, 1, level, rise, bed, size, factor, drop, _from(drop, size), conveyance,
            flow_x, scratch, constants,
        )  # fmt: skip
        _faces(
            first, last, stride, level, _from(rise, size), _from(bed, factor * size), size, factor,
            _from(drop, 2 * size), _from(drop, 3 * size), _from(conveyance, size), flow_y, scratch,
            constants,
        )  # fmt: skip
        short = _may_run_dry(first, last, stride, volume, flow_x, flow_y, constants)
        if short:
            _outflow_factor(
                first, last, stride, volume, flow_x, flow_y, factors, offset, constants
            )  # fmt: skip
        short_edge = False
        if place < edges[6] and edges[1][place] < last:
            until = place
            while until < edges[6] and edges[1][until] < last:
                until += 1
            _edge_lanes(lanes_done, edge_start[until], level, edges[:6], leaving, constants)
            lanes_done = edge_start[until]
            place, short_edge, lost = _edge_blocks(
                place, last, edges[6], stride, water, flows, edges[:2], leaving, factors, offset,
                constants,
            )  # fmt: skip
            sums[0] += lost
        is_scaled = short or short_edge
        if is_scaled or scaled:
            _scale(first, last, 1, flow_x, factors, offset, zero)
            _scale(first - stride, last - stride, stride, flow_y, factors, offset, zero)
        begin = first - stride
        until_row = last if bottom == height + 1 else last - stride
        _fill(max(begin, stride), until_row, stride, water, flow_x, flow_y, rain, constants)
        begin = max(begin, stride)
        if loss[6]:
            _lose(
                begin, until_row, kind, water, storage, size, cells, rain, ground, soaked,
                loss[:6], dt, sums,
            )  # fmt: skip
        _levels(begin, until_row, volume, level, storage, size, cells)
        largest = _largest(begin, until_row, level, largest)
        if is_scaled or scaled:
            shift = last - first
            for k in range(stride):
                factors[k] = factors[k + shift]
            for k in range(stride, stride + shift):
                factors[k] = one
        scaled = is_scaled
    return np.float64(_float_of(largest))


@_compiled
def _advance(
    shape: Any, water: Any, flows: Any, land: Any, storage: Any, edges: Any, loss: Any, rain: Any,
    work: Any, dx: Any, duration: Any, limits: Any, progress: Any, sums: Any,
) -> Any:  # fmt: skip
    """Take as many steps as a duration needs; give their number.

    ``progress`` is the largest level, and receives the seconds done.
    """
    kind = water[0].dtype.type
    courant, froude_cap, depth_min, max_step, level_limit = limits
    volume, carry, level, deepest = water
    waters = (
        _pointer_to(volume), _pointer_to(carry), _pointer_to(level), _pointer_to(deepest)
    )  # fmt: skip
    rise, bed, drop, conveyance, ground, soaked = land
    lands = (
        _pointer_to(rise), _pointer_to(bed), _pointer_to(drop), _pointer_to(conveyance),
        _pointer_to(ground), _pointer_to(soaked),
    )  # fmt: skip
    coefficient, line, lines, tail, tail_line, has_tail = storage
    storages = (
        _pointer_to(coefficient), _pointer_to(line), lines, _pointer_to(tail),
        _pointer_to(tail_line), has_tail,
    )  # fmt: skip
    start, place, block, bed_out, drop_out, normal, count = edges
    edge_arrays = (
        _pointer_to(start), _pointer_to(place), _pointer_to(block), _pointer_to(bed_out),
        _pointer_to(drop_out), _pointer_to(normal), count,
    )  # fmt: skip
    scratch, factors, leaving = work
    works = _pointer_to(scratch), _pointer_to(factors), _pointer_to(leaving)
    pointers = _pointer_to(flows[0]), _pointer_to(flows[1])
    rains, totals = _pointer_to(rain), _pointer_to(sums)
    steps = 0
    while progress[1] < duration:
        left = duration - progress[1]
        still = max(progress[0], depth_min)
        dt = min(max_step, courant * dx / math.sqrt(GRAVITY * still))
        needed = math.ceil(left / dt)
        if needed <= 2:  # even steps rather than a sliver at the end
            dt = left / needed
        constants = _constants(kind, dt, dx, shape[3], froude_cap, depth_min)
        progress[0] = _sweep(
            kind, shape, waters, pointers, lands, storages, edge_arrays, loss, rains, works,
            totals, constants, dt,
        )  # fmt: skip
        progress[1] = duration if needed <= 1 else progress[1] + dt
        steps += 1
        if not progress[0] < level_limit:
            break
    return steps


class SubgridState:
    """The water of all blocks, and what is computed with it.

    Parameters
    ----------
    blocks : Blocks
        Where.
    """

    def __init__(self, blocks: Blocks) -> None:
        kind, size = blocks.line.dtype, blocks.size
        self._blocks = blocks
        self._fields = np.zeros((6, size), kind)
        self.volume, self.carry, self.level, self.deepest = self._fields[:4]
        self._rain = np.zeros(size, kind)
        self.soaked = np.zeros(size)
        self.highest_m = 0.0
        self.sums = np.zeros(4)  # out through edges, soaked, drained, evaporated: block depths, m
        stride, edges = blocks.stride, blocks.edges
        rows = min(blocks.shape[0], max(1, -(-_BLOCK // stride)))
        self._shape = (blocks.shape[0], stride, size, blocks.factor, rows)
        self._land = (
            blocks.rise, blocks.bed, blocks.drop, blocks.conveyance, blocks.ground, self.soaked
        )  # fmt: skip
        self._storage = (
            blocks.coefficient, blocks.line, blocks.coefficient.size, blocks.tail,
            blocks.tail_line, blocks.tail.size > 0,
        )  # fmt: skip
        self._edges = (
            edges.start, edges.place, edges.block, edges.bed, edges.drop, edges.normal,
            edges.place.size,
        )  # fmt: skip
        self._work = (
            np.zeros(5 * _GAP, kind), np.zeros((rows + 2) * stride, kind),
            np.zeros(edges.block.size, kind),
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
            Courant number, Froude cap, least depth m, longest step s, level that means a
            breakdown m.
        """
        self._blocks.inner(self._rain)[...] = rain
        progress = np.array([self.highest_m, 0.0])
        soaks = loss[0] != NO_LOSS or loss[4] > 0 or loss[5] > 0
        steps: int = _advance(
            self._shape, (self.volume, self.carry, self.level, self.deepest),
            (self._fields[4], self._fields[5]), self._land, self._storage, self._edges,
            (*loss, soaks), self._rain, self._work, dx, float(duration_s), limits, progress,
            self.sums,
        )  # fmt: skip
        self.highest_m = float(progress[0])
        return steps
