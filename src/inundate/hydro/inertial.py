"""One local inertial step on a staggered grid, compiled for the host.

Everything compiled stands in this file on purpose: numba's cache looks only at the file of the
function that it loads, so a kernel spread over several files would go stale unseen.

Discharge ``flow_x[i, j]`` crosses the western face of cell ``(i, j)``, positive eastwards;
``flow_y[i, j]`` its northern face, positive southwards. One sweep down the rows computes the
faces, scales the outflow of cells that would run dry, and updates the depth one row behind, so
no result depends on the order of cells: the answer is the same for flipped, transposed or
split grids. Only differences of elevation enter, never elevation plus depth, which keeps
float32 exact enough; a carried residual (Kahan) keeps small rain on deep water, and counts in
the slope of the surface, so that a lake at rest stays.

How it is made fast: rows lie one after another with a column of wall between them, so a loop
runs over many rows at once and never meets an end of row; a chunk of cells goes through all
loops while it is in the nearest cache; several time levels follow one another down the rows
while those are in the next cache, with one step length for all; threads share these levels.

Source
------
Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027: the inertial flux.
de Almeida, Bates, Freer and Souvignet (2012), doi:10.1029/2011WR011570: the weight theta.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic, overload

from inundate.hydro.boundary import OPEN
from inundate.hydro.flat import FlatGround, FlatState
from inundate.hydro.infiltration import CONSTANT_LOSS, GREEN_AMPT
from inundate.hydro.state import (
    DEPTH_LIMIT_M,
    Array,
    Ground,
    Scheme,
    State,
    StepReport,
    Supply,
)
from inundate.hydro.timestep import GRAVITY, courant_limit

__all__ = ["LEVELS", "InertialKernel"]

LEVELS = 8  # time steps that follow one another down a large grid
_LEVELS_FROM = 32_768  # cells from which they do
_CHUNK = 1024  # cells that go through all loops together; measured
_WORK = 400_000_000  # cell updates before control returns: some seconds
_SPINS = 4_000  # looks at another thread's progress before giving the core away
_FRICTION = GRAVITY  # of a cell: times cell size and Manning's n squared; a face has the sum of two
# cells of a block of rows, at least, measured: smaller where threads wait for one another's blocks
_BLOCK, _BLOCK_SHARED = 2048, 1400
_RISE = 1.5  # times the last rise of the largest depth
_LEAST_SHARE = 0.95  # of the step that one alone could take
_COURANT_LIMIT = courant_limit()
_GUARD = 64  # entries between the threads' rows
_SUMS = 4  # lost and gained through edges, drained, evaporated

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    # "contract" allows fused multiply-add only: no reordering, so residuals and symmetry hold
    compile_: Any = njit(nogil=True, error_model="numpy", fastmath={"contract"}, cache=True)
    found: _Function = compile_(function)
    return found


def _bits(context: Any, value: Any) -> Any:
    """Read the bits of a float as an integer."""
    out = types.int32 if value == types.float32 else types.int64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return out(value), generate


def _float(context: Any, bits: Any) -> Any:
    """Read the bits of an integer as a float."""
    out = types.float32 if bits == types.int32 else types.float64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return out(bits), generate


def _pointer(context: Any, array: Any) -> Any:
    """Give the address of an array's first entry; a pointer counts no references."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(array)(context, builder, arguments[0]).data

    out: Any = types.CPointer(array.dtype)  # type: ignore[no-untyped-call]
    return out(array), generate


def _shifted(context: Any, pointer: Any, by: Any) -> Any:
    """Give the address so many entries on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.int64), generate


def _load(context: Any, pointer: Any, at: Any) -> Any:
    """Read an entry that another thread writes, before anything that follows."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(builder.gep(arguments[0], [arguments[1]]), "acquire", 8)

    return types.int64(pointer, types.int64), generate


def _store(context: Any, pointer: Any, at: Any, value: Any) -> Any:
    """Write an entry that another thread reads, after anything that precedes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        entry = builder.gep(arguments[0], [arguments[1]])
        builder.store_atomic(arguments[2], entry, "release", 8)
        return context.get_dummy_value()

    return types.void(pointer, types.int64, types.int64), generate


def _pause(context: Any) -> Any:
    """Give the core to another thread, where the system has a call for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if sys.platform != "win32":
            kind = ir.FunctionType(ir.IntType(32), ())
            function = builder.module.globals.get("sched_yield")
            builder.call(function or ir.Function(builder.module, kind, "sched_yield"), ())
        return context.get_dummy_value()

    return types.void(), generate


_bits_of: Any = intrinsic(_bits)
_float_of: Any = intrinsic(_float)
_pointer_to: Any = intrinsic(_pointer)
_from: Any = intrinsic(_shifted)
_load_of: Any = intrinsic(_load)
_store_to: Any = intrinsic(_store)
_yield_core: Any = intrinsic(_pause)


def _inverse_cube_root(value: Any) -> Any:
    """Give ``value ** (-1/3)`` for a positive number, without ``pow``."""
    raise NotImplementedError


@overload(_inverse_cube_root, inline="always")
def _inverse_cube_root_of(value: Any) -> Any:
    # a guess from a third of the exponent bits: the constant is 4/3 (bias - 0.166) 2^mantissa;
    # then (1 - rest)^(-1/3) as a polynomial fitted to the range of rest, 0.208 to 0.332, for the
    # least relative error: 1e-6
    if value == types.float32:
        third, one, guess = np.float32(1 / 3), np.float32(1), np.float32(1418614276.1)
        a, b = np.float32(0.9978145981), np.float32(0.3645867297)
        c, d = np.float32(0.0626093945), np.float32(0.4971419232)

        def single(value: Any) -> Any:
            root = _float_of(np.int32(guess - np.float32(_bits_of(value)) * third))
            rest = one - (value * root) * (root * root)
            return root * (a + rest * (b + rest * (c + rest * d)))

        return single

    def double(value: Any) -> Any:
        root = _float_of(np.int64(6.1419130950e18 - np.float64(_bits_of(value)) * (1 / 3)))
        rest = 1 - (value * root) * (root * root)
        root = root * (
            0.9978145981 + rest * (0.3645867297 + rest * (0.0626093945 + rest * 0.4971419232))
        )
        rest = 1 - (value * root) * (root * root)  # a step of Newton's method: 1e-11
        return root + root * (rest * (1 / 3))

    return double


@_compiled
def _constants(kind: Any, dt: Any, dx: Any, limits: Any) -> Any:
    """Give the scalars of a step in the working precision."""
    _, froude_cap, depth_min, _, weight_cap = limits
    # a sum of eight terms rounds by less than this share of their size
    rounding = 1e-6 if kind(1) + kind(1e-9) == kind(1) else 1e-14
    return (
        kind(0), kind(1), kind(dt), kind(dt / dx), kind(dx / dt), kind(GRAVITY),
        kind(dt / (2 * dx)), kind(GRAVITY * dt / dx),
        kind(math.sqrt(GRAVITY) * dt / (2 * dx)), kind(math.sqrt(GRAVITY) * froude_cap),
        kind(depth_min), kind(weight_cap / 2), kind(froude_cap), kind(1 + rounding),
        kind(2 * dx / dt), kind(1e-30),
    )  # fmt: skip


@_compiled
def _face(
    left: Any, right: Any, rise: Any, rest: Any, flow: Any, beside: Any, drag: Any, constants: Any
) -> Any:
    """Give the new discharge of one face.

    ``left`` and ``right`` are the depths beside it, ``rise`` the ground's rise from left to
    right, ``rest`` that of the carried residuals, ``flow`` the old discharge, ``beside`` the sum
    of the two next faces in line, ``drag`` the sum of the friction of the two cells.
    """
    zero, one = constants[:2]
    half_dt_dx, g_dt_dx, wave, cap, depth_min, half_weight_cap = constants[6:12]
    # depth between the higher of both levels and the higher of both grounds
    depth = max(left - max(rise, zero), right + min(rise, zero))
    wet = max(depth, depth_min)
    third = _inverse_cube_root(wet)  # wet^(-1/3)
    two_thirds = third * third
    speed = math.sqrt(wet)  # of a wave, over sqrt(g)
    # half the way that water goes in the step, in cells
    way = ((half_dt_dx * abs(flow)) * third) * two_thirds
    # half the share of the neighbours: 1 - theta of de Almeida et al. (2012), tied to the step,
    # since a constant share is a diffusion that grows as the step shrinks
    share = min(min(way, wave * speed), half_weight_cap)
    pushed = (
        flow + share * (beside - (flow + flow)) - (g_dt_dx * wet) * ((rise + (right - left)) + rest)
    )
    # Manning friction, implicit: q (1 + k |q|) = pushed by one step of Newton's method from the
    # old discharge; exact when that is steady, and never turns the flow round
    slowed = (drag * (two_thirds * two_thirds)) * way  # k |flow|
    found = (pushed + slowed * flow) / (one + (slowed + slowed))
    limit = (cap * wet) * speed
    found = min(max(found, -limit), limit)
    return found if depth > depth_min else zero


@_compiled
def _eastern_faces(
    first: Any, last: Any, water: Any, land: Any, flow: Any, old: Any, offset: Any, constants: Any
) -> Any:
    """Advance the eastern faces of a run of cells in place."""
    depth, carry = water[:2]
    ground, friction, _ = land
    for k in range(first, last):
        at = k - offset
        flow[k + 1] = _face(
            depth[k], depth[k + 1], ground[k + 1] - ground[k], carry[k + 1] - carry[k],
            old[at + 1], old[at] + old[at + 2], friction[k] + friction[k + 1], constants,
        )  # fmt: skip


@_compiled
def _eastern_and_southern_faces(
    first: Any,
    last: Any,
    stride: Any,
    before: Any,
    after: Any,
    water: Any,
    land: Any,
    flow_x: Any,
    flow_y: Any,
    old: Any,
    new: Any,
    offset: Any,
    constants: Any,
) -> Any:
    """Advance the eastern faces of a run of cells in place, and give their southern faces.

    The faces next to the southern ones lie ``before`` and ``after`` so many entries off.
    """
    depth, carry = water[:2]
    ground, friction, _ = land
    for k in range(first, last):
        south, at = k + stride, k - offset
        here, height, rest, drag = depth[k], ground[k], carry[k], friction[k]
        flow_x[k + 1] = _face(
            here, depth[k + 1], ground[k + 1] - height, carry[k + 1] - rest,
            old[at + 1], old[at] + old[at + 2], drag + friction[k + 1], constants,
        )  # fmt: skip
        new[south - offset] = _face(
            here, depth[south], ground[south] - height, carry[south] - rest,
            flow_y[south], flow_y[south - before] + flow_y[south + after],
            drag + friction[south], constants,
        )  # fmt: skip


@_compiled
def _faces(
    first: Any,
    last: Any,
    shape: Any,
    water: Any,
    land: Any,
    flow_x: Any,
    flow_y: Any,
    old: Any,
    new: Any,
    offset: Any,
    constants: Any,
) -> Any:
    """Advance all faces of a run of cells; beside the rim a face stands in for the next."""
    height, stride, _ = shape
    rim = (height - 1) * stride  # no faces south of the last row
    top = min(stride, rim)  # end of the first row, unless it is the last
    inner = max(top, rim - stride)  # end of the rows before the last but one
    for part in range(3):
        begin, end, before, after = top, inner, stride, stride
        if part == 0:
            begin, end, before, after = 0, top, 0, stride if height > 2 else 0
        if part == 2:
            begin, end, before, after = inner, rim, stride, 0
        _eastern_and_southern_faces(
            max(first, begin), min(last, end), stride, before, after, water, land, flow_x, flow_y,
            old, new, offset, constants,
        )  # fmt: skip
    _eastern_faces(max(first, rim), last, water, land, flow_x, old, offset, constants)
    for k in range(max(first, rim), last):
        new[k + stride - offset] = constants[0]


@_compiled
def _may_run_dry(
    first: Any, last: Any, stride: Any, depth: Any, flow_x: Any, new: Any, offset: Any,
    constants: Any,
) -> Any:  # fmt: skip
    """Tell whether a cell of the run may lose more than its water; never misses one."""
    margin, twice_dx_dt = constants[13:15]
    short = 0
    for k in range(first, last):
        west, east = flow_x[k], flow_x[k + 1]
        north, south = new[k - offset], new[k + stride - offset]
        # twice the outflow is the spread and the sum of sizes
        sizes = (abs(east) + abs(west)) + (abs(north) + abs(south))
        out = ((east - west) + (south - north)) + margin * sizes
        short += 1 if out > depth[k] * twice_dx_dt else 0
    return short > 0


@_compiled
def _outflow_factor(
    first: Any, last: Any, stride: Any, depth: Any, flow_x: Any, new: Any, offset: Any,
    factor: Any, constants: Any,
) -> Any:  # fmt: skip
    """Give the factor that keeps each cell's total outflow within its water."""
    zero, one, dx_dt, tiny = constants[0], constants[1], constants[4], constants[15]
    for k in range(first, last):
        out_x = max(flow_x[k + 1], zero) + max(-flow_x[k], zero)
        out_y = max(new[k + stride - offset], zero) + max(-new[k - offset], zero)
        factor[k + stride - offset] = min(one, depth[k] * dx_dt / max(out_x + out_y, tiny))


@_compiled
def _scale(
    first: Any,
    last: Any,
    stride: Any,
    flow_x: Any,
    flow_y: Any,
    new: Any,
    offset: Any,
    factor: Any,
    constants: Any,
) -> Any:
    """Scale western and northern faces by the factor of the cell that the water leaves."""
    zero = constants[0]
    for k in range(first, last):
        at = k + stride - offset
        flow_x[k] *= factor[at - 1] if flow_x[k] > zero else factor[at]
    for k in range(first, last):
        at = k - offset
        flow_y[k] = new[at] * (factor[at] if new[at] > zero else factor[at + stride])


@_compiled
def _fill(
    first: Any,
    last: Any,
    stride: Any,
    water: Any,
    flow_x: Any,
    flow_y: Any,
    rain: Any,
    largest: Any,
    constants: Any,
) -> Any:
    """Update the depth of a run of cells from their faces and rain; give the bits of the largest.

    Positive floats order like their bits, NaN and infinity come last: one integer maximum gives
    the depth for the next step and finds a breakdown.
    """
    depth, carry, deepest = water[:3]
    zero, _, dt, dt_dx = constants[:4]
    for k in range(first, last):
        spread = (flow_x[k + 1] - flow_x[k]) + (flow_y[k + stride] - flow_y[k])
        change = (dt * rain[k] - dt_dx * spread) + carry[k]
        old = depth[k]
        total = old + change
        new = max(total, zero)
        carry[k] = change - (new - old)
        depth[k] = new
        deepest[k] = max(deepest[k], new)
        largest = max(largest, _bits_of(abs(total)))
    return largest


@_compiled
def _lose(
    first: Any, last: Any, kind: Any, water: Any, loss: Any, dt: Any, sums: Any, total: Any
) -> Any:
    """Let the water of a run of cells into the ground, the drains and the air, in this order.

    ``soaked`` is the depth taken by the ground so far, in float64; ``sums`` receives, from
    ``total`` on, the depths drained and evaporated as its third and fourth entry.
    """
    depth, carry, _, soaked = water
    cover, table, air, soaks, _ = loss
    for k in range(first, last):
        new = depth[k]
        if soaks:
            row = 5 * np.int64(cover[k])
            method, rate, head = table[row], table[row + 1], table[row + 2]
            deficit, drain = table[row + 3], table[row + 4]
            if method in (GREEN_AMPT, CONSTANT_LOSS):
                capacity = rate * dt
                if method == GREEN_AMPT:
                    # rate (1 + (head + depth) deficit / F) over the step with F at mid-step
                    store = (head + new) * deficit
                    half_step = soaked[k] - 0.5 * capacity
                    capacity = (
                        math.sqrt(half_step * half_step + 2 * capacity * (soaked[k] + store))
                        - half_step
                    )
                taken = min(kind(capacity), new)
                soaked[k] += taken
                carry[k] += (new - (new - taken)) - taken
                new -= taken
            if drain > 0:
                taken = min(kind(drain * dt), new)
                sums[total + 2] += taken
                carry[k] += (new - (new - taken)) - taken
                new -= taken
        if air > 0:
            taken = min(kind(air * dt), new)
            sums[total + 3] += taken
            carry[k] += (new - (new - taken)) - taken
            new -= taken
        depth[k] = new


@_compiled
def _edge_faces_of_cell(
    cell: Any, water: Any, drag: Any, edges: Any, edge_flow: Any, constants: Any
) -> Any:
    """Advance the edge faces of one cell; give the discharge leaving and entering."""
    start, _, kind, normal, outside, _ = edges
    zero, gravity, depth_min, froude_cap = constants[0], constants[5], constants[10], constants[12]
    leaving, entering = zero, zero
    for f in range(start[cell], start[cell + 1]):
        if kind[f] == OPEN:
            flow = zero
            if water > depth_min:  # normal depth on the given slope: h^(5/3) times sqrt(slope) / n
                flow = water * water * _inverse_cube_root(water) * normal[f]
                flow = min(flow, froude_cap * water * math.sqrt(gravity * water))
        else:
            old = edge_flow[f]
            flow = _face(water, outside[f], zero, zero, old, old + old, drag + drag, constants)
        edge_flow[f] = flow
        leaving += max(flow, zero)
        entering += max(-flow, zero)
    return leaving, entering


@_compiled
def _edge_cells(
    cell: Any,
    last: Any,
    stride: Any,
    water: Any,
    land: Any,
    flow_x: Any,
    new: Any,
    offset: Any,
    factor: Any,
    edges: Any,
    edge_flow: Any,
    sums: Any,
    total: Any,
    constants: Any,
) -> Any:
    """Let water through the edge faces of the cells from ``cell`` on that lie before ``last``.

    Gives the first cell after them, and whether a factor is below one. The cell's factor counts
    its edge outflow too; what passes goes into ``carry``, which the update of the depth adds, so
    that edges act at the same time as all other faces. ``sums`` receives the depths lost and
    gained.
    """
    depth, carry = water[:2]
    friction = land[1]
    zero, one, dt_dx, dx_dt = constants[0], constants[1], constants[3], constants[4]
    start, place, cells = edges[0], edges[1], edges[5]
    short = False
    while cell < cells and place[cell] < last:
        k = place[cell]
        leaving, entering = _edge_faces_of_cell(
            cell, depth[k], friction[k], edges, edge_flow, constants
        )
        if leaving > zero:
            out_x = max(flow_x[k + 1], zero) + max(-flow_x[k], zero)
            out_y = max(new[k + stride - offset], zero) + max(-new[k - offset], zero)
            share = min(one, depth[k] * dx_dt / ((out_x + out_y) + leaving))
            leaving *= share
            if share < one:
                short = True
                factor[k + stride - offset] = share
                for f in range(start[cell], start[cell + 1]):
                    if edge_flow[f] > zero:
                        edge_flow[f] *= share
        out, into = dt_dx * leaving, dt_dx * entering
        carry[k] += into - out
        sums[total] += np.float64(out)
        sums[total + 1] += np.float64(into)
        cell += 1
    return cell, short


@_compiled
def _keep_old(first: Any, last: Any, shape: Any, flow_x: Any, old: Any) -> Any:
    """Copy the western faces of whole rows; at the rim the next face stands in."""
    _, stride, width = shape
    for k in range(first, last + 1):
        old[k - first] = flow_x[k]
    for rim in range(0, last - first, stride):
        old[rim] = old[rim + 1]
        old[rim + width] = old[rim + width - 1]


@_compiled
def _begin_next(
    first: Any, last: Any, stride: Any, new: Any, factor: Any, is_scaled: Any, constants: Any
) -> Any:
    """Move the last row of the level's rows to the front, for the rows that come next."""
    below = last - first
    for k in range(stride):
        new[k] = new[k + below]
    if is_scaled:  # some factor is below one
        for k in range(stride):
            factor[k] = factor[k + below]
        for k in range(stride, stride + below):
            factor[k] = constants[1]


@_compiled
def _sweep_rows(
    top: Any,
    bottom: Any,
    kind: Any,
    shape: Any,
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    loss: Any,
    old: Any,
    new: Any,
    factor: Any,
    counts: Any,
    sums: Any,
    level: Any,
    constants: Any,
    dt: Any,
) -> Any:
    """Advance rows ``top`` to ``bottom - 1`` of one time level; depths follow one row behind.

    ``new`` and ``factor`` begin with the row above: its southern faces before scaling, and the
    factors of its cells. ``counts`` of the level are its next edge cell, and the end of the last
    cells whose outflow was scaled; ``sums`` the depths lost, gained, drained, evaporated, and
    the largest.
    """
    height, stride, _ = shape
    rain = land[2]
    next_edge, scaled, total = 2 * level, 2 * level + 1, (_SUMS + 1) * level
    first, last = top * stride, bottom * stride
    _keep_old(first, last, shape, flow_x, old)
    largest = _bits_of(constants[0])
    start, stop = first, last + stride if bottom == height else last
    while start < stop:
        end = min(start + _CHUNK, last if start < last else stop)
        if start < last:
            _faces(
                start, end, shape, water, land, flow_x, flow_y, old, new, first, constants
            )  # fmt: skip
            short = _may_run_dry(start, end, stride, water[0], flow_x, new, first, constants)
            if short:
                _outflow_factor(start, end, stride, water[0], flow_x, new, first, factor, constants)
            short_edge = False
            if counts[next_edge] < edges[5]:
                cell, short_edge = _edge_cells(
                    counts[next_edge], end, stride, water, land, flow_x, new, first, factor,
                    edges, edge_flow, sums, total, constants,
                )  # fmt: skip
                counts[next_edge] = cell
            if short or short_edge:
                counts[scaled] = end
            if counts[scaled] > 0 and counts[scaled] >= start - stride:
                _scale(start, end, stride, flow_x, flow_y, new, first, factor, constants)
            else:
                for k in range(start, end):
                    flow_y[k] = new[k - first]
        begin, until = max(start, stride) - stride, max(end, stride) - stride
        largest = _fill(begin, until, stride, water, flow_x, flow_y, rain, largest, constants)
        if loss[4]:
            _lose(begin, until, kind, water, loss, dt, sums, total)
        start = end
    _begin_next(first, last, stride, new, factor, counts[scaled] > first - stride, constants)
    found = np.float64(_float_of(largest))
    if not found <= sums[total + _SUMS] and sums[total + _SUMS] == sums[total + _SUMS]:
        sums[total + _SUMS] = found  # a NaN wins, and stays


@_compiled
def _wait(shared: Any, at: Any, value: Any) -> Any:
    """Wait until another thread has come so far."""
    looks = 0
    while _load_of(shared, at) < value:
        looks += 1
        if looks > _SPINS:  # the other thread may be waiting for this core
            _yield_core()


@_compiled
def _levels_of(thread: Any, threads: Any, levels: Any) -> Any:
    """Give the first time level of a thread and the one after its last."""
    return thread * levels // threads, (thread + 1) * levels // threads


@_compiled
def _has_no_level(thread: Any, threads: Any, levels: Any) -> Any:
    """Whether a thread has nothing to do, since there are fewer levels than threads."""
    first, last = _levels_of(thread, threads, levels)
    return first == last


@_compiled
def _sweep_levels(
    thread: Any,
    threads: Any,
    levels: Any,
    base: Any,
    blocks: Any,
    rows: Any,
    kind: Any,
    shape: Any,
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    loss: Any,
    work: Any,
    shared: Any,
    constants: Any,
    dt: Any,
) -> Any:
    """Take the time levels of one thread down all blocks of rows, each a block behind the last."""
    height, stride, _ = shape
    old, new, factor, counts, sums = work
    size = (rows + 1) * stride
    first, last = _levels_of(thread, threads, levels)
    ahead = thread - 1  # the thread of the level before; one without a level is never waited for
    while ahead >= 0 and _has_no_level(ahead, threads, levels):
        ahead -= 1
    for k in range(first * size, last * size):
        new[k] = constants[0]
        factor[k] = constants[1]
    for k in range(2 * first, 2 * last):
        counts[k] = 0
    for k in range((_SUMS + 1) * first, (_SUMS + 1) * last):
        sums[k] = 0
    row_of_old = thread * (rows * stride + _GUARD)
    for s in range(blocks + last - first - 1 if last > first else 0):
        for t in range(first, last):
            i = s - (t - first)
            if 0 <= i < blocks:
                if t == first and first > 0:
                    _wait(shared, 16 * (ahead + 1), base + min(i + 2, blocks))
                top = i * rows
                _sweep_rows(
                    top, min(top + rows, height), kind, shape, water, flow_x, flow_y, edge_flow,
                    land, edges, loss, _from(old, row_of_old), _from(new, t * size),
                    _from(factor, t * size), counts, sums, t, constants, dt,
                )  # fmt: skip
                if t == last - 1:
                    _store_to(shared, 16 * (thread + 1), base + i + 1)
    _store_to(shared, 16 * (thread + 1), base + blocks)


@_compiled
def _plan(progress: Any, outside: Any, duration: Any, dx: Any, limits: Any, levels: Any) -> Any:
    """Give how many steps to take at once, ``levels`` at the most, and their length.

    They share one length, so it allows for the largest depth to rise as it did in the steps
    before, and half as much again; where that is much, fewer are taken.
    """
    courant, _, depth_min, max_step, _ = limits
    done, deepest, rise = progress[:3]
    still = max(deepest, outside, depth_min)
    dt = min(max_step, courant * dx / math.sqrt(GRAVITY * still))
    while levels > 1:
        risen = max(still, deepest + _RISE * rise * dt * (levels - 1))
        shorter = min(max_step, courant * dx / math.sqrt(GRAVITY * risen))
        if shorter >= _LEAST_SHARE * dt:
            dt = shorter
            break
        levels //= 2
    left = duration - done
    steps = math.ceil(left / dt)
    if steps <= max(levels, 2):  # even steps rather than a sliver at the end
        return min(levels, steps), left / steps
    return levels, dt


@_compiled
def _account(
    levels: Any, dt: Any, dx: Any, duration: Any, found: Any, progress: Any, sums: Any
) -> Any:
    """Add up what the levels found; give whether to go on, and how many levels may come next."""
    before, highest = progress[1], progress[1]
    for t in range(levels):
        for m in range(_SUMS):
            sums[m] += found[(_SUMS + 1) * t + m]
        deepest = found[(_SUMS + 1) * t + _SUMS]
        if not deepest < DEPTH_LIMIT_M:
            progress[1] = deepest
            return 0
        if t < levels - 1:
            highest = max(highest, deepest)
        progress[1] = deepest
    progress[0] = duration if levels * dt >= duration - progress[0] else progress[0] + levels * dt
    progress[2] = max(progress[1] - before, 0.0) / (levels * dt)
    # the depth rose faster than foreseen: a step at a time until it is known again how fast
    if dt * math.sqrt(GRAVITY * highest) > _COURANT_LIMIT * dx:
        return 1
    return 2 * levels


@_compiled
def _advance(
    thread: Any,
    threads: Any,
    most_levels: Any,
    rows: Any,
    shape: Any,
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    loss: Any,
    dx: Any,
    duration: Any,
    outside: Any,
    limits: Any,
    most: Any,
    work: Any,
    shared: Any,
    progress: Any,
    sums: Any,
) -> Any:
    """Take as many steps as a duration needs, ``most`` or a few more; a thread's part of them.

    The first thread plans, in ``progress``: seconds done, largest depth, its rise in m s-1, and
    the step; and sums up. ``shared`` holds the number of the plan, each thread's progress, and
    the levels planned, each on a cache line of its own. Gives the steps taken.
    """
    kind = water[0].dtype.type
    blocks = (shape[0] + rows - 1) // rows
    last = 16 * (threads + 1)
    steps, plan, may = 0, 0, 1
    depth, carry, deepest, soaked = water
    waters = (
        _pointer_to(depth), _pointer_to(carry), _pointer_to(deepest), _pointer_to(soaked)
    )  # fmt: skip
    ground, friction, rain = land
    lands = _pointer_to(ground), _pointer_to(friction), _pointer_to(rain)
    start, place, kinds, normal, beyond = edges
    edge_arrays = (
        _pointer_to(start), _pointer_to(place), _pointer_to(kinds), _pointer_to(normal),
        _pointer_to(beyond), place.size,
    )  # fmt: skip
    cover, table, air, soaks = loss
    losses = _pointer_to(cover), _pointer_to(table), air, soaks, soaks or air > 0
    old, new, factor, counts, found = work
    works = (
        _pointer_to(old), _pointer_to(new), _pointer_to(factor), _pointer_to(counts),
        _pointer_to(found),
    )  # fmt: skip
    flows_x, flows_y, edge_flows = _pointer_to(flow_x), _pointer_to(flow_y), _pointer_to(edge_flow)
    signals = _pointer_to(shared)
    while True:
        plan += 1
        if thread == 0:
            levels, dt = 0, 0.0
            if may > 0 and steps < most and progress[0] < duration:
                levels, dt = _plan(progress, outside, duration, dx, limits, min(may, most_levels))
            progress[3] = dt
            shared[last] = levels
            _store_to(signals, 0, plan)
        else:
            _wait(signals, 0, plan)
        levels, dt = shared[last], progress[3]
        if levels == 0:
            return steps
        base = plan * (blocks + 1)
        _sweep_levels(
            thread, threads, levels, base, blocks, rows, kind, shape, waters, flows_x, flows_y,
            edge_flows, lands, edge_arrays, losses, works, signals,
            _constants(kind, dt, dx, limits), dt,
        )  # fmt: skip
        steps += levels
        if thread == 0:
            for k in range(1, threads):
                _wait(signals, 16 * (k + 1), base + blocks)
            may = _account(levels, dt, dx, duration, found, progress, sums)


class InertialKernel:
    """The local inertial equations on the processor, one or several threads."""

    def __init__(self) -> None:
        self._state: FlatState | None = None
        self._ground: FlatGround | None = None

    def start(self, depth: Array, ground: Ground) -> State:
        """Begin with still water of depth (H, W) in m."""
        state = State.start(depth, ground)
        self._state = FlatState(state)
        return state

    def advance(
        self, state: State, ground: Ground, supply: Supply, duration_s: float, scheme: Scheme
    ) -> StepReport:
        """Advance a state in place.

        Parameters
        ----------
        state : State
            Changed in place.
        ground : Ground
            Terrain, roughness, edges and losses.
        supply : Supply
            Rain and sources, evaporation, levels beyond the edges.
        duration_s : float
            Time to advance by; steps are as long as is stable. Much work is left unfinished after
            some seconds, so that the caller can show how far it is, and be interrupted.
        scheme : Scheme
            Numbers of the scheme. More threads than ``LEVELS`` are of no use, and a small grid
            takes one.

        Returns
        -------
        StepReport
            Not stable if a depth exceeded ``DEPTH_LIMIT_M`` or was not a number; the state then
            stands at the end of the steps among which this was found.

        Source
        ------
        Bates, Horritt and Fewtrell (2010), eq. 11, with the friction term implicit.
        """
        if self._state is None or not self._state.holds(state):
            self._state = FlatState(state)
        if self._ground is None or self._ground.ground is not ground:
            self._ground = FlatGround(ground, _FRICTION)
        self._ground.let_rain(supply.rain)
        flat, land = self._state, self._ground
        levels = LEVELS if state.depth.size >= _LEVELS_FROM else 1
        threads = min(scheme.threads, levels)
        height, stride = flat.shape
        rows = min(height, max(2, -(-(_BLOCK if threads == 1 else _BLOCK_SHARED) // stride)))
        kind = state.depth.dtype
        size = (rows + 1) * stride
        work = (
            np.zeros(threads * (rows * stride + _GUARD), kind), np.zeros(levels * size, kind),
            np.zeros(levels * size, kind), np.zeros(2 * levels, np.int64),
            np.zeros((_SUMS + 1) * levels),
        )  # fmt: skip
        shared = np.zeros(16 * (threads + 2), np.int64)
        progress = np.array([0.0, state.deepest_now_m, 0.0, 0.0])
        sums = np.zeros(_SUMS)
        arguments = (
            threads, levels, rows, (height, stride, state.depth.shape[1]),
            (flat.depth, flat.carry, flat.deepest, flat.soaked), flat.flow_x, flat.flow_y,
            state.edge_flow, (land.elevation, land.friction, land.rain),
            (*land.edges, supply.outside),
            (land.cover, ground.losses.table.ravel(), float(supply.evaporation),
             ground.losses.soaks),
            float(ground.cell_size_m), float(duration_s), float(supply.outside.max(initial=0.0)),
            (
                scheme.courant, scheme.froude_cap, scheme.depth_min_m, scheme.max_step_s,
                scheme.weight_cap,
            ),
            max(1, _WORK // state.depth.size), work, shared, progress, sums,
        )  # fmt: skip
        others = [Thread(target=_advance, args=(k, *arguments)) for k in range(1, threads)]
        for other in others:
            other.start()
        steps = _advance(0, *arguments)
        for other in others:
            other.join()
        state.deepest_now_m = float(progress[1])
        state.time_s += float(progress[0])
        out, into, drained, evaporated = (sums * ground.cell_area_m2).tolist()
        is_stable = state.deepest_now_m < DEPTH_LIMIT_M  # False for NaN
        return StepReport(int(steps), float(progress[0]), out, into, drained, evaporated, is_stable)
