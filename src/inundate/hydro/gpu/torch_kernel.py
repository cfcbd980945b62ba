"""The solver on tensors behind the interface of the compiled kernel: any device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from inundate.core.log import get_logger
from inundate.hydro.gpu.clock import Engine, TorchEngine
from inundate.hydro.gpu.tensors import (
    DeviceGround,
    Water,
    choose_device,
    make_forces,
    make_water,
    put_ground,
)
from inundate.hydro.state import Array, Ground, Scheme, State, StepReport, Supply

__all__ = ["DeviceState", "EngineKernel", "TorchKernel", "describe_device"]

_ARRAYS = ("depth", "carry", "deepest", "flow_x", "flow_y", "edge_flow", "soaked")


class DeviceState(State):
    """A state whose arrays live on a device; the host's are brought up to date when asked for.

    An array that was asked for may have been changed by who asked, so it goes back to the device
    before the next step. Ask again after a step: an array kept from before is not up to date.
    """

    water: Water | None = None
    land: DeviceGround | None = None

    def __getattribute__(self, name: str) -> Any:
        """Bring an array to the host when it is asked for."""
        if name in _ARRAYS:
            kept = object.__getattribute__(self, "__dict__")
            if name in kept.get("stale", ()):
                _download(self, name)
                kept["stale"].discard(name)
            kept.setdefault("lent", set()).add(name)
        return super().__getattribute__(name)

    def upload(self, ground: Ground, device: torch.device) -> tuple[Water, DeviceGround]:
        """Give the water and the ground on a device, host changes included."""
        kept = self.__dict__
        if self.water is None or self.land is None:
            self.land = put_ground(ground, device)
            self.water = make_water([self], self.land)
        else:
            for name in sorted(kept["lent"]):
                values = torch.from_numpy(kept[name])[None].to(device)
                values = self.land.spread_faces(values) if name == "edge_flow" else values
                getattr(self.water, name).copy_(values)
            self.water.deepest_now.fill_(self.deepest_now_m)
        kept["lent"] = set()
        return self.water, self.land

    def mark_stale(self) -> None:
        """Say that the device has newer arrays than the host."""
        self.__dict__["stale"] = set(_ARRAYS)


def _download(state: DeviceState, name: str) -> None:
    water, land = state.__dict__["water"], state.__dict__["land"]
    values = getattr(water, name)
    values = land.gather_faces(values) if name == "edge_flow" else values
    state.__dict__[name][...] = values[0].cpu().numpy()


class EngineKernel:
    """A kernel that runs one member on an engine for batches.

    Parameters
    ----------
    engine : Engine
        What advances the water.
    device : torch.device
        Where.
    """

    def __init__(self, engine: Engine, device: torch.device) -> None:
        self.engine, self.device = engine, device
        get_logger("hydro").info("the solver runs on %s", describe_device(device))

    def start(self, depth: Array, ground: Ground) -> State:
        """Begin with still water of depth (H, W) in m."""
        return DeviceState.start(depth, ground)

    def advance(
        self, state: State, ground: Ground, supply: Supply, duration_s: float, scheme: Scheme
    ) -> StepReport:
        """Advance a state in place; see :class:`~inundate.hydro.state.Kernel`."""
        assert isinstance(state, DeviceState)
        water, land = state.upload(ground, self.device)
        forces = make_forces(supply, land)
        seconds = np.array([duration_s], dtype=np.float64)
        report = self.engine.advance(water, land, forces, seconds, scheme)
        state.mark_stale()
        state.deepest_now_m = float(water.deepest_now[0])
        state.time_s += float(report.seconds[0])
        out, into, drained, air = (report.volumes_m[:, 0] * ground.cell_area_m2).tolist()
        return StepReport(
            int(report.steps[0]), float(report.seconds[0]), out, into, drained, air,
            bool(report.is_stable[0]),
        )  # fmt: skip


class TorchKernel(EngineKernel):
    """The local inertial equations in PyTorch, on the CUDA device if there is one."""

    def __init__(self, device: torch.device | None = None, *, compiled: bool | None = None) -> None:
        super().__init__(TorchEngine(compiled), device or choose_device())


def describe_device(device: torch.device) -> str:
    """Name a device as a person would."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    return f"the processor ({device}, {torch.get_num_threads()} threads)"
