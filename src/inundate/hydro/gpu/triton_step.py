# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
"""The local inertial step as CUDA kernels written in Triton: faces, edge faces, cells.

A step is three launches, four with edges that let water through, for all members at once. Faces
are computed from old values only and written to a second buffer; the cells then scale the outflow
of those that would run dry, from values that no other program changes, and write the scaled faces
back. Depth alternates between two buffers from step to step. Time steps are chosen on the device:
nothing waits for the host.

Source
------
Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027: the inertial flux.
de Almeida, Bates, Freer and Souvignet (2012), doi:10.1029/2011WR011570: the weight theta.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["cells_kernel", "clock_kernel", "edges_kernel", "faces_kernel"]

# loaded by name: Triton comes with CUDA builds of PyTorch only
triton: Any = import_module("triton")
tl: Any = import_module("triton.language")

# places in the array of numbers, float64
_DX, _COURANT, _FROUDE, _DEPTH_MIN, _MAX_STEP, _WEIGHT, _BEYOND, _AIR, _LIMIT, _G = (
    tl.constexpr(k) for k in range(10)
)
_OPEN = tl.constexpr(0)  # as inundate.hydro.boundary
_CONSTANT, _GREEN_AMPT = tl.constexpr(1), tl.constexpr(2)  # as inundate.hydro.infiltration


@triton.jit
def _inverse_cube_root(value):
    """Give ``value ** (-1/3)``; constants as in the compiled kernel."""
    if value.dtype == tl.float32:
        bits = value.to(tl.int32, bitcast=True).to(tl.float32)
        root = (1418614276.1 - bits * 0.3333333333333333).to(tl.int32)
        root = root.to(tl.float32, bitcast=True)
    else:
        bits = value.to(tl.int64, bitcast=True).to(tl.float64)
        root = (6.1419130950e18 - bits * 0.3333333333333333).to(tl.int64)
        root = root.to(tl.float64, bitcast=True)
    rest = 1.0 - (value * root) * (root * root)
    series = 0.3645867297 + rest * (0.0626093945 + rest * 0.4971419232)
    root = root * (0.9978145981 + rest * series)
    if value.dtype == tl.float64:
        rest = 1.0 - (value * root) * (root * root)  # a step of Newton's method
        root = root + root * (rest * 0.3333333333333333)
    return root


@triton.jit
def _face(left, right, rise, rest, flow, beside, drag, dt, numbers):
    """Give the new discharge of faces; arguments as in the compiled kernel."""
    kind = left.dtype
    dx = tl.load(numbers + _DX)
    gravity = tl.load(numbers + _G)
    least = tl.load(numbers + _DEPTH_MIN).to(kind)
    depth = tl.maximum(left - tl.maximum(rise, 0.0), right + tl.minimum(rise, 0.0))
    wet = tl.maximum(depth, least)
    third = _inverse_cube_root(wet)
    two_thirds = third * third
    speed = tl.sqrt(wet)
    way = (((dt / (2.0 * dx)).to(kind) * tl.abs(flow)) * third) * two_thirds
    share = tl.minimum(way, (tl.sqrt(gravity) * dt / (2.0 * dx)).to(kind) * speed)
    share = tl.minimum(share, (0.5 * tl.load(numbers + _WEIGHT)).to(kind))
    slope = (rise + (right - left)) + rest
    pushed = flow + share * (beside - (flow + flow))
    pushed = pushed - ((gravity * dt / dx).to(kind) * wet) * slope
    slowed = (drag * (two_thirds * two_thirds)) * way
    found = (pushed + slowed * flow) / (1.0 + (slowed + slowed))
    limit = (tl.sqrt(gravity) * tl.load(numbers + _FROUDE)).to(kind) * wet * speed
    found = tl.minimum(tl.maximum(found, -limit), limit)
    return tl.where(depth > least, found, tl.zeros_like(found))


@triton.jit
def _bits_of(value):
    if value.dtype == tl.float32:
        return value.to(tl.int32, bitcast=True)
    else:
        return value.to(tl.int64, bitcast=True)


@triton.jit
def _float_of(bits):
    if bits.dtype == tl.int32:
        return bits.to(tl.float32, bitcast=True).to(tl.float64)
    else:
        return bits.to(tl.float64, bitcast=True)


@triton.jit
def clock_kernel(
    clock, largest, duration, steps, step_s, numbers, members, most,
    BLOCK: tl.constexpr, LIMIT: tl.constexpr, HALVINGS: tl.constexpr,
):  # fmt: skip
    """Account for the step just taken and plan the next; rows of ``clock`` as in plan.Clock."""
    k = tl.arange(0, BLOCK)
    inside = k < members
    done = tl.load(clock + k, mask=inside, other=0.0)
    step = tl.load(clock + members + k, mask=inside, other=1.0)
    planned = tl.load(clock + 2 * members + k, mask=inside, other=0.0)
    left = tl.load(clock + 3 * members + k, mask=inside, other=0.0)
    may = tl.load(clock + 4 * members + k, mask=inside, other=1.0)
    before = tl.load(clock + 5 * members + k, mask=inside, other=0.0)
    highest = tl.load(clock + 6 * members + k, mask=inside, other=0.0)
    rise = tl.load(clock + 7 * members + k, mask=inside, other=0.0)
    deepest = tl.load(clock + 8 * members + k, mask=inside, other=0.0)
    whole = tl.load(duration + k, mask=inside, other=0.0)
    bits = tl.load(largest + k, mask=inside, other=0)
    count_s = tl.load(steps + k, mask=inside, other=0)
    took = tl.load(step_s + k, mask=inside, other=0.0) > 0
    dx, gravity = tl.load(numbers + _DX), tl.load(numbers + _G)
    limit = tl.load(numbers + _LIMIT)

    deepest = tl.where(took, _float_of(bits), deepest)
    left = tl.where(took, left - 1.0, left)
    is_over = took & (left == 0.0) & (deepest < limit)
    highest = tl.where(took & (left > 0.0), tl.maximum(highest, deepest), highest)
    taken = tl.where(is_over, planned * step, 1.0)
    after = tl.where(taken >= whole - done, whole, done + taken)
    done = tl.where(is_over, after, done)
    rise = tl.where(is_over, tl.maximum(deepest - before, 0.0) / taken, rise)
    is_fast = step * tl.sqrt(gravity * highest) > LIMIT * dx
    may = tl.where(is_over, tl.where(is_fast, 1.0, 2.0 * planned), may)
    tl.store(steps + k, count_s + took.to(tl.int64), mask=inside)

    is_active = inside & (done < whole) & (deepest < limit)
    now = tl.where(is_active, deepest, 0.0)  # one that broke down has no depth to plan with
    still = tl.maximum(tl.maximum(now, tl.load(numbers + _BEYOND)), tl.load(numbers + _DEPTH_MIN))
    reach = tl.load(numbers + _COURANT) * dx
    longest = tl.load(numbers + _MAX_STEP)
    alone = tl.minimum(reach / tl.sqrt(gravity * still), longest)
    count = tl.minimum(may, most.to(tl.float64))
    length = alone
    found = count < 0.0
    for _ in tl.static_range(HALVINGS):
        risen = tl.maximum(still, now + 1.5 * rise * alone * (count - 1.0))
        shorter = tl.minimum(reach / tl.sqrt(gravity * risen), longest)
        fits = (count > 1.0) & (shorter >= 0.95 * alone) & (found == 0)
        length = tl.where(fits, shorter, length)
        found = found | fits
        count = tl.where(found | (count <= 1.0), count, tl.floor(count / 2.0))
    rest = tl.where(is_active, whole - done, 1.0)
    needed = tl.ceil(rest / length)
    is_end = needed <= tl.maximum(count, 2.0)
    length = tl.where(is_end, rest / needed, length)
    count = tl.where(is_end, tl.minimum(count, needed), count)
    is_new = is_active & (left == 0.0)
    step = tl.where(is_new, length, step)
    planned = tl.where(is_new, count, planned)
    left = tl.where(is_new, count, left)
    before = tl.where(is_new, deepest, before)
    highest = tl.where(is_new, deepest, highest)

    tl.store(step_s + k, tl.where(is_active, step, 0.0), mask=inside)
    tl.store(largest + k, tl.zeros_like(bits), mask=inside)
    tl.store(clock + k, done, mask=inside)
    tl.store(clock + members + k, step, mask=inside)
    tl.store(clock + 2 * members + k, planned, mask=inside)
    tl.store(clock + 3 * members + k, left, mask=inside)
    tl.store(clock + 4 * members + k, may, mask=inside)
    tl.store(clock + 5 * members + k, before, mask=inside)
    tl.store(clock + 6 * members + k, highest, mask=inside)
    tl.store(clock + 7 * members + k, rise, mask=inside)
    tl.store(clock + 8 * members + k, deepest, mask=inside)


@triton.jit
def faces_kernel(
    depth, carry, ground, friction, land_stride, old_x, old_y, new_x, new_y,
    step_s, numbers, height, width, members,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Advance the western and northern faces of a block of cells."""
    member = tl.program_id(2)
    dt = tl.load(step_s + member)
    if dt > 0:
        i = tl.program_id(1) * ROWS + tl.arange(0, ROWS)[:, None]
        j = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
        inside = (i < height) & (j < width)
        far = member.to(tl.int64)
        depth += far * height * width
        carry += far * height * width
        friction += far * land_stride
        old_x += far * height * (width + 1)
        new_x += far * height * (width + 1)
        old_y += far * (height + 1) * width
        new_y += far * (height + 1) * width
        cell, at_x = i * width + j, i * (width + 1) + j
        water = tl.load(depth + cell, mask=inside, other=0.0)
        here = tl.load(ground + cell, mask=inside, other=0.0)
        rest = tl.load(carry + cell, mask=inside, other=0.0)
        drag = tl.load(friction + cell, mask=inside, other=1.0)

        has_west = inside & (j > 0)
        flow = tl.load(old_x + at_x, mask=has_west, other=0.0)
        before = tl.load(old_x + at_x - 1, mask=has_west & (j > 1), other=0.0)
        after_x = tl.load(old_x + at_x + 1, mask=has_west & (j < width - 1), other=0.0)
        # beside an edge the face itself stands in for its missing neighbour
        beside = tl.where(j > 1, before, flow) + tl.where(j < width - 1, after_x, flow)
        found = _face(
            tl.load(depth + cell - 1, mask=has_west, other=0.0), water,
            here - tl.load(ground + cell - 1, mask=has_west, other=0.0),
            rest - tl.load(carry + cell - 1, mask=has_west, other=0.0), flow, beside,
            tl.load(friction + cell - 1, mask=has_west, other=1.0) + drag, dt, numbers,
        )  # fmt: skip
        tl.store(new_x + at_x, found, mask=has_west)

        has_north = inside & (i > 0)
        flow = tl.load(old_y + cell, mask=has_north, other=0.0)
        before = tl.load(old_y + cell - width, mask=has_north & (i > 1), other=0.0)
        after_y = tl.load(old_y + cell + width, mask=has_north & (i < height - 1), other=0.0)
        beside = tl.where(i > 1, before, flow) + tl.where(i < height - 1, after_y, flow)
        found = _face(
            tl.load(depth + cell - width, mask=has_north, other=0.0), water,
            here - tl.load(ground + cell - width, mask=has_north, other=0.0),
            rest - tl.load(carry + cell - width, mask=has_north, other=0.0), flow, beside,
            tl.load(friction + cell - width, mask=has_north, other=1.0) + drag, dt, numbers,
        )  # fmt: skip
        tl.store(new_y + cell, found, mask=has_north)


@triton.jit
def _out(west, east, north, south):
    """Give the outflow of a cell from the discharge through its faces."""
    out_x = tl.maximum(east, 0.0) + tl.maximum(-west, 0.0)
    return out_x + (tl.maximum(south, 0.0) + tl.maximum(-north, 0.0))


@triton.jit
def _factor(water, out, dx_dt):
    """Give the factor that keeps a cell's outflow within its water."""
    return tl.minimum(water * dx_dt / tl.maximum(out, 1e-30), 1.0)


@triton.jit
def edges_kernel(
    depth, carry, rough, friction, land_stride, flow_x, flow_y, edge_flow, leave,
    cells, kinds, slope_root, outside, sums, step_s, numbers,
    height, width, members, count,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """Let water through the edge faces; what passes goes into ``carry``."""
    member = tl.program_id(1)
    dt = tl.load(step_s + member)
    if dt > 0:
        k = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        inside = k < count
        cell = tl.load(cells + k, mask=inside, other=0)
        far = member.to(tl.int64)
        depth += far * height * width
        carry += far * height * width
        leave += far * height * width
        flow_x += far * height * (width + 1)
        flow_y += far * (height + 1) * width
        edge_flow += far * count * 4
        water = tl.load(depth + cell, mask=inside, other=0.0)
        n = tl.load(rough + far * land_stride + cell, mask=inside, other=1.0)
        drag = tl.load(friction + far * land_stride + cell, mask=inside, other=1.0)
        kind = water.dtype
        dx = tl.load(numbers + _DX)
        least = tl.load(numbers + _DEPTH_MIN).to(kind)
        wet = tl.maximum(water, least)
        normal = wet * wet * _inverse_cube_root(wet)
        most = tl.load(numbers + _FROUDE).to(kind) * wet
        most = most * tl.sqrt(tl.load(numbers + _G).to(kind) * wet)
        leaving = tl.zeros_like(water)
        entering = tl.zeros_like(water)
        for face in tl.static_range(4):
            slot = k * 4 + face
            code = tl.load(kinds + slot, mask=inside, other=-1)
            old = tl.load(edge_flow + slot, mask=inside, other=0.0)
            slope = tl.load(slope_root + slot, mask=inside, other=0.0)
            beyond = tl.load(outside + slot, mask=inside, other=0.0)
            none = tl.zeros_like(water)
            level = _face(water, beyond, none, none, old, old + old, drag + drag, dt, numbers)
            out = tl.where(water > least, tl.minimum(normal * (slope / n), most), 0.0)
            flow = tl.where(code == _OPEN, out, level)
            flow = tl.where(code < 0, tl.zeros_like(flow), flow)
            tl.store(edge_flow + slot, flow, mask=inside)
            leaving += tl.maximum(flow, 0.0)
            entering += tl.maximum(-flow, 0.0)
        tl.store(leave + cell, leaving, mask=inside)
        row, column = cell // width, cell % width
        at_x = row * (width + 1) + column
        east = tl.load(flow_x + at_x + 1, mask=inside & (column < width - 1), other=0.0)
        south = tl.load(flow_y + cell + width, mask=inside & (row < height - 1), other=0.0)
        west = tl.load(flow_x + at_x, mask=inside & (column > 0), other=0.0)
        north = tl.load(flow_y + cell, mask=inside & (row > 0), other=0.0)
        scale = _factor(water, _out(west, east, north, south) + leaving, (dx / dt).to(kind))
        for face in tl.static_range(4):
            slot = k * 4 + face
            flow = tl.load(edge_flow + slot, mask=inside, other=0.0)
            tl.store(edge_flow + slot, tl.where(flow > 0, flow * scale, flow), mask=inside)
        dt_dx = (dt / dx).to(kind)
        lost, gained = dt_dx * (leaving * scale), dt_dx * entering
        rest = tl.load(carry + cell, mask=inside, other=0.0)
        tl.store(carry + cell, rest + (gained - lost), mask=inside)
        # each cell has its own sum, so that the order of additions never changes
        place = sums + far * count + k
        so_far = tl.load(place, mask=inside, other=0.0)
        tl.store(place, so_far + lost.to(tl.float64), mask=inside)
        place += members * count
        so_far = tl.load(place, mask=inside, other=0.0)
        tl.store(place, so_far + gained.to(tl.float64), mask=inside)


@triton.jit
def _cell_factor(
    i, j, height, width, depth, flow_x, flow_y, edge, leave, dx_dt, EDGES: tl.constexpr
):
    """Give the factor of the cells at rows ``i`` and columns ``j``; anything outside the grid."""
    inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
    cell, at_x = i * width + j, i * (width + 1) + j
    east = tl.load(flow_x + at_x + 1, mask=inside & (j < width - 1), other=0.0)
    south = tl.load(flow_y + cell + width, mask=inside & (i < height - 1), other=0.0)
    west = tl.load(flow_x + at_x, mask=inside & (j > 0), other=0.0)
    north = tl.load(flow_y + cell, mask=inside & (i > 0), other=0.0)
    out = _out(west, east, north, south)
    if EDGES:
        is_edge = tl.load(edge + cell, mask=inside, other=0) != 0
        out += tl.load(leave + cell, mask=inside & is_edge, other=0.0)
    return _factor(tl.load(depth + cell, mask=inside, other=0.0), out, dx_dt)


@triton.jit
def _take(water, rest, capacity):
    """Take water, as much as there is; the rounding goes into the carried residual."""
    taken = tl.minimum(capacity, water)
    left = water - taken
    return left, rest + ((water - left) - taken), taken


@triton.jit
def cells_kernel(
    depth, next_depth, carry, deepest, soaked, flow_x, flow_y, out_x, out_y, edge, leave,
    rain, rain_stride, cover, table, sums, largest, step_s, numbers,
    height, width, members,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, EDGES: tl.constexpr, SOAKS: tl.constexpr,
    AIR: tl.constexpr,
):  # fmt: skip
    """Scale the faces of a block of cells and update its depth."""
    member = tl.program_id(2)
    dt = tl.load(step_s + member)
    i = tl.program_id(1) * ROWS + tl.arange(0, ROWS)[:, None]
    j = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    inside = (i < height) & (j < width)
    far = member.to(tl.int64)
    depth += far * height * width
    next_depth += far * height * width
    cell, at_x = i * width + j, i * (width + 1) + j
    old = tl.load(depth + cell, mask=inside, other=0.0)
    if dt > 0:
        carry += far * height * width
        deepest += far * height * width
        leave += far * height * width
        rain += far * rain_stride
        flow_x += far * height * (width + 1)
        out_x += far * height * (width + 1)
        flow_y += far * (height + 1) * width
        out_y += far * (height + 1) * width
        kind = old.dtype
        dx = tl.load(numbers + _DX)
        dt_dx, dx_dt = (dt / dx).to(kind), (dx / dt).to(kind)
        own = _cell_factor(
            i, j, height, width, depth, flow_x, flow_y, edge, leave, dx_dt, EDGES
        )  # fmt: skip
        flow = tl.load(flow_x + at_x, mask=inside & (j > 0), other=0.0)
        other = _cell_factor(
            i, j - 1, height, width, depth, flow_x, flow_y, edge, leave, dx_dt, EDGES
        )  # fmt: skip
        west = flow * tl.where(flow > 0, other, own)
        tl.store(out_x + at_x, west, mask=inside & (j > 0))
        flow = tl.load(flow_x + at_x + 1, mask=inside & (j < width - 1), other=0.0)
        other = _cell_factor(
            i, j + 1, height, width, depth, flow_x, flow_y, edge, leave, dx_dt, EDGES
        )  # fmt: skip
        east = flow * tl.where(flow > 0, own, other)
        flow = tl.load(flow_y + cell, mask=inside & (i > 0), other=0.0)
        other = _cell_factor(
            i - 1, j, height, width, depth, flow_x, flow_y, edge, leave, dx_dt, EDGES
        )  # fmt: skip
        north = flow * tl.where(flow > 0, other, own)
        tl.store(out_y + cell, north, mask=inside & (i > 0))
        flow = tl.load(flow_y + cell + width, mask=inside & (i < height - 1), other=0.0)
        other = _cell_factor(
            i + 1, j, height, width, depth, flow_x, flow_y, edge, leave, dx_dt, EDGES
        )  # fmt: skip
        south = flow * tl.where(flow > 0, own, other)

        spread = (east - west) + (south - north)
        water_in = dt.to(kind) * tl.load(rain + cell, mask=inside, other=0.0)
        change = (water_in - dt_dx * spread) + tl.load(carry + cell, mask=inside, other=0.0)
        total = old + change
        new = tl.where(total < 0, tl.zeros_like(total), total)  # NaN stays and is found
        rest = change - (new - old)
        bits = tl.where(inside, _bits_of(tl.abs(total)), 0)
        tl.atomic_max(largest + member, tl.max(bits))
        peak = tl.load(deepest + cell, mask=inside, other=0.0)
        tl.store(deepest + cell, new, mask=inside & (new > peak))

        place = (far * tl.num_programs(1) + tl.program_id(1)) * tl.num_programs(0)
        place += sums + tl.program_id(0)
        if SOAKS:
            soaked += far * height * width
            row = tl.load(cover + cell, mask=inside, other=0).to(tl.int32) * 5
            method = tl.load(table + row)
            so_far = tl.load(soaked + cell, mask=inside, other=0.0)
            rate = tl.load(table + row + 1) * dt
            # rate (1 + (head + depth) deficit / F) over the step with F at mid-step
            store = (tl.load(table + row + 2) + new) * tl.load(table + row + 3)
            half_step = so_far - 0.5 * rate
            ponded = tl.sqrt(half_step * half_step + 2.0 * rate * (so_far + store)) - half_step
            capacity = tl.where(method == _GREEN_AMPT, ponded, rate)
            capacity = tl.where(method > 0, capacity, tl.zeros_like(capacity))
            new, rest, taken = _take(new, rest, capacity.to(kind))
            tl.store(soaked + cell, so_far + taken, mask=inside)
            new, rest, taken = _take(new, rest, (tl.load(table + row + 4) * dt).to(kind))
            taken = tl.sum(tl.where(inside, taken, tl.zeros_like(taken)).to(tl.float64))
            tl.store(place, tl.load(place) + taken)
        if AIR:
            capacity = (tl.load(numbers + _AIR) * dt).to(kind)
            new, rest, taken = _take(new, rest, capacity + tl.zeros_like(new))
            taken = tl.sum(tl.where(inside, taken, tl.zeros_like(taken)).to(tl.float64))
            place += members * tl.num_programs(1) * tl.num_programs(0)
            tl.store(place, tl.load(place) + taken)
        tl.store(carry + cell, rest, mask=inside)
        tl.store(next_depth + cell, new, mask=inside)
    else:
        tl.store(next_depth + cell, old, mask=inside)
