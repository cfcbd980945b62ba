"""Settings of a simulation; each is written into its result."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError

__all__ = ["LONGEST_MIN", "SIDES", "SOIL_OF", "EdgeKind", "SimulateSettings"]

EdgeKind = Literal["open", "closed", "level"]
SIDES = ("north", "south", "east", "west")
LONGEST_MIN = 527_040.0
"""Minutes of a leap year: nobody means more after a storm, and infinity would never end."""
SOIL_OF = {
    "loss_mm_h": "constant",
    "conductivity_mm_h": "green_ampt",
    "suction_mm": "green_ampt",
    "moisture_deficit": "green_ampt",
}
"""The kind of infiltration that reads each setting of the soil."""


class SimulateSettings(Settings):
    """How the water is moved: friction, edges, soil, time step, output."""

    equations: Literal["inertial", "full"] = Field(
        default="inertial",
        description="local inertial equations, or the full shallow-water equations (slower; for "
        "steep and supercritical flow)",
    )
    backend: Literal["numba", "torch", "triton"] = Field(
        default="numba",
        description="what runs the step: numba (compiled for the processor), torch (tensors), "
        "triton (a CUDA device)",
    )
    manning: float = Field(
        default=0.035,
        gt=0,
        le=1,
        description="Manning's n where no roughness raster is given, s m-1/3",
    )
    edges: EdgeKind = Field(
        default="open",
        description="all four sides: open (normal depth), closed wall, or fixed level",
    )
    edge_north: EdgeKind | None = Field(
        default=None, description="northern side, when not as `edges`"
    )
    edge_south: EdgeKind | None = Field(
        default=None, description="southern side, when not as `edges`"
    )
    edge_east: EdgeKind | None = Field(
        default=None, description="eastern side, when not as `edges`"
    )
    edge_west: EdgeKind | None = Field(
        default=None, description="western side, when not as `edges`"
    )
    edge_level_m: float | None = Field(
        default=None,
        description="water level at sides of kind level, in the terrain's height datum, m",
    )
    edge_slope: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="water slope at open edges; by default the bed's own, at least 0.001",
    )
    nodata_edges: Literal["auto", "open", "closed"] = Field(
        default="auto",
        description="cells without ground: auto treats those joined to the grid's rim as `edges` "
        "says and enclosed holes as walls; open and closed hold for all of them",
    )
    froude_cap: float = Field(
        default=1.0,
        gt=0,
        le=10,
        description="largest Froude number of a face; matters on steep ground",
    )
    courant: float = Field(
        default=0.6,
        gt=0,
        le=0.7,
        description="share of a wave's crossing time taken as a step; of the full equations, of "
        "that of both directions together",
    )
    theta: Literal["one", "adaptive"] = Field(
        default="adaptive",
        description="weight of a face's own discharge: one, or lowered with the flow's speed",
    )
    depth_min_m: float = Field(
        default=1e-4, ge=1e-6, le=0.01, description="depth below which a face carries nothing, m"
    )
    max_step_s: float = Field(default=10.0, gt=0, le=60, description="longest time step, s")
    output_every_s: float = Field(default=600.0, gt=0, description="time between stored frames, s")
    sample_every_s: float = Field(
        default=60.0,
        gt=0,
        description="time between looks at gauges, sections, arrival and duration, s",
    )
    arrival_depth_m: float = Field(
        default=0.05,
        gt=0,
        le=100,
        description="depth whose first time (arrival) and total time (duration) are recorded, m",
    )
    run_on_min: float = Field(
        default=60.0, ge=0, le=LONGEST_MIN, description="minutes simulated after the rain ends"
    )
    infiltration: Literal["none", "constant", "green_ampt"] = Field(
        default="none", description="loss of water into the ground"
    )
    loss_mm_h: float = Field(
        default=5.0, ge=0, le=500, description="rate of the constant loss, mm h-1"
    )
    conductivity_mm_h: float = Field(
        default=6.5,
        ge=0,
        le=1000,
        description="Green-Ampt hydraulic conductivity, mm h-1 (silt loam)",
    )
    suction_mm: float = Field(
        default=166.8,
        ge=0,
        le=5000,
        description="Green-Ampt suction head at the front, mm (silt loam)",
    )
    moisture_deficit: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Green-Ampt pore space free before the rain, share of volume",
    )
    drain_capacity_mm_h: float = Field(
        default=0.0, ge=0, le=500, description="what drains can take everywhere, mm h-1"
    )
    evaporation_mm_h: float = Field(
        default=0.0, ge=0, le=10, description="evaporation from standing water, mm h-1"
    )
    forcing_every_s: float = Field(
        default=60.0,
        gt=0,
        description="time over which changing levels, sources and evaporation are taken as "
        "constant, s; volumes are exact whatever it is",
    )
    missing_rain: Literal["refuse", "dry"] = Field(
        default="refuse", description="missing rain inside the terrain: stop, or take it as no rain"
    )
    precision: Literal["float32", "float64"] = Field(
        default="float32", description="working precision of depth and discharge"
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=256,
        description="threads; they share the time steps of a large grid, 8 at most",
    )

    def edge_kinds(self) -> dict[str, EdgeKind]:
        """Give the kind of each side by name."""
        return {side: getattr(self, f"edge_{side}") or self.edges for side in SIDES}

    def check(self) -> None:
        """Check that the settings fit one another and that none is without effect.

        This is not a validator: flags and a TOML file are each only a part of the settings.

        Raises
        ------
        ConfigError
            Every fault at once.
        """
        faults = [*self._edge_faults(), *self._unused()]
        if faults:
            text = "\n".join(f"  {fault}" for fault in faults)
            count = "" if len(faults) == 1 else f"{len(faults)} "
            raise ConfigError(f"simulating: {count}settings do not fit one another\n{text}")

    def set_land_keys(self) -> list[str]:
        """Name the settings away from their default that land cover gives for each cell."""
        return [name for name in _LAND if getattr(self, name) != _default(name)]

    def _edge_faults(self) -> list[str]:
        kinds = set(self.edge_kinds().values()) | {self.edges}
        faults = []
        if "level" in kinds and self.edge_level_m is None:
            faults.append("an edge of kind 'level' needs edge_level_m, the water level in m")
        if self.edge_level_m is not None and "level" not in kinds:
            faults.append("edge_level_m is set, but no edge is of kind 'level'")
        if self.edge_slope is not None and "open" not in kinds | {self.nodata_edges}:
            faults.append("edge_slope is set, but no edge is of kind 'open'")
        return faults

    def _unused(self) -> list[str]:
        faults = []
        for name, kind in SOIL_OF.items():
            if self.infiltration != kind and getattr(self, name) != _default(name):
                faults.append(
                    f"{name} is set, but infiltration is {self.infiltration!r}, not {kind!r}"
                )
        for key, choices in _UNREAD.items():
            chosen = getattr(self, key)
            faults += [
                f"{name} is set, but {key} {chosen!r} does not use it"
                for name in choices.get(chosen, ())
                if getattr(self, name) != _default(name)
            ]
        return faults


# what the scheme of a choice does not read
_UNREAD: dict[str, dict[str, tuple[str, ...]]] = {
    "equations": {"full": ("froude_cap", "theta")},
    "backend": {"torch": ("threads",), "triton": ("threads",)},
}
_LAND = ("manning", "infiltration", *SOIL_OF, "drain_capacity_mm_h")


def _default(name: str) -> Any:
    return SimulateSettings.model_fields[name].default
