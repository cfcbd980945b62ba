"""Make the rain of a storm on a tile, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.core.seeds import make_rng
from inundate.dataset.world.library import Event, Library
from inundate.dataset.world.spec import StormSpec
from inundate.rain.cell import moving_cell
from inundate.rain.field import moving_fields, rates_from_fields
from inundate.rain.hyetograph import chicago_hyetograph, feh_hyetograph, uniform_hyetograph
from inundate.terrain.metric import sample_bilinear

__all__ = ["DESIGNS", "RAIN_STEP_MM_H", "frame_means", "make_rain_frames"]

Array = NDArray[np.float32]

DESIGNS = ("uniform", "chicago", "feh", "moving-cell", "random-field")
"""Kinds of storms that need no data."""
RAIN_STEP_MM_H = 2.0**-6
"""Rates are whole multiples of this, so that they are stored exactly and packed small."""
_MINUTE_S = 60.0
_HOUR_S = 3600.0
_LEAST_DEPTH = 1e-6  # mm a frame before a storm is scaled
_COARSE_CELLS = 24  # cells a side of what is drawn before it is brought to the tile
_TRIES = 24  # places and times looked at in a radar event; the wettest is taken


def make_rain_frames(
    spec: StormSpec,
    *,
    side: int,
    cell_size_m: float,
    frames: int,
    interval_s: float,
    peak_mm_h: float,
    library: Library,
) -> Array:
    """Make the rain of a storm on a square tile.

    Parameters
    ----------
    spec : StormSpec
    side : int
        Rows and columns of the tile.
    cell_size_m : float
    frames : int
        Frames in all; those after the storm are dry.
    interval_s : float
    peak_mm_h : float
        Rates are cut at this.
    library : Library
        Where radar events are.

    Returns
    -------
    array (T, H, W), mm h-1
        Mean rates of the frames.

    Raises
    ------
    DataError
        If no rain falls on the tile.
    """
    tile = Grid("EPSG:27700", 0.0, side * cell_size_m, cell_size_m, cell_size_m, side, side)
    if spec.kind == "radar":
        found = _radar(spec, library.events[spec.source], side * cell_size_m, side, interval_s)
    else:
        found = _KINDS[spec.kind](spec, tile, interval_s)
    rates = np.zeros((frames, side, side))
    count = min(frames, found.shape[0])
    rates[:count] = found[:count]
    depth = float(rates.mean(axis=(1, 2)).sum()) * interval_s / _HOUR_S
    if not depth > _LEAST_DEPTH * frames:
        raise DataError(f"storm {spec.name}: no rain falls on the tile, expected some to scale")
    rates *= spec.total_mm / depth
    np.minimum(rates, peak_mm_h, out=rates)
    return (np.round(rates / RAIN_STEP_MM_H) * RAIN_STEP_MM_H).astype(np.float32)


def frame_means(rates: NDArray[np.floating], step_s: float, frame_s: float) -> NDArray[np.float64]:
    """Average rates of even steps over longer or shorter frames, (T, ...) to (F, ...).

    The last frame may be longer than what is left; the rest of it is dry.

    Examples
    --------
    >>> frame_means(np.array([6.0, 12.0, 3.0]), 300, 600).tolist()
    [9.0, 1.5]
    """
    steps = rates.shape[0]
    frames = math.ceil(steps * step_s / frame_s - 1e-9)
    starts, begins = np.arange(steps) * step_s, np.arange(frames) * frame_s
    ends = np.minimum(starts[None, :] + step_s, begins[:, None] + frame_s)
    shared = np.clip(ends - np.maximum(starts[None, :], begins[:, None]), 0, None)  # (F, T)
    return np.tensordot(shared / frame_s, rates.astype(np.float64), axes=(1, 0))


def _hyetograph(spec: StormSpec, tile: Grid, interval_s: float) -> NDArray[np.float64]:
    """Give a design storm that starts at any minute of the first frame, (T, 1, 1)."""
    own = dict(spec.settings)
    offset = int(own.pop("offset_min"))
    shape = {"total_mm": 1.0, "duration_min": spec.duration_min, "step_s": _MINUTE_S}
    make: Callable[..., NDArray[np.float64]] = {
        "uniform": uniform_hyetograph, "chicago": chicago_hyetograph, "feh": feh_hyetograph,
    }[spec.kind]  # fmt: skip
    minutes = np.concatenate([np.zeros(offset), make(**shape, **own)])
    return frame_means(minutes, _MINUTE_S, interval_s)[:, None, None]


def _coarse(tile: Grid, least_m: float) -> Grid:
    """Give a coarse grid over the tile, with a cell of margin on each side."""
    cell = max(tile.width * tile.dx / _COARSE_CELLS, least_m)
    cells = math.ceil(tile.width * tile.dx / cell) + 2
    return Grid(tile.crs, tile.left - cell, tile.top + cell, cell, cell, cells, cells)


def _on_tile(rates: NDArray[np.floating], coarse: Grid, tile: Grid) -> NDArray[np.float64]:
    """Interpolate coarse frames to the tile's cells."""
    rows = (coarse.top - tile.y) / coarse.dy - 0.5
    columns = (tile.x - coarse.left) / coarse.dx - 0.5
    at = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([sample_bilinear(frame.astype(np.float64), *at) for frame in rates])


def _moving_cell(spec: StormSpec, tile: Grid, interval_s: float) -> NDArray[np.float64]:
    own = dict(spec.settings)
    radius = float(own["radius_m"])
    middle = tile.width * tile.dx / 2
    through = (
        middle + float(own["beside_x"]) * radius, middle + float(own["beside_y"]) * radius,
    )  # fmt: skip
    coarse = _coarse(tile, radius / _COARSE_CELLS)
    rain = moving_cell(
        coarse, peak_mm_h=1.0, duration_min=spec.duration_min, radius_m=radius,
        speed_m_s=float(own["speed_m_s"]), heading_deg=float(own["heading_deg"]),
        through=through, step_s=interval_s,
    )  # fmt: skip
    return _on_tile(rain.values, coarse, tile)


def _random_field(spec: StormSpec, tile: Grid, interval_s: float) -> NDArray[np.float64]:
    own = dict(spec.settings)
    coarse = _coarse(tile, float(own["outer_scale_m"]) / _COARSE_CELLS)
    speed, angle = float(own["speed_m_s"]), math.radians(float(own["heading_deg"]))
    fields = moving_fields(
        spec.frames, coarse.shape, (coarse.dx, coarse.dy), step_s=interval_s,
        outer_scale_m=float(own["outer_scale_m"]), slope=3.0,
        velocity_m_s=(speed * math.sin(angle), speed * math.cos(angle)),
        lifetime_s=float(own["lifetime_min"]) * _MINUTE_S, rng=make_rng(spec.seed, "random-field"),
    )  # fmt: skip
    stacked = np.stack(list(fields)).astype(np.float32)
    rates = rates_from_fields(
        stacked, mean_mm_h=1.0, peak_mm_h=None, wet_share=float(own["wet_share"])
    )
    return _on_tile(rates, coarse, tile)


_KINDS: dict[str, Callable[[StormSpec, Grid, float], NDArray[np.float64]]] = {
    "uniform": _hyetograph,
    "chicago": _hyetograph,
    "feh": _hyetograph,
    "moving-cell": _moving_cell,
    "random-field": _random_field,
}


def _radar(
    spec: StormSpec, event: Event, extent_m: float, side: int, interval_s: float
) -> NDArray[np.float64]:
    """Cut a piece of a radar event: the wettest of some places and times; turn and mirror it."""
    rng = make_rng(spec.seed, "radar")
    reach = extent_m / event.cell_m  # cells of the radar
    steps = min(math.ceil(spec.frames * interval_s / event.step_s), event.boxes.shape[1])
    size = event.boxes.shape[-1]
    best, chosen = -1.0, (0, 0, 0.0, 0.0)
    for _ in range(_TRIES):
        box = int(rng.choice(event.weights.size, p=event.weights))
        first = int(rng.integers(event.boxes.shape[1] - steps + 1))
        top, left = rng.uniform(0, size - 1 - reach, 2)  # of the tile, from the first centre
        window = event.boxes[
            box, first : first + steps,
            int(top) : math.ceil(top + reach) + 1, int(left) : math.ceil(left + reach) + 1,
        ]  # fmt: skip
        wet = float(window.mean(dtype=np.float64))
        if wet > best:
            best, chosen = wet, (box, first, float(top), float(left))
    box, first, top, left = chosen
    at = (np.arange(side) + 0.5) * reach / side
    places = np.meshgrid(top + at, left + at, indexing="ij")
    means = frame_means(event.boxes[box, first : first + steps], event.step_s, interval_s)
    found = np.stack([sample_bilinear(frame, *places) for frame in means[: spec.frames]])
    found = np.rot90(found, int(rng.integers(4)), axes=(1, 2))
    return np.ascontiguousarray(found[..., ::-1] if rng.uniform() < 0.5 else found)
