"""Advance a batch on tensors: steps as long as each member allows, chosen on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inundate.hydro.gpu.plan import after_step, before_step, begin_clock, levels_of
from inundate.hydro.gpu.step import Change, Fields, step
from inundate.hydro.gpu.tensors import DeviceGround, Forces, Water
from inundate.hydro.state import DEPTH_LIMIT_M, Scheme

__all__ = ["BatchReport", "Engine", "TorchEngine"]

_WORK = {"cpu": 100_000_000, "cuda": 40_000_000_000}  # cell updates before control returns
_STEPS_BETWEEN_LOOKS = 16  # a look waits for the device


@dataclass(frozen=True)
class BatchReport:
    """What happened to each member.

    Attributes
    ----------
    steps : array (B,), int64
    seconds : array (B,)
        Time advanced by; less than asked for if there is work left, or a member broke down.
    volumes_m : array (4, B), m
        Depths lost and gained through edges, drained and evaporated, summed over cells.
    is_stable : array (B,), bool
    """

    steps: NDArray[np.int64]
    seconds: NDArray[np.float64]
    volumes_m: NDArray[np.float64]
    is_stable: NDArray[np.bool_]


class Engine:
    """What advances the water of a batch in place."""

    def advance(
        self,
        water: Water,
        land: DeviceGround,
        forces: Forces,
        seconds: NDArray[np.float64],
        scheme: Scheme,
    ) -> BatchReport:
        """Advance each member by its seconds (B,), or less."""
        raise NotImplementedError


class TorchEngine(Engine):
    """Plain tensors, compiled into a few kernels where that pays.

    Parameters
    ----------
    compiled : bool, optional
        Use ``torch.compile``; by default on CUDA only, since on a processor the first step then
        waits for a C++ compiler.
    levels : int, optional
        Steps that share a length; by default as many as the compiled kernel takes at once.
    """

    def __init__(self, compiled: bool | None = None, levels: int | None = None) -> None:
        self.compiled, self.levels = compiled, levels
        self._fast: Callable[..., tuple[Fields, Change]] | None = None

    def _step(self, device: torch.device) -> Callable[..., tuple[Fields, Change]]:
        is_compiled = device.type == "cuda" if self.compiled is None else self.compiled
        if not is_compiled:
            return step
        if self._fast is None:
            self._fast = torch.compile(step, fullgraph=True, dynamic=False)
        return self._fast

    @torch.no_grad()
    def advance(
        self,
        water: Water,
        land: DeviceGround,
        forces: Forces,
        seconds: NDArray[np.float64],
        scheme: Scheme,
    ) -> BatchReport:
        """Advance each member by its seconds (B,), or less.

        The host looks at the device every few steps only. Members that are through, or broke
        down, stand still while others go on.
        """
        device = land.device
        run = self._step(device)
        duration = torch.as_tensor(seconds, dtype=torch.float64, device=device)
        steps = torch.zeros_like(duration, dtype=torch.int64)
        sums = duration.new_zeros((4, duration.numel()))
        beyond = float(forces.outside.max()) if forces.outside.numel() else 0.0
        fields = Fields(*(getattr(water, name) for name in Fields._fields))
        clock = begin_clock(water.deepest_now)
        levels = self.levels or levels_of(fields.depth[0].numel())
        most = max(1, _WORK[device.type] // fields.depth.numel())
        dx = land.cell_size_m
        for count in range(most):
            active = clock.is_active(duration)
            is_masked = device.type != "cpu"
            if device.type == "cpu" or count % _STEPS_BETWEEN_LOOKS == 0:
                if not bool(active.any()):
                    break
                is_masked = is_masked or not bool(active.all())
            clock = before_step(clock, duration, beyond, dx, scheme, levels)
            found, change = run(fields, land, forces, torch.where(active, clock.step, 1.0), scheme)
            if is_masked:
                found = Fields(*(
                    torch.where(active.view(-1, *[1] * (new.ndim - 1)), new, old)
                    for new, old in zip(found, fields, strict=True)
                ))  # fmt: skip
            sums += torch.where(active, change.sums, 0.0)
            clock = after_step(clock, duration, change.largest, active, dx)
            fields = found
            steps += active
        for name, value in fields._asdict().items():
            setattr(water, name, value)
        water.deepest_now = clock.deepest
        is_stable = clock.deepest < DEPTH_LIMIT_M  # False for NaN
        return BatchReport(
            steps.cpu().numpy(), clock.seconds().cpu().numpy(), sums.cpu().numpy(),
            is_stable.cpu().numpy(),
        )  # fmt: skip
