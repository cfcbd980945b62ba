"""The range of ground, rain and physics that a model was trained in, and the gate made of it.

Inside the range a model corrects the hybrid fully. Outside it the correction fades, to nothing at
a third beyond the range's ends, so that far from all it has seen a model gives the untrained
hybrid, which knows its physics everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.prepared import Prepared
from inundate.emulate.scene import Scene
from inundate.hydro.settings import SimulateSettings

__all__ = ["Gate", "gate_of", "range_of", "range_of_scenes", "traits", "traits_of"]

# what is compared: name, unit, and the least width of the band in which the correction fades
_TRAITS: dict[str, tuple[str, str]] = {
    "cell_size_m": ("cells of", "m"),
    "rain_mm": ("rain of", "mm"),
    "rain_peak_mm_h": ("a mean rain of up to", "mm/h in a frame"),
    "slope": ("a median slope of", "m/m"),
    "roughness": ("a median roughness of", "s m-1/3"),
}
_FADE = 1.33  # times an end of the range at which nothing is left of the correction
_FLOOR = {"rain_mm": 5.0, "rain_peak_mm_h": 5.0, "slope": 0.002}  # below, smaller is no novelty


@dataclass(frozen=True)
class Gate:
    """How much of a model's correction is made, and why not all of it.

    Attributes
    ----------
    share : float
        1 inside the range of training, 0 far outside.
    warnings : tuple of str
        What lies outside, one sentence each.
    """

    share: float
    warnings: tuple[str, ...]


def traits(
    cell_size_m: float,
    rain_mm_a_frame: NDArray[np.floating],
    interval_s: float,
    slope: float,
    roughness: float,
) -> dict[str, float]:
    """Give the traits of one storm on one terrain.

    Parameters
    ----------
    cell_size_m : float
    rain_mm_a_frame : array (T,)
        Mean over the raster.
    interval_s : float
    slope, roughness : float
        Medians over the raster.
    """
    return {
        "cell_size_m": float(cell_size_m),
        "rain_mm": float(rain_mm_a_frame.sum()),
        "rain_peak_mm_h": float(rain_mm_a_frame.max(initial=0.0)) * 3600.0 / interval_s,
        "slope": float(slope),
        "roughness": float(roughness),
    }


def range_of_scenes(scenes: Iterable[Scene], cell_sizes_m: Sequence[float]) -> dict[str, Any]:
    """Give the range of each trait over training scenes.

    Parameters
    ----------
    scenes : iterable of Scene
    cell_sizes_m : sequence of float
        Of each scene.
    """
    found = []
    for scene, size in zip(scenes, cell_sizes_m, strict=True):
        rain = scene.rain.float().mean(dim=(1, 2)).cpu().numpy()
        ground = _ground_traits(scene.terrain.float().cpu().numpy())
        found.append(traits(size, rain, scene.interval_s, *ground))
    return range_of(found)


def range_of(found: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Give the least and the greatest of each trait."""
    return {
        name: [min(one[name] for one in found), max(one[name] for one in found)]
        for name in (found[0] if found else ())
    }


def traits_of(prepared: Prepared, cell_size_m: float) -> dict[str, float]:
    """Give the traits of a prepared storm and terrain."""
    known = np.isfinite(prepared.elevation)
    rain = prepared.rain_rate[:, known].mean(axis=1) * (prepared.interval_s / 3600.0)
    return traits(cell_size_m, rain, prepared.interval_s, *_ground_traits(prepared.terrain))


def _ground_traits(terrain: NDArray[np.float32]) -> tuple[float, float]:
    """Give median slope and roughness from scaled terrain channels (C, H, W)."""
    known = terrain[TERRAIN_CHANNELS.index("valid")] > 0
    east, north = (
        0.01 * np.sinh(3.0 * terrain[TERRAIN_CHANNELS.index(name)][known])
        for name in ("slope_x", "slope_y")
    )
    rough = 0.05 * terrain[TERRAIN_CHANNELS.index("roughness")][known]
    return float(np.median(np.hypot(east, north))), float(np.median(rough))


def gate_of(
    trained: Mapping[str, Any],
    prepared: Prepared,
    cell_size_m: float,
    physics: SimulateSettings,
) -> Gate:
    """Compare a storm on a terrain with what a model was trained on.

    Parameters
    ----------
    trained : mapping
        ``trained_on`` of the run's manifest.
    prepared : Prepared
    cell_size_m : float
    physics : SimulateSettings
        Of the prediction.
    """
    own = traits_of(prepared, cell_size_m)
    share, told = 1.0, []
    for name, (low, high) in trained.get("range", {}).items():
        value = own[name]
        floor = _FLOOR.get(name, 0.0)
        part = _inside(max(value, floor), max(low, floor), max(high, floor))
        if part < 1.0:
            words, unit = _TRAITS[name]
            told.append(
                f"{words} {value:.3g} {unit}; the model was trained on {low:.3g} to {high:.3g}"
            )
        share = min(share, part)
    for name in ("infiltration", "edges"):
        seen = trained.get(name)
        if seen and getattr(physics, name) not in seen:
            told.append(
                f"{name} {getattr(physics, name)!r}; the model was trained on {', '.join(seen)}"
            )
            share = 0.0
    return Gate(share, tuple(told))


def _inside(value: float, low: float, high: float) -> float:
    """Give 1 inside, falling with the logarithm to 0 at a third beyond either end."""
    if value <= 0 or low <= 0:
        return 1.0 if low <= value <= high else 0.0
    beyond = max(math.log(low / value), math.log(value / high), 0.0)
    return max(0.0, 1.0 - beyond / math.log(_FADE))
