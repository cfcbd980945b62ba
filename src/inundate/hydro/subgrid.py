"""Simulate a flood on coarse blocks that know the fine ground within them.

A block of ``factor`` x ``factor`` fine cells has one volume of water. Its level follows from
the heights of its cells; water passes to the next block through lanes, one for each fine cell
of the face, no lower than the sill that lies between the lowest cells of both blocks. A street,
a ditch or a dam narrower than a block so stays what it is.

Source
------
Casulli (2009), doi:10.1002/fld.1896, and Sanders and Schubert (2019),
doi:10.1016/j.advwatres.2019.02.007: storage and conveyance from a finer grid. Sills, lanes and
wedge are our own, see docs/subgrid.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, StabilityError
from inundate.hydro.ground import check_rate, depth_limit, make_ground
from inundate.hydro.mass import VolumeBudget
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Array, Ground
from inundate.hydro.subgrid_kernel import SubgridState
from inundate.hydro.subgrid_tables import Blocks, make_blocks

__all__ = ["SubgridResult", "simulate_subgrid"]

_MM_H = 1.0 / 3.6e6  # m s-1
_LONGEST_STEP_S = 60.0  # whatever the block: rain and flow stay in step


@dataclass(frozen=True)
class SubgridResult:
    """The water of coarse blocks at each frame.

    Attributes
    ----------
    volume : array (T, h, w), m
        Mean depth over the whole block, missing ground included, at the end of each frame.
    deepest : array (T, h, w), m
        Largest of it over all steps so far.
    factor : int
        Fine cells along a block's side.
    budget : dict
        Terms of :class:`~inundate.hydro.mass.VolumeBudget`, m3, with its error.
    steps : int
        Time steps taken.
    """

    volume: NDArray[np.float32]
    deepest: NDArray[np.float32]
    factor: int
    budget: dict[str, float]
    steps: int


def simulate_subgrid(
    elevation: Array,
    rain_rate: Array,
    *,
    roughness: Array,
    interval_s: float,
    cell_size_m: float,
    factor: int,
    settings: SimulateSettings,
) -> SubgridResult:
    """Simulate a flood on blocks of ``factor`` x ``factor`` cells.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground.
    rain_rate : array (T, H, W) or (T, h, w), mm h-1
        Mean over the interval that ends at each frame, rainless frames after the storm
        included; of cells, or of the ground of each block.
    roughness : array (H, W), s m-1/3
        Manning's n.
    interval_s : float
        Time between frames, s.
    cell_size_m : float
        Side of a fine cell, m.
    factor : int
        Fine cells along a block's side, 2 or more.
    settings : SimulateSettings
        Of the simulation on fine cells. The frames are those of the rain, so
        ``output_every_s`` and ``run_on_min`` have no say; ``max_step_s`` is for a fine cell, and
        a block takes as many times more as it is larger, 60 s at most.

    Returns
    -------
    SubgridResult
        With h = ceil(H / factor) and w = ceil(W / factor).

    Raises
    ------
    ConfigError
        If the factor is below 2, or the settings ask for what this solver cannot do: edges of
        fixed level, the full equations, another backend.
    DataError
        If shapes do not fit, rain is missing or negative on ground, or there is no ground.
    StabilityError
        If the computation broke down.

    Examples
    --------
    >>> import numpy as np
    >>> found = simulate_subgrid(np.zeros((8, 8)), np.full((2, 8, 8), 36.0), interval_s=300,
    ...     roughness=np.full((8, 8), 0.03), cell_size_m=10, factor=4,
    ...     settings=SimulateSettings(edges="closed"))
    >>> found.volume.shape, round(float(found.volume[-1].mean()), 4)
    ((2, 2, 2), 0.006)
    """
    _check_settings(factor, settings)
    elevation = np.asarray(elevation)
    ground = make_ground(elevation, float(cell_size_m), settings, np.asarray(roughness))[0]
    blocks = make_blocks(ground, factor)
    rain = _block_rain(np.asarray(rain_rate), ground, blocks, settings)
    state = SubgridState(blocks, settings.threads)
    dx = float(cell_size_m) * factor
    limits = (
        settings.courant, settings.froude_cap, settings.depth_min_m,
        min(settings.max_step_s * factor, _LONGEST_STEP_S), depth_limit(ground),
    )  # fmt: skip
    loss = (*ground.losses.table[0].tolist(), settings.evaporation_mm_h * _MM_H)
    volume = np.empty((len(rain), *blocks.shape), np.float32)
    deepest = np.empty_like(volume)
    steps = 0
    for t, rate in enumerate(rain):
        steps += state.advance(rate, interval_s, dx, loss, limits)
        if not state.highest_m < limits[-1]:  # True for NaN
            raise _breakdown(state, blocks, t, interval_s, limits[-1])
        volume[t] = blocks.inner(state.volume)
        deepest[t] = blocks.inner(state.deepest)
    out, soaked, drained, evaporated = (dx * dx * total for total in state.sums())
    stored = float(state.volume.sum(dtype=np.float64) + state.carry.sum(dtype=np.float64))
    budget = VolumeBudget(
        rain_m3=float(rain.sum(dtype=np.float64)) * interval_s * dx * dx,
        outflow_m3=out, infiltration_m3=soaked, drainage_m3=drained, evaporation_m3=evaporated,
        stored_m3=stored * dx * dx,
    )  # fmt: skip
    return SubgridResult(volume, deepest, factor, budget.to_dict(), steps)


def _check_settings(factor: int, settings: SimulateSettings) -> None:
    settings.check()
    if factor != int(factor) or factor < 2:
        raise ConfigError(
            f"sub-grid solver: factor {factor}, expected a whole number of 2 or more",
            hint="on single cells run inundate simulate",
        )
    faults = []
    if "level" in {*settings.edge_kinds().values(), settings.edges}:
        faults.append("edges of kind 'level', expected 'open' or 'closed'")
    if settings.equations != "inertial":
        faults.append(f"equations {settings.equations!r}, expected 'inertial'")
    if settings.backend != "numba":
        faults.append(f"backend {settings.backend!r}, expected 'numba'")
    if faults:
        raise ConfigError(
            "sub-grid solver: " + "; ".join(faults), hint="inundate simulate can do that"
        )


def _block_rain(rain: Array, ground: Ground, blocks: Blocks, settings: SimulateSettings) -> Array:
    """Give the rain (T, h, w) of whole blocks in m s-1, in the working precision."""
    kind = ground.elevation.dtype
    share = blocks.inner(blocks.ground)
    fine = ground.valid.shape
    if rain.ndim == 3 and rain.shape[1:] == fine:
        total, wrong = _sum_rain(rain, ground.valid, blocks.factor, share.shape)
        if wrong:  # in the words of the fine solver, or taken as dry
            rain = np.stack([check_rate(rate, ground.valid, settings) for rate in rain])
            total, _ = _sum_rain(rain, ground.valid, blocks.factor, share.shape)
        found = total * (_MM_H / blocks.factor**2)
    elif rain.ndim == 3 and rain.shape[1:] == share.shape:
        has = share > 0
        found = np.stack([check_rate(rate, has, settings) for rate in rain]) * (share * _MM_H)
    else:
        raise DataError(
            f"sub-grid solver: rain of shape {rain.shape}, expected (time, {fine[0]}, {fine[1]}) "
            f"as the terrain or (time, {share.shape[0]}, {share.shape[1]}) as its blocks"
        )
    rates: Array = found.astype(kind)
    return rates


@njit(nogil=True, cache=True)
def _sum_rain(rain: Any, valid: Any, factor: Any, shape: Any) -> Any:
    """Sum rain over the ground of each block; tell whether any is missing or impossible."""
    total = np.zeros((rain.shape[0], shape[0], shape[1]))
    wrong = False
    for t in range(rain.shape[0]):
        for i in range(rain.shape[1]):
            for block in range(shape[1]):  # cells of a block in a row: no division for each
                added = 0.0
                for j in range(block * factor, min(block * factor + factor, rain.shape[2])):
                    if valid[i, j]:
                        rate = rain[t, i, j]
                        added += rate
                        wrong |= not (rate >= 0 and rate < np.inf)
                total[t, i // factor, block] += added
    return total, wrong


def _breakdown(
    state: SubgridState, blocks: Blocks, frame: int, interval_s: float, limit: float
) -> StabilityError:
    level = blocks.inner(state.level)
    absurd = ~(level < limit)
    row, column = np.argwhere(absurd)[0] if absurd.any() else (0, 0)
    return StabilityError(
        f"sub-grid solver: water level {level[row, column]:g} m above the lowest cell of block "
        f"({row}, {column}) between {frame * interval_s:g} and {(frame + 1) * interval_s:g} s, "
        f"expected less than {limit:g} m",
        hint="look at rain and elevation there; a smaller courant or max_step_s may help",
        cause="solver_breakdown",
    )
