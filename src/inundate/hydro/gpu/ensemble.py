"""Many storms, roughnesses or starts on one terrain, advanced together on a device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.core.errors import ConfigError, DataError, StabilityError
from inundate.hydro.gpu.clock import BatchReport, Engine, TorchEngine
from inundate.hydro.gpu.tensors import Forces, choose_device, make_forces, make_water, put_ground
from inundate.hydro.ground import check_rate, depth_limit
from inundate.hydro.march import SHORTEST_FRAME_S, ArrayResult, March
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array

__all__ = ["make_engine", "simulate_batch"]

_MM_H = 1.0 / 3.6e6  # m s-1
_ROUNDING_S = 1e-9


def make_engine(backend: str) -> Engine:
    """Give the engine for a backend.

    Raises
    ------
    ConfigError
        If the backend runs no batches, or has no device here.
    """
    if backend == "torch":
        return TorchEngine()
    if backend == "triton":
        from inundate.hydro.gpu.triton_engine import TritonEngine

        return TritonEngine()
    raise ConfigError(
        f"simulating an ensemble in one run: backend {backend!r}, expected 'torch' or 'triton'",
        hint="backend numba runs members side by side: inundate ensemble",
    )


def simulate_batch(
    elevation: Array,
    rain: Array,
    *,
    rain_step_s: float,
    cell_size_m: float,
    settings: SimulateSettings,
    roughness: Array | None = None,
    initial_depth: Array | None = None,
    walls: NDArray[np.bool_] | None = None,
    site: Site | None = None,
    frames: bool = True,
    engine: Engine | None = None,
    device: torch.device | None = None,
) -> list[ArrayResult]:
    """Simulate an ensemble on one terrain in one batched run.

    Each member takes its own time steps, so it ends as its single run on the same backend would:
    bit by bit with ``torch`` on a processor; elsewhere to rounding.

    Parameters
    ----------
    elevation : array (H, W), m
        Row 0 in the north; NaN where there is no ground.
    rain : array (M, T, H, W) or (M, T), mm h-1
        Mean rate of each step for each member.
    rain_step_s : float
        Length of a rain step, s.
    cell_size_m : float
        Side of a cell, m.
    settings : SimulateSettings
        How the water is moved; ``backend`` is ``torch`` or ``triton``.
    roughness : array (M, H, W) or (H, W), s m-1/3, optional
        Manning's n of each member, or of all; by default ``settings.manning``.
    initial_depth : array (M, H, W) or (H, W), m, optional
        Water at the start.
    walls : array (H, W), bool, optional
        Cells that no water enters.
    site : Site, optional
        Sources, parts of edges, land cover, evaporation; the same for all.
    frames : bool
        Keep every frame; otherwise only the last, to save memory.
    engine : Engine, optional
        By default the one that ``settings.backend`` names.
    device : torch.device, optional
        By default the CUDA device if there is one.

    Returns
    -------
    list of ArrayResult
        One for each member, each with its own budget.

    Raises
    ------
    ConfigError
        If the settings do not fit.
    DataError
        If shapes differ, or rain is missing or negative on ground.
    StabilityError
        If a member broke down.
    """
    elevation, rain = np.asarray(elevation), np.asarray(rain)
    _check(rain, elevation.shape, settings)
    engine = engine or make_engine(settings.backend)
    plain = settings.model_copy(update={"backend": "numba"})  # only checks, ground and start
    site = site or Site()
    site.check_span(rain.shape[1] * rain_step_s + settings.run_on_min * 60)
    marches = [
        March(elevation, cell_size_m, plain, of[0], of[1], walls, site=site)
        for of in _each(rain.shape[0], roughness, initial_depth)
    ]
    ensemble = _Ensemble(marches, rain.shape[0], settings, engine, device or choose_device())
    for index in range(rain.shape[1]):
        ensemble.advance(rain[:, index], rain_step_s, keep_frames=frames)
    if settings.run_on_min:
        ensemble.advance(np.zeros(rain.shape[0]), settings.run_on_min * 60, keep_frames=frames)
    return ensemble.results(keep_frames=frames)


def _check(rain: Array, shape: tuple[int, ...], settings: SimulateSettings) -> None:
    if settings.equations != "inertial":
        raise ConfigError(
            f"simulating an ensemble in one run: equations {settings.equations!r}, "
            "expected 'inertial'"
        )
    if rain.ndim not in (2, 4) or (rain.ndim == 4 and rain.shape[2:] != shape) or not rain.size:
        raise DataError(
            f"simulating an ensemble: rain of shape {rain.shape}, expected (members, time) or "
            f"(members, time, {', '.join(map(str, shape))}) as the terrain"
        )


def _each(count: int, *fields: Array | None) -> list[tuple[Array | None, ...]]:
    """Give the fields of each member, or once if they are alike."""
    own = [values is not None and np.ndim(values) == 3 for values in fields]
    for values, is_own in zip(fields, own, strict=True):
        if is_own and len(np.asarray(values)) != count:
            raise DataError(
                f"simulating an ensemble: fields of {len(np.asarray(values))} members and rain of "
                f"{count}, expected as many"
            )
    return [
        tuple(v[k] if o and v is not None else v for v, o in zip(fields, own, strict=True))
        for k in range(count if any(own) else 1)
    ]


class _Ensemble:
    """An ensemble under way: the clock and budgets of a march, for every member at once."""

    def __init__(
        self,
        marches: list[March],
        count: int,
        settings: SimulateSettings,
        engine: Engine,
        device: torch.device,
    ) -> None:
        self.settings, self.engine, self.march, self.count = settings, engine, marches[0], count
        self.valid = self.march.ground.valid
        alike = len(marches) == 1
        rough = np.stack([march.ground.roughness for march in marches])
        self.land = put_ground(self.march.ground, device, rough)
        self.water = make_water([m.state for m in marches] * (count if alike else 1), self.land)
        self.budgets = [replace(marches[0 if alike else k].budget) for k in range(count)]
        self.fallen = np.zeros((count, *self.valid.shape))  # mm h-1 times s since the last frame
        self.steps = np.zeros(count, dtype=np.int64)
        self.time_s = self.last_frame_s = 0.0
        self.depth_limit_m = depth_limit(self.march.ground)
        self.ends_s: list[float] = []
        self.depths: list[Array] = []  # (M, H, W) each
        self.rains: list[Array] = []

    def advance(self, rate: Array, seconds: float, *, keep_frames: bool) -> None:
        """Advance all members through a rain step (M, H, W) or (M,) in mm h-1."""
        full = np.broadcast_to(
            rate.reshape(self.count, *rate.shape[1:] or (1, 1)), self.fallen.shape
        )
        full = np.stack([check_rate(member, self.valid, self.settings) for member in full])
        metres = np.where(self.valid, full, 0).astype(np.float64) * _MM_H
        forcing = metres.astype(self.march.ground.elevation.dtype)
        volume = forcing.sum((1, 2), dtype=np.float64) * self.march.ground.cell_area_m2
        end = self.time_s + float(seconds)
        while end - self.time_s > _ROUNDING_S:
            start = self.time_s
            frame_s = self.last_frame_s + self.settings.output_every_s
            cut = self.march.drive.cut(start, min(end, frame_s))
            if abs(frame_s - cut) < _ROUNDING_S:
                cut = frame_s  # as in a march, so that steps are the same
            forces, source_rate = self._forces_until(cut, forcing)
            self._to(cut, forces)
            self.fallen += full.astype(np.float64) * (cut - start)
            for budget, cubic_metres in zip(self.budgets, volume, strict=True):
                budget.rain_m3 += float(cubic_metres) * (cut - start)
                budget.source_m3 += source_rate * (cut - start)
            self.time_s = cut
            if cut >= frame_s - _ROUNDING_S:
                self._frame(keep_frames=keep_frames)

    def _forces_until(self, cut: float, forcing: Array) -> tuple[Forces, float]:
        """Give what drives the water until a time, on the device."""
        drive = self.march.drive
        found = [drive.supply(member, self.time_s, cut) for member in forcing]
        supply, source_rate = found[0]
        rain = np.stack([each.rain for each, _ in found])
        return make_forces(supply, self.land, rain), source_rate

    def _to(self, cut: float, forces: Forces) -> None:
        """Advance all members to a time."""
        now = np.full(self.count, self.time_s)
        while (now < cut).any():
            left = cut - now
            report = self.engine.advance(self.water, self.land, forces, left, self.march.scheme)
            now = np.where(report.seconds >= left, cut, now + report.seconds)
            self._count(report, now)

    def _count(self, report: BatchReport, now: NDArray[np.float64]) -> None:
        self.steps += report.steps
        volumes = report.volumes_m * self.march.ground.cell_area_m2
        for k, budget in enumerate(self.budgets):
            budget.outflow_m3 += float(volumes[0, k])
            budget.inflow_m3 += float(volumes[1, k])
            budget.drainage_m3 += float(volumes[2, k])
            budget.evaporation_m3 += float(volumes[3, k])
        deepest = self.water.deepest_now.cpu().numpy()
        is_stable = report.is_stable & (deepest < self.depth_limit_m)
        if not is_stable.all():
            member = int(np.flatnonzero(~is_stable)[0])
            depth = self.water.depth[member].cpu().numpy()
            row, column = np.argwhere(~(depth < self.depth_limit_m))[0]
            raise StabilityError(
                f"simulating an ensemble: water depth {depth[row, column]:g} m in member {member} "
                f"at row {row}, column {column} after {now[member]:.1f} s, expected less than "
                f"{self.depth_limit_m:g} m; last good frame at {self.last_frame_s:g} s",
                hint="look at rain and elevation there; a smaller courant or max_step_s may help",
                cause="solver_breakdown",
            )

    def _frame(self, *, keep_frames: bool) -> None:
        if not keep_frames:
            self.ends_s, self.depths, self.rains = [], [], []
        mean = self.fallen / (self.time_s - self.last_frame_s)
        self.ends_s.append(self.time_s)
        self.depths.append(self._masked(self.water.depth))
        self.rains.append(mean.astype(np.float32))
        self.last_frame_s = self.time_s
        self.fallen[...] = 0

    def _masked(self, values: Tensor) -> Array:
        found = values.cpu().numpy()
        return np.where(self.valid, found, found.dtype.type(np.nan))

    def results(self, *, keep_frames: bool) -> list[ArrayResult]:
        """Close the books and give every member's result."""
        if self.time_s > self.last_frame_s + SHORTEST_FRAME_S:
            self._frame(keep_frames=keep_frames)
        area = self.march.ground.cell_area_m2
        stored = self.water.depth.sum((1, 2), dtype=torch.float64).cpu().numpy() * area
        soaked = self.water.soaked.sum((1, 2)).cpu().numpy() * area
        deepest = self._masked(self.water.deepest)
        for k, budget in enumerate(self.budgets):
            budget.stored_m3, budget.infiltration_m3 = float(stored[k]), float(soaked[k])
        return [
            ArrayResult(
                depth=np.stack([depth[k] for depth in self.depths]),
                deepest=deepest[k],
                rain=np.stack([rain[k] for rain in self.rains]),
                end_s=np.array(self.ends_s),
                budget=self.budgets[k].to_dict(),
                steps=int(self.steps[k]),
            )
            for k in range(self.count)
        ]
