"""Floods with a known truth, and ensembles that were forecast for them.

The storm is a line of rain cells that crosses the map. A forecaster knows its law, not its draw:
where it passes, when, how heavy it is, how it turns, how much the ground swallows and how rough
it is. Truth and members are each one draw of these errors about one forecast, so the ensemble is
as wide as its error and the truth is none of its members. The truth alone has errors of the
heightmap, and a fine texture of rain of its own, which no member can have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.grid import Grid, grid_of
from inundate.core.seeds import make_rng, make_seed

__all__ = ["Flood", "WorldSettings", "make_flood"]

_KINDS = {"plain": 80.0, "valley": 80.0, "urban": 40.0, "fractal": 80.0}  # cell size, m
_FRAMES = 18
_FRAME_S = 600.0
_LIFE_S = 2400.0  # sd of a storm's strength in time


class WorldSettings(Settings):
    """How large floods are, and how wrong their forecasts."""

    side_cells: int = Field(default=64, ge=24, description="cells along an edge of the map")
    members: int = Field(default=40, ge=24, description="members of an ensemble")
    away: float = Field(
        default=0.25, gt=0, description="sd of a storm's displacement on each axis, map widths"
    )
    rain_sd: float = Field(default=0.3, gt=0, description="sd of the log of a storm's amount")
    late_min: float = Field(default=20.0, gt=0, description="sd of a storm's time, minutes")
    turn_degrees: float = Field(default=20.0, gt=0, description="sd of a storm's direction")
    soil_sd: float = Field(default=0.4, gt=0, description="sd of the log of the soil's intake")
    rough_sd: float = Field(default=0.3, gt=0, description="sd of the log of roughness")
    height_sd_m: float = Field(
        default=0.04, ge=0, description="error of the heightmap that only the truth has, sd, m"
    )
    texture_sd: float = Field(default=0.25, ge=0, description="sd of the log of fine rain")


@dataclass(frozen=True, eq=False)
class Flood:
    """A flood, and an ensemble that was forecast for it.

    Attributes
    ----------
    name, kind : str
        ``kind`` of terrain.
    truth : array (T, H, W), m
    members : array (M, T, H, W), m
    grid : Grid
    time : array (T,), datetime64[ns]
        Ends of the frames.
    """

    name: str
    kind: str
    truth: NDArray[np.float32]
    members: NDArray[np.float32]
    grid: Grid
    time: NDArray[np.datetime64]


@dataclass(frozen=True)
class _Storm:
    """A line of cells: where it is half way, m from the centre, and how it goes."""

    east_m: float
    north_m: float
    late_s: float
    direction: float
    speed_m_s: float
    amount_mm: float
    size_m: float
    cells: tuple[tuple[float, float, float], ...]  # along, across (sizes), share


def make_flood(seed: int, number: int, settings: WorldSettings | None = None) -> Flood:
    """Draw a flood and its ensemble; the same numbers give the same.

    Parameters
    ----------
    seed : int
        Of a set of floods: those tuned on have another than those of the test.
    number : int
        Of the flood in its set; the kinds of terrain take turns.
    settings : WorldSettings, optional

    Returns
    -------
    Flood
    """
    from inundate.terrain.synthetic import make_terrain

    chosen = settings or WorldSettings()
    kind = tuple(_KINDS)[number % len(_KINDS)]
    side = (chosen.side_cells, chosen.side_cells)
    name = f"{seed}-{number}"
    terrain = make_terrain(
        kind, make_seed(seed, "fusion", "ground", number) % 2**31, side, _KINDS[kind]
    )
    grid = grid_of(terrain)
    elevation = terrain.to_numpy().astype(np.float32)
    forecast = _forecast(make_rng(seed, "fusion", "storm", number), grid.dx * chosen.side_cells)
    truth = _flooded(
        elevation, forecast, grid, make_rng(seed, "fusion", "truth", number), chosen, is_truth=True
    )
    members = [
        _flooded(elevation, forecast, grid, make_rng(seed, "fusion", number, "member", one), chosen)
        for one in range(chosen.members)
    ]
    step = np.timedelta64(round(_FRAME_S * 1e9), "ns")
    time = np.datetime64("2000-01-01T00:00", "ns") + step * np.arange(1, len(truth) + 1)
    return Flood(name, kind, truth, np.stack(members), grid, time)


def _forecast(rng: np.random.Generator, width_m: float) -> _Storm:
    cells = tuple(
        (float(along), float(rng.normal(0.0, 0.7)), float(share))
        for along, share in zip(
            rng.normal(0.0, 1.2, 4), rng.dirichlet(np.full(4, 2.0)), strict=True
        )
    )
    return _Storm(
        east_m=float(rng.uniform(-0.2, 0.2) * width_m),
        north_m=float(rng.uniform(-0.2, 0.2) * width_m),
        late_s=0.4 * _FRAMES * _FRAME_S,
        direction=float(rng.uniform(0.0, 2.0 * math.pi)),
        speed_m_s=width_m / float(rng.uniform(3600.0, 9000.0)),
        amount_mm=float(rng.uniform(90.0, 190.0)),
        size_m=width_m * float(rng.uniform(0.12, 0.2)),
        cells=cells,
    )


def _erring(storm: _Storm, rng: np.random.Generator, width_m: float, s: WorldSettings) -> _Storm:
    """Draw one storm that the forecast may have meant."""
    east, north, late, turn, amount, fast = rng.standard_normal(6)
    return _Storm(
        east_m=storm.east_m + s.away * width_m * float(east),
        north_m=storm.north_m + s.away * width_m * float(north),
        late_s=storm.late_s + 60.0 * s.late_min * float(late),
        direction=storm.direction + math.radians(s.turn_degrees) * float(turn),
        speed_m_s=storm.speed_m_s * math.exp(0.2 * float(fast)),
        amount_mm=storm.amount_mm * math.exp(s.rain_sd * float(amount)),
        size_m=storm.size_m,
        cells=storm.cells,
    )


def _rain(storm: _Storm, grid: Grid) -> NDArray[np.float64]:
    """Give rain (T, H, W), mm/h: Gaussian cells that move on straight lines."""
    x = grid.x - grid.x.mean()
    y = grid.y - grid.y.mean()
    ahead = math.cos(storm.direction), math.sin(storm.direction)
    ends = (np.arange(_FRAMES) + 0.5) * _FRAME_S
    rain = np.zeros((_FRAMES, *grid.shape))
    for frame, now in enumerate(ends):
        gone = (now - storm.late_s) * storm.speed_m_s
        strength = math.exp(-0.5 * ((now - storm.late_s) / _LIFE_S) ** 2)
        for along, across, share in storm.cells:
            far = gone + along * storm.size_m
            east = storm.east_m + far * ahead[0] - across * storm.size_m * ahead[1]
            north = storm.north_m + far * ahead[1] + across * storm.size_m * ahead[0]
            away = ((x - east) ** 2)[None, :] + ((y - north) ** 2)[:, None]
            rain[frame] += share * strength * np.exp(-0.5 * away / storm.size_m**2)
    total = _greatest(storm) * _FRAME_S / 3600.0  # mm where the storm is heaviest, at 1 mm/h
    rain *= storm.amount_mm / total
    rain[rain < 0.2] = 0.0
    return rain


def _greatest(storm: _Storm) -> float:
    """Give the greatest sum over frames of the storm's rain before it is scaled."""
    sizes = np.arange(-3.0, 3.01, 0.25)
    along, across = np.meshgrid(sizes, sizes)
    summed = np.zeros(along.shape)
    for frame in range(-_FRAMES, _FRAMES):
        late = (frame + 0.5) * _FRAME_S
        strength = math.exp(-0.5 * (late / _LIFE_S) ** 2)
        gone = late * storm.speed_m_s / storm.size_m
        for ahead, aside, share in storm.cells:
            away = (along - gone - ahead) ** 2 + (across - aside) ** 2
            summed += share * strength * np.exp(-0.5 * away)
    return float(summed.max())


def _flooded(
    elevation: NDArray[np.float32],
    forecast: _Storm,
    grid: Grid,
    rng: np.random.Generator,
    chosen: WorldSettings,
    *,
    is_truth: bool = False,
) -> NDArray[np.float32]:
    """Draw one flood, depth (T, H, W), m; NaN where there is no ground."""
    from inundate.dataset.world.perturb import PerturbSettings, height_noise, rain_factors
    from inundate.hydro.march import simulate_arrays
    from inundate.hydro.settings import SimulateSettings

    width_m = grid.dx * grid.width
    rain = _rain(_erring(forecast, rng, width_m, chosen), grid)
    texture = PerturbSettings(field_sd=chosen.texture_sd, field_scale_m=min(2000.0, width_m / 3))
    rain = rain * rain_factors(rain.shape, grid.dx, interval_s=_FRAME_S, rng=rng, spread=texture)
    soil, rough = np.exp(rng.standard_normal(2) * (chosen.soil_sd, chosen.rough_sd))
    ground = elevation
    if is_truth:
        noise = PerturbSettings(height_sd_m=chosen.height_sd_m / 2.0)  # doubled from 40 m cells on
        error = height_noise(elevation.shape, grid.dx, rng=rng, spread=noise)
        ground = (elevation + error).astype(np.float32)
    settings = SimulateSettings(
        edges="open", output_every_s=_FRAME_S, run_on_min=0.0, infiltration="green_ampt",
        conductivity_mm_h=float(np.clip(3.0 * soil, 0.2, 60.0)), threads=1, max_step_s=30.0,
    )  # fmt: skip
    found = simulate_arrays(
        ground, np.where(np.isfinite(elevation), rain, 0.0).astype(np.float32),
        rain_step_s=_FRAME_S, cell_size_m=grid.dx, settings=settings,
        roughness=np.full(elevation.shape, np.float32(0.04 * rough)),
    )  # fmt: skip
    return np.asarray(found.depth, np.float32)
