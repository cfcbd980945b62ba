"""Derivatives of a flood: depths and discharges with respect to roughness and rain.

A first run records the time steps; the second repeats them with gradients. The steps are held
constant: how they would change with roughness or rain is no part of the gradient, as they change
the answer by the scheme's error only. Where the scheme has a kink (a face that falls dry, the
Froude cap, a cell whose outflow is scaled, the time of a peak) the gradient is that of the side
that was run. Only segments of steps are kept; the steps between are computed again on the way
back, so memory grows with the root of their number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from inundate.core.errors import StabilityError
from inundate.hydro.gpu.plan import after_step, before_step, begin_clock, levels_of
from inundate.hydro.gpu.step import Fields, step
from inundate.hydro.gpu.tensors import (
    DeviceGround,
    Forces,
    make_forces,
    make_water,
    put_ground,
)
from inundate.hydro.march import March, RainStep
from inundate.hydro.state import DEPTH_LIMIT_M

__all__ = ["Looks", "Recording", "Seen", "record", "replay"]

_MM_H = 1.0 / 3.6e6  # m s-1
_ROUNDING_S = 1e-9
_FIELDS_A_STEP = 13  # what a step keeps for the way back, in states: 80 fields, counted


@dataclass(frozen=True)
class Looks:
    """Where and when a flood is looked at.

    Attributes
    ----------
    rows, columns : array (G,), int64
        Cells of gauges.
    time_s : array (L,)
        Times, rising, s since the start.
    lines : tuple of (int, int, int)
        Sections that run north to south: column of the western faces, first row, row after the
        last. Their discharge is positive eastwards.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    time_s: NDArray[np.float64]
    lines: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What was seen.

    Attributes
    ----------
    depth : tensor (L, G), m
        At each time.
    peak : tensor (G,), m
        Largest depth until the last time.
    discharge : tensor (L, S), m3 s-1
        Through each section at each time.
    """

    depth: Tensor
    peak: Tensor
    discharge: Tensor


@dataclass(frozen=True)
class _Interval:
    """Steps under the same forcing."""

    steps: tuple[float, ...]
    rain_step: int
    inflow: Tensor  # (H, W) m s-1 from sources
    evaporation: float
    outside: Tensor
    is_look: bool


@dataclass(frozen=True)
class Recording:
    """A run's time steps and what drove them.

    Attributes
    ----------
    march : March
        Ground, start and scheme; not advanced.
    rain : tensor (T, H, W), m s-1
        Rate of each rain step; 0 where there is no ground.
    intervals : tuple
        Steps between changes of what drives the water.
    looks : Looks
        Where and when.
    """

    march: March
    rain: Tensor
    intervals: tuple[_Interval, ...]
    looks: Looks

    @property
    def steps(self) -> int:
        """Steps taken."""
        return sum(len(interval.steps) for interval in self.intervals)


@torch.no_grad()
def record(
    march: March, rain: Sequence[RainStep], looks: Looks, device: torch.device | None = None
) -> Recording:
    """Run a flood once and keep its time steps.

    Parameters
    ----------
    march : March
        At its start; it is not advanced.
    rain : sequence of (seconds, array (H, W) in mm h-1)
        Consecutive steps.
    looks : Looks
        Where and when to look; the run ends at the last time.
    device : torch.device, optional
        By default the processor.

    Raises
    ------
    StabilityError
        If a depth became absurd.
    """
    device = device or torch.device("cpu")
    ground = put_ground(march.ground, device)
    kind = ground.elevation.dtype
    rates = np.stack([np.where(march.ground.valid, rate, 0) * _MM_H for _, rate in rain])
    rain_m_s = torch.from_numpy(rates).to(device, kind)
    ends = np.cumsum([seconds for seconds, _ in rain])
    water = make_water([march.state], ground)
    fields = Fields(*(getattr(water, name) for name in Fields._fields))
    deepest, now, index = water.deepest_now, 0.0, 0
    levels = levels_of(march.ground.valid.size)
    intervals = []
    for look in looks.time_s.tolist():
        while look - now > _ROUNDING_S:
            while ends[index] - now <= _ROUNDING_S:
                index += 1
            cut = march.drive.cut(now, min(look, float(ends[index])))
            plain = rain_m_s[index].cpu().numpy()
            supply, _ = march.drive.supply(plain, now, cut)
            forces = make_forces(supply, ground)
            lengths: list[float] = []
            clock = begin_clock(deepest)
            whole = torch.full_like(deepest, cut - now)
            beyond = float(supply.outside.max(initial=0.0))
            while bool(clock.done < whole):
                clock = before_step(clock, whole, beyond, ground.cell_size_m, march.scheme, levels)
                fields, change = step(fields, ground, forces, clock.step, march.scheme)
                lengths.append(float(clock.step))
                clock = after_step(
                    clock, whole, change.largest, clock.done < whole, ground.cell_size_m
                )
                deepest = clock.deepest
                if not bool(deepest < DEPTH_LIMIT_M):
                    raise StabilityError(
                        f"recording a flood: water depth {float(deepest):g} m after {now:.1f} s",
                        cause="solver_breakdown",
                    )
            intervals.append(
                _Interval(
                    tuple(lengths), index, forces.rain[0] - rain_m_s[index], supply.evaporation,
                    forces.outside, cut >= look - _ROUNDING_S,
                )
            )  # fmt: skip
            now = cut
    return Recording(march, rain_m_s, tuple(intervals), looks)


def replay(
    recording: Recording,
    *,
    roughness: Tensor | None = None,
    rain: Tensor | None = None,
    segment_steps: int | None = None,
) -> Seen:
    """Repeat a recorded flood with other roughness or rain, with gradients.

    Parameters
    ----------
    recording : Recording
        Of :func:`record`.
    roughness : tensor (H, W), s m-1/3, optional
        Manning's n; by default as recorded.
    rain : tensor (T, H, W), m s-1, optional
        Rate of each rain step; by default as recorded.
    segment_steps : int, optional
        Steps between states that are kept; by default such that memory is least.

    Returns
    -------
    Seen
        Its gradients reach ``roughness`` and ``rain``, and what these were computed from.
    """
    march, looks = recording.march, recording.looks
    device = recording.rain.device
    ground = put_ground(march.ground, device, roughness)
    water = make_water([march.state], ground)
    fields = Fields(*(getattr(water, name) for name in Fields._fields))
    rates = recording.rain if rain is None else rain
    length = segment_steps or max(1, round(math.sqrt(recording.steps / _FIELDS_A_STEP)))
    rows = torch.from_numpy(looks.rows).to(device)
    columns = torch.from_numpy(looks.columns).to(device)
    depths, discharges = [], []
    for interval in recording.intervals:
        driving = rates[interval.rain_step] + interval.inflow
        for first in range(0, len(interval.steps), length):
            fields = _segment(
                fields, ground, driving, interval, interval.steps[first : first + length], march
            )
        if interval.is_look:
            depths.append(fields.depth[0, rows, columns])
            flows = [
                fields.flow_x[0, start:stop, column].sum() * ground.cell_size_m
                for column, start, stop in looks.lines
            ]
            discharges.append(torch.stack(flows) if flows else fields.depth.new_zeros(0))
    return Seen(torch.stack(depths), fields.deepest[0, rows, columns], torch.stack(discharges))


def _segment(
    fields: Fields,
    ground: DeviceGround,
    rain: Tensor,
    interval: _Interval,
    lengths: tuple[float, ...],
    march: March,
) -> Fields:
    """Take some steps, of which only the first state is kept."""

    def run(friction: Tensor, roughness: Tensor, rain: Tensor, *state: Tensor) -> Fields:
        land = replace(ground, friction=friction, roughness=roughness)
        forces = Forces(rain[None], interval.evaporation, interval.outside)
        found = Fields(*state)
        for seconds in lengths:
            dt = torch.full((1,), seconds, dtype=torch.float64, device=rain.device)
            found, _ = step(found, land, forces, dt, march.scheme)
        return found

    arguments = (ground.friction, ground.roughness, rain, *fields)
    if not torch.is_grad_enabled():
        return run(*arguments)
    found = checkpoint(run, *arguments, use_reentrant=False, preserve_rng_state=False)
    assert isinstance(found, Fields)
    return found
