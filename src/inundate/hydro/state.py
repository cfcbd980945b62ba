"""What a solver step works on: the ground, the water, the numbers, and what it reports.

The names here are the interface that any kernel fits: the compiled one of
:mod:`inundate.hydro.inertial`, or another with the same arrays on another device.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.boundary import EdgeFaces

__all__ = [
    "DEPTH_LIMIT_M",
    "Array",
    "Ground",
    "Kernel",
    "Losses",
    "Scheme",
    "State",
    "StepReport",
    "Supply",
]

# more than the whole relief of the Earth: the computation has broken down. The march knows its
# terrain and stops far earlier
DEPTH_LIMIT_M = 20_000.0

Array = NDArray[Any]


@dataclass(frozen=True)
class Losses:
    """Water lost to the ground and to drains, by kind of land.

    Attributes
    ----------
    cover : array (H, W), uint8
        Row of ``table`` for each cell.
    table : array (C, 5), float64
        Method of infiltration (:data:`~inundate.hydro.infiltration.NO_LOSS` and so on), its rate
        in m s-1 (constant loss, or hydraulic conductivity), suction head in m, moisture deficit,
        and the drains' capacity in m s-1.
    """

    cover: NDArray[np.uint8]
    table: NDArray[np.float64]

    @property
    def soaks(self) -> bool:
        """Whether any kind of land takes water."""
        return bool((self.table[:, 0] != 0).any() or (self.table[:, 4] > 0).any())


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
    losses : Losses
        Infiltration and drains.
    """

    elevation: Array
    roughness: Array
    valid: NDArray[np.bool_]
    cell_size_m: float
    edges: EdgeFaces
    losses: Losses

    @property
    def cell_area_m2(self) -> float:
        """Area of a cell."""
        return self.cell_size_m**2


@dataclass(frozen=True)
class Supply:
    """What drives the water, the same for a whole call of the kernel.

    Attributes
    ----------
    rain : array (H, W), m s-1
        Rain, point sources and inflow, as a depth a second in the working precision; 0 on cells
        that hold no water.
    evaporation : float
        Taken from standing water everywhere, m s-1.
    outside : array (F,), m
        Depth beyond each edge face of fixed level, above the cell's own ground.
    """

    rain: Array
    evaporation: float
    outside: Array


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
    def start(cls, depth: Array, ground: Ground) -> Self:
        """Begin with still water of a given depth."""
        height, width = depth.shape
        kind = depth.dtype
        return cls(
            depth=depth.copy(),
            carry=np.zeros_like(depth),
            deepest=depth.copy(),
            flow_x=np.zeros((height, width + 1), kind),
            flow_y=np.zeros((height + 1, width), kind),
            edge_flow=np.zeros(ground.edges.kind.size, kind),
            soaked=np.zeros(depth.shape if ground.losses.soaks else (1, 1)),
            deepest_now_m=float(depth.max()),
        )

    def arrays(self) -> dict[str, Array]:
        """Give every array by its name, as a checkpoint stores them."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


@dataclass(frozen=True)
class Scheme:
    """The numbers of the scheme.

    Attributes
    ----------
    courant, froude_cap, depth_min_m, max_step_s
        As in :class:`~inundate.hydro.settings.SimulateSettings`.
    weight_cap : float
        Largest share of the neighbouring faces in a face's discharge; 0 is theta = 1.
    threads : int
        Threads that share the work, at the most.
    """

    courant: float
    froude_cap: float
    depth_min_m: float
    max_step_s: float
    weight_cap: float
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
    drained_m3, evaporated_m3 : float
        Water lost to drains and to the air; infiltration stands in the state.
    is_stable : bool
        False if a depth became absurd or not a number.
    """

    steps: int
    seconds: float
    outflow_m3: float
    inflow_m3: float
    drained_m3: float
    evaporated_m3: float
    is_stable: bool


class Kernel(Protocol):
    """Equations in a form that runs: makes a state and advances it."""

    def start(self, depth: Array, ground: Ground) -> State:
        """Begin with still water of depth (H, W) in m, in the working precision."""
        ...

    def advance(
        self, state: State, ground: Ground, supply: Supply, duration_s: float, scheme: Scheme
    ) -> StepReport:
        """Advance a state in place by ``duration_s`` seconds, or less.

        It may return before the duration is over; the caller then asks for the rest.
        """
        ...
