"""The ground, what drives the water, and the water itself, as tensors of a batch of members."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from inundate.hydro.infiltration import GREEN_AMPT, NO_LOSS
from inundate.hydro.state import Array, Ground, Losses, State, Supply
from inundate.hydro.timestep import GRAVITY

__all__ = [
    "DeviceGround",
    "Forces",
    "Soil",
    "Water",
    "choose_device",
    "make_forces",
    "make_water",
    "put_ground",
]

_SIDES = 4  # edge faces that a cell can have
NO_FACE = -1


def choose_device() -> torch.device:
    """Give the CUDA device if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Soil:
    """Losses of each cell in float64: (1, H, W), or (1, 1, 1) where all cells are alike.

    Attributes
    ----------
    soaks, is_green_ampt : tensor, bool
        Whether the ground takes water, and by which law.
    rate : tensor, m s-1
        Constant loss, or hydraulic conductivity.
    head : tensor, m
        Suction head.
    deficit : tensor
        Moisture deficit.
    drain : tensor, m s-1
        Capacity of the drains.
    """

    soaks: Tensor
    is_green_ampt: Tensor
    rate: Tensor
    head: Tensor
    deficit: Tensor
    drain: Tensor


@dataclass(frozen=True)
class DeviceGround:
    """The ground on a device. ``R`` is the number of members, or 1 where all share a roughness.

    Attributes
    ----------
    elevation : tensor (1, H, W), m
        As in :class:`~inundate.hydro.state.Ground`.
    rise_x : tensor (1, H, W - 1), m
        Rise of the ground from a cell to its eastern neighbour.
    rise_y : tensor (1, H - 1, W), m
        Rise from a cell to its southern neighbour.
    roughness : tensor (R, H, W), s m-1/3
        Manning's n.
    friction : tensor (R, H, W)
        Gravity times cell size times the square of Manning's n; a face has the sum of two.
    cell_size_m : float
        Side of a cell.
    cells : tensor (C,), int64
        Flat index of each cell with edge faces.
    kind : tensor (C, 4), int64
        Kind of each edge face; -1 where a cell has fewer than four.
    slope_root : tensor (C, 4)
        Square root of an open face's water slope.
    slot : tensor (F,), int64
        Place of each edge face in the flat ``(C, 4)``.
    soil : Soil or None
        Losses, if there are any.
    cover : tensor (H, W), uint8
        Row of ``table`` for each cell.
    table : tensor (K, 5), float64
        As in :class:`~inundate.hydro.state.Losses`.
    """

    elevation: Tensor
    rise_x: Tensor
    rise_y: Tensor
    roughness: Tensor
    friction: Tensor
    cell_size_m: float
    cells: Tensor
    kind: Tensor
    slope_root: Tensor
    slot: Tensor
    soil: Soil | None
    cover: Tensor
    table: Tensor

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.rise_x.device

    def spread_faces(self, values: Tensor) -> Tensor:
        """Put values of edge faces (B, F) into the slots of their cells (B, C, 4)."""
        found = values.new_zeros((values.shape[0], self.kind.numel()))
        found[:, self.slot] = values
        return found.view(values.shape[0], *self.kind.shape)

    def gather_faces(self, slots: Tensor) -> Tensor:
        """Take the values of edge faces (B, F) out of the slots (B, C, 4)."""
        return slots.flatten(1)[:, self.slot]


@dataclass(frozen=True)
class Forces:
    """What drives the water during a call.

    Attributes
    ----------
    rain : tensor (B, H, W) or (1, H, W), m s-1
        Rain, sources and inflow.
    evaporation : float, m s-1
        From standing water.
    outside : tensor (1, C, 4), m
        Depth beyond each edge face of fixed level.
    """

    rain: Tensor
    evaporation: float
    outside: Tensor


@dataclass
class Water:
    """The water of a batch of members; names as in :class:`~inundate.hydro.state.State`.

    Attributes
    ----------
    depth, carry, deepest : tensor (B, H, W), m
    flow_x : tensor (B, H, W + 1), m2 s-1
    flow_y : tensor (B, H + 1, W), m2 s-1
    edge_flow : tensor (B, C, 4), m2 s-1
    soaked : tensor (B, H, W) or (B, 1, 1), m, float64
    deepest_now : tensor (B,), m, float64
    """

    depth: Tensor
    carry: Tensor
    deepest: Tensor
    flow_x: Tensor
    flow_y: Tensor
    edge_flow: Tensor
    soaked: Tensor
    deepest_now: Tensor

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Give the names of the tensors, those of the state first."""
        return tuple(field.name for field in fields(cls))


def put_ground(
    ground: Ground, device: torch.device, roughness: Array | Tensor | None = None
) -> DeviceGround:
    """Bring the ground to a device.

    Parameters
    ----------
    ground : Ground
        Terrain, edges and losses.
    device : torch.device
        Where to.
    roughness : array or tensor (R, H, W), s m-1/3, optional
        Manning's n of each member; by default the ground's for all. A tensor keeps its gradient.
    """
    height = torch.from_numpy(ground.elevation).to(device)[None]
    rough = torch.as_tensor(ground.roughness if roughness is None else roughness)
    rough = rough.to(device=device, dtype=height.dtype)
    rough = rough if rough.ndim == 3 else rough[None]
    edges = ground.edges
    counts = np.diff(edges.start)
    cell_of_face = np.repeat(np.arange(counts.size), counts)
    slot = cell_of_face * _SIDES + np.arange(edges.kind.size) - edges.start[cell_of_face]
    kind = np.full((counts.size, _SIDES), NO_FACE, dtype=np.int64)
    root = np.zeros((counts.size, _SIDES), dtype=ground.elevation.dtype)
    kind.flat[slot] = edges.kind
    root.flat[slot] = edges.slope_root
    rows = np.repeat(np.arange(ground.valid.shape[0]), np.diff(edges.first_of_row))
    return DeviceGround(
        elevation=height,
        rise_x=height[:, :, 1:] - height[:, :, :-1],
        rise_y=height[:, 1:] - height[:, :-1],
        roughness=rough,
        friction=(rough.double() ** 2 * (GRAVITY * ground.cell_size_m)).to(rough.dtype),
        cell_size_m=ground.cell_size_m,
        cells=torch.from_numpy(rows * ground.valid.shape[1] + edges.column).to(device),
        kind=torch.from_numpy(kind).to(device),
        slope_root=torch.from_numpy(root).to(device),
        slot=torch.from_numpy(slot.astype(np.int64)).to(device),
        soil=_make_soil(ground.losses, device) if ground.losses.soaks else None,
        cover=torch.from_numpy(ground.losses.cover).to(device),
        table=torch.from_numpy(ground.losses.table).to(device),
    )


def _make_soil(losses: Losses, device: torch.device) -> Soil:
    if losses.table.shape[0] == 1:
        table = losses.table.reshape(1, 1, 1, -1)
    else:
        table = losses.table[losses.cover][None]
    method = torch.from_numpy(np.ascontiguousarray(table[..., 0])).to(device)
    rest = [
        torch.from_numpy(np.ascontiguousarray(table[..., k])).to(device)
        for k in range(1, table.shape[-1])
    ]
    return Soil(method != NO_LOSS, method == GREEN_AMPT, *rest)


def make_water(states: list[State], land: DeviceGround) -> Water:
    """Bring the water of members to a device, one after another along the batch."""

    def stacked(name: str) -> Tensor:
        arrays = [torch.from_numpy(np.ascontiguousarray(getattr(s, name))) for s in states]
        return torch.stack(arrays).to(land.device)

    tensors = {name: stacked(name) for name in Water.names() if name != "deepest_now"}
    tensors["edge_flow"] = land.spread_faces(tensors["edge_flow"])
    now = torch.tensor([state.deepest_now_m for state in states], dtype=torch.float64)
    return Water(**tensors, deepest_now=now.to(land.device))


def make_forces(supply: Supply, land: DeviceGround, rain: Array | None = None) -> Forces:
    """Bring what drives the water to a device.

    Parameters
    ----------
    supply : Supply
        Rain, evaporation, depths beyond the edges.
    land : DeviceGround
        The ground, where the edge faces are.
    rain : array (B, H, W), m s-1, optional
        Rain of each member; by default the supply's for all.
    """
    values = supply.rain[None] if rain is None else rain
    return Forces(
        torch.from_numpy(np.ascontiguousarray(values)).to(land.device),
        supply.evaporation,
        land.spread_faces(torch.from_numpy(supply.outside).to(land.device)[None]),
    )
