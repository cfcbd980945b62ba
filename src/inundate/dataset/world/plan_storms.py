"""Plan the storms of a terrain: kinds, totals, lengths, and the soil that they fall on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from inundate.core.seeds import make_rng, make_seed
from inundate.dataset.world.cost import longest_s
from inundate.dataset.world.draw import log_uniform, pick, rounded, uniform
from inundate.dataset.world.library import Library
from inundate.dataset.world.settings import WorldSettings
from inundate.dataset.world.sources import RADAR
from inundate.dataset.world.spec import StormSpec, TerrainSpec
from inundate.hydro.soils import SOILS

__all__ = ["draw_soil", "plan_storm"]

_MINUTE_S = 60.0
_RADAR_SHARE = 0.4
_DESIGN = {"uniform": 0.12, "chicago": 0.16, "feh": 0.16, "moving-cell": 0.24, "random-field": 0.32}
_TOWN_DESIGN = {**_DESIGN, "chicago": 0.3}  # what drains are designed with
# no more than this falls in a storm of an hour, times the root of its length: well above a British
# storm of once in 1,000 years, below the world's records
_HOUR_MOST_MM = 100.0
_SOILS = [name for name in SOILS if name not in ("sand", "loamy sand")]  # they take any storm


def plan_storm(
    settings: WorldSettings, seed: int, terrain: TerrainSpec, number: int, library: Library
) -> StormSpec:
    """Draw one storm of a terrain; its name and its seeds are its own.

    A radar storm comes from an event of the terrain's part.
    """
    rng = make_rng(seed, "storm", terrain.name, number)
    name_of, events = terrain.name.removeprefix(f"{terrain.part}-"), _events(terrain, library)
    source = pick(rng, events) if events and rng.uniform() < _RADAR_SHARE else ""
    is_town = terrain.kind in ("urban", "town")
    kind = "radar" if source else pick(rng, _TOWN_DESIGN if is_town else _DESIGN)
    minutes = _minutes(settings, rng, terrain)
    offset = int(rng.integers(int(settings.interval_s / _MINUTE_S)))
    begun = offset if kind in ("uniform", "chicago", "feh") else 0
    frames = math.ceil((minutes + begun) * _MINUTE_S / settings.interval_s)
    if source:
        event = library.events[source]
        span_s = event.boxes.shape[1] * event.step_s
        frames = min(frames, int(span_s // settings.interval_s))
        minutes = min(minutes, frames * settings.interval_s / _MINUTE_S)
    low, high = settings.total_mm
    most = min(high, max(low, _HOUR_MOST_MM * math.sqrt(minutes / 60.0)))
    return StormSpec(
        name=f"{terrain.part}-{source or kind}-{name_of}-{number}",
        kind=kind,
        seed=make_seed(seed, "rain", terrain.name, number),
        frames=min(frames, settings.frames_most),
        total_mm=log_uniform(rng, low, most),
        duration_min=minutes,
        source=source,
        settings=_own(kind, rng, minutes, offset, terrain.side * terrain.cell_size_m),
    )


def _events(terrain: TerrainSpec, library: Library) -> dict[str, float]:
    """Give the radar events of a part and their weights."""
    return {
        name: radar.weight
        for name, radar in RADAR.items()
        if terrain.part in radar.parts and name in library.events
    }


def _minutes(settings: WorldSettings, rng: np.random.Generator, terrain: TerrainSpec) -> float:
    """Draw a length in whole minutes that the solver gets through in time."""
    low, high = settings.duration_min
    after_s = settings.run_on_frames * settings.interval_s
    room_s = longest_s(terrain.kind, terrain.side, terrain.cell_size_m, settings.cost_s) - after_s
    frame_s = (settings.frames_most - 1) * settings.interval_s
    most = min(high, max(low, min(room_s, frame_s) / _MINUTE_S))
    return float(round(log_uniform(rng, low, most)))


def _own(
    kind: str, rng: np.random.Generator, minutes: float, offset: int, extent_m: float
) -> dict[str, float | str]:
    if kind == "uniform":
        return {"offset_min": float(offset)}
    if kind == "chicago":
        return {
            "offset_min": float(offset),
            "peak_position": uniform(rng, 0.2, 0.7),
            "n": uniform(rng, 0.6, 0.85),
            "b_min": uniform(rng, 5, 20),
        }
    if kind == "feh":
        profile = "summer-50" if rng.uniform() < 0.5 else "winter-75"
        return {"offset_min": float(offset), "profile": profile}
    heading = uniform(rng, 0, 360)
    if kind == "moving-cell":
        radius = rounded(max(log_uniform(rng, 1200, 8000), extent_m / 5))
        # it passes in about the length of the storm
        speed = 4 * radius / (minutes * _MINUTE_S) * rng.uniform(0.6, 1.5)
        return {
            "radius_m": radius,
            "speed_m_s": rounded(float(np.clip(speed, 0.5, 20.0))),
            "heading_deg": heading,
            "beside_x": uniform(rng, -0.6, 0.6),
            "beside_y": uniform(rng, -0.6, 0.6),
        }
    if kind == "random-field":
        return {
            "outer_scale_m": log_uniform(rng, 3000, 20000),
            "speed_m_s": uniform(rng, 1, 12),
            "heading_deg": heading,
            "lifetime_min": log_uniform(rng, 15, 90),
            "wet_share": uniform(rng, 0.4, 0.95),
        }
    return {}


def draw_soil(rng: np.random.Generator, kind: str, storm: StormSpec) -> dict[str, Any]:
    """Draw the infiltration of a sample: settings of the solver away from their defaults.

    About half of all samples, and more in towns, lose nothing. Others lose a good part of the
    storm at the most, since ground that takes it all teaches nothing.
    """
    none = 0.65 if kind in ("urban", "town") else 0.45
    way = pick(rng, {"none": none, "constant": (1 - none) * 0.4, "green_ampt": (1 - none) * 0.6})
    rate = storm.total_mm / storm.duration_min * 60.0  # mm h-1, mean
    if way == "constant":
        return {"infiltration": way, "loss_mm_h": rounded(min(log_uniform(rng, 1, 15), rate * 0.3))}
    if way == "green_ampt":
        soil = SOILS[str(rng.choice(_SOILS))]
        taken = soil.conductivity_mm_h * log_uniform(rng, 0.6, 1.6)
        # the soil's thirst counts with the storm's depth, its conductivity with the storm's rate
        thirst = 0.4 * storm.total_mm / soil.suction_mm
        deficit = min(uniform(rng, 0.03, 0.3), soil.effective_porosity, thirst)
        return {
            "infiltration": way,
            "conductivity_mm_h": rounded(min(taken, rate * 0.25)),
            "suction_mm": soil.suction_mm,
            "moisture_deficit": rounded(deficit),
        }
    return {}
