"""What a solver step works on: the ground, the water, the numbers, and what it reports.

The names here are the interface that any kernel fits: the compiled one of
:mod:`inundate.hydro.inertial`, or another with the same arrays on another device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.boundary import EdgeFaces

__all__ = ["Array", "Ground", "Scheme", "State", "Step", "StepReport"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Ground:
    """The terrain as the solver sees it.

    Attributes
    ----------
    elevation : array (H, W), m
        Above a datum near the middle; walls and cells without ground stand at a height that no
        water climbs.
    roughness : array (H, W), s m-1/3
        Manning's n.
    valid : array (H, W), bool
        Cells that hold water.
    cell_size_m : float
        Side of a square cell.
    edges : EdgeFaces
        Faces through which water leaves or enters.
    """

    elevation: Array
    roughness: Array
    valid: NDArray[np.bool_]
    cell_size_m: float
    edges: EdgeFaces

    @property
    def cell_area_m2(self) -> float:
        """Area of a cell."""
        return self.cell_size_m**2


@dataclass
class State:
    """The water at one time; a step changes it in place.

    Attributes
    ----------
    depth, carry : array (H, W), m
        Depth, and the rest of it that is too small for the working precision.
    deepest : array (H, W), m
        Largest depth so far.
    flow_x : array (H, W + 1), m2 s-1
        Unit discharge through western faces, positive eastwards.
    flow_y : array (H + 1, W), m2 s-1
        Unit discharge through northern faces, positive southwards.
    edge_flow : array (F,), m2 s-1
        Unit discharge out through each edge face.
    soaked : array (H, W) or (1, 1), m
        Depth lost to the ground so far, float64; a single cell when nothing is lost.
    time_s : float
        Seconds since the start.
    deepest_now_m : float
        Largest depth at this time.
    """

    depth: Array
    carry: Array
    deepest: Array
    flow_x: Array
    flow_y: Array
    edge_flow: Array
    soaked: NDArray[np.float64]
    time_s: float = 0.0
    deepest_now_m: float = 0.0

    @classmethod
    def start(cls, depth: Array, edges: EdgeFaces, *, soaks: bool) -> State:
        """Begin with still water of a given depth."""
        height, width = depth.shape
        kind = depth.dtype
        return cls(
            depth=depth.copy(),
            carry=np.zeros_like(depth),
            deepest=depth.copy(),
            flow_x=np.zeros((height, width + 1), kind),
            flow_y=np.zeros((height + 1, width), kind),
            edge_flow=np.zeros(edges.kind.size, kind),
            soaked=np.zeros(depth.shape if soaks else (1, 1)),
            deepest_now_m=float(depth.max()),
        )


@dataclass(frozen=True)
class Scheme:
    """The numbers of the scheme and of the soil.

    Attributes
    ----------
    courant, froude_cap, depth_min_m, max_step_s
        As in :class:`~inundate.hydro.settings.SimulateSettings`.
    weight_cap : float
        Largest share of the neighbouring faces in a face's discharge; 0 is theta = 1.
    loss : tuple
        Kind of infiltration, rate in m s-1, suction head in m, moisture deficit.
    threads : int
        Strips of rows worked on at once.
    """

    courant: float
    froude_cap: float
    depth_min_m: float
    max_step_s: float
    weight_cap: float
    loss: tuple[int, float, float, float]
    threads: int = 1


@dataclass(frozen=True)
class StepReport:
    """What happened while a state was advanced.

    Attributes
    ----------
    steps : int
        Time steps taken.
    seconds : float
        Time advanced by; may be less than was asked for.
    outflow_m3, inflow_m3 : float
        Water that left and entered through edges.
    is_stable : bool
        False if a depth became absurd or not a number.
    """

    steps: int
    seconds: float
    outflow_m3: float
    inflow_m3: float
    is_stable: bool


class Step(Protocol):
    """Advance a state in place under constant rain.

    It may return before the duration is over; the caller then asks for the rest.
    """

    def __call__(
        self, state: State, ground: Ground, rain: Array, duration_s: float, scheme: Scheme
    ) -> StepReport:
        """Advance by ``duration_s`` under ``rain`` (H, W) in m s-1."""
        ...
