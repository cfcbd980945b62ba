"""Advance a batch with the Triton kernels: static buffers, a CUDA graph of steps, few looks."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.core.errors import ConfigError
from inundate.hydro.gpu.clock import BatchReport, Engine
from inundate.hydro.gpu.plan import Clock, begin_clock, levels_of
from inundate.hydro.gpu.tensors import DeviceGround, Forces, Water
from inundate.hydro.state import DEPTH_LIMIT_M, Scheme
from inundate.hydro.timestep import GRAVITY, courant_limit

__all__ = ["TritonEngine"]

_STEPS = 16  # a look; even, so that depth ends in the buffer where it began
_BLOCK = (4, 128)  # cells of a program: rows, columns
_EDGE_BLOCK = 128
_OPTIONS = {"enable_fp_fusion": True, "num_warps": 8}  # multiply and add in one, as compiled
_WORK = 40_000_000_000  # cell updates before control returns: about a second


class TritonEngine(Engine):
    """The step in Triton on a CUDA device.

    Parameters
    ----------
    block : tuple of int
        Rows and columns of cells that a program works on; powers of two.
    levels : int, optional
        Steps that share a length; by default as many as the compiled kernel takes at once.

    Raises
    ------
    ConfigError
        If there is no CUDA device, or no Triton.
    """

    def __init__(self, block: tuple[int, int] = _BLOCK, levels: int | None = None) -> None:
        self.block, self.levels = block, levels
        self._kernels = _load()
        self._plan: _Plan | None = None

    @torch.no_grad()
    def advance(
        self,
        water: Water,
        ground: DeviceGround,
        forces: Forces,
        seconds: NDArray[np.float64],
        scheme: Scheme,
    ) -> BatchReport:
        """Advance each member by its seconds (B,), or less; the water's tensors keep their place.

        The host looks at the device every 16 steps. Members that are through, or broke down,
        stand still while others go on.
        """
        plan = self._plan
        if plan is None or not plan.fits(water, ground, forces, scheme):
            plan = self._plan = _Plan(
                water, ground, forces, scheme, self.block, self._kernels, self.levels
            )
        plan.begin(forces, seconds)
        most = max(1, _WORK // (water.depth.numel() * _STEPS))
        for _ in range(most):
            plan.run()
            if plan.is_through():
                break
        return plan.report()


def _load() -> ModuleType:
    """Load the kernels."""
    problem = "simulating with backend 'triton'"
    hint = "backend 'numba' is the fastest on a processor; 'torch' runs on any device"
    try:
        interpreted = bool(import_module("triton").knobs.runtime.interpret)
    except ImportError:
        raise ConfigError(
            f"{problem}: Triton is not installed, expected it beside PyTorch for CUDA", hint=hint
        ) from None
    if not (torch.cuda.is_available() or interpreted):
        raise ConfigError(f"{problem}: found no CUDA device, expected one", hint=hint)
    return import_module("inundate.hydro.gpu.triton_step")


class _Plan:
    """Buffers and launches for one batch; pointers never change, so a graph can hold them."""

    def __init__(
        self,
        water: Water,
        ground: DeviceGround,
        forces: Forces,
        scheme: Scheme,
        block: tuple[int, int],
        kernels: Any,
        levels: int | None,
    ) -> None:
        depth = water.depth
        self.water, self.ground, self.scheme, self.kernels = water, ground, scheme, kernels
        self.members, self.height, self.width = depth.shape
        self.key = _key(water, ground, forces, scheme)
        self.block = block
        self.grid = (-(-self.width // block[1]), -(-self.height // block[0]), self.members)
        self.other_depth = torch.empty_like(depth)
        self.other_x = torch.zeros_like(water.flow_x)
        self.other_y = torch.zeros_like(water.flow_y)
        self.rain = torch.empty_like(forces.rain)
        self.has_edges = ground.cells.numel() > 0
        self.leave = torch.zeros_like(depth) if self.has_edges else depth.new_zeros(1)
        self.edge = torch.zeros(self.height * self.width, dtype=torch.uint8, device=depth.device)
        self.edge[ground.cells] = 1
        self.outside = torch.empty_like(forces.outside)
        device = depth.device
        self.edge_sums = _zeros((2, self.members, ground.cells.numel()), device)
        self.sums = _zeros((2, self.members, self.grid[0] * self.grid[1]), device)
        self.numbers = torch.tensor(
            [ground.cell_size_m, scheme.courant, scheme.froude_cap, scheme.depth_min_m,
             scheme.max_step_s, scheme.weight_cap, 0.0, 0.0, DEPTH_LIMIT_M, GRAVITY],
            dtype=torch.float64, device=device,
        )  # fmt: skip
        self.has_air = forces.evaporation > 0
        bits = torch.int32 if depth.dtype == torch.float32 else torch.int64
        self.clock = _zeros((len(Clock._fields), self.members), device)
        self.largest = _zeros((self.members,), device).to(bits)
        self.duration = _zeros((self.members,), device)
        self.steps = _zeros((self.members,), device).to(torch.int64)
        self.step_s = _zeros((self.members,), device)
        self.levels = levels or levels_of(self.height * self.width)
        self.graph: Any = None
        self.has_run = False

    def fits(self, water: Water, ground: DeviceGround, forces: Forces, scheme: Scheme) -> bool:
        """Whether the buffers are those of this batch."""
        return self.key == _key(water, ground, forces, scheme)

    def begin(self, forces: Forces, seconds: NDArray[np.float64]) -> None:
        """Set what drives the water, and the clocks to 0."""
        self.rain.copy_(forces.rain)
        if self.has_edges:
            self.outside.copy_(forces.outside)
            self.numbers[6] = forces.outside.max().double()
        self.numbers[7] = forces.evaporation
        for values in (self.steps, self.step_s, self.edge_sums, self.sums):
            values.zero_()
        self.duration.copy_(torch.from_numpy(np.asarray(seconds, dtype=np.float64)))
        self.clock.copy_(torch.stack(begin_clock(self.water.deepest_now)))
        self._tick()

    def run(self) -> None:
        """Take some steps; the second time and later by replaying a graph of them."""
        if self.water.depth.device.type != "cuda" or not self.has_run:
            self._launch()  # compiles the kernels, which no graph can hold
            self.has_run = True
            return
        if self.graph is None:
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self._launch()
        self.graph.replay()

    def _launch(self) -> None:
        for k in range(_STEPS):
            self._step(k % 2)
            self._tick()

    def _tick(self) -> None:
        """Account for the step taken and plan the next."""
        self.kernels.clock_kernel[(1,)](
            self.clock, self.largest, self.duration, self.steps, self.step_s, self.numbers,
            self.members, self.levels, BLOCK=1 << (self.members - 1).bit_length(),
            LIMIT=courant_limit(), HALVINGS=max(self.levels.bit_length() - 1, 0), **_OPTIONS,
        )  # fmt: skip

    def _step(self, parity: int) -> None:
        water, ground, kernels = self.water, self.ground, self.kernels
        depth, following = water.depth, self.other_depth
        if parity:
            depth, following = following, depth
        size = (self.height, self.width, self.members)
        rough = ground.roughness
        stride = rough[0].numel() if rough.shape[0] > 1 else 0
        rows, columns = self.block
        kernels.faces_kernel[self.grid](
            depth, water.carry, ground.elevation, ground.friction, stride,
            water.flow_x, water.flow_y, self.other_x, self.other_y, self.step_s, self.numbers,
            *size, ROWS=rows, COLUMNS=columns, **_OPTIONS,
        )  # fmt: skip
        if self.has_edges:
            count = ground.cells.numel()
            kernels.edges_kernel[(-(-count // _EDGE_BLOCK), self.members)](
                depth, water.carry, rough, ground.friction, stride,
                self.other_x, self.other_y, water.edge_flow, self.leave, ground.cells, ground.kind,
                ground.slope_root, self.outside, self.edge_sums, self.step_s, self.numbers,
                *size, count, BLOCK=_EDGE_BLOCK, **_OPTIONS,
            )  # fmt: skip
        kernels.cells_kernel[self.grid](
            depth, following, water.carry, water.deepest, water.soaked, self.other_x, self.other_y,
            water.flow_x, water.flow_y, self.edge, self.leave, self.rain,
            self.rain[0].numel() if self.rain.shape[0] > 1 else 0,
            ground.cover, ground.table, self.sums, self.largest, self.step_s, self.numbers,
            *size, ROWS=rows, COLUMNS=columns, EDGES=self.has_edges,
            SOAKS=ground.soil is not None, AIR=self.has_air, **_OPTIONS,
        )  # fmt: skip

    def is_through(self) -> bool:
        """Whether no member has work left; waits for the device."""
        return not bool(Clock(*self.clock).is_active(self.duration).any())

    def report(self) -> BatchReport:
        """Give what happened, and keep the largest depth."""
        clock = Clock(*self.clock.clone())
        self.water.deepest_now = clock.deepest
        volumes = torch.cat([self.edge_sums.sum(2), self.sums.sum(2)])
        return BatchReport(
            self.steps.cpu().numpy().copy(), clock.seconds().cpu().numpy(), volumes.cpu().numpy(),
            (clock.deepest < DEPTH_LIMIT_M).cpu().numpy(),
        )  # fmt: skip


def _key(water: Water, ground: DeviceGround, forces: Forces, scheme: Scheme) -> tuple[object, ...]:
    """Give what a plan depends on."""
    tensors = [getattr(water, name) for name in Water.names() if name != "deepest_now"]
    places = tuple(tensor.data_ptr() for tensor in [*tensors, ground.elevation, ground.friction])
    return (*places, tuple(forces.rain.shape), forces.evaporation > 0, scheme)


def _zeros(shape: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64, device=device)
