"""One local inertial step on a staggered grid, compiled for the host.

Everything compiled stands in this file on purpose: numba's cache looks only at the file of the
function that it loads, so a kernel spread over several files would go stale unseen.

Discharge ``flow_x[i, j]`` crosses the western face of cell ``(i, j)``, positive eastwards;
``flow_y[i, j]`` its northern face, positive southwards. One sweep down the rows computes the
faces, scales the outflow of cells that would run dry, and updates the depth one row behind, so
no result depends on the order of cells: the answer is the same for flipped, transposed or
split grids. Only differences of elevation enter, never elevation plus depth, which keeps
float32 exact enough; a carried residual (Kahan) keeps small rain on deep water.

Source
------
Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027: the inertial flux.
de Almeida, Bates, Freer and Souvignet (2012), doi:10.1029/2011WR011570: the weight theta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit, prange, types
from numba.extending import intrinsic, overload

from inundate.hydro.boundary import OPEN
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
from inundate.hydro.timestep import GRAVITY

__all__ = ["InertialKernel"]

_WORK = 400_000_000  # cell updates before control returns: some seconds

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    # "contract" allows fused multiply-add only: no reordering, so residuals and symmetry hold
    compile_: Any = njit(nogil=True, error_model="numpy", fastmath={"contract"}, cache=True)
    found: _Function = compile_(function)
    return found


def _threaded(function: _Function) -> _Function:
    compile_: Any = njit(
        nogil=True, error_model="numpy", fastmath={"contract"}, cache=True, parallel=True
    )
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


_bits_of: Any = intrinsic(_bits)
_float_of: Any = intrinsic(_float)


def _inverse_cube_root(value: Any) -> Any:
    """Give ``value ** (-1/3)`` for a positive number, without ``pow``."""
    raise NotImplementedError


@overload(_inverse_cube_root, inline="always")
def _inverse_cube_root_of(value: Any) -> Any:
    # a guess from a third of the exponent bits, 6 % off, then cubically converging steps;
    # the constants are 4/3 (bias - 0.0859) 2^mantissa, the 0.0859 found by minimising the error
    if value == types.float32:
        third, two_ninths = np.float32(1 / 3), np.float32(2 / 9)
        one, guess = np.float32(1), np.float32(1419510000.0)

        def single(value: Any) -> Any:
            root = _float_of(np.int32(guess - np.float32(_bits_of(value)) * third))
            rest = one - value * root * root * root
            root = root + root * rest * (third + two_ninths * rest)
            rest = one - value * root * root * root
            return root + root * rest * (third + two_ninths * rest)

        return single

    def double(value: Any) -> Any:
        root = _float_of(np.int64(6.142393983125072e18 - np.float64(_bits_of(value)) / 3))
        rest = 1 - value * root * root * root
        root = root + root * rest * (1 / 3 + 2 / 9 * rest)
        rest = 1 - value * root * root * root
        root = root + root * rest * (1 / 3 + 2 / 9 * rest)
        rest = 1 - value * root * root * root
        return root + root * rest * (1 / 3 + 2 / 9 * rest)

    return double


@_compiled
def _constants(kind: Any, dt: Any, dx: Any, limits: Any) -> Any:
    """Give the scalars of a step in the working precision."""
    _, froude_cap, depth_min, _, weight_cap = limits
    return (
        kind(0), kind(0.5), kind(1), kind(2), kind(4), kind(GRAVITY),
        kind(dt / dx), kind(GRAVITY * dt / dx), kind(GRAVITY * dt / 4),
        kind(froude_cap), kind(depth_min), kind(weight_cap),
    )  # fmt: skip


@_compiled
def _face(
    left: Any, right: Any, rise: Any, flow: Any, around: Any, roughness: Any, constants: Any
) -> Any:
    """Give the new discharge of one face.

    ``left`` and ``right`` are the depths beside it, ``rise`` the ground's rise from left to
    right, ``flow`` the old discharge, ``around`` the mean of the two next faces in line,
    ``roughness`` the sum of Manning's n of the two cells.
    """
    zero, _, one, two, four, gravity = constants[:6]
    dt_dx, g_dt_dx, g_dt_4, froude_cap, depth_min, weight_cap = constants[6:]
    # depth between the higher of both levels and the higher of both grounds
    depth = max(left - max(rise, zero), right + min(rise, zero))
    wet = max(depth, depth_min)
    root = _inverse_cube_root(wet)
    inverse = root * root * root  # 1 / wet
    celerity = math.sqrt(gravity * wet)
    # share of the neighbours: 1 - theta of de Almeida et al. (2012), tied to the step, since a
    # constant share is a diffusion that grows as the step shrinks
    share = min(dt_dx * min(abs(flow) * inverse, celerity), weight_cap)
    pushed = flow + share * (around - flow) - g_dt_dx * wet * (rise + (right - left))
    # Manning friction, fully implicit: q (1 + k |q|) = pushed, the root of a quadratic
    drag = g_dt_4 * roughness * roughness * root * inverse * inverse
    found = two * pushed / (one + math.sqrt(one + four * drag * abs(pushed)))
    limit = froude_cap * wet * celerity
    found = min(max(found, -limit), limit)
    return found if depth > depth_min else zero


@_compiled
def _flow_along_row(
    depth: Any, ground: Any, roughness: Any, flow: Any, old: Any, constants: Any
) -> Any:
    """Advance the inner x-faces of a row in place."""
    half = constants[1]
    for j in range(flow.size):
        old[j] = flow[j]
    old[0] = old[1]  # beside an edge the face itself stands in for its missing neighbour
    old[flow.size - 1] = old[flow.size - 2]
    for j in range(1, depth.size):
        flow[j] = _face(
            depth[j - 1], depth[j], ground[j] - ground[j - 1], old[j],
            half * (old[j - 1] + old[j + 1]), roughness[j - 1] + roughness[j], constants,
        )  # fmt: skip


@_compiled
def _flow_between_rows(
    north: Any,
    south: Any,
    ground_north: Any,
    ground_south: Any,
    rough_north: Any,
    rough_south: Any,
    flow: Any,
    before: Any,
    old: Any,
    after: Any,
    constants: Any,
) -> Any:
    """Advance the y-faces between two rows in place; ``old`` receives the former values."""
    half = constants[1]
    for j in range(flow.size):
        old[j] = flow[j]
    for j in range(flow.size):
        flow[j] = _face(
            north[j], south[j], ground_south[j] - ground_north[j], old[j],
            half * (before[j] + after[j]), rough_north[j] + rough_south[j], constants,
        )  # fmt: skip


@_compiled
def _outflow_factor(
    depth: Any, flow_x: Any, north: Any, south: Any, factor: Any, dx_dt: Any
) -> Any:
    """Give the factor that keeps each cell's total outflow within its water.

    Returns whether any is below one: rows where none is need no division and no scaling.
    """
    kind = depth.dtype.type
    zero, one, tiny = kind(0), kind(1), kind(1e-30)
    short = 0
    for j in range(depth.size):
        out_x = max(flow_x[j + 1], zero) + max(-flow_x[j], zero)
        out_y = max(south[j], zero) + max(-north[j], zero)
        short += 1 if out_x + out_y > depth[j] * dx_dt else 0
    if short == 0:
        factor[:] = one
        return False
    for j in range(depth.size):
        out_x = max(flow_x[j + 1], zero) + max(-flow_x[j], zero)
        out_y = max(south[j], zero) + max(-north[j], zero)
        factor[j] = min(one, depth[j] * dx_dt / max(out_x + out_y, tiny))
    return True


@_compiled
def _scale_along_row(flow: Any, factor: Any) -> Any:
    """Scale each inner x-face by the factor of the cell that the water leaves."""
    zero = flow.dtype.type(0)
    for j in range(1, factor.size):
        flow[j] *= factor[j - 1] if flow[j] > zero else factor[j]


@_compiled
def _scale_between_rows(flow: Any, factor_north: Any, factor_south: Any) -> Any:
    """Scale each y-face by the factor of the cell that the water leaves."""
    zero = flow.dtype.type(0)
    for j in range(flow.size):
        flow[j] *= factor_north[j] if flow[j] > zero else factor_south[j]


@_compiled
def _fill_row(
    depth: Any,
    carry: Any,
    deepest: Any,
    flow_x: Any,
    north: Any,
    south: Any,
    rain: Any,
    dt: Any,
    dt_dx: Any,
) -> Any:
    """Update a row's depth from its faces and rain; give the bits of its largest depth."""
    zero = depth.dtype.type(0)
    # positive floats order like their bits, NaN and infinity come last: one integer maximum
    # gives the depth for the next step and finds a breakdown
    largest = _bits_of(zero)
    for j in range(depth.size):
        spread = (flow_x[j + 1] - flow_x[j]) + (south[j] - north[j])
        change = (dt * rain[j] - dt_dx * spread) + carry[j]
        old = depth[j]
        total = old + change
        new = max(total, zero)
        carry[j] = change - (new - old)
        depth[j] = new
        deepest[j] = max(deepest[j], new)
        largest = max(largest, _bits_of(abs(total)))
    return largest


@_compiled
def _lose_row(
    depth: Any, carry: Any, soaked: Any, cover: Any, table: Any, air: Any, dt: Any
) -> Any:
    """Let a row's water into the ground, the drains and the air, in this order.

    ``soaked`` is the depth taken by the ground so far, in float64. Gives the depth drained and
    evaporated, summed over the row.
    """
    kind = depth.dtype.type
    drained, evaporated = 0.0, 0.0
    for j in range(depth.size):
        row = table[cover[j]]
        old = depth[j]
        new = old
        if row[0] == GREEN_AMPT or row[0] == CONSTANT_LOSS:
            capacity = row[1] * dt
            if row[0] == GREEN_AMPT:
                # rate (1 + (head + depth) deficit / F) over the step with F at mid-step
                store = (row[2] + old) * row[3]
                half_step = soaked[j] - 0.5 * capacity
                capacity = (
                    math.sqrt(half_step * half_step + 2 * capacity * (soaked[j] + store))
                    - half_step
                )
            taken = min(kind(capacity), new)
            soaked[j] += taken
            carry[j] += (new - (new - taken)) - taken
            new -= taken
        if row[4] > 0:
            taken = min(kind(row[4] * dt), new)
            drained += taken
            carry[j] += (new - (new - taken)) - taken
            new -= taken
        if air > 0:
            taken = min(kind(air * dt), new)
            evaporated += taken
            carry[j] += (new - (new - taken)) - taken
            new -= taken
        depth[j] = new
    return drained, evaporated


@_compiled
def _edge_faces_of_cell(
    cell: Any, water: Any, rough: Any, edges: Any, edge_flow: Any, constants: Any
) -> Any:
    """Advance the edge faces of one cell; give the discharge leaving and entering."""
    start, _, _, kind, slope_root, outside = edges
    zero, gravity, froude_cap, depth_min = constants[0], constants[5], constants[9], constants[10]
    leaving, entering = zero, zero
    for f in range(start[cell], start[cell + 1]):
        if kind[f] == OPEN:
            flow = zero
            if water > depth_min:  # normal depth on the given slope: h^(5/3) sqrt(slope) / n
                flow = water * water * _inverse_cube_root(water) * slope_root[f] / rough
                flow = min(flow, froude_cap * water * math.sqrt(gravity * water))
        else:
            old = edge_flow[f]
            flow = _face(water, outside[f], zero, old, old, rough + rough, constants)
        edge_flow[f] = flow
        leaving += max(flow, zero)
        entering += max(-flow, zero)
    return leaving, entering


@_compiled
def _edge_row(
    i: Any,
    water: Any,
    roughness: Any,
    flow_x: Any,
    north: Any,
    south: Any,
    factor: Any,
    edges: Any,
    edge_flow: Any,
    constants: Any,
    dx_dt: Any,
) -> Any:
    """Let water through the edge faces of a row.

    Gives the depth lost and gained, summed, and whether a factor is below one. The cell's
    factor counts its edge outflow too; what passes goes into ``carry``, which the update of the
    depth adds, so that edges act at the same time as all other faces.
    """
    depth, carry = water[:2]
    zero, one, dt_dx = constants[0], constants[2], constants[6]
    start, first_of_row, column = edges[:3]
    lost, gained, short = 0.0, 0.0, False
    for cell in range(first_of_row[i], first_of_row[i + 1]):
        j = column[cell]
        leaving, entering = _edge_faces_of_cell(
            cell, depth[i, j], roughness[i, j], edges, edge_flow, constants
        )
        if leaving > zero:
            out_x = max(flow_x[j + 1], zero) + max(-flow_x[j], zero)
            out_y = max(south[j], zero) + max(-north[j], zero)
            factor[j] = min(one, depth[i, j] * dx_dt / ((out_x + out_y) + leaving))
            leaving *= factor[j]
            short = short or factor[j] < one
            for f in range(start[cell], start[cell + 1]):
                if edge_flow[f] > zero:
                    edge_flow[f] *= factor[j]
        out, into = dt_dx * leaving, dt_dx * entering
        carry[i, j] += into - out
        lost += np.float64(out)
        gained += np.float64(into)
    return lost, gained, short


@_compiled
def _sweep(
    first: Any,
    last: Any,
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    loss: Any,
    above: Any,
    below: Any,
    scratch: Any,
    constants: Any,
    dt: Any,
    dx: Any,
) -> Any:
    """Advance the cells of rows ``first`` to ``last - 1``.

    Gives the bits of their largest depth, and the depths lost and gained through edges, drained
    and evaporated, summed.

    ``above`` and ``below`` hold, for the faces on the strip's two borders, the old discharge,
    the new one, and the new one scaled: those faces belong to both sides.
    """
    depth, carry, deepest, soaked = water
    ground, roughness, rain = land
    kind = depth.dtype.type
    # x faces; y faces before and at this row; factors of the row above and of this row
    along, before, old, factor_above, factor = scratch
    step, dt_dx, dx_dt = kind(dt), constants[6], kind(dx / dt)
    largest = _bits_of(constants[0])
    lost, gained, drained, evaporated = 0.0, 0.0, 0.0, 0.0
    short, short_above = False, False
    before[:] = above[0]
    flow_y[first, :] = above[2]
    for i in range(first, last + 1):
        if i < last:
            _flow_along_row(depth[i], ground[i], roughness[i], flow_x[i], along, constants)
            south = below[1]
            if i + 1 < last:
                south = flow_y[i + 1]
                _flow_between_rows(
                    depth[i], depth[i + 1], ground[i], ground[i + 1], roughness[i],
                    roughness[i + 1], south, before, old,
                    flow_y[i + 2] if i + 2 < last else below[0], constants,
                )  # fmt: skip
            north = above[1] if i == first else flow_y[i]
            short = _outflow_factor(depth[i], flow_x[i], north, south, factor, dx_dt)
            out, into, short_edge = _edge_row(
                i, water, roughness, flow_x[i], north, south, factor, edges, edge_flow,
                constants, dx_dt,
            )  # fmt: skip
            lost += out
            gained += into
            short = short or short_edge
            if short:
                _scale_along_row(flow_x[i], factor)
            if i > first and (short or short_above):
                _scale_between_rows(flow_y[i], factor_above, factor)
        if i > first:
            k = i - 1
            south = flow_y[i] if i < last else below[2]
            found = _fill_row(
                depth[k], carry[k], deepest[k], flow_x[k], flow_y[k], south, rain[k], step, dt_dx
            )
            largest = max(largest, found)
            if loss[3]:
                drains, air = _lose_row(
                    depth[k], carry[k], soaked[min(k, soaked.shape[0] - 1)], loss[0][k], loss[1],
                    loss[2], dt,
                )  # fmt: skip
                drained += drains
                evaporated += air
        before, old = old, before
        factor_above, factor = factor, factor_above
        short_above = short
    return largest, lost, gained, drained, evaporated


@_compiled
def _rim(flow_y: Any, border: Any, row: Any) -> Any:
    """Prepare the border at the rim of the grid: a wall, whose face stands in for its own."""
    border[0, :] = flow_y[row]
    border[1, :] = 0
    border[2, :] = 0


@_compiled
def _border(
    row: Any,
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    border: Any,
    scratch: Any,
    constants: Any,
    dx_dt: Any,
) -> Any:
    """Prepare the border between two strips: the faces north of a row, from old values only."""
    depth = water[0]
    ground, roughness, _ = land
    height = depth.shape[0]
    along, _, old, factor_above, factor = scratch
    faces = np.zeros((3, depth.shape[1]), depth.dtype)  # y faces around the border
    for k in range(3):
        at = row - 1 + k
        if 0 < at < height:
            faces[k, :] = flow_y[at]
            _flow_between_rows(
                depth[at - 1], depth[at], ground[at - 1], ground[at], roughness[at - 1],
                roughness[at], faces[k], flow_y[max(at - 1, 1)], old,
                flow_y[min(at + 1, height - 1)], constants,
            )  # fmt: skip
    for k in range(2):
        at = row - 1 + k
        x_faces = flow_x[at].copy()
        _flow_along_row(depth[at], ground[at], roughness[at], x_faces, along, constants)
        target = factor if k else factor_above
        _outflow_factor(depth[at], x_faces, faces[k], faces[k + 1], target, dx_dt)
        _edge_row(
            at, (depth, np.zeros_like(depth)), roughness, x_faces, faces[k], faces[k + 1], target,
            edges, edge_flow.copy(), constants, dx_dt,
        )  # fmt: skip
    border[0, :] = flow_y[row]
    border[1, :] = faces[1]
    border[2, :] = faces[1]
    _scale_between_rows(border[2], factor_above, factor)


@_compiled
def _next_step(done: Any, duration: Any, deepest: Any, dx: Any, limits: Any) -> Any:
    """Give the length of the next step and the time after it."""
    dt = min(limits[3], limits[0] * dx / math.sqrt(GRAVITY * max(deepest, limits[2])))
    left = duration - done
    if dt >= left:
        return left, duration
    dt = min(dt, 0.5 * left)  # two even steps rather than one and a sliver
    return dt, done + dt


@_compiled
def _make_scratch(width: Any, kind: Any) -> Any:
    """Allocate the rows that a sweep works with."""
    return (
        np.zeros(width + 1, kind), np.zeros(width, kind), np.zeros(width, kind),
        np.ones(width, kind), np.ones(width, kind),
    )  # fmt: skip


@_compiled
def _advance(
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    loss: Any,
    dx: Any,
    duration: Any,
    deepest_now: Any,
    depth_outside: Any,
    limits: Any,
    most: Any,
) -> Any:
    """Take as many steps as a duration needs, ``most`` at the most.

    Gives the steps taken; the depths lost and gained through edges, drained and evaporated,
    summed over cells, m; the largest depth, m; and the seconds done.
    """
    depth = water[0]
    kind = depth.dtype.type
    height, width = depth.shape
    scratch = _make_scratch(width, depth.dtype)
    above, below = np.zeros((3, width), depth.dtype), np.zeros((3, width), depth.dtype)
    sums = np.zeros(4)
    done, steps = 0.0, 0
    while done < duration and steps < most:
        dt, after = _next_step(done, duration, max(deepest_now, depth_outside), dx, limits)
        constants = _constants(kind, dt, dx, limits)
        _rim(flow_y, above, min(1, height - 1))
        _rim(flow_y, below, height - 1)
        largest, out, into, drains, air = _sweep(
            0, height, water, flow_x, flow_y, edge_flow, land, edges, loss, above, below, scratch,
            constants, dt, dx,
        )  # fmt: skip
        sums[0] += out
        sums[1] += into
        sums[2] += drains
        sums[3] += air
        deepest_now = np.float64(_float_of(largest))
        steps += 1
        if not deepest_now < DEPTH_LIMIT_M:
            break
        done = after
    return steps, sums, deepest_now, done


@_threaded
def _advance_strips(
    water: Any,
    flow_x: Any,
    flow_y: Any,
    edge_flow: Any,
    land: Any,
    edges: Any,
    loss: Any,
    dx: Any,
    duration: Any,
    deepest_now: Any,
    depth_outside: Any,
    limits: Any,
    most: Any,
    strips: Any,
) -> Any:
    """Do as ``_advance`` with strips of rows at once; the result is the same bit by bit."""
    depth = water[0]
    kind = depth.dtype.type
    height, width = depth.shape
    borders = np.zeros((strips + 1, 3, width), depth.dtype)
    results = np.zeros((strips, 5))
    sums = np.zeros(4)
    done, steps = 0.0, 0
    while done < duration and steps < most:
        dt, after = _next_step(done, duration, max(deepest_now, depth_outside), dx, limits)
        constants = _constants(kind, dt, dx, limits)
        _rim(flow_y, borders[0], min(1, height - 1))
        _rim(flow_y, borders[strips], height - 1)
        for k in prange(1, strips):
            _border(
                k * height // strips, water, flow_x, flow_y, edge_flow, land, edges, borders[k],
                _make_scratch(width, depth.dtype), constants, kind(dx / dt),
            )  # fmt: skip
        for k in prange(strips):
            found, out, into, drains, air = _sweep(
                k * height // strips, (k + 1) * height // strips, water, flow_x, flow_y,
                edge_flow, land, edges, loss, borders[k], borders[k + 1],
                _make_scratch(width, depth.dtype), constants, dt, dx,
            )  # fmt: skip
            results[k, 0] = _float_of(found)
            results[k, 1] = out
            results[k, 2] = into
            results[k, 3] = drains
            results[k, 4] = air
        deepest_now = 0.0
        for k in range(strips):
            if not results[k, 0] <= deepest_now and not math.isnan(deepest_now):
                deepest_now = results[k, 0]  # NaN wins
            for m in range(4):
                sums[m] += results[k, m + 1]
        steps += 1
        if not deepest_now < DEPTH_LIMIT_M:
            break
        done = after
    return steps, sums, deepest_now, done


class InertialKernel:
    """The local inertial equations on the processor, one or several threads."""

    def start(self, depth: Array, ground: Ground) -> State:
        """Begin with still water of depth (H, W) in m."""
        return State.start(depth, ground)

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
            Numbers of the scheme.

        Returns
        -------
        StepReport
            Not stable if a depth exceeded ``DEPTH_LIMIT_M`` or was not a number; the state then
            stands at the step where this was found.

        Source
        ------
        Bates, Horritt and Fewtrell (2010), eq. 11, with the friction term fully implicit.
        """
        losses = ground.losses
        arguments = (
            (state.depth, state.carry, state.deepest, state.soaked), state.flow_x, state.flow_y,
            state.edge_flow, (ground.elevation, ground.roughness, supply.rain),
            (*ground.edges.arrays(), supply.outside),
            (losses.cover, losses.table, supply.evaporation,
             losses.soaks or supply.evaporation > 0),
            ground.cell_size_m, float(duration_s), state.deepest_now_m,
            float(supply.outside.max(initial=0.0)),
            (
                scheme.courant, scheme.froude_cap, scheme.depth_min_m, scheme.max_step_s,
                scheme.weight_cap,
            ),
            max(1, _WORK // state.depth.size),
        )  # fmt: skip
        strips = min(scheme.threads, state.depth.shape[0])
        found = _advance_strips(*arguments, strips) if strips > 1 else _advance(*arguments)
        steps, sums, deepest_now, done = found
        state.deepest_now_m = float(deepest_now)
        state.time_s += float(done)
        out, into, drained, evaporated = (sums * ground.cell_area_m2).tolist()
        is_stable = state.deepest_now_m < DEPTH_LIMIT_M  # False for NaN
        return StepReport(int(steps), float(done), out, into, drained, evaporated, is_stable)
